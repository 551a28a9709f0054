//! Sagas on MariaDB: their journal, and the barrier of their participants.

use std::sync::Arc;
use std::time::Duration;

use adapters::mariadb::{
    MariadbCustomers, MariadbSagaBarrier, MariadbSagaJournal, MariadbTransaction, PLAIN_SCHEMA,
    SAGA_BARRIER_SCHEMA, SAGA_JOURNAL_SCHEMA,
};
use mysql_async::prelude::Queryable;
use strangler_fig::error::StoreError;
use strangler_fig::repository::{Access, TransactionalRepository};
use strangler_fig::saga::{BarrierCall, Direction, SagaBarrier, SagaId, SagaJournal, Verdict};
use strangler_fig::testkit::conformance::{SagaBarrierFixture, SagaJournalFixture, async_trait};

use crate::mariadb_schema::Schema;
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
        Arc::new(MariadbSagaJournal::new(self.0.shared()))
    }

    async fn reopened(&self) -> Arc<dyn SagaJournal> {
        Arc::new(MariadbSagaJournal::new(self.0.database()))
    }

    async fn spoil(&self, saga: &SagaId) -> bool {
        let sql = "UPDATE saga SET definition = 'what is this' WHERE id = ?";
        let mut conn = self.0.conn.lock().await;
        conn.exec_drop(sql, (saga.as_str(),)).await.expect("the saga is there");
        conn.affected_rows() == 1
    }
}

struct Barrier(Schema);

impl Barrier {
    async fn fresh() -> Self {
        Self(Schema::with(&[PLAIN_SCHEMA, SAGA_BARRIER_SCHEMA].concat()).await)
    }

    fn customers(&self) -> MariadbCustomers {
        MariadbCustomers::new(self.0.shared())
    }
}

#[async_trait]
impl SagaBarrierFixture for Barrier {
    type Barrier = MariadbSagaBarrier;

    fn barrier(&self) -> Arc<MariadbSagaBarrier> {
        Arc::new(MariadbSagaBarrier)
    }

    async fn begin(&self) -> Result<MariadbTransaction, StoreError> {
        self.customers().begin(Access::Write).await
    }

    async fn commit(&self, transaction: MariadbTransaction) -> Result<(), StoreError> {
        self.customers().commit(transaction).await
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

#[tokio::test(flavor = "multi_thread")]
async fn a_barrier_forgets_what_is_old() {
    let (fixture, barrier) = (Barrier::fresh().await, MariadbSagaBarrier);
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

fn site(schema: &Schema) -> Site<MariadbCustomers, MariadbSagaBarrier> {
    let database = schema.database();
    Site {
        journal: Arc::new(MariadbSagaJournal::new(database.clone())),
        customers: MariadbCustomers::new(database),
        barrier: MariadbSagaBarrier,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sagas_outlive_their_runner() {
    let sql = [SAGA_JOURNAL_SCHEMA, PLAIN_SCHEMA, SAGA_BARRIER_SCHEMA].concat();
    let schema = Schema::with(&sql).await;
    outlive(site(&schema), site(&schema)).await;
}
