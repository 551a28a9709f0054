//! Messages that leave with the transaction that is their reason: rows, written in it.

use mysql_async::{Transaction, Value};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{Message, Outbox};

use super::MariadbTransaction;
use super::runs::Runs;
use crate::event_row::{Staged, keys};

/// The tables of messages, of their keys and lanes, and of relays.
pub const OUTBOX_SCHEMA: &str = include_str!("outbox.sql");

/// A statement takes 65,535 values, and a message is five.
const ROWS_MAX: usize = 10_000;

/// The table `outbox`, as transactions see it. It needs no connection of its own.
///
/// It takes [`MariadbTransaction`]s and those of `mysql_async`. In a transaction above `READ COMMITTED`, which is the
/// server's default, others that stage a new key may have to wait too.
#[derive(Debug, Clone, Copy, Default)]
pub struct MariadbOutbox;

// One round trip. The keys are locked, in one order, before the first position is drawn; a row of a key that was used of
// late is locked, and not changed.
fn stage(keys: usize, rows: usize) -> String {
    format!(
        "BEGIN NOT ATOMIC
            INSERT INTO outbox_key (event_key) VALUES (?){} ON DUPLICATE KEY UPDATE
                used = IF(used < UTC_TIMESTAMP(6) - INTERVAL 1 HOUR, UTC_TIMESTAMP(6), used);
            INSERT INTO outbox (lane, event_key, topic, event) VALUES (?, ?, ?, ?){};
        END",
        ", (?)".repeat(keys - 1),
        ", (?, ?, ?, ?)".repeat(rows - 1)
    )
}

async fn staged(open: &mut impl Runs, messages: &[Message]) -> Result<(), StoreError> {
    if messages.len() > ROWS_MAX {
        return Err(StoreError::rejected("too many messages at once"));
    }
    if messages.is_empty() {
        return Ok(());
    }
    let staged: Vec<_> = messages.iter().map(Staged::of).collect();
    let keys = keys(&staged);
    let sql = stage(keys.len(), staged.len());
    let mut params: Vec<Value> = keys.into_iter().map(Value::from).collect();
    for row in staged {
        params.extend([row.lane.into(), row.key.into(), row.topic.into(), row.event.into()]);
    }
    open.run(&sql, params).await.map(drop)
}

#[async_trait]
impl Outbox<MariadbTransaction> for MariadbOutbox {
    async fn stage(
        &self,
        transaction: &mut MariadbTransaction,
        messages: &[Message],
    ) -> Result<(), StoreError> {
        staged(transaction, messages).await
    }
}

#[async_trait]
impl<'t> Outbox<Transaction<'t>> for MariadbOutbox {
    async fn stage(
        &self,
        transaction: &mut Transaction<'t>,
        messages: &[Message],
    ) -> Result<(), StoreError> {
        staged(transaction, messages).await
    }
}
