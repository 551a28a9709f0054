//! What a statement can be made part of.

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use tokio_postgres::{Row, Transaction};

use super::PostgresTransaction;
use super::database::Params;
use super::error::store_error;
use crate::effect::Effect;

/// An open transaction: of these adapters, or of a driver.
#[async_trait]
pub(super) trait Runs: Send {
    /// One statement of it.
    async fn run(&mut self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError>;
}

#[async_trait]
impl Runs for PostgresTransaction {
    async fn run(&mut self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.query(sql, params).await
    }
}

/// Its deadlines, and where what it has locked is seen, are its owner's to choose.
#[async_trait]
impl Runs for Transaction<'_> {
    async fn run(&mut self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        let rows = self.query(sql, params).await;
        // Nothing of it is committed yet.
        rows.map_err(|error| store_error(error, Effect::None))
    }
}
