//! Which Redis is trusted with the state of migrations, and for how long.

use std::time::Duration;

use adapters::redis::{RedisDatabase, RedisStateService};
use strangler_fig::error::StoreError;
use strangler_fig::error::StoreErrorKind::{Rejected, Unavailable};
use strangler_fig::phase::MigrationStateService;
use tokio::time::sleep;

use crate::redis_server::{DURABLE, Server};
use crate::states::{first, lease, name};

async fn open(server: &Server) -> Result<RedisStateService, StoreError> {
    let database = RedisDatabase::new(&server.url()).expect("it is a URL");
    RedisStateService::open(database, "fig").await
}

fn is_refused<T>(answer: Result<T, StoreError>, named: &str) {
    let Err(error) = answer else { panic!("it was trusted without {named}") };
    assert_eq!(error.kind(), Rejected, "{error:?}");
    let told = error.with_causes();
    assert!(told.contains(named), "{named} is not named: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_lose_what_it_acknowledged_is_refused() {
    for (args, named) in [
        ("--appendonly no", "appendonly"),
        ("--appendfsync everysec", "appendfsync"),
        ("--appendfsync no", "appendfsync"),
        ("--no-appendfsync-on-rewrite yes", "no-appendfsync-on-rewrite"),
        ("--maxmemory 100mb --maxmemory-policy allkeys-lru", "maxmemory_policy"),
        ("--maxmemory 100mb --maxmemory-policy volatile-ttl", "maxmemory_policy"),
        ("--cluster-enabled yes", "redis_mode"),
        ("--replicaof 127.0.0.1 9", "role:master"),
        ("--rename-command CONFIG XXX", "does not tell appendonly"),
        ("--rename-command INFO XXX", "does not tell INFO"),
    ] {
        let args: Vec<_> = DURABLE.into_iter().chain(args.split(' ')).collect();
        let server = Server::with(&args).await;
        is_refused(open(&server).await, named);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_memory_that_drops_no_key_is_no_harm() {
    let server = Server::with(&[&DURABLE[..], &["--maxmemory", "100mb"]].concat()).await;
    open(&server).await.expect("it refuses what is too much, and drops nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_replica_is_refused_as_soon_as_it_has_one() {
    let server = Server::with(&DURABLE).await;
    let service = open(&server).await.expect("it has none yet");
    service.create(&first()).await.expect("it is new");
    let port = server.port.to_string();
    let replica = Server::with(&["--replicaof", "127.0.0.1", &port]).await;
    let seen = async {
        while service.current(&name()).await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.expect("it comes to follow");
    let lease = lease("node-1").await;
    is_refused(service.renew_lease(&name(), &lease).await, "connected_slaves");
    is_refused(open(&server).await, "connected_slaves");
    is_refused(open(&replica).await, "append");
}

/// What changes while a connection lasts.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_changes_its_mind_is_refused_meanwhile() {
    let server = Server::with(&DURABLE).await;
    let service = open(&server).await.expect("it keeps what it acknowledges");
    let revision = service.create(&first()).await.expect("it is new");
    for (harm, remedy, named) in [
        ("REPLICAOF 127.0.0.1 9", "REPLICAOF NO ONE", "role:master"),
        ("CONFIG SET appendonly no", "CONFIG SET appendonly yes", "aof_enabled"),
    ] {
        server.command(harm).await;
        is_refused(service.compare_and_set(revision, &first()).await, named);
        is_refused(service.current(&name()).await, named);
        is_refused(service.leases(&name()).await, named);
        server.command(remedy).await;
        let found = service.current(&name()).await.expect("it is as it was");
        assert_eq!(found.map(|found| found.revision), Some(revision), "nothing was done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_is_asked_again() {
    let mut server = Server::with(&DURABLE).await;
    let service = open(&server).await.expect("it keeps what it acknowledges");
    let revision = service.create(&first()).await.expect("it is new");
    let lease = lease("node-1").await;
    service.renew_lease(&name(), &lease).await.expect("it is not evicted");

    server.restart(&["--appendonly", "yes", "--appendfsync", "everysec"]).await;
    let broken = service.current(&name()).await.expect_err("the connection is gone");
    assert_eq!(broken.kind(), Unavailable);
    is_refused(service.current(&name()).await, "appendfsync");
    is_refused(service.renew_lease(&name(), &lease).await, "appendfsync");

    server.restart(&DURABLE).await;
    let found = service.current(&name()).await.expect("it is trusted again");
    assert_eq!(found.map(|found| found.revision), Some(revision), "killed, it kept it");
    assert_eq!(service.leases(&name()).await.ok(), Some(vec![lease]));
}
