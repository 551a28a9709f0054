//! Rows of customers: columns to fields and back, in the binary format.

use mysql_async::{Row, Value};
use strangler_fig::error::StoreError;
use strangler_fig::stamp::{Record, Stamp};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::customer::Customer;

/// The record of `id, stamp, name, email, …`, and its key.
pub(super) fn keyed(row: Row) -> Result<(Vec<u8>, Record<Customer>), StoreError> {
    let [id, stamp, name, rest @ ..] = columns::<9>(row)?;
    let (id, stamp) = (bytes(id)?, to_stamp(stamp)?);
    let value = match name {
        Value::NULL => None,
        name => Some(customer(id.clone(), name, rest)?),
    };
    Ok((id, Record { stamp, value }))
}

/// The customer of `id, name, email, …`.
pub(super) fn plain(row: Row) -> Result<Customer, StoreError> {
    let [id, name, rest @ ..] = columns::<8>(row)?;
    customer(bytes(id)?, name, rest)
}

/// The customer in columns of these names, among others; `None` if they hold no row.
pub(super) fn named(mut row: Row) -> Result<Option<Customer>, StoreError> {
    let mut column = |name: &str| {
        let missing = || StoreError::rejected(format!("no column {name}"));
        row.take::<Value, _>(name).ok_or_else(missing)
    };
    let id = column("id")?;
    if id == Value::NULL {
        return Ok(None);
    }
    let name = column("name")?;
    let rest = ["email", "balance", "joined", "visits", "is_active", "seal"].map(column);
    let [email, balance, joined, visits, is_active, seal] = rest;
    let rest = [email?, balance?, joined?, visits?, is_active?, seal?];
    // Whoever tells of it tells no content.
    let unreadable = |_| StoreError::rejected("a column holds what cannot be read");
    customer(bytes(id)?, name, rest).map(Some).map_err(unreadable)
}

pub(super) fn id(row: Row) -> Result<Vec<u8>, StoreError> {
    let [id] = columns(row)?;
    bytes(id)
}

/// The key of a row, in its first column.
pub(super) fn first(row: &Row) -> Result<Vec<u8>, StoreError> {
    row.as_ref(0).cloned().map_or_else(|| Err(unreadable("no columns")), bytes)
}

pub(super) fn stamped(row: Row) -> Result<(Vec<u8>, Stamp), StoreError> {
    let [id, stamp] = columns(row)?;
    Ok((bytes(id)?, to_stamp(stamp)?))
}

/// The values of a record, key and stamp first.
pub(super) fn params(id: &[u8], record: &Record<Customer>) -> Result<[Value; 9], StoreError> {
    let (id, stamp) = (id.into(), record.stamp.to_bytes().into());
    let Some(value) = &record.value else {
        return Ok([id, stamp, NULL, NULL, NULL, NULL, NULL, NULL, NULL]);
    };
    let [name, email, balance, joined, visits, is_active, seal] = values(value)?;
    Ok([id, stamp, name, email, balance, joined, visits, is_active, seal])
}

/// The values of a customer, without the key.
pub(super) fn values(of: &Customer) -> Result<[Value; 7], StoreError> {
    Ok([
        of.name.as_str().into(),
        of.email.as_deref().into(),
        decimal(of.balance).into(),
        datetime(of.joined)?,
        of.visits.into(),
        of.is_active.into(),
        of.seal.as_deref().into(),
    ])
}

const NULL: Value = Value::NULL;

fn customer(id: Vec<u8>, name: Value, rest: [Value; 6]) -> Result<Customer, StoreError> {
    let [email, balance, joined, visits, is_active, seal] = rest;
    Ok(Customer {
        id,
        name: text(name)?,
        email: optional(email, text)?,
        balance: units(&text(balance)?)?,
        joined: micros(&joined)?,
        visits: integer(&visits)?,
        is_active: integer(&is_active)? != 0,
        seal: optional(seal, bytes)?,
    })
}

pub(super) fn columns<const N: usize>(row: Row) -> Result<[Value; N], StoreError> {
    <[Value; N]>::try_from(row.unwrap())
        .map_err(|values| unreadable(&format!("{} columns, not {N}", values.len())))
}

pub(super) fn bytes(value: Value) -> Result<Vec<u8>, StoreError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(unreadable("no bytes")),
    }
}

pub(super) fn text(value: Value) -> Result<String, StoreError> {
    // Its own error holds the bytes.
    String::from_utf8(bytes(value)?).map_err(|error| StoreError::rejected(error.utf8_error()))
}

pub(super) fn optional<T>(
    value: Value,
    read: impl Fn(Value) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    if value == NULL { Ok(None) } else { read(value).map(Some) }
}

pub(super) fn integer(value: &Value) -> Result<i64, StoreError> {
    match value {
        Value::Int(number) => Ok(*number),
        _ => Err(unreadable("no integer")),
    }
}

pub(super) fn to_stamp(value: Value) -> Result<Stamp, StoreError> {
    let bytes = bytes(value)?.try_into();
    bytes.map(Stamp::from_bytes).map_err(|_| unreadable("a stamp is 16 bytes"))
}

/// `DECIMAL(19, 4)` comes as text, always with four digits behind the point.
fn units(decimal: &str) -> Result<i64, StoreError> {
    decimal.replace('.', "").parse().map_err(StoreError::rejected)
}

fn decimal(units: i64) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let (whole, rest) = (units.unsigned_abs() / 10_000, units.unsigned_abs() % 10_000);
    format!("{sign}{whole}.{rest:04}")
}

fn micros(datetime: &Value) -> Result<i64, StoreError> {
    let Value::Date(year, month, day, hour, minute, second, micros) = *datetime else {
        return Err(unreadable("no date"));
    };
    let date =
        Month::try_from(month).and_then(|month| Date::from_calendar_date(year.into(), month, day));
    let date = date.map_err(StoreError::rejected)?;
    let time = Time::from_hms_micro(hour, minute, second, micros).map_err(StoreError::rejected)?;
    let nanos = PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp_nanos();
    i64::try_from(nanos / 1_000).map_err(StoreError::rejected)
}

fn datetime(micros: i64) -> Result<Value, StoreError> {
    let instant = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000);
    let instant = instant.map_err(StoreError::rejected)?;
    let (date, time) = (instant.date(), instant.time());
    let (hour, minute, second, micro) = time.as_hms_micro();
    let year = u16::try_from(date.year()).map_err(StoreError::rejected)?;
    Ok(Value::Date(year, date.month().into(), date.day(), hour, minute, second, micro))
}

fn unreadable(what: &str) -> StoreError {
    StoreError::rejected(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_times_come_back() {
        for number in [0, 1, -1, 9_999, -10_000, -10_001, i64::MAX, i64::MIN] {
            assert_eq!(units(&decimal(number)).unwrap(), number);
        }
        assert_eq!(decimal(-1), "-0.0001");
        for instant in [0, -1, -30_610_224_000_000_000, 253_402_300_799_999_999] {
            assert_eq!(micros(&datetime(instant).unwrap()).unwrap(), instant);
        }
        assert!(datetime(i64::MAX).is_err(), "the year 294247 fits no DATETIME");
    }
}
