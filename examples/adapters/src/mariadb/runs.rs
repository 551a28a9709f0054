//! What a statement can be made part of.

use mysql_async::prelude::Queryable;
use mysql_async::{Row, Transaction, Value};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;

use super::MariadbTransaction;
use super::error::store_error;
use crate::effect::Effect;

/// An open transaction: of these adapters, or of a driver.
#[async_trait]
pub(super) trait Runs: Send {
    /// One statement of it.
    async fn run(&mut self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, StoreError>;
}

#[async_trait]
impl Runs for MariadbTransaction {
    async fn run(&mut self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.query(sql, params).await
    }
}

/// Its deadlines are its owner's to choose. So is what is seen, and locked: `READ COMMITTED` keeps the fewest waiting.
#[async_trait]
impl Runs for Transaction<'_> {
    async fn run(&mut self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        // Nothing of it is committed yet.
        self.exec(sql, params).await.map_err(|error| store_error(error, Effect::None))
    }
}
