//! What the fleet stores: customers that tell which write left them.

use adapters::customer::Customer;

/// How many customers the monolith has.
pub const CUSTOMERS: u32 = 400;
/// How many of these everybody works on.
pub const HOT: u32 = 12;
/// How many there are to be that it has not.
pub const NEW: u32 = 100;

/// What no write leaves: a row with parts of two, or of none.
pub const TORN: u64 = u64::MAX;

/// The key of a customer.
#[must_use]
pub fn key(number: u32) -> Vec<u8> {
    format!("customer-{number:05}").into_bytes()
}

/// The customer as the write `value` leaves it. Every column follows from
/// `value`.
#[must_use]
pub fn customer(number: u32, value: u64) -> Customer {
    let count = i64::try_from(value).unwrap_or_default();
    Customer {
        id: key(number),
        name: format!("Customer {number}, {value}"),
        email: match value % 3 {
            0 => None,
            _ => Some(format!("{value}@example.org")),
        },
        balance: count.wrapping_mul(7_919),
        joined: 1_000_000 * (count % 1_000_000),
        visits: count,
        is_active: value.is_multiple_of(2),
        seal: match value % 4 {
            0 => None,
            _ => Some(value.to_be_bytes().to_vec()),
        },
    }
}

/// The write that left `found`, or [`TORN`].
#[must_use]
pub fn value_of(number: u32, found: &Customer) -> u64 {
    let value = u64::try_from(found.visits).unwrap_or(TORN);
    if *found == customer(number, value) { value } else { TORN }
}

/// What the monolith holds before anything moves.
pub fn first() -> impl Iterator<Item = (u32, u64)> {
    (0..CUSTOMERS).map(|number| (number, u64::from(number)))
}

/// Every key there may be.
pub fn numbers() -> impl Iterator<Item = u32> {
    0..CUSTOMERS + NEW
}

/// The number of the write `count` of a life of a node. No other write of the run
/// has it.
#[must_use]
pub fn value(life: u32, count: u32) -> u64 {
    u64::from(life) << 32 | u64::from(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_tells_which_write_left_it() {
        let value = value(3, 17);
        assert_eq!(value_of(5, &customer(5, value)), value);
    }

    #[test]
    fn a_row_of_two_writes_is_torn() {
        let mixed = Customer { email: None, ..customer(5, value(3, 17)) };
        assert_eq!(value_of(5, &mixed), TORN);
    }
}
