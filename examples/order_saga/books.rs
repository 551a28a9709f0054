use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use strangler_fig::event::{ReceivedCommand, Reply};

/// What a customer wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) number: u32,
    pub(crate) pieces: u32,
    pub(crate) cents: u32,
    pub(crate) card: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Open,
    Accepted,
    Confirmed,
    Cancelled,
}

/// The databases of three services: each changes its own part, by commands. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Books(Arc<Mutex<Shelves>>);

#[derive(Debug)]
pub(crate) struct Shelves {
    orders: BTreeMap<u32, Status>,
    /// Below nothing if more was sold than there was.
    stock: i64,
    reserved: BTreeMap<u32, u32>,
    paid: BTreeMap<u32, u32>,
}

/// What a command does, once it is committed.
pub(crate) type Change = Box<dyn FnOnce(&mut Shelves) + Send>;

impl Books {
    pub(crate) fn with_stock(stock: u32) -> Self {
        let [reserved, paid] = [BTreeMap::new(), BTreeMap::new()];
        let (orders, stock) = (BTreeMap::new(), stock.into());
        Self(Arc::new(Mutex::new(Shelves { orders, stock, reserved, paid })))
    }

    fn open(&self) -> MutexGuard<'_, Shelves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn apply(&self, change: Change) {
        change(&mut self.open());
    }

    /// The order is there, and nobody has looked at it.
    pub(crate) fn place(&self, number: u32) {
        self.open().orders.insert(number, Status::Open);
    }

    /// What is answered to a command that is to be done, and what is to be done.
    pub(crate) fn decide(&self, command: &ReceivedCommand) -> (Reply, Change) {
        let Ok(order) = command.input::<Order>() else { return refuse("it is no order") };
        let Order { number, pieces, cents, .. } = order;
        match command.event_type().as_str() {
            "AcceptOrder" => becomes(number, Status::Accepted),
            "ConfirmOrder" => becomes(number, Status::Confirmed),
            "CancelOrder" => becomes(number, Status::Cancelled),
            "ReserveInventory" if self.open().stock < pieces.into() => refuse("sold out"),
            "ReserveInventory" => done(move |shelves| {
                shelves.stock -= i64::from(pieces);
                *shelves.reserved.entry(number).or_default() += pieces;
            }),
            "ReleaseInventory" => done(move |shelves| {
                shelves.stock += i64::from(shelves.reserved.remove(&number).unwrap_or_default());
            }),
            "ProcessPayment" if order.card == "stolen" => refuse("the card is declined"),
            "ProcessPayment" => done(move |shelves| {
                *shelves.paid.entry(number).or_default() += cents;
            }),
            "RefundPayment" => done(move |shelves| {
                shelves.paid.remove(&number);
            }),
            _ => refuse("no such command"),
        }
    }

    /// How an order stands: what is reserved for it, what was paid.
    pub(crate) fn of(&self, number: u32) -> (Status, u32, u32) {
        let shelves = self.open();
        let of = |ledger: &BTreeMap<u32, u32>| ledger.get(&number).copied().unwrap_or_default();
        let status = shelves.orders.get(&number).copied().unwrap_or(Status::Open);
        (status, of(&shelves.reserved), of(&shelves.paid))
    }

    pub(crate) fn counts(&self) -> (usize, usize) {
        let shelves = self.open();
        let count = |wanted| shelves.orders.values().filter(|status| **status == wanted).count();
        (count(Status::Confirmed), count(Status::Cancelled))
    }

    pub(crate) fn ended(&self) -> usize {
        let (confirmed, cancelled) = self.counts();
        confirmed + cancelled
    }

    /// Pieces left, pieces reserved, and cents taken.
    pub(crate) fn totals(&self) -> (i64, u32, u32) {
        let shelves = self.open();
        (shelves.stock, shelves.reserved.values().sum(), shelves.paid.values().sum())
    }
}

fn done(change: impl FnOnce(&mut Shelves) + Send + 'static) -> (Reply, Change) {
    (Reply::done(), Box::new(change))
}

fn refuse(reason: &str) -> (Reply, Change) {
    (Reply::Refused(reason.to_owned()), nothing())
}

fn nothing() -> Change {
    Box::new(|_| {})
}

fn becomes(number: u32, status: Status) -> (Reply, Change) {
    done(move |shelves| {
        shelves.orders.insert(number, status);
    })
}
