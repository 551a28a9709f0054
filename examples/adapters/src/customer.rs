//! What both sides store.
//!
//! Every field is hard to keep on one store or another. Amounts and times are
//! integers here: both stores can hold them exactly, as `DECIMAL` and `DATETIME`
//! or as what the new schema prefers, and equal values are then equal bits,
//! which a decimal with a scale (`1.0`, `1.00`) does not promise.

use serde::{Deserialize, Serialize};

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The number on the contract: up to 255 bytes of any value. Not a text: keys
    /// compare as bytes, so that case, spaces at the end and collations never
    /// make two keys one.
    #[serde(with = "serde_bytes")]
    pub id: Vec<u8>,
    /// Up to 200 characters.
    pub name: String,
    /// None is not the empty text.
    pub email: Option<String>,
    /// In ten-thousandths of the currency.
    pub balance: i64,
    /// Microseconds since 1970, UTC.
    pub joined: i64,
    /// Any 64-bit number.
    pub visits: i64,
    /// Whether orders are accepted.
    pub is_active: bool,
    /// A signature: any bytes; none is not no bytes.
    #[serde(with = "serde_bytes")]
    pub seal: Option<Vec<u8>>,
}
