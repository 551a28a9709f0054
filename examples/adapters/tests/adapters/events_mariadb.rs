//! Outbox and inbox on MariaDB.

use std::sync::Arc;
use std::time::Duration;

use adapters::mariadb::{
    INBOX_SCHEMA, MariadbCustomers, MariadbDatabase, MariadbInbox, MariadbOutbox,
    MariadbOutboxStore, MariadbTransaction, OUTBOX_SCHEMA,
};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, IsolationLevel, TxOpts};
use strangler_fig::error::StoreError;
use strangler_fig::event::{Arrival, Inbox, Outbox, OutboxPosition, OutboxStore};
use strangler_fig::repository::{Access, TransactionalRepository};
use strangler_fig::testkit::conformance::{InboxFixture, OutboxFixture, async_trait};

use crate::events_faults::{self, claimed, message, sent};
use crate::mariadb_schema::{Schema, server_url};
use crate::proxy::Proxy;

struct Site {
    schema: Schema,
    store: MariadbOutboxStore,
}

impl Site {
    async fn fresh() -> Self {
        let schema = Schema::with(&[OUTBOX_SCHEMA, INBOX_SCHEMA].concat()).await;
        let store = MariadbOutboxStore::new(schema.shared());
        Self { schema, store }
    }

    async fn keeping_sent() -> Self {
        let mut site = Self::fresh().await;
        site.store = site.store.keeping_sent(Duration::ZERO);
        site
    }

    fn customers(&self) -> MariadbCustomers {
        MariadbCustomers::new(self.schema.shared())
    }
}

#[async_trait]
impl OutboxFixture for Site {
    type Transaction = MariadbTransaction;

    fn outbox(&self) -> Arc<dyn Outbox<MariadbTransaction>> {
        Arc::new(MariadbOutbox)
    }

    fn store(&self) -> Arc<dyn OutboxStore> {
        Arc::new(self.store.clone())
    }

    async fn reopened(&self) -> Arc<dyn OutboxStore> {
        Arc::new(MariadbOutboxStore::new(self.schema.database()))
    }

    async fn begin(&self) -> Result<MariadbTransaction, StoreError> {
        self.customers().begin(Access::Write).await
    }

    async fn commit(&self, transaction: MariadbTransaction) -> Result<(), StoreError> {
        self.customers().commit(transaction).await
    }

    async fn spoil(&self, position: OutboxPosition) -> bool {
        let sql = "UPDATE outbox SET event = 'what is this' WHERE position = ?";
        let mut conn = self.schema.conn.lock().await;
        conn.exec_drop(sql, (position.0,)).await.expect("the row is there");
        conn.affected_rows() == 1
    }
}

#[async_trait]
impl InboxFixture for Site {
    type Transaction = MariadbTransaction;

    fn inbox(&self) -> Arc<dyn Inbox<MariadbTransaction>> {
        Arc::new(MariadbInbox)
    }

    async fn begin(&self) -> Result<MariadbTransaction, StoreError> {
        self.customers().begin(Access::Write).await
    }

    async fn commit(&self, transaction: MariadbTransaction) -> Result<(), StoreError> {
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
    let database = MariadbDatabase::with_deadline(&url, Duration::from_millis(500));
    let cut = MariadbOutboxStore::new(database.expect("it is a URL"));
    events_faults::a_lost_answer_is_in_doubt(&site, &cut, &proxy).await;
}

const A_HUNDRED_THOUSAND: &str = "\
    INSERT INTO outbox (lane, event_key, topic, event, sent)
    SELECT seq % 64, CONCAT('key-', seq), 'orders', 'never read', UTC_TIMESTAMP(6)
    FROM seq_1_to_100000";

#[tokio::test(flavor = "multi_thread")]
async fn a_few_are_found_among_many_that_were_sent() {
    let site = Site::keeping_sent().await;
    let fill = async {
        let mut conn = site.schema.conn.lock().await;
        conn.query_drop(A_HUNDRED_THOUSAND).await.expect("they are written");
    };
    events_faults::a_few_are_found_among_many_that_were_sent(&site, fill).await;
}

/// A transaction of the driver's, whatever it sees, and on a connection that these adapters have never had.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_of_the_driver_stages_and_admits() {
    let site = Site::fresh().await;
    let mut conn = Conn::from_url(site.schema.url()).await.expect("the server is there");
    let claims = claimed(&site.store).await;
    let billing = "billing".parse().expect("it is a name");
    for level in [IsolationLevel::ReadCommitted, IsolationLevel::RepeatableRead] {
        let event = message("a", &format!("{level:?}"));
        for (is_kept, arrival) in
            [(false, Arrival::First), (true, Arrival::First), (true, Arrival::Again)]
        {
            let mut options = TxOpts::default();
            options.with_isolation_level(level);
            let mut open = conn.start_transaction(options).await.expect("it begins");
            let admitted = MariadbInbox.admit(&mut open, &billing, &event.event).await;
            assert_eq!(admitted.expect("it is judged"), arrival);
            let both = [event.clone(), message("b", "b")];
            MariadbOutbox.stage(&mut open, &both).await.expect("it is staged");
            let ended = if is_kept { open.commit().await } else { open.rollback().await };
            ended.expect("it ends");
        }
        let name = format!("{level:?}");
        assert_eq!(sent(&site.store, &claims).await, [&name, "b", &name, "b"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_forgets_what_is_old() {
    let site = Site::fresh().await;
    let billing = "billing".parse().expect("it is a name");
    let admit = async |id: &str| {
        let mut open = InboxFixture::begin(&site).await.expect("it begins");
        let arrival = MariadbInbox.admit(&mut open, &billing, &message("a", id).event).await;
        InboxFixture::commit(&site, open).await.expect("it commits");
        arrival.expect("it is judged")
    };
    let forget = async |age| {
        let mut open = InboxFixture::begin(&site).await.expect("it begins");
        let count = MariadbInbox.purge(&mut open, age).await.expect("it forgets");
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
