//! What makes the effects of events happen once: a row for each event, in the database and in the transaction of the
//! effect.

use std::time::Duration;

use mysql_async::Transaction;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{Arrival, EventEnvelope, Inbox, SubscriptionName};

use super::MariadbTransaction;
use super::row::{columns, integer};
use super::runs::Runs;
use super::saga_row::span;

/// The table of what was seen.
pub const INBOX_SCHEMA: &str = include_str!("inbox.sql");

// The row is written in any case: so it is locked, and who comes later waits for the transaction of the first, and sees
// what it has left. A number of changed rows would not tell: it depends on the connection.
const ADMIT: &str = "\
    INSERT INTO inbox (consumer, source, id) VALUES (?, ?, ?)
    ON DUPLICATE KEY UPDATE times = times + 1 RETURNING times";
const PURGE: &str = "\
    BEGIN NOT ATOMIC
        DELETE FROM inbox WHERE came < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND;
        SELECT ROW_COUNT();
    END";

/// The table `inbox`. It needs no connection of its own: every call comes with the transaction of the effect, a
/// [`MariadbTransaction`] or one of `mysql_async`.
#[derive(Debug, Clone, Copy)]
pub struct MariadbInbox;

impl MariadbInbox {
    /// Removes what came longer ago than `age`, and answers how much: to be called now and then.
    ///
    /// Such an event is taken for a new one then: the age is to be longer than one may take to come again.
    ///
    /// # Errors
    ///
    /// As [`admit`](Inbox::admit).
    pub async fn purge(
        &self,
        transaction: &mut MariadbTransaction,
        age: Duration,
    ) -> Result<u64, StoreError> {
        let row = transaction.query(PURGE, vec![span(age)]).await?.pop();
        let [count] = columns(row.ok_or_else(|| StoreError::rejected("a count is a row"))?)?;
        integer(&count)?.try_into().map_err(StoreError::rejected)
    }
}

async fn admitted(
    open: &mut impl Runs,
    consumer: &SubscriptionName,
    event: &EventEnvelope,
) -> Result<Arrival, StoreError> {
    let [consumer, source, id] =
        [consumer.as_str(), event.source.as_str(), event.id.as_str()].map(Into::into);
    let row = open.run(ADMIT, vec![consumer, source, id]).await?.pop();
    let [times] = columns(row.ok_or_else(|| StoreError::rejected("an upsert leaves a row"))?)?;
    Ok(if integer(&times)? == 1 { Arrival::First } else { Arrival::Again })
}

#[async_trait]
impl Inbox<MariadbTransaction> for MariadbInbox {
    async fn admit(
        &self,
        transaction: &mut MariadbTransaction,
        consumer: &SubscriptionName,
        event: &EventEnvelope,
    ) -> Result<Arrival, StoreError> {
        admitted(transaction, consumer, event).await
    }
}

#[async_trait]
impl<'t> Inbox<Transaction<'t>> for MariadbInbox {
    async fn admit(
        &self,
        transaction: &mut Transaction<'t>,
        consumer: &SubscriptionName,
        event: &EventEnvelope,
    ) -> Result<Arrival, StoreError> {
        admitted(transaction, consumer, event).await
    }
}
