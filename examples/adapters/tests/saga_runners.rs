//! Processes that share a journal on PostgreSQL, killed and stopped at random: no
//! effect is lost, had twice, or left where its saga turned back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/servers.rs"]
#[expect(dead_code, reason = "these sagas need no legacy side")]
mod servers;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use adapters::postgres::{
    PLAIN_SCHEMA, PostgresCustomers, PostgresDatabase, PostgresSagaJournal, SAGA_BARRIER_SCHEMA,
    SAGA_JOURNAL_SCHEMA,
};
use servers::Servers;
use strangler_fig::repository::{Access, TransactionalRepository};
use strangler_fig::saga::{SagaFilter, SagaHeader, SagaJournal, SagaStatus};
use tokio::time::sleep;

const SAGAS: usize = 500;
const RUNNERS: usize = 4;
const STEPS: [&str; 4] = ["reserve", "charge", "pack", "ship"];
/// How long it goes on so.
const CHAOS: Duration = Duration::from_secs(12);
const PATIENCE: Duration = Duration::from_mins(2);

/// A process; killed with it.
struct Runner {
    child: Child,
    /// Until when it is stopped.
    stopped: Option<Instant>,
}

impl Runner {
    fn spawn(n: usize, url: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saga-runner"));
        command.args([&format!("node-{n}"), &SAGAS.to_string()]).env("POSTGRES_URL", url);
        Self { child: command.spawn().unwrap(), stopped: None }
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    fn stop(&mut self, term: Duration) {
        self.signal("-STOP");
        self.stopped = Some(Instant::now() + term);
    }

    fn go_on_at(&mut self, now: Instant) {
        if self.stopped.is_some_and(|until| until <= now) {
            self.signal("-CONT");
            self.stopped = None;
        }
    }

    /// Whether it says that all sagas are over.
    fn is_done(&mut self) -> bool {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none_or(|status| status.success()), "a runner gave up: {ended:?}");
        ended.is_some()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // Whatever it is doing; and if it is stopped, too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs all sagas; answers how many processes were killed, and how many stopped.
async fn run(url: &str) -> (u32, u32) {
    let begin = Instant::now();
    let (mut killed, mut stopped) = (0, 0);
    let mut runners: Vec<_> = (0..RUNNERS).map(|n| Runner::spawn(n, url)).collect();
    while !runners.iter_mut().any(Runner::is_done) {
        assert!(begin.elapsed() < PATIENCE, "the sagas are not over yet");
        sleep(Duration::from_millis(fastrand::u64(50..300))).await;
        let now = Instant::now();
        for runner in &mut runners {
            runner.go_on_at(now);
        }
        let n = fastrand::usize(..RUNNERS);
        if begin.elapsed() > CHAOS || runners[n].is_done() {
            continue;
        }
        if fastrand::bool() {
            runners[n] = Runner::spawn(n, url);
            killed += 1;
        } else if runners[n].stopped.is_none() {
            runners[n].stop(Duration::from_millis(fastrand::u64(100..2_500)));
            stopped += 1;
        }
    }
    // Those that were stopped wake up to find that others have gone on: they must do no harm.
    for runner in &mut runners {
        runner.go_on_at(Instant::now() + PATIENCE);
    }
    sleep(Duration::from_secs(2)).await;
    (killed, stopped)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_effect_is_lost_doubled_or_left() {
    let servers = Servers::new().await;
    let schema = [SAGA_JOURNAL_SCHEMA, SAGA_BARRIER_SCHEMA, PLAIN_SCHEMA].concat();
    servers.on_postgres(&schema, &servers.modern()).await;
    let (killed, stopped) = run(&servers.modern()).await;

    let database = PostgresDatabase::new(&servers.modern()).unwrap();
    let headers = headers(&database).await;
    assert_eq!(headers.len(), SAGAS);
    let taken_over = headers.iter().filter(|header| header.epoch > 1).count();
    println!("{killed} killed, {stopped} stopped, {taken_over} sagas taken over");
    assert!(killed > 0 && stopped > 0 && taken_over > 0);
    let effects = effects(&database).await;
    for header in &headers {
        let order: u32 = header.id.as_str()["order:".len()..].parse().unwrap();
        let is_sold_out = order.is_multiple_of(5);
        let expected = if is_sold_out { SagaStatus::RolledBack } else { SagaStatus::Committed };
        assert_eq!(header.status, expected, "{header:?}");
        for step in STEPS {
            let effect = effects.get(&format!("{}/{step}", header.id)).copied();
            let expected = match (is_sold_out, step) {
                (false, _) => Some((1, 0)),
                (true, "ship") => None,
                (true, _) => Some((1, 1)),
            };
            assert_eq!(effect, expected, "how often {step} was executed and undone: {header:?}");
        }
    }
    servers.drop_all().await;
}

async fn headers(database: &PostgresDatabase) -> Vec<SagaHeader> {
    let journal = PostgresSagaJournal::new(database.clone());
    let all = NonZeroUsize::new(SAGAS * 2).unwrap();
    journal.list(&SagaFilter::default(), None, all).await.unwrap()
}

/// How often each step was executed, and how often undone.
async fn effects(database: &PostgresDatabase) -> HashMap<String, (i64, i64)> {
    let customers = PostgresCustomers::new(database.clone());
    let mut open = customers.begin(Access::Read).await.unwrap();
    let all = NonZeroUsize::new(SAGAS * STEPS.len() * 2).unwrap();
    let found = customers.list_in(&mut open, None, all).await.unwrap().into_iter();
    found.map(|it| (String::from_utf8(it.id).unwrap(), (it.visits, it.balance))).collect()
}
