//! The monolith's other code: it knows a table, and nothing of phases or stamps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Opts, OptsBuilder, Value};
use tokio::task::JoinHandle;

/// Changes a second, on average: after a delay it catches up.
const RATE: u64 = 200;
/// As many connections as it takes where a disk is slow to say that a commit is safe.
const CONNECTIONS: u32 = 25;
/// Between two statements of a connection.
const PAUSE: Duration = Duration::from_millis(30);
/// What a server says if it has chosen this transaction to end a deadlock.
const DEADLOCK: u16 = 1213;
/// And what a trigger says that refuses.
const SIGNAL: u16 = 1644;

/// What came of it, beside changes.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Made {
    pub(crate) deadlocks: u64,
    pub(crate) refused: u64,
}

pub(crate) async fn connected(url: &str) -> Conn {
    let opts = OptsBuilder::from_opts(Opts::from_url(url).unwrap()).prefer_socket(false);
    Conn::new(opts).await.unwrap()
}

/// The key of the `n`th customer.
pub(crate) fn key(n: u32) -> Vec<u8> {
    format!("customer-{n:06}").into_bytes()
}

/// `rows` customers, in as few statements as there may be.
pub(crate) async fn plant(conn: &mut Conn, rows: u32) {
    let all: Vec<u32> = (0..rows).collect();
    for some in all.chunks(500) {
        let row = "(?, 'Ada', 'ada@example.org', 10.5, '2020-01-01 00:00:00', 1, 1, NULL)";
        let sql = format!(
            "INSERT INTO plain_customer (id, name, email, balance, joined, visits, is_active, seal)
             VALUES {}",
            vec![row; some.len()].join(", ")
        );
        let keys: Vec<Value> = some.iter().map(|n| Value::from(key(*n))).collect();
        conn.exec_drop(sql, keys).await.unwrap();
    }
}

/// It runs until it is told to end.
pub(crate) struct Monolith {
    is_over: Arc<AtomicBool>,
    pace: Arc<Pace>,
    tasks: Vec<JoinHandle<Made>>,
}

/// How many changes there are, and how many there should be by now.
struct Pace {
    began: Instant,
    changes: AtomicU64,
}

impl Pace {
    fn is_behind(&self) -> bool {
        let due = u128::from(RATE) * self.began.elapsed().as_millis() / 1_000;
        u128::from(self.changes.load(Ordering::Relaxed)) < due
    }
}

impl Monolith {
    /// Its connections share the rate; one in fifty transactions stays open for a while.
    pub(crate) fn begin(url: &str, rows: u32) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let pace = Arc::new(Pace { began: Instant::now(), changes: AtomicU64::new(0) });
        let tasks = (0..CONNECTIONS).map(|seed| {
            tokio::spawn(changes(url.to_owned(), rows, seed, is_over.clone(), pace.clone()))
        });
        Self { tasks: tasks.collect(), pace, is_over }
    }

    /// How many changes a second it has made so far.
    #[expect(clippy::cast_precision_loss, reason = "there are some thousands")]
    pub(crate) fn per_second(&self) -> f64 {
        self.changes() as f64 / self.pace.began.elapsed().as_secs_f64()
    }

    /// How many it has made so far.
    pub(crate) fn changes(&self) -> u64 {
        assert!(!self.tasks.iter().any(JoinHandle::is_finished), "the monolith has broken");
        self.pace.changes.load(Ordering::Relaxed)
    }

    pub(crate) async fn end(self) -> Made {
        // Long enough to be refused.
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.is_over.store(true, Ordering::Relaxed);
        let mut all = Made::default();
        for task in self.tasks {
            let made = task.await.unwrap();
            all.deadlocks += made.deadlocks;
            all.refused += made.refused;
        }
        all
    }
}

async fn changes(
    url: String,
    rows: u32,
    seed: u32,
    is_over: Arc<AtomicBool>,
    pace: Arc<Pace>,
) -> Made {
    let mut conn = connected(&url).await;
    let mut random = fastrand::Rng::with_seed(seed.into());
    let (mut made, mut new) = (Made::default(), 1_000_000 * (1 + seed));
    while !is_over.load(Ordering::Relaxed) {
        tokio::time::sleep(PAUSE).await;
        if !pace.is_behind() {
            continue;
        }
        new += 1;
        let n = random.u32(0..rows);
        let (sql, params): (&str, Vec<Value>) = match random.u8(0..100) {
            0..20 => (
                "INSERT INTO plain_customer (id, name, balance, joined, visits, is_active)
                 VALUES (?, 'Grace', 1, NOW(6), 0, 1)",
                vec![key(new).into()],
            ),
            20..80 => (
                "UPDATE plain_customer SET visits = visits + 1, name = ? WHERE id = ?",
                vec![format!("Ada {new}").into(), key(n).into()],
            ),
            80..95 => ("DELETE FROM plain_customer WHERE id = ?", vec![key(n).into()]),
            _ => (
                "UPDATE plain_customer SET id = ? WHERE id = ?",
                vec![key(new).into(), key(n).into()],
            ),
        };
        let is_slow = random.u8(0..50) == 0;
        match change(&mut conn, sql, params, is_slow).await {
            Ok(()) => {
                pace.changes.fetch_add(conn.affected_rows().min(1), Ordering::Relaxed);
            }
            Err(Error::Server(error)) if error.code == DEADLOCK => {
                made.deadlocks += 1;
            }
            Err(Error::Server(error)) if error.code == SIGNAL => made.refused += 1,
            Err(error) => panic!("the monolith breaks: {error}"),
        }
    }
    made
}

async fn change(
    conn: &mut Conn,
    sql: &str,
    params: Vec<Value>,
    is_slow: bool,
) -> Result<(), Error> {
    if !is_slow {
        return conn.exec_drop(sql, params).await;
    }
    conn.query_drop("START TRANSACTION").await?;
    let changed = conn.exec_drop(sql, params).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    conn.query_drop(if changed.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    changed
}
