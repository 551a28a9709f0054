use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::UnitOfWork;
use strangler_fig::repository::Access;

use super::{PostgresDatabase, PostgresTransaction};

#[async_trait]
impl UnitOfWork for PostgresDatabase {
    type Transaction = PostgresTransaction;

    async fn begin(&self) -> Result<PostgresTransaction, StoreError> {
        PostgresTransaction::begin(self, Access::Write).await
    }

    async fn commit(&self, transaction: PostgresTransaction) -> Result<(), StoreError> {
        transaction.commit().await
    }
}
