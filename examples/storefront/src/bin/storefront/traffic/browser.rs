use std::time::Duration;

use fastrand::Rng;
use tokio::sync::watch;

use super::buyer::PRODUCTS;
use super::{People, goes_on, wish};
use crate::tally::Kind;

const PAUSE: Duration = Duration::from_millis(100);
/// Products that the monolith has.
const OLD_PRODUCTS: u8 = 4;

/// Somebody who looks at what does not move, the monolith's products and the stock, and buys at the monolith as ever.
#[derive(Debug)]
pub(super) struct Browser {
    people: People,
    number: usize,
    rng: Rng,
}

impl Browser {
    pub(super) const fn new(people: People, number: usize, rng: Rng) -> Self {
        Self { people, number, rng }
    }

    pub(super) async fn run(mut self, over: watch::Receiver<bool>) {
        let people = self.people.clone();
        let mut bought = 0;
        while goes_on(PAUSE, &mut self.rng, &over).await {
            let path = match self.rng.u8(..5) {
                0..2 => "/products".to_owned(),
                2..4 => format!("/stock/p-{}", self.rng.u8(1..=PRODUCTS)),
                _ => {
                    bought += 1;
                    let order = format!("c-{}-{bought}", self.number);
                    let wish = wish(order, OLD_PRODUCTS, &mut self.rng);
                    people.order(Kind::Purchase, "/checkout", &people.bought, wish).await;
                    continue;
                }
            };
            people.ask(Kind::Browse, "GET", &path, String::new()).await;
        }
    }
}
