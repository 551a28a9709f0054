//! What an error says about the effect, when the link is at fault.

use std::time::Duration;

use adapters::customer::Customer;
use adapters::mariadb::{CUSTOMER_SCHEMA as MARIADB_SCHEMA, MariadbDatabase, MariadbRepository};
use adapters::postgres::{
    CUSTOMER_SCHEMA as POSTGRES_SCHEMA, PostgresDatabase, PostgresRepository,
};
use strangler_fig::error::StoreErrorKind::{Rejected, Unavailable, Unknown};
use strangler_fig::repository::{Applied, ScanRepository, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use tokio::net::TcpListener;

use crate::customers::customer;
use crate::proxy::{Link, Proxy};
use crate::{mariadb_schema, postgres_schema};

trait Store: ScanRepository<Key = Vec<u8>, Entity = Customer> {}
impl<R: ScanRepository<Key = Vec<u8>, Entity = Customer>> Store for R {}

const SOON: Duration = Duration::from_millis(500);

fn record(n: u32, stamp: u64) -> (Vec<u8>, Record<Customer>) {
    let stamp = (u128::from(stamp) << 80).to_be_bytes();
    (customer(n, 0).id, Record::live(Stamp::from_bytes(stamp), customer(n, 0)))
}

fn postgres(url: &str) -> PostgresRepository {
    PostgresRepository::new(PostgresDatabase::with_deadline(url, SOON).expect("it is a URL"))
}

fn mariadb(url: &str) -> MariadbRepository {
    MariadbRepository::new(MariadbDatabase::with_deadline(url, SOON).expect("it is a URL"))
}

/// An address at which nobody listens.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    listener.local_addr().expect("it is bound").to_string()
}

async fn nothing_was_done(store: &impl Store) {
    let (key, record) = record(3, 1);
    assert_eq!(store.apply(&key, &record).await.expect_err("nobody listens").kind(), Unavailable);
    let batch = store.apply_many(&[(key.clone(), record)]).await.remove(0);
    assert_eq!(batch.expect_err("nobody listens").kind(), Unavailable);
    assert_eq!(store.read(&key).await.expect_err("nobody listens").kind(), Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_refused_by_postgres_is_unavailable() {
    nothing_was_done(&postgres(&format!("postgres://root@{}/test", nowhere().await))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_refused_by_mariadb_is_unavailable() {
    nothing_was_done(&mariadb(&format!("mysql://root@{}/test", nowhere().await))).await;
}

/// A write whose answer is lost is in doubt, and was made; a read just failed.
/// Afterwards the adapter works as before.
async fn a_lost_answer(link: Link, store: &impl Store, direct: &impl Store, proxy: &Proxy) {
    for stamp in [1, 2] {
        let (key, record) = record(3, stamp * 10);
        assert_eq!(store.apply(&key, &record).await.ok(), Some(Applied::Stored), "a whole link");
        store.read(&key).await.expect("a whole link");

        let (_, next) = self::record(3, stamp * 10 + 1);
        proxy.set(link);
        assert_eq!(store.apply(&key, &next).await.expect_err("no answer").kind(), Unknown);
        proxy.set(Link::Whole);
        tokio::time::sleep(SOON).await;
        assert_eq!(direct.read(&key).await.ok(), Some(next), "it had arrived");

        store.read(&key).await.expect("a whole link");
        proxy.set(link);
        assert_eq!(store.read(&key).await.expect_err("no answer").kind(), Unavailable);
        proxy.set(Link::Whole);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_to_postgres_whose_answer_is_lost_is_in_doubt() {
    let schema = postgres_schema::Schema::with(POSTGRES_SCHEMA).await;
    let proxy = Proxy::before(&postgres_schema::server_url()).await;
    let (store, direct) = (postgres(&proxy.of(&schema.url())), postgres(&schema.url()));
    for link in [Link::CutAtAnswer, Link::Silent] {
        a_lost_answer(link, &store, &direct, &proxy).await;
        let gone = Record::tombstone(Stamp::MAX);
        schema.client.execute("DELETE FROM customer", &[]).await.expect("rows can be deleted");
        assert_eq!(direct.apply(&vec![9], &gone).await.ok(), Some(Applied::Stored));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_to_mariadb_whose_answer_is_lost_is_in_doubt() {
    use mysql_async::prelude::Queryable;

    let schema = mariadb_schema::Schema::with(MARIADB_SCHEMA).await;
    let proxy = Proxy::before(&mariadb_schema::server_url()).await;
    let (store, direct) = (mariadb(&proxy.of(&schema.url())), mariadb(&schema.url()));
    for link in [Link::CutAtAnswer, Link::Silent] {
        a_lost_answer(link, &store, &direct, &proxy).await;
        let gone = Record::tombstone(Stamp::MAX);
        let mut conn = schema.conn.lock().await;
        conn.query_drop("DELETE FROM customer").await.expect("rows can be deleted");
        assert_eq!(direct.apply(&vec![9], &gone).await.ok(), Some(Applied::Stored));
    }
}

/// What one store can hold and the other cannot is refused alone.
async fn refused_alone(store: &impl Store, refused: Customer) {
    let records = [record(3, 1), record(4, 1), record(5, 1)];
    let mut offered = records.clone();
    offered[1].1.value = Some(refused);
    let answers = store.apply_many(&offered).await;
    let kinds: Vec<_> = answers.into_iter().map(|answer| answer.map_err(|e| e.kind())).collect();
    assert_eq!(kinds, [Ok(Applied::Stored), Err(Rejected), Ok(Applied::Stored)]);
    let keys: Vec<_> = records.iter().map(|(key, _)| key.clone()).collect();
    let held: Vec<_> = store.read_many(&keys).await.into_iter().map(Result::ok).collect();
    let [first, _, last] = records.map(|(_, record)| Some(record));
    assert_eq!(held, [first, Some(Record::absent()), last]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_with_a_zero_is_refused_by_postgres_alone() {
    let schema = postgres_schema::Schema::with(POSTGRES_SCHEMA).await;
    let refused = Customer { name: "zero: \0".to_owned(), ..customer(4, 0) };
    refused_alone(&postgres(&schema.url()), refused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_beyond_the_calendar_is_refused_alone() {
    let beyond = || Customer { joined: i64::MIN, ..customer(4, 0) };
    let schema = postgres_schema::Schema::with(POSTGRES_SCHEMA).await;
    refused_alone(&postgres(&schema.url()), beyond()).await;
    // Who held one server's turn and waited for the other's could wait for ever.
    drop(schema);
    let schema = mariadb_schema::Schema::with(MARIADB_SCHEMA).await;
    refused_alone(&mariadb(&schema.url()), beyond()).await;
}

/// A row that was written by other code and cannot be read fails alone.
async fn unreadable_alone(store: &impl Store) {
    let ([one, two], unreadable) = ([record(3, 1), record(5, 1)], vec![9]);
    for (key, record) in [&one, &two] {
        assert_eq!(store.apply(key, record).await.ok(), Some(Applied::Stored));
    }
    let keys = [one.0, unreadable, two.0];
    let answers = store.read_many(&keys).await;
    let kinds: Vec<_> = answers.into_iter().map(|answer| answer.map_err(|e| e.kind())).collect();
    assert_eq!(kinds, [Ok(one.1), Err(Rejected), Ok(two.1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_from_postgres_is_refused_alone() {
    let schema = postgres_schema::Schema::with(POSTGRES_SCHEMA).await;
    let sql = "INSERT INTO customer (id, name, balance, joined, visits, is_active)
        VALUES ('\\x09', 'Ada', 0, 'infinity', 0, true)";
    schema.client.batch_execute(sql).await.expect("a row can be planted");
    unreadable_alone(&postgres(&schema.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_from_mariadb_is_refused_alone() {
    use mysql_async::prelude::Queryable;

    let schema = mariadb_schema::Schema::with(MARIADB_SCHEMA).await;
    let sql = "INSERT INTO customer (id, name, balance, joined, visits, is_active)
        VALUES (X'09', 'Ada', 999999999999999.9999, '2000-01-01', 0, true)";
    schema.conn.lock().await.query_drop(sql).await.expect("a row can be planted");
    unreadable_alone(&mariadb(&schema.url())).await;
}

/// A statement that waits too long for a lock is given up by the server too.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_lock_too_long_changes_nothing_later() {
    let schema = postgres_schema::Schema::with(POSTGRES_SCHEMA).await;
    let store = postgres(&schema.url());
    let ((key, old), (_, new)) = (record(3, 1), record(3, 2));
    assert_eq!(store.apply(&key, &old).await.ok(), Some(Applied::Stored));
    schema.client.batch_execute("BEGIN; LOCK customer").await.expect("it can be locked");
    let failed = store.apply(&key, &new).await.expect_err("it is locked").kind();
    assert!(matches!(failed, Unavailable | Unknown), "{failed:?}");
    tokio::time::sleep(SOON).await;
    schema.client.batch_execute("ROLLBACK").await.expect("it can be unlocked");
    assert_eq!(store.read(&key).await.ok(), Some(old), "the server gave up as well");
}

/// A connection on which a batch was given up is not used again: it would read
/// the answers to others' calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_waited_for_a_lock_too_long_leaves_no_connection_out_of_step() {
    use mysql_async::prelude::Queryable;

    let schema = mariadb_schema::Schema::with(MARIADB_SCHEMA).await;
    let store = mariadb(&schema.url());
    let ((key, old), (_, new), (free, beside)) = (record(3, 1), record(3, 2), record(4, 1));
    for (key, record) in [(&key, &old), (&free, &beside)] {
        assert_eq!(store.apply(key, record).await.ok(), Some(Applied::Stored));
    }
    let mut conn = schema.conn.lock().await;
    conn.query_drop("START TRANSACTION; SELECT * FROM customer WHERE id = 'ada' FOR UPDATE")
        .await
        .expect("it can be locked");
    for _ in 0..3 {
        let batch = store.apply_many(&[(key.clone(), new.clone())]).await.remove(0);
        let failed = batch.expect_err("it is locked").kind();
        assert!(matches!(failed, Unavailable | Unknown), "{failed:?}");
        for _ in 0..4 {
            assert_eq!(store.read(&free).await.ok().as_ref(), Some(&beside));
            assert_eq!(store.read(&key).await.ok().as_ref(), Some(&old));
        }
    }
    conn.query_drop("ROLLBACK").await.expect("it can be unlocked");
    assert_eq!(store.read(&key).await.ok(), Some(old), "the server gave up as well");
}
