//! People: each writes down what it asks for before it asks, and what it was answered.

mod browser;
mod buyer;
mod visitor;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use storefront::Failed;
use strangler_fig::testkit::history::HistoryRecorder;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::judge::{Placed, User};
use crate::tally::{Kind, Tally};
use crate::web::{Answer, Web};

use self::browser::Browser;
use self::buyer::Buyer;
use self::visitor::Visitor;

/// How many of each there are.
const VISITORS: usize = 10;
const BUYERS: usize = 2;
const BROWSERS: usize = 2;
/// Users that there are from the beginning.
pub(crate) const USERS: usize = 2_000;

/// Whoever asks for something at the gateway.
#[derive(Debug, Clone)]
pub(crate) struct People {
    web: Web,
    gateway: String,
    tally: Tally,
    pub(crate) users: HistoryRecorder<String, User>,
    placed: Arc<Mutex<Vec<Placed>>>,
}

impl People {
    pub(crate) fn new(web: Web, gateway: String, tally: Tally) -> Self {
        let users = HistoryRecorder::new();
        for number in 0..USERS {
            users.initial(key(number), Some(first(number)));
        }
        Self { web, gateway, tally, users, placed: Arc::default() }
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
        for _ in 0..BROWSERS {
            tasks.spawn(Browser::new(self.clone(), rng.fork()).run(over.clone()));
        }
        tasks
    }

    /// Every order that somebody has tried to place.
    pub(crate) fn placed(&self) -> Vec<Placed> {
        self.orders().clone()
    }

    /// Every user that anybody has heard of.
    pub(crate) fn known(&self) -> BTreeSet<String> {
        let history = self.users.history();
        let first = history.initial().iter().map(|(key, _)| key.clone());
        first.chain(history.operations().iter().map(|call| call.key.clone())).collect()
    }

    fn orders(&self) -> MutexGuard<'_, Vec<Placed>> {
        self.placed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, kind: Kind, method: &str, path: &str, body: String) -> Answer {
        let stage = self.tally.stage();
        let method = method.parse().expect("it is a method");
        let answer = self.web.ask(method, &format!("{}{path}", self.gateway), body).await;
        self.tally.add(kind, stage, &answer);
        answer
    }
}

/// The id of a user.
pub(crate) fn key(number: usize) -> String {
    format!("user-{number:05}")
}

/// A user as the monolith has them from the beginning.
pub(crate) fn first(number: usize) -> User {
    let visits = i64::try_from(number).unwrap_or_default();
    User { name: format!("User {number}"), email: Some(format!("{number}@example.org")), visits }
}

/// Fills the monolith's table with them.
pub(crate) async fn load(url: &str) -> Result<(), Failed> {
    use mysql_async::prelude::Queryable;
    let mut conn = mysql_async::Conn::from_url(url).await?;
    conn.query_drop(adapters::mariadb::CUSTOMER_SCHEMA).await?;
    let last = USERS - 1;
    conn.query_drop(format!(
        "INSERT INTO customer (id, name, email, balance, joined, visits, is_active)
         SELECT CONCAT('user-', LPAD(seq, 5, '0')), CONCAT('User ', seq),
             CONCAT(seq, '@example.org'), 0, '2020-01-01 00:00:00', seq, 1
         FROM seq_0_to_{last}"
    ))
    .await?;
    Ok(conn.disconnect().await?)
}

/// Waits for less than twice as long; answers whether to go on.
async fn goes_on(average: Duration, rng: &mut Rng, over: &watch::Receiver<bool>) -> bool {
    sleep(average.mul_f64(2.0 * rng.f64())).await;
    !*over.borrow()
}
