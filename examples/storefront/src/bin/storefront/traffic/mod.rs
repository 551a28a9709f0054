//! People: each writes down what it asks for before it asks, and what it was answered.

mod browser;
mod buyer;
mod visitor;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use storefront::stage::{Answer, Outcome, USERS, Web};
use strangler_fig::testkit::history::HistoryRecorder;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::judge::{Placed, STOLEN, User};
use crate::tally::{Kind, Tally};

use self::browser::Browser;
use self::buyer::Buyer;
use self::visitor::Visitor;

/// How many of each there are.
const VISITORS: usize = 10;
const BUYERS: usize = 2;
const BROWSERS: usize = 2;
/// How often people ask for the same order, and after what pause.
const ATTEMPTS_MAX: usize = 12;
const AGAIN: Duration = Duration::from_millis(400);

/// Whoever asks for something at the gateway.
#[derive(Debug, Clone)]
pub(crate) struct People {
    web: Web,
    gateway: String,
    tally: Tally,
    pub(crate) users: HistoryRecorder<String, User>,
    placed: Orders,
    bought: Orders,
}

/// What somebody has tried to order. Clones are the same.
#[derive(Debug, Clone, Default)]
struct Orders(Arc<Mutex<Vec<Placed>>>);

impl Orders {
    /// Before it is asked for; answers its place.
    fn add(&self, placed: Placed) -> usize {
        let mut orders = self.open();
        orders.push(placed);
        orders.len() - 1
    }

    fn acknowledge(&self, place: usize) {
        self.open()[place].is_acknowledged = true;
    }

    fn open(&self) -> MutexGuard<'_, Vec<Placed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl People {
    pub(crate) fn new(web: Web, gateway: String, tally: Tally) -> Self {
        let users = HistoryRecorder::new();
        for number in 0..USERS {
            users.initial(key(number), Some(first(number)));
        }
        let [placed, bought] = [Orders::default(), Orders::default()];
        Self { web, gateway, tally, users, placed, bought }
    }

    /// They come, and leave when it is over.
    pub(crate) fn come(&self, rng: &mut Rng, over: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for number in 0..VISITORS {
            tasks.spawn(Visitor::new(self.clone(), number, rng.fork()).run(over.clone()));
        }
        for number in 0..BUYERS {
            tasks.spawn(Buyer::new(self.clone(), number, rng.fork()).run(over.clone()));
        }
        for number in 0..BROWSERS {
            tasks.spawn(Browser::new(self.clone(), number, rng.fork()).run(over.clone()));
        }
        tasks
    }

    /// Every order that somebody has tried to place.
    pub(crate) fn placed(&self) -> Vec<Placed> {
        self.placed.open().clone()
    }

    /// Everything that somebody has tried to buy by the monolith's old path.
    pub(crate) fn bought(&self) -> Vec<Placed> {
        self.bought.open().clone()
    }

    /// Every user that anybody has heard of.
    pub(crate) fn known(&self) -> BTreeSet<String> {
        let history = self.users.history();
        let first = history.initial().iter().map(|(key, _)| key.clone());
        first.chain(history.operations().iter().map(|call| call.key.clone())).collect()
    }

    /// Asks for an order under its number until there is an answer.
    async fn order(&self, kind: Kind, path: &str, orders: &Orders, order: Placed) {
        let body = serde_json::json!(order).to_string();
        let place = orders.add(order);
        for _ in 0..ATTEMPTS_MAX {
            let answer = self.ask(kind, "POST", path, body.clone()).await;
            match answer.outcome() {
                Outcome::Answered if answer.status != Some(404) => {
                    return orders.acknowledge(place);
                }
                Outcome::Refused => return,
                _ => sleep(AGAIN).await,
            }
        }
    }

    async fn ask(&self, kind: Kind, method: &str, path: &str, body: String) -> Answer {
        let stage = self.tally.stage();
        let method = method.parse().expect("it is a method");
        let answer = self.web.ask(method, &format!("{}{path}", self.gateway), body).await;
        self.tally.add(kind, stage, &answer);
        answer
    }
}

/// What somebody wants of one of the first so many products.
fn wish(order: String, products: u8, rng: &mut Rng) -> Placed {
    let pieces = rng.i64(1..=3);
    let card = if rng.u8(..8) == 0 { STOLEN } else { "4242" };
    Placed {
        order,
        user: key(rng.usize(..USERS)),
        product: format!("p-{}", rng.u8(1..=products)),
        pieces,
        cents: pieces * CENTS,
        card: card.to_owned(),
        is_acknowledged: false,
    }
}

const CENTS: i64 = 600;

/// The id of a user.
pub(crate) fn key(number: usize) -> String {
    format!("user-{number:05}")
}

/// A user as the monolith has them from the beginning.
pub(crate) fn first(number: usize) -> User {
    let visits = i64::try_from(number).unwrap_or_default();
    User { name: format!("User {number}"), email: Some(format!("{number}@example.org")), visits }
}

/// Waits for less than twice as long; answers whether to go on.
async fn goes_on(average: Duration, rng: &mut Rng, over: &watch::Receiver<bool>) -> bool {
    sleep(average.mul_f64(2.0 * rng.f64())).await;
    !*over.borrow()
}
