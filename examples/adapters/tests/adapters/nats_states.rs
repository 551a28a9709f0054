//! The state of migrations in NATS. The tests crash no host: what `Durability`
//! vouches for, they take for granted.

use std::sync::Arc;
use std::time::Duration;

use adapters::nats::{Durability, NatsStateService};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use strangler_fig::error::StoreError;
use strangler_fig::error::StoreErrorKind::Rejected;
use strangler_fig::phase::MigrationStateService;
use strangler_fig::testkit::conformance::{StateFixture, async_trait};

use crate::nats_bucket::{Bucket, connect, patient, server_url};
use crate::proxy::Proxy;
use crate::states::{
    SOON, Vandal, first, hostile_documents_are_rejected, lease, lost_answers_are_in_doubt, name,
};

struct States {
    service: Arc<NatsStateService>,
    bucket: Bucket,
}

async fn open(url: &str, bucket: &str) -> NatsStateService {
    let client = connect(url).await;
    let open = || NatsStateService::open(client.clone(), bucket, Durability::SyncedAlways);
    let opened = patient().call(open).await.map_err(StoreError::from);
    opened.unwrap_or_else(|error| panic!("no bucket at {url}: {}", error.with_causes()))
}

impl States {
    async fn fresh() -> Self {
        let bucket = Bucket::unmade().await;
        Self { service: Arc::new(open(&server_url(), &bucket.name).await), bucket }
    }
}

#[async_trait]
impl StateFixture for States {
    fn service(&self) -> Arc<dyn MigrationStateService> {
        Arc::clone(&self.service) as _
    }

    async fn reopened(&self) -> Option<Arc<dyn MigrationStateService>> {
        Some(Arc::new(open(&server_url(), &self.bucket.name).await))
    }
}

impl Vandal for States {
    async fn write_state(&self, document: &str) {
        self.bucket.write("state.airports", document).await;
    }

    async fn write_lease(&self, key: &str, document: &str) {
        self.bucket.write(&format!("lease.airports.{}", key.replace('/', ".")), document).await;
    }
}

mod conformance {
    use super::*;

    strangler_fig::state_conformance!(States::fresh());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_none_is_rejected() {
    let states = States::fresh().await;
    hostile_documents_are_rejected(&*states.service, &states).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_lost_is_in_doubt() {
    let states = States::fresh().await;
    let proxy = Proxy::before(&server_url()).await;
    let service = open(&proxy.of(&server_url()), &states.bucket.name).await.with_deadline(SOON);
    lost_answers_are_in_doubt(&service, &*states.service, &proxy, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_may_lose_or_hide_a_value_is_refused() {
    type Harm = fn(Config) -> Config;
    let harms: [(Harm, &str); 8] = [
        (|config| Config { storage: StorageType::Memory, ..config }, "storage"),
        (|config| Config { allow_direct: true, ..config }, "allow_direct"),
        (|config| Config { discard: DiscardPolicy::Old, ..config }, "discard"),
        (|config| Config { max_age: Duration::from_hours(1), ..config }, "max_age"),
        (|config| Config { retention: RetentionPolicy::Interest, ..config }, "retention"),
        (|config| Config { no_ack: true, ..config }, "no_ack"),
        (|config| Config { deny_purge: true, ..config }, "deny_purge"),
        (|config| Config { discard_new_per_subject: true, ..config }, "discard_new_per_subject"),
    ];
    for (harm, named) in harms {
        is_refused(&Bucket::with(harm).await, Durability::SyncedAlways, named).await;
    }
    let alone = Bucket::with(|config| config).await;
    is_refused(&alone, Durability::ReplicatedOnIndependentHosts, "num_replicas").await;
    open(&server_url(), &alone.name).await;
}

async fn is_refused(bucket: &Bucket, durability: Durability, named: &str) {
    let client = connect(&server_url()).await;
    let refused = NatsStateService::open(client, &bucket.name, durability).await;
    let refused = refused.expect_err(named);
    assert_eq!(refused.kind(), Rejected, "{refused:?}");
    assert!(refused.with_causes().contains(named), "{}", refused.with_causes());
}

/// A lease that somebody deleted by hand is not taken for one that was released.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_without_content_is_rejected() {
    let states = States::fresh().await;
    let lease = lease("node-1").await;
    states.service.create(&first()).await.expect("it is new");
    states.service.renew_lease(&name(), &lease).await.expect("it is not evicted");
    states.write_state("").await;
    states.write_lease(&lease.node.to_string(), "").await;
    let found = states.service.current(&name()).await;
    assert_eq!(found.expect_err("it is no state").kind(), Rejected);
    let found = states.service.leases(&name()).await;
    assert_eq!(found.expect_err("it is no lease").kind(), Rejected);
}
