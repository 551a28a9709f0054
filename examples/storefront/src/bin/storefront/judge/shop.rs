use super::books::ShopBook;
use super::orders::Placed;

/// What is wrong with what the monolith sold by its old path.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ShopFaults {
    pub(crate) sold: usize,
    /// Acknowledged and not there, or not paid.
    pub(crate) lost: usize,
    /// Products of which there are more or fewer pieces than there should be.
    pub(crate) stock_off: usize,
    pub(crate) told: Vec<String>,
}

impl ShopFaults {
    pub(crate) fn of(placed: &[Placed], book: &ShopBook) -> Self {
        let mut faults = Self { sold: book.orders.len(), ..Self::default() };
        for placed in placed.iter().filter(|placed| placed.is_acknowledged) {
            let sold = book.orders.get(&placed.order);
            if !sold.is_some_and(|sold| sold.is_paid && sold.pieces == placed.pieces) {
                faults.lost += 1;
                faults.told.push(format!("Lost: {} at the monolith is {sold:?}", placed.order));
            }
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
        self.lost + self.stock_off == 0
    }
}
