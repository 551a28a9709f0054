//! The changes that other code makes to the monolith's table on PostgreSQL, by logical decoding.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use adapters::customer::Customer;
use adapters::postgres::{PLAIN_SCHEMA, PostgresChangeFeed, PostgresCustomers, PostgresDatabase};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::event::{ChangeFeed, Changed, LagSource};
use strangler_fig::repository::Repository;
use strangler_fig::testkit::conformance::{
    ChangeFeedFixture, Fact, async_trait, change_feed, run_all,
};
use tokio_postgres::{Client, NoTls};

use crate::change_feeds::{is_lost, page, settled};
use crate::customers::{customer, id};
use crate::own_server::own_server;
use own_servers::{OwnServer, Product};

/// The monolith's table on a PostgreSQL of the test's own, which decodes its log.
struct OnPostgres {
    url: String,
    feed: Arc<PostgresChangeFeed>,
}

async fn connected(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl OnPostgres {
    /// One at a time: a server has few slots.
    async fn new(server: &OwnServer) -> Self {
        let url = server.url();
        let feed = PostgresChangeFeed::new(PostgresDatabase::new(&url).unwrap(), "fig");
        removed(&feed, &url).await;
        let client = connected(&url).await;
        let sql = "DROP TABLE IF EXISTS plain_customer, plain_customer_stamp;";
        client.batch_execute(&format!("{sql} {PLAIN_SCHEMA}")).await.unwrap();
        feed.install().await.unwrap();
        feed.install().await.unwrap();
        Self { url, feed: Arc::new(feed) }
    }

    /// Waits until a definition waits for a transaction to end.
    async fn waited_for(&self) {
        let client = connected(&self.url).await;
        let sql = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)";
        while !client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Takes away the feed of the fact before.
async fn removed(feed: &PostgresChangeFeed, url: &str) {
    let sql = "SELECT to_regclass('plain_customer') IS NOT NULL";
    let is_there: bool = connected(url).await.query_one(sql, &[]).await.unwrap().get(0);
    if is_there {
        feed.remove().await.unwrap();
    }
}

async fn put(open: &Client, it: Customer) {
    let sql = "\
        INSERT INTO plain_customer (id, name, email, balance, joined, visits, is_active, seal)
        VALUES ($1, $2, $3, $4, to_timestamp(0), $5, $6, $7)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, visits = excluded.visits";
    let name: String = it.name.chars().filter(|letter| *letter != '\0').collect();
    let row: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
        [&it.id, &name, &it.email, &it.balance, &it.visits, &it.is_active, &it.seal];
    open.execute(sql, &row).await.unwrap();
}

#[async_trait]
impl ChangeFeedFixture for OnPostgres {
    type Feed = PostgresChangeFeed;
    type Transaction = Client;

    fn feed(&self) -> Arc<PostgresChangeFeed> {
        Arc::clone(&self.feed)
    }

    fn key(&self, n: u32) -> Vec<u8> {
        id(n)
    }

    fn entity(&self, n: u32, variant: u32) -> Customer {
        customer(n, variant)
    }

    async fn begin(&self) -> Client {
        let client = connected(&self.url).await;
        client.batch_execute("BEGIN").await.unwrap();
        client
    }

    async fn write(&self, open: &mut Client, n: u32, variant: u32) {
        put(open, customer(n, variant)).await;
    }

    async fn delete(&self, open: &mut Client, n: u32) {
        open.execute("DELETE FROM plain_customer WHERE id = $1", &[&id(n)]).await.unwrap();
    }

    async fn rename(&self, open: &mut Client, from: u32, to: u32) {
        let sql = "UPDATE plain_customer SET id = $1 WHERE id = $2";
        open.execute(sql, &[&id(to), &id(from)]).await.unwrap();
    }

    async fn commit(&self, open: Client) {
        open.batch_execute("COMMIT").await.unwrap();
    }

    async fn detach(&self) -> bool {
        let sql = "ALTER PUBLICATION fig DROP TABLE plain_customer";
        connected(&self.url).await.batch_execute(sql).await.unwrap();
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fact_of_a_change_feed_holds_of_postgresql() {
    let server = own_server(Product::Postgres).await;
    let reports = run_all(change_feed::facts(), async || OnPostgres::new(&server).await).await;
    let failed: Vec<_> = reports.iter().filter(|report| report.outcome.is_err()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let proved: Vec<_> = reports.iter().map(|report| report.fact).collect();
    let facts: Vec<_> = change_feed::facts::<OnPostgres>().iter().map(Fact::name).collect();
    assert_eq!(proved, facts);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_leaves_out_what_goes_through_the_crate_and_refuses_who_was_switched_off() {
    let server = own_server(Product::Postgres).await;
    let world = OnPostgres::new(&server).await;
    let own = PostgresCustomers::new(PostgresDatabase::marked(&world.url).unwrap());
    for n in 20..40 {
        own.save(customer(n, 1)).await.unwrap();
    }
    assert_eq!(page(&*world.feed).await, [], "its own sessions are marked");
    assert_eq!(world.feed.lag().await.unwrap().oldest, None);
    let monolith = connected(&world.url).await;
    put(&monolith, customer(1, 1)).await;
    own.save(customer(2, 1)).await.unwrap();
    assert_eq!(page(&*world.feed).await, [Changed::Hint(id(1))]);

    let mut open = world.begin().await;
    world.write(&mut open, 3, 1).await;
    let feed = world.feed();
    let closing = tokio::spawn(async move { feed.close().await });
    world.waited_for().await;
    assert!(!closing.is_finished(), "one has written and is open");
    world.commit(open).await;
    closing.await.unwrap().unwrap();
    assert_eq!(page(&*world.feed).await, [Changed::Hint(id(1)), Changed::Hint(id(3))]);
    for sql in ["UPDATE plain_customer SET visits = 2", "TRUNCATE plain_customer"] {
        let refused = monolith.batch_execute(sql).await.unwrap_err();
        let refused = refused.as_db_error().unwrap().message().to_owned();
        assert!(refused.contains("customers are written by their service"), "{refused}");
    }
    own.save(customer(4, 1)).await.unwrap();
    world.feed.open().await.unwrap();
    put(&monolith, customer(5, 1)).await;

    monolith.batch_execute("TRUNCATE plain_customer").await.unwrap();
    let lost = world.feed.changes(NonZeroUsize::new(100).unwrap()).await.unwrap_err();
    assert_eq!(lost.kind(), StoreErrorKind::Rejected, "nobody tells which rows are gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_of_postgresql_that_is_not_attached_any_more_says_so() {
    let server = own_server(Product::Postgres).await;
    for (sql, why) in [
        (
            "ALTER TABLE plain_customer RENAME TO before;
             CREATE TABLE plain_customer (LIKE before INCLUDING ALL); DROP TABLE before",
            "publication",
        ),
        ("ALTER PUBLICATION fig DROP TABLE plain_customer", "publication"),
        ("ALTER PUBLICATION fig SET (publish = 'insert, update')", "publication"),
        ("DROP PUBLICATION fig", "publication"),
        ("SELECT pg_drop_replication_slot('fig')", "slot"),
    ] {
        let world = OnPostgres::new(&server).await;
        connected(&world.url).await.batch_execute(sql).await.unwrap();
        is_lost(&*world.feed, why).await;
        put(&connected(&world.url).await, customer(1, 1)).await;
        is_lost(&*world.feed, why).await;
        if why != "slot" {
            let half = world.feed.install().await.unwrap_err();
            assert_eq!(half.kind(), StoreErrorKind::Rejected, "{sql}: changes were missed");
        }
        world.feed.remove().await.unwrap();
        world.feed.install().await.unwrap();
        put(&connected(&world.url).await, customer(2, 1)).await;
        assert_eq!(page(&*world.feed).await, [Changed::Hint(id(2))], "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_feeds_of_one_database_of_postgresql_each_tell_their_own() {
    let server = own_server(Product::Postgres).await;
    let world = OnPostgres::new(&server).await;
    connected(&world.url).await.batch_execute("CREATE SCHEMA other").await.unwrap();
    let url = format!("{}?options=-csearch_path%3Dother", world.url);
    let there = connected(&url).await;
    there.batch_execute(PLAIN_SCHEMA).await.unwrap();
    let other = PostgresChangeFeed::new(PostgresDatabase::new(&url).unwrap(), "other");
    other.install().await.unwrap();
    put(&there, customer(1, 1)).await;
    put(&connected(&world.url).await, customer(2, 1)).await;
    assert_eq!(page(&other).await, [Changed::Hint(id(1))]);
    assert_eq!(page(&*world.feed).await, [Changed::Hint(id(2))]);
    other.remove().await.unwrap();
    assert_eq!(
        page(&*world.feed).await,
        [Changed::Hint(id(2))],
        "and takes the other nothing away"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_tells_keys_under_every_identity_that_has_them_and_no_other() {
    let server = own_server(Product::Postgres).await;
    let world = OnPostgres::new(&server).await;
    let monolith = connected(&world.url).await;
    let sql = "ALTER TABLE plain_customer ADD COLUMN number BIGINT GENERATED ALWAYS AS IDENTITY;
               CREATE UNIQUE INDEX by_number ON plain_customer (number);
               ALTER TABLE plain_customer REPLICA IDENTITY FULL";
    monolith.batch_execute(sql).await.unwrap();
    for n in [1, 2, 3] {
        put(&monolith, customer(n, 1)).await;
    }
    let sql = "UPDATE plain_customer SET id = $1 WHERE id = $2";
    monolith.execute(sql, &[&id(4), &id(2)]).await.unwrap();
    monolith.execute("DELETE FROM plain_customer WHERE id = $1", &[&id(3)]).await.unwrap();
    let told = [1, 2, 3, 2, 4, 3].map(|n| Changed::Hint(id(n)));
    assert_eq!(settled(&*world.feed).await, told, "a full one has them");
    world.feed.install().await.unwrap();

    let sql = "ALTER TABLE plain_customer REPLICA IDENTITY USING INDEX by_number";
    monolith.batch_execute(sql).await.unwrap();
    is_lost(&*world.feed, "replica identity").await;
    let refused = world.feed.install().await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Rejected);
    monolith.execute("DELETE FROM plain_customer WHERE id = $1", &[&id(4)]).await.unwrap();
    let sql = "ALTER TABLE plain_customer REPLICA IDENTITY DEFAULT";
    monolith.batch_execute(sql).await.unwrap();
    is_lost(&*world.feed, "replica identity").await;
}

/// A trigger of the table's own, which changes other rows than the crate has written.
#[tokio::test(flavor = "multi_thread")]
async fn postgresql_tells_what_triggers_change_beside_a_write_of_the_crate() {
    let server = own_server(Product::Postgres).await;
    let world = OnPostgres::new(&server).await;
    let sql = "CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $$
               BEGIN
                   UPDATE plain_customer SET visits = 0 WHERE id <> NEW.id;
                   RETURN NULL;
               END $$;
               CREATE TRIGGER counts AFTER INSERT ON plain_customer
               FOR EACH ROW EXECUTE FUNCTION counts()";
    connected(&world.url).await.batch_execute(sql).await.unwrap();
    let own = PostgresCustomers::new(PostgresDatabase::marked(&world.url).unwrap());
    own.save(customer(20, 1)).await.unwrap();
    settled(&*world.feed).await;
    own.save(customer(21, 1)).await.unwrap();
    assert_eq!(page(&*world.feed).await, [21, 20].map(|n| Changed::Hint(id(n))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_postgresql_has_not_settled_comes_again_after_a_crash() {
    let mut server = own_server(Product::Postgres).await;
    let world = OnPostgres::new(&server).await;
    let monolith = connected(&world.url).await;
    for n in 20..30 {
        put(&monolith, customer(n, 1)).await;
    }
    let page = world.feed.changes(NonZeroUsize::new(4).unwrap()).await.unwrap();
    assert_eq!(page.changes.len(), 4);
    world.feed.settle(&page.mark).await.unwrap();
    server.kill();
    server.start().await.unwrap();
    let feed = PostgresChangeFeed::new(PostgresDatabase::new(&world.url).unwrap(), "fig");
    let left = feed.changes(NonZeroUsize::new(100).unwrap()).await.unwrap();
    let keys: BTreeSet<_> = left.changes.iter().map(|it| format!("{it:?}")).collect();
    let open = (24..30).map(|n| format!("{:?}", Changed::<_, Customer>::Hint(id(n))));
    assert!(open.into_iter().all(|hint| keys.contains(&hint)), "{keys:?}");
}

/// The server tells of a commit long before it flushes it.
async fn unflushed(server: &OwnServer) {
    let client = connected(&server.url()).await;
    for sql in [
        "ALTER SYSTEM SET synchronous_commit = off",
        "ALTER SYSTEM SET wal_writer_delay = '10s'",
        "SELECT pg_reload_conf()",
    ] {
        client.batch_execute(sql).await.unwrap();
    }
    let is_off = "SELECT current_setting('synchronous_commit') = 'off'
                  AND current_setting('wal_writer_delay') = '10s'";
    while !connected(&server.url()).await.query_one(is_off, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_postgresql_flushes_what_was_committed_and_not_awaited() {
    let server = own_server(Product::Postgres).await;
    let world = OnPostgres::new(&server).await;
    unflushed(&server).await;
    put(&connected(&world.url).await, customer(1, 1)).await;
    world.feed.close().await.unwrap();
    assert!(world.feed.lag().await.unwrap().oldest.is_some(), "the last of them is known of");
    assert_eq!(page(&*world.feed).await, [Changed::Hint(id(1))]);
}

/// Commits are written and not flushed, and somebody else flushes at any moment: what was looked through ends before what
/// was not flushed then, and the slot is not moved over it.
#[tokio::test(flavor = "multi_thread")]
async fn commits_of_postgresql_that_are_flushed_late_are_not_passed_over() {
    let mut server = own_server(Product::Postgres).await;
    unflushed(&server).await;
    // So few that they are written to make room.
    let few = "ALTER SYSTEM SET wal_buffers = '32kB'";
    connected(&server.url()).await.batch_execute(few).await.unwrap();
    server.kill();
    server.start().await.unwrap();
    let world = OnPostgres::new(&server).await;
    let (address, _) = world.url.rsplit_once('/').unwrap();
    let elsewhere = connected(&format!("{address}/template1")).await;
    elsewhere.batch_execute("SET synchronous_commit = on").await.unwrap();
    let flushing = tokio::spawn(async move {
        loop {
            let commit = "SELECT pg_logical_emit_message(true, 'noise', '')";
            elsewhere.batch_execute(commit).await.unwrap();
        }
    });
    let monolith = connected(&world.url).await;
    let writing = tokio::spawn(async move {
        for n in 100..600 {
            put(&monolith, customer(n, 1)).await;
            let noise = "SELECT pg_logical_emit_message(false, 'noise', repeat('x', 64000))";
            monolith.batch_execute(noise).await.unwrap();
        }
    });
    let mut told = BTreeSet::new();
    while !writing.is_finished() {
        let page = world.feed.changes(NonZeroUsize::new(100).unwrap()).await.unwrap();
        told.extend(page.changes.iter().map(|change| format!("{change:?}")));
        world.feed.settle(&page.mark).await.unwrap();
    }
    writing.await.unwrap();
    flushing.abort();
    world.feed.close().await.unwrap();
    let rest = world.feed.changes(NonZeroUsize::new(1_000).unwrap()).await.unwrap().changes;
    told.extend(rest.iter().map(|change| format!("{change:?}")));
    for n in 100..600 {
        let hint = format!("{:?}", Changed::<_, Customer>::Hint(id(n)));
        assert!(told.contains(&hint), "{n} was passed over");
    }
}
