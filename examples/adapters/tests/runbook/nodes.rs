use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adapters::customer::Customer;
use adapters::mariadb::{MariadbDatabase, MariadbRepository};
use adapters::postgres::{
    PostgresDatabase, PostgresRepairQueue, PostgresRepository, PostgresStateService,
};
use strangler_fig::phase::{PhaseTracker, TrackerConfig};
use strangler_fig::reconcile::Reconciler;
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::stamp::StampClock;
use tokio::task::JoinHandle;

use crate::servers::Servers;

/// How often a node asks, and how often it writes.
const POLL: Duration = Duration::from_millis(200);
const WRITE: Duration = Duration::from_millis(50);
/// How long a caller waits for the lenient side.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node of the application: it follows the state, and serves a little traffic.
struct Node {
    tasks: Vec<JoinHandle<()>>,
    tracker: Arc<PhaseTracker>,
}

impl Node {
    /// One that follows the state, and is not asked for anything.
    async fn idle(migration: &str, name: &str, servers: &Servers) -> Self {
        let state = PostgresDatabase::new(&servers.modern()).unwrap();
        let service = Arc::new(PostgresStateService::open(state).await.unwrap());
        let config = TrackerConfig::default().with_poll_interval(POLL);
        let (migration, name) = (migration.parse().unwrap(), name.parse().unwrap());
        let tracker = PhaseTracker::start(service, migration, name, config).await.unwrap();
        let follower = Arc::clone(&tracker);
        let follows = tokio::spawn(async move {
            let _ = follower.run(std::future::pending()).await;
        });
        Self { tasks: vec![follows], tracker }
    }

    async fn start(name: &str, servers: &Servers) -> Self {
        let mut node = Self::idle("customers", name, servers).await;
        // However slow the machine: no node of the document leaves a key behind.
        let config =
            MigrationConfig::default().with_lenient_wait(PATIENCE).with_lenient_deadline(PATIENCE);
        let customers = MigrationRepository::with_parts(
            MariadbRepository::new(MariadbDatabase::new(&servers.legacy()).unwrap()),
            PostgresRepository::new(PostgresDatabase::new(&servers.modern()).unwrap()),
            Arc::clone(&node.tracker),
            Arc::new(StampClock::new().unwrap()),
            config,
        );
        let customers = customers.unwrap();
        let queue = PostgresRepairQueue::new(PostgresDatabase::new(&servers.modern()).unwrap());
        let reconciler = Reconciler::new(&customers, Arc::new(queue));
        node.tasks.push(tokio::spawn(async move {
            let _ = reconciler.run(std::future::pending()).await;
        }));
        node.tasks.push(tokio::spawn(async move {
            loop {
                let _ = customers.save(customer()).await;
                tokio::time::sleep(WRITE).await;
            }
        }));
        node
    }

    /// As a process that is killed: its lease stays.
    async fn kill(self) {
        for task in self.tasks {
            task.abort();
            let _ = task.await;
        }
    }
}

fn customer() -> Customer {
    let number = fastrand::u16(..500);
    Customer {
        id: format!("visitor-{number}").into(),
        name: format!("Visitor {number}"),
        email: None,
        balance: fastrand::i64(0..1_000_000),
        joined: 0,
        visits: fastrand::i64(0..1_000),
        is_active: true,
        seal: None,
    }
}

/// The nodes of the application, by name.
#[derive(Default)]
pub(crate) struct Nodes(BTreeMap<String, Node>);

impl Nodes {
    /// What a line of the document lets happen.
    pub(crate) async fn play(&mut self, scene: &str, servers: &Servers) {
        match scene.split(' ').collect::<Vec<_>>().as_slice() {
            ["start", names @ ..] => {
                for name in names {
                    let node = Node::start(name, servers).await;
                    self.0.insert((*name).to_owned(), node);
                }
            }
            ["idle", migration, names @ ..] => {
                for name in names {
                    let node = Node::idle(migration, name, servers).await;
                    self.0.insert((*name).to_owned(), node);
                }
            }
            ["kill", name] => {
                // It works by all that came before.
                tokio::time::sleep(POLL * 5).await;
                self.0.remove(*name).unwrap().kill().await;
            }
            ["stop", names @ ..] => {
                for name in names {
                    let node = self.0.remove(*name).unwrap();
                    let tracker = Arc::clone(&node.tracker);
                    node.kill().await;
                    tracker.release().await.unwrap();
                }
            }
            _ => panic!("no such scene: {scene}"),
        }
    }

    pub(crate) async fn stop(self) {
        for node in self.0.into_values() {
            node.kill().await;
        }
    }
}
