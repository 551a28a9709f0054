//! Whether anything was lost, stale, resurrected, doubled or left half done, by what people saw and what the books say.

mod books;
mod notice;
mod orders;
mod plant;
mod shop;
mod users;

pub(crate) use books::{Books, ShopBook, Sold, Status};
pub(crate) use notice::{Seen, Stage};
pub(crate) use orders::{Placed, STOLEN};
pub(crate) use plant::Plant;
pub(crate) use users::User;

use std::fmt;

use storefront::Failed;

use self::notice::Notices;
use self::orders::OrderFaults;
use self::shop::ShopFaults;
use self::users::UserVerdict;
use strangler_fig::testkit::history::{History, check};

/// Everything that is known when it is over.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    /// What people did with users, and at the end the content of the modern store.
    pub(crate) users: History<String, User>,
    pub(crate) placed: Vec<Placed>,
    /// What was bought at the monolith.
    pub(crate) bought: Vec<Placed>,
    pub(crate) books: Books,
    /// Every request, whatever for.
    pub(crate) seen: Seen,
}

/// What it comes to.
#[derive(Debug)]
pub(crate) struct Judgement {
    users: UserVerdict,
    orders: OrderFaults,
    shop: ShopFaults,
    notices: Notices,
}

impl Evidence {
    pub(crate) fn judge(&self) -> Judgement {
        let orders = OrderFaults::of(&self.placed, &self.books);
        let shop = ShopFaults::of(&self.bought, &self.books.shop);
        let users = check(&self.users);
        let notices = Notices::of(&self.seen, [users.acknowledged, orders.confirmed]);
        Judgement { users, orders, shop, notices }
    }

    /// The same, spoilt.
    pub(crate) fn spoilt_by(self, plant: Plant) -> Result<Self, Failed> {
        plant.spoil(self)
    }
}

impl Judgement {
    pub(crate) fn is_clean(&self) -> bool {
        let is_unnoticed = self.notices.noticed == 0;
        let is_right = self.users.is_linearizable() && self.orders.is_clean();
        is_right && self.shop.is_clean() && is_unnoticed
    }

    fn lost(&self) -> usize {
        self.users.lost + self.orders.lost + self.shop.lost
    }

    fn stale(&self) -> usize {
        self.users.stale + self.users.invented
    }
}

/// How many faults are told one by one.
const SHOWN: usize = 8;

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (users, orders) = (&self.users, &self.orders);
        writeln!(
            f,
            "judged {} requests for {} users ({} writes acknowledged, {} in doubt) and {} orders \
             ({} confirmed, {} cancelled), and {} purchases at the monolith",
            users.operations,
            users.keys,
            users.acknowledged,
            users.unknown,
            orders.orders,
            orders.confirmed,
            orders.cancelled,
            self.shop.sold
        )?;
        for violation in users.violations().iter().take(SHOWN) {
            writeln!(f, "  {violation}")?;
        }
        for fault in self.notices.told.iter().chain(&orders.told).chain(&self.shop.told).take(SHOWN)
        {
            writeln!(f, "  {fault}")?;
        }
        if users.undecided_keys > 0 {
            writeln!(f, "  of {} users nobody can tell", users.undecided_keys)?;
        }
        write!(
            f,
            "lost={} stale={} resurrected={} doubled={} uncompensated={} unfinished={} \
             stock_off={} undecided={} noticed={}",
            self.lost(),
            self.stale(),
            users.resurrected,
            orders.doubled + self.shop.doubled,
            orders.uncompensated,
            orders.unfinished,
            orders.stock_off + self.shop.stock_off,
            users.undecided_keys,
            self.notices.noticed
        )
    }
}

#[cfg(test)]
mod tests;
