//! Processes that share a journal, killed and stopped at random: no effect is lost,
//! had twice, or left where its saga turned back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "it tells what was done to its processes")]

#[path = "support/servers.rs"]
mod servers;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use adapters::customer::Customer;
use adapters::mariadb::{self, MariadbCustomers, MariadbDatabase, MariadbSagaJournal};
use adapters::postgres::{self, PostgresCustomers, PostgresDatabase, PostgresSagaJournal};
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

/// What is to be done.
struct Task<'a> {
    url: &'a str,
    sagas: usize,
    options: &'a [&'a str],
}

/// A process; killed with it.
struct Runner {
    child: Child,
    /// Until when it is stopped.
    stopped: Option<Instant>,
}

impl Runner {
    fn spawn(n: usize, task: &Task<'_>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saga-runner"));
        command.args([task.url, &format!("node-{n}"), &task.sagas.to_string()]);
        command.args(task.options);
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
async fn run(task: &Task<'_>) -> (u32, u32) {
    let begin = Instant::now();
    let (mut killed, mut stopped) = (0, 0);
    let mut runners: Vec<_> = (0..RUNNERS).map(|n| Runner::spawn(n, task)).collect();
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
            runners[n] = Runner::spawn(n, task);
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

/// One database: the journal, and where effects are had.
struct Site<C> {
    url: String,
    journal: Arc<dyn SagaJournal>,
    customers: C,
}

impl Site<PostgresCustomers> {
    async fn postgres(servers: &Servers) -> Self {
        use postgres::{PLAIN_SCHEMA, SAGA_BARRIER_SCHEMA, SAGA_JOURNAL_SCHEMA};
        let schema = [SAGA_JOURNAL_SCHEMA, SAGA_BARRIER_SCHEMA, PLAIN_SCHEMA].concat();
        let url = servers.modern();
        servers.on_postgres(&schema, &url).await;
        let database = PostgresDatabase::new(&url).unwrap();
        let journal = Arc::new(PostgresSagaJournal::new(database.clone()));
        Self { url, journal, customers: PostgresCustomers::new(database) }
    }
}

impl Site<MariadbCustomers> {
    async fn mariadb(servers: &Servers) -> Self {
        use mariadb::{PLAIN_SCHEMA, SAGA_BARRIER_SCHEMA, SAGA_JOURNAL_SCHEMA};
        let schema = [SAGA_JOURNAL_SCHEMA, SAGA_BARRIER_SCHEMA, PLAIN_SCHEMA].concat();
        let url = servers.legacy();
        servers.on_mariadb(&schema, &url).await;
        let database = MariadbDatabase::new(&url).unwrap();
        let journal = Arc::new(MariadbSagaJournal::new(database.clone()));
        Self { url, journal, customers: MariadbCustomers::new(database) }
    }
}

impl<C: TransactionalRepository<Key = Vec<u8>, Entity = Customer>> Site<C> {
    /// Runs all sagas, and sees to it that they ended as they should; answers which
    /// effects are not as they should be.
    async fn endured(&self, sagas: usize, options: &[&str]) -> Vec<String> {
        let (killed, stopped) = run(&Task { url: &self.url, sagas, options }).await;
        let headers = self.headers().await;
        assert_eq!(headers.len(), sagas);
        let taken_over = headers.iter().filter(|header| header.epoch > 1).count();
        println!("{killed} killed, {stopped} stopped, {taken_over} sagas taken over");
        assert!(killed > 0 && stopped > 0 && taken_over > 0);
        let effects = self.effects().await;
        headers.iter().flat_map(|header| wrong(header, &effects)).collect()
    }

    async fn headers(&self) -> Vec<SagaHeader> {
        let all = NonZeroUsize::new(SAGAS * 2).unwrap();
        self.journal.list(&SagaFilter::default(), None, all).await.unwrap()
    }

    /// How often each step was executed, and how often undone.
    async fn effects(&self) -> HashMap<String, (i64, i64)> {
        let mut open = self.customers.begin(Access::Read).await.unwrap();
        let all = NonZeroUsize::new(SAGAS * STEPS.len() * 2).unwrap();
        let found = self.customers.list_in(&mut open, None, all).await.unwrap().into_iter();
        found.map(|it| (String::from_utf8(it.id).unwrap(), (it.visits, it.balance))).collect()
    }
}

/// The effects of a saga that are not as they should be.
fn wrong(header: &SagaHeader, effects: &HashMap<String, (i64, i64)>) -> Vec<String> {
    let order: u32 = header.id.as_str()["order:".len()..].parse().unwrap();
    let is_sold_out = order.is_multiple_of(5);
    let expected = if is_sold_out { SagaStatus::RolledBack } else { SagaStatus::Committed };
    assert_eq!(header.status, expected, "{header:?}");
    let wrong = STEPS.iter().filter_map(|&step| {
        let effect = effects.get(&format!("{}/{step}", header.id)).copied();
        let expected = match (is_sold_out, step) {
            (false, _) => Some((1, 0)),
            (true, "ship") => None,
            (true, _) => Some((1, 1)),
        };
        (effect != expected).then(|| format!("{step} of {}: {effect:?}", header.id))
    });
    wrong.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_effect_is_lost_doubled_or_left_on_postgres() {
    let servers = Servers::new().await;
    assert_eq!(Site::postgres(&servers).await.endured(SAGAS, &[]).await, [""; 0]);
    servers.drop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_effect_is_lost_doubled_or_left_on_mariadb() {
    let servers = Servers::new().await;
    assert_eq!(Site::mariadb(&servers).await.endured(SAGAS, &[]).await, [""; 0]);
    servers.drop_all().await;
}

/// The control: what is killed and stopped so does harm where nothing stands in its way.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_barrier_effects_are_doubled() {
    let servers = Servers::new().await;
    assert_ne!(Site::postgres(&servers).await.endured(SAGAS / 4, &["--naive"]).await, [""; 0]);
    servers.drop_all().await;
}
