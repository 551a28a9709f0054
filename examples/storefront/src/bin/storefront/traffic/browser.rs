use std::time::Duration;

use fastrand::Rng;
use tokio::sync::watch;

use super::buyer::PRODUCTS;
use super::{People, goes_on};
use crate::tally::Kind;

const PAUSE: Duration = Duration::from_millis(100);

/// Somebody who looks at what does not move: the monolith's products, and the stock.
#[derive(Debug)]
pub(super) struct Browser {
    people: People,
    rng: Rng,
}

impl Browser {
    pub(super) const fn new(people: People, rng: Rng) -> Self {
        Self { people, rng }
    }

    pub(super) async fn run(mut self, over: watch::Receiver<bool>) {
        while goes_on(PAUSE, &mut self.rng, &over).await {
            let path = match self.rng.u8(..2) {
                0 => "/products".to_owned(),
                _ => format!("/stock/p-{}", self.rng.u8(1..=PRODUCTS)),
            };
            self.people.ask(Kind::Browse, "GET", &path, String::new()).await;
        }
    }
}
