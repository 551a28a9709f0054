//! Messages that leave with the transaction that is their reason: rows, written in it.

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{Message, Outbox};
use tokio_postgres::Transaction;

use super::PostgresTransaction;
use super::runs::Runs;
use crate::event_row::{Staged, keys};

/// The tables of messages, of their keys and lanes, and of relays.
pub const OUTBOX_SCHEMA: &str = include_str!("outbox.sql");

// One statement. The keys are locked, in one order, before the first position is drawn: for that the rows wait for a
// count of them. A row of a key that was used of late is locked, and not written.
const STAGE: &str = "\
    WITH locked AS (
        INSERT INTO outbox_key AS held (event_key)
        SELECT event_key FROM unnest($1::text[]) WITH ORDINALITY AS part (event_key, number)
        ORDER BY number
        ON CONFLICT (event_key) DO UPDATE SET used = clock_timestamp()
            WHERE held.used < clock_timestamp() - interval '1 hour'
        RETURNING 1
    )
    INSERT INTO outbox (lane, event_key, topic, event)
    SELECT lane, event_key, topic, event
    FROM unnest($2::integer[], $3::text[], $4::text[], $5::text[])
        WITH ORDINALITY AS part (lane, event_key, topic, event, number)
    WHERE (SELECT count(*) FROM locked) >= 0
    ORDER BY number";
const NOTIFY: &str = "SELECT pg_notify('outbox', '')";

/// The table `outbox`, as transactions see it. It needs no connection of its own.
///
/// It takes [`PostgresTransaction`]s and those of `tokio-postgres`. One of `sqlx` is taken likewise: an implementation for
/// `PgConnection` that runs the same statement. A transaction above `READ COMMITTED` is told `Unavailable` where
/// another has staged its key since it began.
#[derive(Debug, Clone, Copy, Default)]
pub struct PostgresOutbox {
    notifies: bool,
}

impl PostgresOutbox {
    /// One that tells those that [listen](super::PostgresOutboxStore::listening) of each commit.
    ///
    /// It saves them the wait for the next poll. But a transaction with a notification takes a lock of the whole cluster
    /// when it commits: where many commit at once, they commit one after the other.
    #[must_use]
    pub const fn notifying() -> Self {
        Self { notifies: true }
    }

    async fn staged(self, open: &mut impl Runs, messages: &[Message]) -> Result<(), StoreError> {
        if messages.is_empty() {
            return Ok(());
        }
        let staged: Vec<_> = messages.iter().map(Staged::of).collect();
        let lanes: Vec<_> = staged.iter().map(|it| i32::from(it.lane)).collect();
        let all: Vec<_> = staged.iter().map(|it| it.key).collect();
        let topics: Vec<_> = staged.iter().map(|it| it.topic).collect();
        let events: Vec<_> = staged.iter().map(|it| &*it.event).collect();
        open.run(STAGE, &[&keys(&staged), &lanes, &all, &topics, &events]).await?;
        if self.notifies {
            open.run(NOTIFY, &[]).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Outbox<PostgresTransaction> for PostgresOutbox {
    async fn stage(
        &self,
        transaction: &mut PostgresTransaction,
        messages: &[Message],
    ) -> Result<(), StoreError> {
        self.staged(transaction, messages).await
    }
}

#[async_trait]
impl<'t> Outbox<Transaction<'t>> for PostgresOutbox {
    async fn stage(
        &self,
        transaction: &mut Transaction<'t>,
        messages: &[Message],
    ) -> Result<(), StoreError> {
        self.staged(transaction, messages).await
    }
}
