//! The state of migrations on Redis, on the shared server.

use std::sync::Arc;
use std::thread;

use adapters::redis::{RedisDatabase, RedisStateService};
use strangler_fig::error::StoreErrorKind::{Conflict, Unavailable};
use strangler_fig::phase::{MigrationStateService, Revision};
use strangler_fig::testkit::conformance::{StateFixture, async_trait};

use crate::proxy::Proxy;
use crate::redis_server::{connect, server_url};
use crate::states::{
    SOON, Vandal, first, hostile_documents_are_rejected, lost_answers_are_in_doubt,
};

/// Keys with a prefix of their own; dropped with it.
struct States {
    service: Arc<RedisStateService>,
    prefix: String,
}

async fn open(url: &str, prefix: &str) -> RedisStateService {
    let database = RedisDatabase::new(url).expect("it is a URL");
    match RedisStateService::open(database, prefix).await {
        Ok(service) => service,
        Err(error) => panic!(
            "no Redis at {url} that keeps what it acknowledges ({}): run `make servers`, or set \
             REDIS_URL to another",
            error.with_causes()
        ),
    }
}

impl States {
    async fn fresh() -> Self {
        let prefix = format!("strangler_fig_{:016x}", fastrand::u64(..));
        Self { service: Arc::new(open(&server_url(), &prefix).await), prefix }
    }

    async fn write(&self, key: &str, field: &str, text: &str) {
        let mut connection = connect(&server_url()).await.expect("it is there");
        let key = format!("{}:{key}", self.prefix);
        let command = redis::cmd("HSET").arg(key).arg(field).arg(text).to_owned();
        command.query_async::<i64>(&mut connection).await.expect("it can be written");
    }
}

impl Drop for States {
    fn drop(&mut self) {
        let pattern = format!("{}:*", self.prefix);
        let script =
            "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end";
        let dropped = thread::spawn(move || {
            let mut connection = redis::Client::open(server_url())?.get_connection()?;
            redis::cmd("EVAL").arg(script).arg(0).arg(pattern).exec(&mut connection)
        });
        let is_dropped = matches!(dropped.join(), Ok(Ok(())));
        assert!(is_dropped || thread::panicking(), "keys were left behind");
    }
}

#[async_trait]
impl StateFixture for States {
    fn service(&self) -> Arc<dyn MigrationStateService> {
        Arc::clone(&self.service) as _
    }

    async fn reopened(&self) -> Option<Arc<dyn MigrationStateService>> {
        Some(Arc::new(open(&server_url(), &self.prefix).await))
    }
}

impl Vandal for States {
    async fn write_state(&self, document: &str) {
        self.write("state:airports", "document", document).await;
    }

    async fn write_lease(&self, key: &str, document: &str) {
        self.write("leases:airports", key, document).await;
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
    let database = RedisDatabase::with_deadline(&proxy.of(&server_url()), SOON);
    let service = RedisStateService::open(database.expect("it is a URL"), &states.prefix).await;
    let service = service.expect("the server keeps what it acknowledges");
    lost_answers_are_in_doubt(&service, &*states.service, &proxy, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opens_without_a_server_is_told_so() {
    let database = RedisDatabase::with_deadline("redis://127.0.0.1:9", SOON);
    let refused = RedisStateService::open(database.expect("it is a URL"), "nothing").await;
    assert_eq!(refused.expect_err("nobody listens").kind(), Unavailable);
}

/// Revisions that floats cannot tell apart are told apart.
#[tokio::test(flavor = "multi_thread")]
async fn revisions_beyond_floats_are_exact() {
    const LARGE: u64 = (1 << 53) + 1;
    let states = States::fresh().await;
    states.service.create(&first()).await.expect("it is new");
    states.write("state:airports", "revision", &LARGE.to_string()).await;
    for other in [LARGE - 1, u64::MAX] {
        let answer = states.service.compare_and_set(Revision(other), &first()).await;
        assert_eq!(answer.expect_err("it is at another").kind(), Conflict);
    }
    let answer = states.service.compare_and_set(Revision(LARGE), &first()).await;
    assert_eq!(answer.ok(), Some(Revision(LARGE + 1)));
}
