//! Sagas on MariaDB: their journal, and the barrier of their participants.

use std::sync::Arc;

use adapters::mariadb::{
    MariadbCustomers, MariadbSagaBarrier, MariadbSagaJournal, MariadbTransaction, PLAIN_SCHEMA,
    SAGA_BARRIER_SCHEMA, SAGA_JOURNAL_SCHEMA,
};
use strangler_fig::error::StoreError;
use strangler_fig::repository::{Access, TransactionalRepository};
use strangler_fig::saga::SagaJournal;
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
