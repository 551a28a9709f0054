use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::UnitOfWork;
use strangler_fig::repository::Access;

use super::{MariadbDatabase, MariadbTransaction};

#[async_trait]
impl UnitOfWork for MariadbDatabase {
    type Transaction = MariadbTransaction;

    async fn begin(&self) -> Result<MariadbTransaction, StoreError> {
        MariadbTransaction::begin(self, Access::Write).await
    }

    async fn commit(&self, transaction: MariadbTransaction) -> Result<(), StoreError> {
        transaction.commit().await
    }
}
