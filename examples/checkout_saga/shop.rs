use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use strangler_fig::saga::StepError;

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
    pub(crate) reserved: Ledger<u32>,
    pub(crate) charged: Ledger<u32>,
    pub(crate) opened: Ledger<String>,
    pub(crate) confirmed: Ledger<String>,
}

/// What was done under which key. What was undone stays written down, done or not: an execution that comes after
/// its undo has no effect. With a database, `SagaBarrier` is that.
#[derive(Debug)]
pub(crate) struct Ledger<T>(BTreeMap<String, Option<T>>);

impl<T: Clone> Ledger<T> {
    const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// What was done under this key so far.
    pub(crate) fn done(&self, key: &str) -> Result<Option<T>, StepError> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Some(done)) => Ok(Some(done.clone())),
            Some(None) => Err(StepError::rejected("it was undone before")),
        }
    }

    pub(crate) fn enter(&mut self, key: &str, done: T) {
        self.0.insert(key.to_owned(), Some(done));
    }

    /// What there was to undo.
    pub(crate) fn undo(&mut self, key: &str) -> Option<T> {
        self.0.insert(key.to_owned(), None).flatten()
    }

    fn all(&self) -> impl Iterator<Item = &T> {
        self.0.values().flatten()
    }
}

impl Shop {
    pub(crate) fn with_stock(stock: u32) -> Self {
        let books = Books {
            stock,
            reserved: Ledger::new(),
            charged: Ledger::new(),
            opened: Ledger::new(),
            confirmed: Ledger::new(),
        };
        Self(Arc::new(Mutex::new(books)))
    }

    pub(crate) fn open(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pieces left, cents taken, orders confirmed.
    pub(crate) fn books(&self) -> (u32, u32, usize) {
        let books = self.open();
        (books.stock, books.charged.all().sum(), books.confirmed.all().count())
    }
}
