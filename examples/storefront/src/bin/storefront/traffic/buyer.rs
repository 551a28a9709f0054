use std::time::Duration;

use fastrand::Rng;
use tokio::sync::watch;

use super::{People, goes_on, wish};
use crate::tally::Kind;

/// Between two orders, on average.
const PAUSE: Duration = Duration::from_millis(250);
/// Products that the shop has.
pub(super) const PRODUCTS: u8 = 5;

/// Somebody who orders of the order service.
#[derive(Debug)]
pub(super) struct Buyer {
    people: People,
    number: usize,
    rng: Rng,
}

impl Buyer {
    pub(super) const fn new(people: People, number: usize, rng: Rng) -> Self {
        Self { people, number, rng }
    }

    pub(super) async fn run(mut self, over: watch::Receiver<bool>) {
        let people = self.people.clone();
        let mut orders = 0;
        while goes_on(PAUSE, &mut self.rng, &over).await {
            orders += 1;
            let order = format!("o-{}-{orders}", self.number);
            let wish = wish(order.clone(), PRODUCTS, &mut self.rng);
            people.order(Kind::Order, "/orders", &people.placed, wish).await;
            if self.rng.bool() {
                let path = format!("/orders/{order}");
                people.ask(Kind::Look, "GET", &path, String::new()).await;
            }
        }
    }
}
