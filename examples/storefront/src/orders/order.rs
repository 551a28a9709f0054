use std::fmt;

use serde::{Deserialize, Serialize};
use strangler_fig::error::StoreError;
use strangler_fig::event::{ReceivedCommand, Reply};
use strangler_fig::saga::SagaId;

/// What a customer wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Chosen by the client, so that asking again orders nothing more.
    pub order: String,
    /// Whose it is.
    pub user: String,
    /// What.
    pub product: String,
    /// How many.
    pub pieces: u32,
    /// For how much in all.
    pub cents: u32,
    /// Whose money.
    pub card: String,
}

/// What nobody can order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongOrder(&'static str);

impl fmt::Display for WrongOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for WrongOrder {}

/// The longest text, in bytes.
const TEXT_MAX: usize = 100;

impl Order {
    /// The saga of an order.
    ///
    /// # Errors
    ///
    /// The order's id cannot be part of one.
    pub fn saga(&self) -> Result<SagaId, WrongOrder> {
        format!("order:{}", self.order)
            .parse()
            .map_err(|_| WrongOrder("an order's id is of A-Z a-z 0-9 . _ : - /"))
    }

    /// Whether it can be ordered.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), WrongOrder> {
        self.saga()?;
        let texts = [&self.order, &self.user, &self.product, &self.card];
        if texts.iter().any(|text| text.is_empty() || text.len() > TEXT_MAX) {
            return Err(WrongOrder("order, user, product and card have 1 to 100 bytes"));
        }
        if texts.iter().any(|text| text.contains(char::is_control)) {
            return Err(WrongOrder("order, user, product and card are plain text"));
        }
        if self.pieces == 0 {
            return Err(WrongOrder("an order is of one piece at least"));
        }
        Ok(())
    }
}

/// The order that a command is about.
///
/// # Errors
///
/// `Rejected`: it is about none.
pub fn order_of(command: &ReceivedCommand) -> Result<Order, StoreError> {
    command.input().map_err(StoreError::rejected)
}

/// That a command is refused, for good.
#[must_use]
pub fn refused(reason: &str) -> Reply {
    Reply::Refused(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_cannot_be_ordered() {
        let order = Order {
            order: "o-1".to_owned(),
            user: "u-1".to_owned(),
            product: "p-1".to_owned(),
            pieces: 1,
            cents: 0,
            card: "4242".to_owned(),
        };
        assert_eq!(order.check(), Ok(()));
        assert_eq!(order.saga().map(|saga| saga.to_string()), Ok("order:o-1".to_owned()));
        let wrong = [
            Order { order: "o 1".to_owned(), ..order.clone() },
            Order { order: String::new(), ..order.clone() },
            Order { user: "u\0".to_owned(), ..order.clone() },
            Order { card: "4".repeat(101), ..order.clone() },
            Order { pieces: 0, ..order },
        ];
        for order in wrong {
            assert!(order.check().is_err(), "{order:?}");
        }
    }
}
