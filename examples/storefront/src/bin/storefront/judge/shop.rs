use std::collections::BTreeMap;

use super::books::{ShopBook, Sold};
use super::orders::Placed;

/// What is wrong with what the monolith sold by its old path.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ShopFaults {
    pub(crate) sold: usize,
    /// Acknowledged and not there; or there, and not as it was placed, or not paid.
    pub(crate) lost: usize,
    /// Nobody placed it.
    pub(crate) doubled: usize,
    /// Products of which there are more or fewer pieces than there should be.
    pub(crate) stock_off: usize,
    pub(crate) told: Vec<String>,
}

impl ShopFaults {
    pub(crate) fn of(placed: &[Placed], book: &ShopBook) -> Self {
        let mut faults = Self { sold: book.orders.len(), ..Self::default() };
        let by_id: BTreeMap<_, _> = placed.iter().map(|placed| (&placed.order, placed)).collect();
        for placed in by_id.values() {
            let sold = book.orders.get(&placed.order);
            if !sold.map_or(!placed.is_acknowledged, |sold| is_as_placed(sold, placed)) {
                faults.lost += 1;
                faults.told.push(format!("Lost: {placed:?} at the monolith is {sold:?}"));
            }
        }
        for order in book.orders.keys().filter(|order| !by_id.contains_key(order)) {
            faults.doubled += 1;
            faults.told.push(format!("nobody placed the order {order} at the monolith"));
        }
        for (product, before) in &book.before {
            let sold = book.orders.values().filter(|sold| sold.product == *product);
            let sold: i64 = sold.map(|sold| sold.pieces).sum();
            let left = book.left.get(product).copied().unwrap_or_default();
            if left + sold != *before {
                faults.stock_off += 1;
                let why = format!("of {before} {product} the monolith has {left} and sold {sold}");
                faults.told.push(why);
            }
        }
        faults
    }

    pub(crate) const fn is_clean(&self) -> bool {
        self.lost + self.doubled + self.stock_off == 0
    }
}

/// A sale is one transaction: order, stock and payment, all of it or none, acknowledged or not.
fn is_as_placed(sold: &Sold, placed: &Placed) -> bool {
    let Sold { product, pieces, cents, is_paid } = sold;
    *is_paid && (product, *pieces, *cents) == (&placed.product, placed.pieces, placed.cents)
}
