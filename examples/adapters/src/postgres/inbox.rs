//! What makes the effects of events happen once: a row for each event, in the database and in the transaction of the
//! effect.

use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{Arrival, EventEnvelope, Inbox, SubscriptionName};
use tokio_postgres::Transaction;

use super::PostgresTransaction;
use super::number::{span, unsigned};
use super::runs::Runs;

/// The table of what was seen.
pub const INBOX_SCHEMA: &str = include_str!("inbox.sql");

// Who comes later waits for the transaction of the first, and sees what it has left.
const ADMIT: &str = "\
    INSERT INTO inbox (consumer, source, id) VALUES ($1, $2, $3)
    ON CONFLICT (consumer, source, id) DO NOTHING RETURNING 1";
const PURGE: &str = "\
    WITH gone AS (
        DELETE FROM inbox WHERE came < clock_timestamp() - $1::bigint * interval '1 us' RETURNING 1
    )
    SELECT count(*) FROM gone";

/// The table `inbox`. It needs no connection of its own: every call comes with the transaction of the effect, a
/// [`PostgresTransaction`] or one of `tokio-postgres`.
#[derive(Debug, Clone, Copy)]
pub struct PostgresInbox;

impl PostgresInbox {
    /// Removes what came longer ago than `age`, and answers how much: to be called now and then.
    ///
    /// Such an event is taken for a new one then: the age is to be longer than one may take to come again.
    ///
    /// # Errors
    ///
    /// As [`admit`](Inbox::admit).
    pub async fn purge(
        &self,
        transaction: &mut PostgresTransaction,
        age: Duration,
    ) -> Result<u64, StoreError> {
        let rows = transaction.query(PURGE, &[&span(age)]).await?;
        let row = rows.first().ok_or_else(|| StoreError::rejected("a count is a row"))?;
        unsigned(row, 0).map_err(StoreError::rejected)
    }
}

async fn admitted(
    open: &mut impl Runs,
    consumer: &SubscriptionName,
    event: &EventEnvelope,
) -> Result<Arrival, StoreError> {
    let (source, id) = (event.source.as_str(), event.id.as_str());
    let rows = open.run(ADMIT, &[&consumer.as_str(), &source, &id]).await?;
    Ok(if rows.is_empty() { Arrival::Again } else { Arrival::First })
}

#[async_trait]
impl Inbox<PostgresTransaction> for PostgresInbox {
    async fn admit(
        &self,
        transaction: &mut PostgresTransaction,
        consumer: &SubscriptionName,
        event: &EventEnvelope,
    ) -> Result<Arrival, StoreError> {
        admitted(transaction, consumer, event).await
    }
}

#[async_trait]
impl<'t> Inbox<Transaction<'t>> for PostgresInbox {
    async fn admit(
        &self,
        transaction: &mut Transaction<'t>,
        consumer: &SubscriptionName,
        event: &EventEnvelope,
    ) -> Result<Arrival, StoreError> {
        admitted(transaction, consumer, event).await
    }
}
