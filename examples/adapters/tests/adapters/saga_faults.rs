//! What an error of a journal of sagas says, when the link or a lock is at fault.

use std::sync::Arc;
use std::time::Duration;

use adapters::mariadb::{
    MariadbDatabase, MariadbSagaJournal, SAGA_JOURNAL_SCHEMA as MARIADB_SCHEMA,
};
use adapters::postgres::{
    PostgresDatabase, PostgresSagaJournal, SAGA_JOURNAL_SCHEMA as POSTGRES_SCHEMA,
};
use mysql_async::prelude::Queryable;
use strangler_fig::error::StoreError;
use strangler_fig::error::StoreErrorKind::{Conflict, Unavailable, Unknown};
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::saga::{
    Created, NewSaga, Payload, SagaAppend, SagaClaim, SagaEntry, SagaId, SagaJournal, SagaStatus,
};
use tokio::time::sleep;

use crate::proxy::{Link, Proxy};
use crate::{mariadb_schema, postgres_schema};

const SOON: Duration = Duration::from_millis(500);
const TERM: Duration = Duration::from_mins(1);

fn postgres(url: &str) -> Arc<dyn SagaJournal> {
    let database = PostgresDatabase::with_deadline(url, SOON).expect("it is a URL");
    Arc::new(PostgresSagaJournal::new(database))
}

fn mariadb(url: &str) -> Arc<dyn SagaJournal> {
    let database = MariadbDatabase::with_deadline(url, SOON).expect("it is a URL");
    Arc::new(MariadbSagaJournal::new(database))
}

async fn create(journal: &dyn SagaJournal, text: &str) -> Result<Created, StoreError> {
    let saga = NewSaga {
        id: text.parse().expect("it is an id"),
        definition: "checkout@1#0000000000000001".parse().expect("it is a definition"),
        input: 1,
        parent: None,
    };
    let name = "node-1".parse().expect("it is a name");
    let runner = NodeId { name, incarnation: Incarnation::fixed(1) };
    let input = Payload::of(&1).expect("it has a JSON form");
    let begun = SagaEntry::Begun { input, deadline_unix_ms: None, traceparent: None };
    journal.create(&saga, &[begun], &runner, TERM).await
}

async fn created(journal: &dyn SagaJournal, text: &str) -> SagaClaim {
    match create(journal, text).await.expect("a whole link") {
        Created::New(claim) => claim,
        Created::Found(header) => panic!("{} is there already", header.id),
    }
}

async fn append(
    journal: &dyn SagaJournal,
    claim: &SagaClaim,
    position: u64,
) -> Result<(), StoreError> {
    let entries = ["charge", "ship"]
        .map(|step| SagaEntry::Started { step: step.parse().expect("it is a name") });
    let status = SagaStatus::Running;
    let append = SagaAppend { position, entries: &entries, status, outcome: None };
    journal.append(claim, &append, TERM).await
}

/// How many entries a saga has, and how many its header tells of.
async fn length(journal: &dyn SagaJournal, saga: &SagaId) -> Option<(usize, u64)> {
    let loaded = journal.load(saga).await.expect("a whole link");
    loaded.map(|(header, entries)| (entries.len(), header.length))
}

/// A write whose answer is lost is in doubt, and was made as a whole; a load just
/// failed. Afterwards the journal works as before.
async fn a_lost_answer(journal: &dyn SagaJournal, direct: &dyn SagaJournal, proxy: &Proxy) {
    for link in [Link::CutAtAnswer, Link::Silent] {
        let text = format!("order:{link:?}");
        let claim = created(journal, &text).await;
        append(journal, &claim, 1).await.expect("a whole link");
        length(journal, &claim.saga).await;

        proxy.set(link);
        let failed = append(journal, &claim, 3).await.expect_err("no answer");
        assert_eq!(failed.kind(), Unknown, "{failed:?}");
        proxy.set(Link::Whole);
        sleep(SOON).await;
        assert_eq!(length(direct, &claim.saga).await, Some((5, 5)), "it had arrived");
        let again = append(journal, &claim, 3).await.expect_err("it is there");
        assert_eq!(again.kind(), Conflict, "{again:?}");

        // Prepared while the link is whole: what is not prepared is surely not done.
        create(journal, &text).await.expect("a whole link");
        proxy.set(link);
        let failed = create(journal, &format!("{text}:2")).await.expect_err("no answer");
        assert_eq!(failed.kind(), Unknown, "{failed:?}");
        proxy.set(Link::Whole);
        sleep(SOON).await;
        let second = format!("{text}:2").parse().expect("it is an id");
        assert_eq!(length(direct, &second).await, Some((1, 1)), "it had arrived");

        proxy.set(link);
        let failed = journal.load(&claim.saga).await.expect_err("no answer");
        assert_eq!(failed.kind(), Unavailable, "{failed:?}");
        proxy.set(Link::Whole);
        append(journal, &claim, 5).await.expect("a whole link");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_saga_writes_to_postgres_is_in_doubt_if_the_answer_is_lost() {
    let schema = postgres_schema::Schema::with(POSTGRES_SCHEMA).await;
    let proxy = Proxy::before(&postgres_schema::server_url()).await;
    let (journal, direct) = (postgres(&proxy.of(&schema.url())), postgres(&schema.url()));
    a_lost_answer(&*journal, &*direct, &proxy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_saga_writes_to_mariadb_is_in_doubt_if_the_answer_is_lost() {
    let schema = mariadb_schema::Schema::with(MARIADB_SCHEMA).await;
    let proxy = Proxy::before(&mariadb_schema::server_url()).await;
    let (journal, direct) = (mariadb(&proxy.of(&schema.url())), mariadb(&schema.url()));
    a_lost_answer(&*journal, &*direct, &proxy).await;
}

/// An append that is given up behind its first half changes nothing: not then, and
/// not with what comes next on its connection.
async fn a_half_append(journal: &dyn SagaJournal, claim: &SagaClaim) {
    for _ in 0..3 {
        let failed = append(journal, claim, 1).await.expect_err("its place is locked");
        assert!(matches!(failed.kind(), Unavailable | Unknown), "{failed:?}");
        sleep(SOON).await;
        for _ in 0..3 {
            assert_eq!(length(journal, &claim.saga).await, Some((1, 1)), "while it is locked");
            let text = format!("order:{}", fastrand::u64(..));
            let other = created(journal, &text).await;
            append(journal, &other, 1).await.expect("it is free");
        }
    }
}

/// What keeps an append waiting after it has changed the header.
const ENTRY: &str = "INSERT INTO saga_entry (saga, position, document) VALUES ('order', 2, '')";

#[tokio::test(flavor = "multi_thread")]
async fn half_an_append_leaves_nothing_on_postgres() {
    let schema = postgres_schema::Schema::with(POSTGRES_SCHEMA).await;
    let journal = postgres(&schema.url());
    let claim = created(&*journal, "order").await;
    schema.client.batch_execute(&format!("BEGIN; {ENTRY}")).await.expect("it can be locked");
    a_half_append(&*journal, &claim).await;
    schema.client.batch_execute("ROLLBACK").await.expect("it can be unlocked");
    append(&*journal, &claim, 1).await.expect("it is free");
    assert_eq!(length(&*journal, &claim.saga).await, Some((3, 3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_append_leaves_nothing_on_mariadb() {
    let schema = mariadb_schema::Schema::with(MARIADB_SCHEMA).await;
    let journal = mariadb(&schema.url());
    let claim = created(&*journal, "order").await;
    let mut conn = schema.conn.lock().await;
    conn.query_drop(format!("START TRANSACTION; {ENTRY}")).await.expect("it can be locked");
    a_half_append(&*journal, &claim).await;
    conn.query_drop("ROLLBACK").await.expect("it can be unlocked");
    append(&*journal, &claim, 1).await.expect("it is free");
    assert_eq!(length(&*journal, &claim.saga).await, Some((3, 3)));
}
