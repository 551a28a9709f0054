//! Three NATS servers of a test's own, to be killed.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use adapters::nats::{Durability, NatsStateService};
use strangler_fig::error::StoreErrorKind::Unavailable;
use strangler_fig::phase::MigrationStateService;
use tokio::time::{Instant, sleep};

use crate::nats_bucket::connect;
use crate::states::{first, lease, name};

const BEFORE_GIVING_UP: Duration = Duration::from_mins(1);

/// Servers in a directory of their own; all of it ends with them.
struct Cluster {
    ports: Vec<u16>,
    routes: Vec<u16>,
    servers: Vec<Child>,
    directory: PathBuf,
}

impl Cluster {
    fn of_three() -> Self {
        let mut listeners = Vec::new();
        let mut port = || {
            listeners.push(TcpListener::bind("127.0.0.1:0").expect("a port is free"));
            listeners.last().and_then(|it| it.local_addr().ok()).expect("it is bound").port()
        };
        let (ports, routes): (Vec<_>, Vec<_>) = (0..3).map(|_| (port(), port())).unzip();
        drop(listeners);
        let directory =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("nats-{}", ports[0]));
        let mut cluster = Self { ports, routes, servers: Vec::new(), directory };
        cluster.servers = (0..3).map(|at| cluster.start(at)).collect();
        cluster
    }

    fn start(&self, at: usize) -> Child {
        let route = |port: &u16| format!("nats://127.0.0.1:{port}");
        let routes: Vec<_> = self.routes.iter().map(route).collect();
        let store = self.directory.join(at.to_string());
        fs::create_dir_all(&store).expect("a directory can be made");
        let mut command = Command::new("nats-server");
        command.args(["--addr", "127.0.0.1", "--port", &self.ports[at].to_string()]);
        command.args(["--name", &format!("node-{at}"), "--cluster_name", "fig"]);
        command.args(["--cluster", &routes[at], "--routes", &routes.join(",")]);
        command.args(["--jetstream", "--store_dir"]).arg(store);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let started = command.spawn();
        started.unwrap_or_else(|error| panic!("no nats-server to start ({error}): install it"))
    }

    fn kill(&mut self, at: usize) {
        self.servers[at].kill().expect("it runs");
        self.servers[at].wait().expect("it ends");
    }

    /// The service by way of the first server, once they have found together.
    async fn open(&self) -> NatsStateService {
        let url = format!("nats://127.0.0.1:{}", self.ports[0]);
        let until = Instant::now() + BEFORE_GIVING_UP;
        while async_nats::connect(&url).await.is_err() {
            assert!(Instant::now() < until, "the servers did not start");
            sleep(Duration::from_millis(100)).await;
        }
        let durability = Durability::ReplicatedOnIndependentHosts;
        loop {
            match NatsStateService::open(connect(&url).await, "fig", durability).await {
                Ok(service) => return service.with_deadline(Duration::from_secs(2)),
                Err(error) => assert!(Instant::now() < until, "{}", error.with_causes()),
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A server that is left alone may be the leader still, and does not know better
/// for some seconds: what it holds may be old, and is not shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_without_a_majority_answers_no_reads() {
    let mut cluster = Cluster::of_three();
    let service = cluster.open().await;
    let (one, other) = (lease("node-1").await, lease("node-2").await);
    let revision = service.create(&first()).await.expect("it is new");
    for lease in [&one, &other] {
        service.renew_lease(&name(), lease).await.expect("it is not evicted");
    }
    service.evict(&name(), &other.node).await.expect("there is a majority");
    let found = service.current(&name()).await.expect("there is a majority");
    assert_eq!(found.map(|found| found.revision), Some(revision));
    assert_eq!(service.leases(&name()).await.ok(), Some(vec![one.clone()]));

    cluster.kill(1);
    cluster.kill(2);
    for _ in 0..2 {
        let found = service.current(&name()).await.expect_err("it is alone");
        assert_eq!(found.kind(), Unavailable, "{found:?}");
        let found = service.leases(&name()).await.expect_err("it is alone");
        assert_eq!(found.kind(), Unavailable, "{found:?}");
    }

    cluster.servers[1] = cluster.start(1);
    let until = Instant::now() + BEFORE_GIVING_UP;
    while service.current(&name()).await.is_err() {
        assert!(Instant::now() < until, "two of three are a majority");
    }
    assert_eq!(service.leases(&name()).await.ok(), Some(vec![one]), "killed, it kept them");
}
