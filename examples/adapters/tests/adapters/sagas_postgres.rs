//! Sagas on PostgreSQL: their journal, and the barrier of their participants.

use std::sync::Arc;

use adapters::postgres::{
    PLAIN_SCHEMA, PostgresCustomers, PostgresSagaBarrier, PostgresSagaJournal, PostgresTransaction,
    SAGA_BARRIER_SCHEMA, SAGA_JOURNAL_SCHEMA,
};
use strangler_fig::error::StoreError;
use strangler_fig::repository::{Access, TransactionalRepository};
use strangler_fig::saga::SagaJournal;
use strangler_fig::testkit::conformance::{SagaBarrierFixture, SagaJournalFixture, async_trait};

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

mod journal {
    use super::*;

    strangler_fig::saga_journal_conformance!(Journal::fresh());
}

mod barrier {
    use super::*;

    strangler_fig::saga_barrier_conformance!(Barrier::fresh());
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
