//! Three NATS servers of a test's own, to be killed, of a version that replicated
//! buckets are trusted with, which Debian's is not yet.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use adapters::nats::{Durability, NatsStateService};
use async_nats::Client;
use strangler_fig::error::StoreErrorKind::Unavailable;
use strangler_fig::phase::MigrationStateService;
use strangler_fig::testkit::conformance::{StateFixture, async_trait, state};
use tokio::time::{Instant, sleep};

use crate::nats_bucket::connect;
use crate::states::{first, lease, name};
use own_servers::nats_program;

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
        let mut command = Command::new(nats_program().expect("there is one"));
        command.args(["--addr", "127.0.0.1", "--port", &self.ports[at].to_string()]);
        command.args(["--name", &format!("node-{at}"), "--cluster_name", "fig"]);
        command.args(["--cluster", &routes[at], "--routes", &routes.join(",")]);
        command.args(["--jetstream", "--store_dir"]).arg(store);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("a server starts")
    }

    fn kill(&mut self, at: usize) {
        self.servers[at].kill().expect("it runs");
        self.servers[at].wait().expect("it ends");
    }

    async fn connect(&self, at: usize) -> Client {
        let url = format!("nats://127.0.0.1:{}", self.ports[at]);
        let until = Instant::now() + BEFORE_GIVING_UP;
        while async_nats::connect(&url).await.is_err() {
            assert!(Instant::now() < until, "the servers did not start");
            sleep(Duration::from_millis(100)).await;
        }
        connect(&url).await
    }

    /// The service by way of one server, once they have found together.
    async fn open(&self, at: usize, bucket: &str) -> NatsStateService {
        let (client, until) = (self.connect(at).await, Instant::now() + BEFORE_GIVING_UP);
        let durability = Durability::ReplicatedOnIndependentHosts;
        loop {
            match NatsStateService::open(client.clone(), bucket, durability).await {
                Ok(service) => return service,
                Err(error) => assert!(Instant::now() < until, "{}", error.with_causes()),
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Makes the first server the leader of a bucket.
    async fn lead(&self, bucket: &str) {
        let client = self.connect(0).await;
        let context = async_nats::jetstream::new(client.clone());
        let until = Instant::now() + BEFORE_GIVING_UP;
        loop {
            let stream = context.get_stream(format!("KV_{bucket}")).await;
            let info = stream.ok().and_then(|stream| stream.cached_info().cluster.clone());
            match info.and_then(|cluster| cluster.leader) {
                Some(leader) if leader == "node-0" => return,
                Some(_) => {
                    let subject = format!("$JS.API.STREAM.LEADER.STEPDOWN.KV_{bucket}");
                    client.request(subject, "".into()).await.expect("there is a leader");
                }
                None => {}
            }
            assert!(Instant::now() < until, "the first server did not come to lead");
            sleep(Duration::from_millis(200)).await;
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

/// A bucket in the cluster: one handle by way of the first server, others by
/// way of the second.
struct States {
    cluster: Arc<Cluster>,
    bucket: String,
    service: Arc<NatsStateService>,
}

#[async_trait]
impl StateFixture for States {
    fn service(&self) -> Arc<dyn MigrationStateService> {
        Arc::clone(&self.service) as _
    }

    async fn reopened(&self) -> Option<Arc<dyn MigrationStateService>> {
        Some(Arc::new(self.cluster.open(1, &self.bucket).await))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replicated_bucket_keeps_the_contract() {
    let cluster = Arc::new(Cluster::of_three());
    let facts = state::facts::<States>().into_iter().chain(state::durable_facts());
    for (at, fact) in facts.enumerate() {
        let bucket = format!("fig-{at}");
        let service = Arc::new(cluster.open(0, &bucket).await);
        let states = States { cluster: Arc::clone(&cluster), bucket, service };
        let kept = fact.check(&states).await;
        assert!(kept.is_ok(), "{}: {kept:?}", fact.name());
    }
}

/// A server that is left alone may be the leader still, and does not know better
/// for some seconds: what it holds may be old, and is not shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_without_a_majority_answers_no_reads() {
    let mut cluster = Cluster::of_three();
    let service = cluster.open(0, "fig").await.with_deadline(Duration::from_secs(1));
    cluster.lead("fig").await;
    let (one, other) = (lease("node-1").await, lease("node-2").await);
    let revision = service.create(&first()).await.expect("it is new");
    for lease in [&one, &other] {
        service.renew_lease(&name(), lease).await.expect("it is not evicted");
    }
    service.evict(&name(), &other).await.expect("there is a majority");
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
