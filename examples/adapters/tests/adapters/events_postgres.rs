//! Outbox and inbox on PostgreSQL.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use adapters::postgres::{
    INBOX_SCHEMA, OUTBOX_SCHEMA, PostgresCustomers, PostgresDatabase, PostgresInbox,
    PostgresOutbox, PostgresOutboxStore, PostgresTransaction,
};
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    Arrival, FetchLimit, Inbox, Outbox, OutboxPosition, OutboxStore, RowEnd,
};
use strangler_fig::repository::{Access, TransactionalRepository};
use strangler_fig::testkit::conformance::{InboxFixture, OutboxFixture, async_trait};
use tokio::time::timeout;
use tokio_postgres::{IsolationLevel, NoTls};

use crate::events_faults::{self, claimed, message, sent};
use crate::postgres_schema::{Schema, server_url};
use crate::proxy::Proxy;

struct Site {
    schema: Schema,
    store: PostgresOutboxStore,
}

impl Site {
    async fn fresh() -> Self {
        let schema = Schema::with(&[OUTBOX_SCHEMA, INBOX_SCHEMA].concat()).await;
        let store = PostgresOutboxStore::new(schema.shared());
        Self { schema, store }
    }

    async fn keeping_sent() -> Self {
        let mut site = Self::fresh().await;
        site.store = site.store.keeping_sent(Duration::ZERO);
        site
    }

    fn customers(&self) -> PostgresCustomers {
        PostgresCustomers::new(self.schema.shared())
    }
}

#[async_trait]
impl OutboxFixture for Site {
    type Transaction = PostgresTransaction;

    fn outbox(&self) -> Arc<dyn Outbox<PostgresTransaction>> {
        Arc::new(PostgresOutbox::default())
    }

    fn store(&self) -> Arc<dyn OutboxStore> {
        Arc::new(self.store.clone())
    }

    async fn reopened(&self) -> Arc<dyn OutboxStore> {
        Arc::new(PostgresOutboxStore::new(self.schema.database()))
    }

    async fn begin(&self) -> Result<PostgresTransaction, StoreError> {
        self.customers().begin(Access::Write).await
    }

    async fn commit(&self, transaction: PostgresTransaction) -> Result<(), StoreError> {
        self.customers().commit(transaction).await
    }

    async fn spoil(&self, position: OutboxPosition) -> bool {
        let sql = "UPDATE outbox SET event = 'what is this' WHERE position = $1";
        let position = i64::try_from(position.0).expect("it was drawn here");
        self.schema.client.execute(sql, &[&position]).await.expect("the row is there") == 1
    }
}

#[async_trait]
impl InboxFixture for Site {
    type Transaction = PostgresTransaction;

    fn inbox(&self) -> Arc<dyn Inbox<PostgresTransaction>> {
        Arc::new(PostgresInbox)
    }

    async fn begin(&self) -> Result<PostgresTransaction, StoreError> {
        self.customers().begin(Access::Write).await
    }

    async fn commit(&self, transaction: PostgresTransaction) -> Result<(), StoreError> {
        self.customers().commit(transaction).await
    }
}

mod outbox {
    use super::*;

    strangler_fig::outbox_conformance!(Site::fresh());
}

mod outbox_that_keeps_what_was_sent {
    use super::*;

    strangler_fig::outbox_conformance!(Site::keeping_sent());
}

mod inbox {
    use super::*;

    strangler_fig::inbox_conformance!(Site::fresh());
}

/// Whatever a relay says that knows nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_kept_is_purged_when_its_time_is_over_and_not_before() {
    let site = Site::fresh().await;
    let store = site.store.clone();
    for (retention, purged) in [(Duration::from_hours(1), 0), (Duration::ZERO, 1)] {
        let keeping = store.clone().keeping_sent(retention);
        events_faults::what_was_sent_is_purged(&site, &keeping, purged).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_very_late_is_sent() {
    events_faults::a_commit_that_is_very_late_is_sent(&Site::fresh().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_deadlock_one_is_made_again() {
    events_faults::of_a_deadlock_one_is_made_again(&Site::fresh().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_in_doubt() {
    let site = Site::fresh().await;
    let proxy = Proxy::before(&server_url()).await;
    let url = proxy.of(&site.schema.url());
    let database = PostgresDatabase::with_deadline(&url, Duration::from_millis(500));
    let cut = PostgresOutboxStore::new(database.expect("it is a URL"));
    events_faults::a_lost_answer_is_in_doubt(&site, &cut, &proxy).await;
}

const A_HUNDRED_THOUSAND: &str = "\
    INSERT INTO outbox (lane, event_key, topic, event, sent)
    SELECT n % 64, 'key-' || n, 'orders', 'never read', clock_timestamp()
    FROM generate_series(1, 100000) AS n";

#[tokio::test(flavor = "multi_thread")]
async fn a_few_are_found_among_many_that_were_sent() {
    let site = Site::keeping_sent().await;
    let fill = async {
        site.schema.client.batch_execute(A_HUNDRED_THOUSAND).await.expect("they are written");
    };
    events_faults::a_few_are_found_among_many_that_were_sent(&site, fill).await;
}

/// A transaction of the driver's, whatever it sees, and on a connection that these adapters have never had.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_of_the_driver_stages_and_admits() {
    let site = Site::fresh().await;
    let connected = tokio_postgres::connect(&site.schema.url(), NoTls).await;
    let (mut client, connection) = connected.expect("the server is there");
    tokio::spawn(connection);
    let claims = claimed(&site.store).await;
    let billing = "billing".parse().expect("it is a name");
    for level in [IsolationLevel::ReadCommitted, IsolationLevel::Serializable] {
        let event = message("a", &format!("{level:?}"));
        for (is_kept, arrival) in
            [(false, Arrival::First), (true, Arrival::First), (true, Arrival::Again)]
        {
            let begun = client.build_transaction().isolation_level(level).start().await;
            let mut open = begun.expect("it begins");
            let admitted = PostgresInbox.admit(&mut open, &billing, &event.event).await;
            assert_eq!(admitted.expect("it is judged"), arrival);
            let both = [event.clone(), message("b", "b")];
            PostgresOutbox::default().stage(&mut open, &both).await.expect("it is staged");
            let ended = if is_kept { open.commit().await } else { open.rollback().await };
            ended.expect("it ends");
        }
        let name = format!("{level:?}");
        assert_eq!(sent(&site.store, &claims).await, [&name, "b", &name, "b"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_is_told_of_commits() {
    let site = Site::fresh().await;
    let (url, outbox) = (site.schema.url(), PostgresOutbox::notifying());
    let store = site.store.clone().listening(&url).expect("it is a URL");
    let soon = Duration::from_secs(5);
    timeout(soon, store.staged()).await.expect("it is told once it listens");
    let mut open = OutboxFixture::begin(&site).await.expect("it begins");
    outbox.stage(&mut open, &[message("a", "1")]).await.expect("it is staged");
    assert!(timeout(Duration::from_millis(200), store.staged()).await.is_err(), "not committed");
    OutboxFixture::commit(&site, open).await.expect("it commits");
    timeout(soon, store.staged()).await.expect("it is told");

    // What an operator lets go is told too, whoever does it.
    let claims = claimed(&site.store).await;
    let limit = FetchLimit { rows: NonZeroUsize::MIN, bytes: NonZeroUsize::MIN };
    let rows = site.store.fetch(&claims, limit).await.expect("they are fetched");
    for is_discarded in [false, true] {
        let claim = claims.iter().find(|claim| claim.lane == rows[0].lane).expect("it is held");
        let parked = RowEnd::Parked { reason: "as it was told".to_owned() };
        let position = rows[0].position;
        site.store.settle(claim, &[(position, parked)]).await.expect("it is settled");
        let was_parked = if is_discarded {
            site.store.discard(position).await
        } else {
            site.store.retry(position).await
        };
        assert!(was_parked.expect("it is let go"));
        timeout(soon, store.staged()).await.expect("it is told");
    }
    assert!(store.notifies() && !site.store.notifies());

    // Its connection ends, and it listens again.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN outbox'
        AND datname = current_database()";
    site.schema.client.batch_execute(end).await.expect("it is ended");
    timeout(soon, store.staged()).await.expect("something may have been missed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_forgets_what_is_old() {
    let site = Site::fresh().await;
    let billing = "billing".parse().expect("it is a name");
    let admit = async |id: &str| {
        let mut open = InboxFixture::begin(&site).await.expect("it begins");
        let arrival = PostgresInbox.admit(&mut open, &billing, &message("a", id).event).await;
        InboxFixture::commit(&site, open).await.expect("it commits");
        arrival.expect("it is judged")
    };
    let forget = async |age| {
        let mut open = InboxFixture::begin(&site).await.expect("it begins");
        let count = PostgresInbox.purge(&mut open, age).await.expect("it forgets");
        InboxFixture::commit(&site, open).await.expect("it commits");
        count
    };
    assert_eq!(admit("old").await, Arrival::First);
    assert_eq!(forget(Duration::from_hours(1)).await, 0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(admit("new").await, Arrival::First);
    assert_eq!(forget(Duration::from_millis(900)).await, 1);
    assert_eq!((admit("new").await, admit("old").await), (Arrival::Again, Arrival::First));
}
