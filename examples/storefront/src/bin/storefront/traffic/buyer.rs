use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{People, USERS, goes_on, key};
use crate::judge::{Placed, STOLEN};
use crate::tally::Kind;
use crate::web::Outcome;

/// Between two orders, on average, and between two attempts at one.
const PAUSE: Duration = Duration::from_millis(250);
const AGAIN: Duration = Duration::from_millis(400);
const ATTEMPTS_MAX: usize = 12;
/// Products that the shop has.
pub(super) const PRODUCTS: u8 = 5;
const CENTS: i64 = 600;

/// Somebody who orders, and asks again under the same number until there is an answer.
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
        let mut orders = 0;
        while goes_on(PAUSE, &mut self.rng, &over).await {
            orders += 1;
            let order = format!("o-{}-{orders}", self.number);
            self.place(&order).await;
            if self.rng.bool() {
                let path = format!("/orders/{order}");
                self.people.ask(Kind::Look, "GET", &path, String::new()).await;
            }
        }
    }

    async fn place(&mut self, order: &str) {
        let placed = self.wish(order);
        let body = json!(placed).to_string();
        let place = {
            let mut orders = self.people.orders();
            orders.push(placed);
            orders.len() - 1
        };
        for _ in 0..ATTEMPTS_MAX {
            let answer = self.people.ask(Kind::Order, "POST", "/orders", body.clone()).await;
            match answer.outcome() {
                Outcome::Answered if answer.status != Some(404) => {
                    self.people.orders()[place].is_acknowledged = true;
                    return;
                }
                Outcome::Refused => return,
                _ => sleep(AGAIN).await,
            }
        }
    }

    fn wish(&mut self, order: &str) -> Placed {
        let pieces = self.rng.i64(1..=3);
        let card = if self.rng.u8(..8) == 0 { STOLEN } else { "4242" };
        Placed {
            order: order.to_owned(),
            user: key(self.rng.usize(..USERS)),
            product: format!("p-{}", self.rng.u8(1..=PRODUCTS)),
            pieces,
            cents: pieces * CENTS,
            card: card.to_owned(),
            is_acknowledged: false,
        }
    }
}
