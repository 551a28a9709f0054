//! The state of migrations on PostgreSQL.

use std::sync::Arc;

use adapters::postgres::{PostgresDatabase, PostgresStateService, STATE_SCHEMA};
use strangler_fig::error::StoreErrorKind::{Conflict, Rejected, Unavailable};
use strangler_fig::phase::{MigrationStateService, Revision};
use strangler_fig::testkit::conformance::{StateFixture, async_trait};

use crate::postgres_schema::{Schema, server_url};
use crate::proxy::Proxy;
use crate::states::{
    SOON, Vandal, first, hostile_documents_are_rejected, lost_answers_are_in_doubt,
};

struct States {
    service: Arc<PostgresStateService>,
    schema: Schema,
}

async fn open(database: PostgresDatabase) -> PostgresStateService {
    PostgresStateService::open(database).await.expect("the server flushes")
}

impl States {
    async fn fresh() -> Self {
        let schema = Schema::with(STATE_SCHEMA).await;
        Self { service: Arc::new(open(schema.database()).await), schema }
    }
}

#[async_trait]
impl StateFixture for States {
    fn service(&self) -> Arc<dyn MigrationStateService> {
        Arc::clone(&self.service) as _
    }

    async fn reopened(&self) -> Option<Arc<dyn MigrationStateService>> {
        Some(Arc::new(open(self.schema.database()).await))
    }
}

impl Vandal for States {
    async fn write_state(&self, document: &str) {
        let sql = "UPDATE migration_state SET document = $1";
        self.schema.client.execute(sql, &[&document]).await.expect("it can be written");
    }

    async fn write_lease(&self, key: &str, document: &str) {
        let sql = "UPDATE migration_lease SET document = $1 WHERE node = $2";
        self.schema.client.execute(sql, &[&document, &key]).await.expect("it can be written");
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
    let database = PostgresDatabase::with_deadline(&proxy.of(&states.schema.url()), SOON);
    let service = open(database.expect("it is a URL")).await;
    lost_answers_are_in_doubt(&service, &*states.service, &proxy, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opens_without_a_server_is_told_so() {
    let database = PostgresDatabase::with_deadline("postgres://root@127.0.0.1:9/test", SOON);
    let refused = PostgresStateService::open(database.expect("it is a URL")).await;
    assert_eq!(refused.expect_err("nobody listens").kind(), Unavailable);
}

/// Whatever the role, the database or the URL says: an acknowledged state is on
/// the disk.
#[tokio::test(flavor = "multi_thread")]
async fn commits_are_synchronous_whatever_the_default() {
    let schema = Schema::with(STATE_SCHEMA).await;
    let url = format!("{}%20-csynchronous_commit%3Doff", schema.url());
    open(PostgresDatabase::new(&url).expect("it is a URL")).await;
}

/// A schema before the catalogue, in which the server seems to say so.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_flush_is_refused() {
    for setting in ["fsync", "synchronous_commit"] {
        let says_off = format!(
            "CREATE FUNCTION current_setting(text) RETURNS text LANGUAGE sql
            AS $$ SELECT CASE $1 WHEN '{setting}' THEN 'off' ELSE 'on' END $$"
        );
        let schema = Schema::with(&says_off).await;
        let database = PostgresDatabase::new(&format!("{},pg_catalog", schema.url()));
        let refused = PostgresStateService::open(database.expect("it is a URL")).await;
        let refused = refused.expect_err("it loses what it said");
        assert_eq!(refused.kind(), Rejected);
        let named = format!("{setting} = off");
        assert!(refused.with_causes().contains(&named), "{}", refused.with_causes());
    }
}

/// The largest revision that a caller can name is no revision of a state.
#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_the_column_cannot_hold_is_a_conflict() {
    let states = States::fresh().await;
    states.service.create(&first()).await.expect("it is new");
    let answer = states.service.compare_and_set(Revision(u64::MAX), &first()).await;
    assert_eq!(answer.expect_err("there is no such revision").kind(), Conflict);
}
