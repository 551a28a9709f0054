//! Sagas on PostgreSQL: their journal, the barrier of their participants, and the replies of these.

use std::sync::Arc;
use std::time::Duration;

use adapters::postgres::{
    PLAIN_SCHEMA, PostgresCustomers, PostgresReplyStore, PostgresSagaBarrier, PostgresSagaJournal,
    PostgresTransaction, REPLY_SCHEMA, SAGA_BARRIER_SCHEMA, SAGA_JOURNAL_SCHEMA,
};
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::ReplyStore;
use strangler_fig::repository::{Access, TransactionalRepository};
use strangler_fig::saga::{BarrierCall, Direction, SagaBarrier, SagaId, SagaJournal, Verdict};
use strangler_fig::testkit::conformance::{
    ReplyStoreFixture, SagaBarrierFixture, SagaJournalFixture, async_trait,
};

use crate::postgres_schema::Schema;
use crate::sagas::{Site, outlive};

struct Journal(Schema);

impl Journal {
    async fn fresh() -> Self {
        Self(Schema::with(SAGA_JOURNAL_SCHEMA).await)
    }
}

#[async_trait]
impl SagaJournalFixture for Journal {
    fn journal(&self) -> Arc<dyn SagaJournal> {
        Arc::new(PostgresSagaJournal::new(self.0.shared()))
    }

    async fn reopened(&self) -> Arc<dyn SagaJournal> {
        Arc::new(PostgresSagaJournal::new(self.0.database()))
    }

    async fn spoil(&self, saga: &SagaId) -> bool {
        let sql = "UPDATE saga SET definition = 'what is this' WHERE id = $1";
        self.0.client.execute(sql, &[&saga.as_str()]).await.expect("the saga is there") == 1
    }
}

struct Barrier(Schema);

impl Barrier {
    async fn fresh() -> Self {
        Self(Schema::with(&[PLAIN_SCHEMA, SAGA_BARRIER_SCHEMA].concat()).await)
    }

    fn customers(&self) -> PostgresCustomers {
        PostgresCustomers::new(self.0.shared())
    }
}

#[async_trait]
impl SagaBarrierFixture for Barrier {
    type Barrier = PostgresSagaBarrier;

    fn barrier(&self) -> Arc<PostgresSagaBarrier> {
        Arc::new(PostgresSagaBarrier)
    }

    async fn begin(&self) -> Result<PostgresTransaction, StoreError> {
        self.customers().begin(Access::Write).await
    }

    async fn commit(&self, transaction: PostgresTransaction) -> Result<(), StoreError> {
        self.customers().commit(transaction).await
    }
}

struct Replies(Schema);

impl Replies {
    async fn fresh() -> Self {
        Self(Schema::with(REPLY_SCHEMA).await)
    }
}

#[async_trait]
impl ReplyStoreFixture for Replies {
    fn replies(&self) -> Arc<dyn ReplyStore> {
        Arc::new(PostgresReplyStore::new(self.0.shared()))
    }

    async fn reopened(&self) -> Arc<dyn ReplyStore> {
        Arc::new(PostgresReplyStore::new(self.0.database()))
    }
}

mod journal {
    use super::*;

    strangler_fig::saga_journal_conformance!(Journal::fresh());
}

mod barrier {
    use super::*;

    strangler_fig::saga_barrier_conformance!(Barrier::fresh());
}

mod replies {
    use super::*;

    strangler_fig::reply_store_conformance!(Replies::fresh());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_cannot_be_read_is_told() {
    let replies = Replies::fresh().await;
    let sql = "INSERT INTO saga_reply (correlation, reply) VALUES ('c', '{\"perhaps\":1}')";
    replies.0.client.execute(sql, &[]).await.expect("it is written");
    let found = replies.replies().get(&"c".parse().expect("it is an id")).await;
    assert_eq!(found.expect_err("it is no reply").kind(), StoreErrorKind::Rejected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_barrier_forgets_what_is_old() {
    let (fixture, barrier) = (Barrier::fresh().await, PostgresSagaBarrier);
    let enter = async |saga: &str| {
        let (saga, step) = (saga.parse().expect("an id"), "charge".parse().expect("a name"));
        let call = BarrierCall { saga, step, direction: Direction::Execute, epoch: 1 };
        let mut open = fixture.begin().await.expect("it begins");
        let verdict = barrier.enter(&mut open, &call).await.expect("it is judged");
        fixture.commit(open).await.expect("it commits");
        verdict
    };
    let forget = async |age| {
        let mut open = fixture.begin().await.expect("it begins");
        let count = barrier.purge(&mut open, age).await.expect("it forgets");
        fixture.commit(open).await.expect("it commits");
        count
    };
    for saga in ["old", "older"] {
        assert_eq!(enter(saga).await, Verdict::Run);
    }
    assert_eq!(forget(Duration::from_hours(1)).await, 0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(enter("old").await, Verdict::Duplicate(None));
    assert_eq!(enter("new").await, Verdict::Run);
    assert_eq!(forget(Duration::from_millis(900)).await, 2, "when they came first counts");
    assert_eq!(enter("new").await, Verdict::Duplicate(None));
    assert_eq!(enter("old").await, Verdict::Run);
}

fn site(schema: &Schema) -> Site<PostgresCustomers, PostgresSagaBarrier> {
    let database = schema.database();
    Site {
        journal: Arc::new(PostgresSagaJournal::new(database.clone())),
        customers: PostgresCustomers::new(database),
        barrier: PostgresSagaBarrier,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sagas_outlive_their_runner() {
    let sql = [SAGA_JOURNAL_SCHEMA, PLAIN_SCHEMA, SAGA_BARRIER_SCHEMA].concat();
    let schema = Schema::with(&sql).await;
    outlive(site(&schema), site(&schema)).await;
}
