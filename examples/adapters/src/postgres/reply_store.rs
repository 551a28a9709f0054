//! Where replies to commands wait for the runner of their saga, whichever it is by then.

use std::num::NonZeroUsize;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{EventId, Reply, ReplyStore};
use strangler_fig::saga::Payload;

use super::PostgresDatabase;
use super::database::Params;
use super::number::{span, unsigned};
use crate::effect::Effect;

/// The table of replies.
pub const REPLY_SCHEMA: &str = include_str!("reply_store.sql");

// Who comes later waits for the commit of the first.
const PUT: &str = "\
    INSERT INTO saga_reply (correlation, reply) VALUES ($1, $2)
    ON CONFLICT (correlation) DO NOTHING RETURNING 1";
const GET: &str = "SELECT reply FROM saga_reply WHERE correlation = $1";
const PURGE: &str = "\
    WITH gone AS (
        DELETE FROM saga_reply WHERE correlation IN (
            SELECT correlation FROM saga_reply
            WHERE came <= clock_timestamp() - $1::bigint * interval '1 us'
            ORDER BY came LIMIT $2 FOR UPDATE SKIP LOCKED
        ) RETURNING 1
    )
    SELECT count(*) FROM gone";

/// Replies in a table that all runners of the sagas reach.
#[derive(Debug, Clone)]
pub struct PostgresReplyStore {
    database: PostgresDatabase,
}

impl PostgresReplyStore {
    /// The replies in `database`.
    #[must_use]
    pub const fn new(database: PostgresDatabase) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ReplyStore for PostgresReplyStore {
    async fn put(&self, correlation: &EventId, reply: &Reply) -> Result<bool, StoreError> {
        let document = Payload::of(reply).map_err(StoreError::rejected)?;
        let params: Params = &[&correlation.as_str(), &document.as_str()];
        Ok(!self.database.query(Effect::Possible, PUT, params).await?.is_empty())
    }

    async fn get(&self, correlation: &EventId) -> Result<Option<Reply>, StoreError> {
        let rows = self.database.query(Effect::None, GET, &[&correlation.as_str()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let document: &str = row.try_get(0).map_err(StoreError::rejected)?;
        let reply = Payload::parse(document).and_then(|document| document.read());
        reply.map(Some).map_err(StoreError::rejected)
    }

    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
        let limit = i64::try_from(limit.get()).unwrap_or(i64::MAX);
        let rows = self.database.query(Effect::Possible, PURGE, &[&span(age), &limit]).await?;
        let row = rows.first().ok_or_else(|| StoreError::unknown("a count is a row"))?;
        let count = unsigned(row, 0).map_err(StoreError::unknown)?;
        count.try_into().map_err(StoreError::unknown)
    }
}
