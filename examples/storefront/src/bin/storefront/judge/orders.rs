use std::collections::BTreeMap;

use serde::Serialize;

use super::books::{Books, Shelf, Status};

/// An order as somebody placed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Placed {
    pub(crate) order: String,
    pub(crate) user: String,
    pub(crate) product: String,
    pub(crate) pieces: i64,
    pub(crate) cents: i64,
    pub(crate) card: String,
    /// Whether they were told that it is taken.
    #[serde(skip)]
    pub(crate) is_acknowledged: bool,
}

/// What is wrong with orders.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OrderFaults {
    pub(crate) orders: usize,
    pub(crate) confirmed: usize,
    pub(crate) cancelled: usize,
    /// Acknowledged and not there, or confirmed and not paid, not reserved or not sent.
    pub(crate) lost: usize,
    /// Paid, reserved or sent more than once; or nobody placed it.
    pub(crate) doubled: usize,
    /// Cancelled and something is held for it; or confirmed though it cannot be.
    pub(crate) uncompensated: usize,
    /// Neither confirmed nor cancelled.
    pub(crate) unfinished: usize,
    /// Products of which there are more or fewer pieces than there should be.
    pub(crate) stock_off: usize,
    pub(crate) told: Vec<String>,
}

/// The fault of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Lost,
    Doubled,
    Uncompensated,
    Unfinished,
}

impl OrderFaults {
    pub(crate) fn of(placed: &[Placed], books: &Books) -> Self {
        let mut faults = Self::default();
        let by_id: BTreeMap<_, _> = placed.iter().map(|placed| (&placed.order, placed)).collect();
        for placed in by_id.values() {
            faults.count(placed, books);
        }
        // What nobody placed is nobody's.
        let ids = books.orders.orders.keys().chain(books.inventory.orders.keys());
        let mut strange: Vec<_> = ids.chain(books.payments.orders.keys()).collect();
        strange.retain(|id| !by_id.contains_key(id));
        strange.sort_unstable();
        strange.dedup();
        for id in strange {
            faults.doubled += 1;
            faults.told.push(format!("nobody placed the order {id}"));
        }
        faults.count_stock(books);
        faults
    }

    pub(crate) const fn is_clean(&self) -> bool {
        let wrong = self.lost + self.doubled + self.uncompensated + self.unfinished;
        wrong + self.stock_off == 0
    }

    fn count(&mut self, placed: &Placed, books: &Books) {
        let status = books.orders.orders.get(&placed.order);
        self.orders += 1;
        self.confirmed += usize::from(status == Some(&Status::Confirmed));
        self.cancelled += usize::from(status == Some(&Status::Cancelled));
        let Some(fault) = fault(placed, status.copied(), books) else { return };
        *match fault {
            Fault::Lost => &mut self.lost,
            Fault::Doubled => &mut self.doubled,
            Fault::Uncompensated => &mut self.uncompensated,
            Fault::Unfinished => &mut self.unfinished,
        } += 1;
        let Held { pieces, parcels, cents } = Held::of(placed, books);
        self.told.push(format!(
            "{fault:?}: order {} is {status:?}: {pieces} of {} pieces, {cents} of {} cents, {parcels} parcels",
            placed.order, placed.pieces, placed.cents
        ));
    }

    fn count_stock(&mut self, books: &Books) {
        let book = &books.inventory;
        for (product, shelf) in &book.products {
            let Shelf { delivered, left, reserved } = *shelf;
            if left < 0 || left + reserved != delivered {
                self.stock_off += 1;
                let why =
                    format!("of {delivered} {product} {left} are left and {reserved} reserved");
                self.told.push(why);
            }
        }
        let by_order: i64 = book.orders.values().sum();
        let by_product: i64 = book.products.values().map(|shelf| shelf.reserved).sum();
        if by_order != by_product {
            self.stock_off += 1;
            self.told.push(format!("{by_product} pieces are reserved, and {by_order} for orders"));
        }
    }
}

/// What services hold for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Held {
    pieces: i64,
    parcels: i64,
    cents: i64,
}

impl Held {
    fn of(placed: &Placed, books: &Books) -> Self {
        let [pieces, parcels, cents] =
            [&books.inventory.orders, &books.inventory.parcels, &books.payments.orders]
                .map(|book| book.get(&placed.order).copied().unwrap_or_default());
        Self { pieces, parcels, cents }
    }

    const fn exceeds(self, once: Self) -> bool {
        self.pieces > once.pieces || self.parcels > once.parcels || self.cents > once.cents
    }
}

fn fault(placed: &Placed, status: Option<Status>, books: &Books) -> Option<Fault> {
    let held = Held::of(placed, books);
    let is_free = held == Held::default();
    let once = Held { pieces: placed.pieces, parcels: 1, cents: placed.cents };
    match status {
        // Nobody said that it was taken, and it was not.
        None if !placed.is_acknowledged && is_free => None,
        None => Some(if is_free { Fault::Lost } else { Fault::Uncompensated }),
        Some(Status::Open | Status::Accepted) => Some(Fault::Unfinished),
        Some(Status::Cancelled) => (!is_free).then_some(Fault::Uncompensated),
        // It takes a card that is somebody's.
        Some(Status::Confirmed) if placed.card == STOLEN => Some(Fault::Uncompensated),
        Some(Status::Confirmed) if held == once => None,
        Some(Status::Confirmed) if held.exceeds(once) => Some(Fault::Doubled),
        Some(Status::Confirmed) => Some(Fault::Lost),
    }
}

/// What no bank takes.
pub(crate) const STOLEN: &str = "stolen";
