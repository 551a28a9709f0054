use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// What a saga is started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) customer: String,
    pub(crate) pieces: u32,
    pub(crate) card: Card,
}

/// How a bank answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Card {
    Good,
    Declined,
    /// It books, and its answer comes too late.
    Slow,
}

/// Three services, in one process here: each keeps its own books, by idempotency key.
#[derive(Debug, Clone)]
pub(crate) struct Shop(Arc<Mutex<Books>>);

#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) stock: u32,
    pub(crate) reserved: BTreeMap<String, u32>,
    pub(crate) charged: BTreeMap<String, u32>,
    pub(crate) orders: BTreeMap<String, bool>,
}

impl Shop {
    pub(crate) fn with_stock(stock: u32) -> Self {
        let books = Books {
            stock,
            reserved: BTreeMap::new(),
            charged: BTreeMap::new(),
            orders: BTreeMap::new(),
        };
        Self(Arc::new(Mutex::new(books)))
    }

    pub(crate) fn open(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pieces left, cents taken, orders confirmed.
    pub(crate) fn books(&self) -> (u32, u32, usize) {
        let books = self.open();
        let confirmed = books.orders.values().filter(|confirmed| **confirmed).count();
        (books.stock, books.charged.values().sum(), confirmed)
    }
}
