//! The changes that other code makes to the monolith's table on MariaDB, by triggers.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::sync::Arc;
use std::time::Duration;

use adapters::customer::Customer;
use adapters::mariadb::{
    CUSTOMER_SCHEMA, ChangeMode, MariadbChangeFeed, MariadbCustomers, MariadbDatabase,
    MariadbRepository, PLAIN_SCHEMA,
};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::event::{Changed, LagSource};
use strangler_fig::repository::{Repository, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::conformance::{ChangeFeedFixture, async_trait};

use crate::change_feeds::{is_lost, page, settled};
use crate::customers::{customer, id};
use crate::mariadb_schema::Schema;

/// The monolith's table on MariaDB.
struct OnMariadb {
    schema: Schema,
    /// The table that it is about.
    table: &'static str,
    feed: Arc<MariadbChangeFeed>,
}

impl OnMariadb {
    async fn with(mode: ChangeMode) -> Self {
        let (table, definition) = match mode {
            ChangeMode::Stamped => ("customer", CUSTOMER_SCHEMA),
            _ => ("plain_customer", PLAIN_SCHEMA),
        };
        let schema = Schema::with(definition).await;
        let feed = MariadbChangeFeed::new(schema.shared(), mode);
        feed.install().await.unwrap();
        Self { schema, table, feed: Arc::new(feed) }
    }

    /// A connection of code that knows nothing of this crate.
    async fn monolith(&self) -> Conn {
        let opts = Opts::from_url(&self.schema.url()).unwrap();
        Conn::new(OptsBuilder::from_opts(opts).prefer_socket(false)).await.unwrap()
    }

    /// Customers through the crate, with stamps beside them.
    fn own(&self) -> impl StampedRepository<Key = Vec<u8>, Entity = Customer> {
        MariadbCustomers::new(MariadbDatabase::marked(&self.schema.url()).unwrap()).stamped()
    }

    /// Waits until a definition waits for a transaction to end.
    async fn waited_for(&self) {
        let sql = "SELECT COUNT(*) FROM information_schema.processlist
                   WHERE db = DATABASE() AND state LIKE 'Waiting for table metadata lock%'";
        let mut conn = self.monolith().await;
        while conn.query_first::<u64, _>(sql).await.unwrap() == Some(0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

const WRITE: &str = "\
    INSERT INTO plain_customer (id, name, email, balance, joined, visits, is_active, seal)
    VALUES (?, ?, ?, CAST(? AS DECIMAL(19, 0)) * 0.0001,
        TIMESTAMP '1970-01-01 00:00:00' + INTERVAL ? MICROSECOND, ?, ?, ?)
    ON DUPLICATE KEY UPDATE
        name = VALUES(name), email = VALUES(email), balance = VALUES(balance),
        joined = VALUES(joined), visits = VALUES(visits), is_active = VALUES(is_active),
        seal = VALUES(seal)";

async fn write(conn: &mut Conn, it: Customer) -> Result<(), mysql_async::Error> {
    write_to("plain_customer", conn, it).await
}

async fn write_to(table: &str, conn: &mut Conn, it: Customer) -> Result<(), mysql_async::Error> {
    let row = (it.id, it.name, it.email, it.balance, it.joined, it.visits, it.is_active, it.seal);
    conn.exec_drop(WRITE.replace("plain_customer", table), row).await
}

#[async_trait]
impl ChangeFeedFixture for OnMariadb {
    type Feed = MariadbChangeFeed;
    type Transaction = Conn;

    fn feed(&self) -> Arc<MariadbChangeFeed> {
        Arc::clone(&self.feed)
    }

    fn key(&self, n: u32) -> Vec<u8> {
        id(n)
    }

    fn entity(&self, n: u32, variant: u32) -> Customer {
        customer(n, variant)
    }

    async fn begin(&self) -> Conn {
        let mut conn = self.monolith().await;
        conn.query_drop("START TRANSACTION").await.unwrap();
        conn
    }

    async fn write(&self, open: &mut Conn, n: u32, variant: u32) {
        write_to(self.table, open, customer(n, variant)).await.unwrap();
    }

    async fn delete(&self, open: &mut Conn, n: u32) {
        let sql = format!("DELETE FROM {} WHERE id = ?", self.table);
        open.exec_drop(sql, (id(n),)).await.unwrap();
    }

    async fn rename(&self, open: &mut Conn, from: u32, to: u32) {
        let sql = format!("UPDATE {} SET id = ? WHERE id = ?", self.table);
        open.exec_drop(sql, (id(to), id(from))).await.unwrap();
    }

    async fn commit(&self, mut open: Conn) {
        open.query_drop("COMMIT").await.unwrap();
        open.disconnect().await.unwrap();
    }

    /// A date that is none, as old applications store it.
    async fn spoil(&self, open: &mut Conn, n: u32) -> bool {
        if self.feed.mode() != ChangeMode::Records {
            return false; // it reads nothing but keys
        }
        write(open, customer(n, 1)).await.unwrap();
        open.query_drop("SET SESSION sql_mode = ''").await.unwrap();
        let sql = "UPDATE plain_customer SET joined = '0000-00-00 00:00:00' WHERE id = ?";
        open.exec_drop(sql, (id(n),)).await.unwrap();
        true
    }

    async fn detach(&self) -> bool {
        let sql = format!("DROP TRIGGER {}_after_insert", self.table);
        self.monolith().await.query_drop(sql).await.unwrap();
        true
    }
}

mod mariadb_hints {
    use super::{ChangeMode, OnMariadb};

    strangler_fig::change_feed_conformance!(OnMariadb::with(ChangeMode::Hints));
}

mod mariadb_records {
    use super::{ChangeMode, OnMariadb};

    strangler_fig::change_feed_conformance!(OnMariadb::with(ChangeMode::Records));
}

mod mariadb_stamped {
    use super::{ChangeMode, OnMariadb};

    strangler_fig::change_feed_conformance!(OnMariadb::with(ChangeMode::Stamped));
}

/// Without a mark: it raises the stamp whenever it changes something.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_through_the_crate_is_known_by_its_stamp() {
    let world = OnMariadb::with(ChangeMode::Stamped).await;
    let own = MariadbRepository::new(world.schema.database());
    let mut stamp = Stamp::from_bytes([1; 16]);
    let stale = Record::live(Stamp::BASE, customer(1, 3));
    let records = [stamp, stamp.successor().unwrap()].map(|it| Record::live(it, customer(1, 1)));
    for record in [&records[0], &records[1], &stale] {
        own.apply(&id(1), record).await.unwrap();
        own.apply_many(&[(id(1), record.clone())]).await.remove(0).unwrap();
    }
    assert_eq!(page(&*world.feed).await, []);
    assert_eq!(own.read(&id(1)).await.unwrap(), records[1]);

    let mut monolith = world.monolith().await;
    for change in ["email = 'GRACE@example.org'", "email = 'grace@example.org'", "email = NULL"] {
        stamp = own.read(&id(1)).await.unwrap().stamp;
        let sql = format!("UPDATE customer SET {change} WHERE id = ?");
        monolith.exec_drop(sql, (id(1),)).await.unwrap();
        assert_eq!(settled(&*world.feed).await, [Changed::Hint(id(1))], "{change}");
        assert!(own.read(&id(1)).await.unwrap().stamp > stamp, "{change} has a stamp of its own");
    }
    world.feed.close().await.unwrap();
    let refused = monolith.query_drop("UPDATE customer SET visits = 77").await.unwrap_err();
    assert!(refused.to_string().contains("by their service"), "{refused}");
    own.apply(&id(1), &Record::live(Stamp::MAX, customer(1, 4))).await.unwrap();
    own.apply(&id(2), &Record::live(Stamp::MAX, customer(2, 4))).await.unwrap();
    assert_eq!(page(&*world.feed).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_leaves_out_what_goes_through_the_crate() {
    let world = OnMariadb::with(ChangeMode::Records).await;
    let own = world.own();
    let record = Record::live(Stamp::from_bytes([1; 16]), customer(1, 1));
    own.apply(&id(1), &record).await.unwrap();
    assert_eq!(page(&*world.feed).await, [], "its own sessions are marked");
    assert_eq!(own.read(&id(1)).await.unwrap(), record, "and nobody stamps for them");

    let mut monolith = world.monolith().await;
    write(&mut monolith, customer(1, 2)).await.unwrap();
    let now = own.read(&id(1)).await.unwrap();
    assert_eq!(page(&*world.feed).await, [Changed::Record(id(1), now.clone())]);
    assert!(now.stamp > record.stamp && now.value == Some(customer(1, 2)));
    monolith.exec_drop("DELETE FROM plain_customer WHERE id = ?", (id(1),)).await.unwrap();
    let gone = own.read(&id(1)).await.unwrap();
    assert!(gone.stamp > now.stamp && gone.is_tombstone(), "a row that is gone has a stamp, too");
}

/// A stamp of the trigger is above the row's, whatever that is; and never far from the time.
#[tokio::test(flavor = "multi_thread")]
async fn the_triggers_of_mariadb_stamp_with_the_larger_of_time_and_successor() {
    let world = OnMariadb::with(ChangeMode::Records).await;
    let mut conn = world.monolith().await;
    let half = |stamp: &[u8]| u64::from_be_bytes(stamp[..8].try_into().unwrap());
    let mut random = fastrand::Rng::with_seed(7);
    let now = u64::try_from(
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis(),
    );
    let now = now.unwrap() << 16;
    let edges = [0, 1, 0xFFFF, (now >> 16) << 16 | 0xFFFF, u64::MAX >> 1, u64::MAX - 1];
    let random = std::iter::repeat_with(|| match random.u8(0..3) {
        0 => random.u64(..u64::MAX),
        1 => now - (random.u64(..) >> 20),
        _ => (now + (random.u64(..) >> 30)) | 0xFFFF,
    });
    for old in edges.into_iter().chain(random.take(2_000)) {
        let bytes = [&old.to_be_bytes()[..], &[0xFF; 8]].concat();
        let found: Option<Vec<u8>> =
            conn.exec_first("SELECT strangler_fig_stamp(?)", (bytes,)).await.unwrap();
        let found = found.unwrap();
        assert_eq!(found.len(), 16);
        let stamped = half(&found);
        assert!(stamped > old, "{old:016x} is followed by {stamped:016x}");
        let is_next = stamped == old + 1;
        let is_now = stamped.trailing_zeros() >= 16 && stamped.abs_diff(now) >> 16 < 60_000;
        assert!(is_next || is_now, "{old:016x} is followed by {stamped:016x}");
        assert!(!is_now || stamped > old, "the time, if that is later");
    }
    let writers: Vec<Vec<u8>> = conn
        .query("SELECT RIGHT(strangler_fig_stamp(NULL), 8) UNION SELECT RIGHT(strangler_fig_stamp(NULL), 8)")
        .await
        .unwrap();
    assert!(writers.len() == 1 && writers[0] != [0; 8], "one writer, which is not nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_mariadb_waits_for_who_is_open_and_refuses_who_comes() {
    let world = OnMariadb::with(ChangeMode::Hints).await;
    let mut open = world.begin().await;
    world.write(&mut open, 1, 1).await;
    let feed = world.feed();
    let closing = tokio::spawn(async move { feed.close().await });
    world.waited_for().await;
    assert!(!closing.is_finished(), "one has written and is open");
    world.commit(open).await;
    closing.await.unwrap().unwrap();
    assert_eq!(page(&*world.feed).await, [Changed::Hint(id(1))], "the last of them is told");

    let mut monolith = world.monolith().await;
    for sql in ["UPDATE plain_customer SET visits = 2", "DELETE FROM plain_customer"] {
        let refused = monolith.query_drop(sql).await.unwrap_err().to_string();
        assert!(refused.contains("customers are written by their service"), "{refused}");
    }
    assert!(write(&mut monolith, customer(2, 1)).await.is_err());
    let own = MariadbCustomers::new(MariadbDatabase::marked(&world.schema.url()).unwrap());
    own.save(customer(3, 1)).await.unwrap();
    let careless = MariadbCustomers::new(world.schema.database());
    let refused = careless.save(customer(4, 1)).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Rejected, "a definite no");
    world.feed.open().await.unwrap();
    write(&mut monolith, customer(2, 1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_of_mariadb_that_is_not_there_says_so() {
    let world = OnMariadb::with(ChangeMode::Hints).await;
    world.feed.remove().await.unwrap();
    is_lost(&*world.feed, "plain_customer_change").await;
    write(&mut world.monolith().await, customer(1, 1)).await.unwrap();
    world.feed.install().await.unwrap();
    world.feed.install().await.unwrap();
    write(&mut world.monolith().await, customer(2, 1)).await.unwrap();
    assert_eq!(page(&*world.feed).await, [Changed::Hint(id(2))]);
}

/// Triggers go with their table: a tool that copies a table and swaps the two leaves the new one without.
#[tokio::test(flavor = "multi_thread")]
async fn a_feed_of_mariadb_that_is_not_attached_any_more_says_so() {
    for mode in [ChangeMode::Hints, ChangeMode::Records] {
        let world = OnMariadb::with(mode).await;
        let mut monolith = world.monolith().await;
        for (sql, missing) in [
            ("DROP TRIGGER plain_customer_after_update", "for UPDATE"),
            (
                "CREATE TABLE next LIKE plain_customer;
                 RENAME TABLE plain_customer TO before_it, next TO plain_customer;
                 DROP TABLE before_it",
                "for INSERT",
            ),
        ] {
            monolith.query_drop(sql).await.unwrap();
            is_lost(&*world.feed, missing).await;
            world.feed.install().await.unwrap();
            assert_eq!(page(&*world.feed).await, []);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_of_mariadb_that_only_hint_tell_no_records() {
    let world = OnMariadb::with(ChangeMode::Hints).await;
    let records = MariadbChangeFeed::new(world.schema.shared(), ChangeMode::Records);
    is_lost(&records, "stamp").await;
    records.install().await.unwrap();
    assert_eq!(records.lag().await.unwrap().oldest, None);
    page(&*world.feed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_column_of_mariadb_parks_rows_and_not_the_feed() {
    let world = OnMariadb::with(ChangeMode::Records).await;
    let mut monolith = world.monolith().await;
    write(&mut monolith, customer(1, 1)).await.unwrap();
    monolith.query_drop("ALTER TABLE plain_customer RENAME COLUMN email TO mail").await.unwrap();
    monolith.exec_drop("DELETE FROM plain_customer WHERE id = ?", (id(1),)).await.unwrap();
    let sql = "INSERT INTO plain_customer (id, name, balance, joined, visits, is_active) \
               VALUES (?, 'Ada', 0, NOW(), 0, 1)";
    monolith.exec_drop(sql, (id(2),)).await.unwrap();
    let page = page(&*world.feed).await;
    assert!(matches!(&page[0], Changed::Record(key, gone) if *key == id(1) && gone.is_tombstone()));
    let Changed::Unreadable { why, .. } = &page[1] else { panic!("it is read: {page:?}") };
    assert!(why.contains("no column email"), "{why}");
}
