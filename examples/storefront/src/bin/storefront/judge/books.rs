use std::collections::BTreeMap;

use serde::Deserialize;

/// What services have written down, each for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Books {
    pub(crate) orders: OrderBook,
    pub(crate) inventory: InventoryBook,
    pub(crate) payments: PaymentBook,
    pub(crate) shop: ShopBook,
}

/// The order service's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct OrderBook {
    pub(crate) orders: BTreeMap<String, Status>,
}

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Open,
    Accepted,
    Confirmed,
    Cancelled,
}

impl Status {
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::Confirmed | Self::Cancelled)
    }
}

/// The inventory service's: products, and of each order the pieces that are put aside and the parcels that were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct InventoryBook {
    pub(crate) products: BTreeMap<String, Shelf>,
    pub(crate) orders: BTreeMap<String, i64>,
    pub(crate) parcels: BTreeMap<String, i64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Shelf {
    pub(crate) delivered: i64,
    pub(crate) left: i64,
    pub(crate) reserved: i64,
}

/// The payment service's: what was paid for each order and not given back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct PaymentBook {
    pub(crate) orders: BTreeMap<String, i64>,
}

/// The monolith's, which takes orders by its old path: pieces by product, and what was sold in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ShopBook {
    pub(crate) before: BTreeMap<String, i64>,
    pub(crate) left: BTreeMap<String, i64>,
    pub(crate) orders: BTreeMap<String, Sold>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sold {
    pub(crate) product: String,
    pub(crate) pieces: i64,
    pub(crate) cents: i64,
    pub(crate) is_paid: bool,
}
