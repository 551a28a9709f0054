//! The repair queue. Each call is one statement, and the server's clock counts.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime};

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};
use tokio_postgres::Row;

use super::PostgresDatabase;
use super::database::Params;
use super::number::{Decoded, signed, span, unsigned};
use crate::effect::Effect;

/// The table of keys.
pub const REPAIR_QUEUE_SCHEMA: &str = include_str!("repair_queue.sql");

// A key that is due keeps its place, one that is taken stays hidden.
const NOTE: &str = "\
    INSERT INTO repair_entry AS held (key, reason, notes)
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[])
    ON CONFLICT (key) DO UPDATE SET
        reason = excluded.reason, notes = held.notes + excluded.notes,
        attempts = 0, error = NULL,
        due = CASE WHEN held.due <= clock_timestamp() OR held.held_until > clock_timestamp()
            THEN held.due ELSE excluded.due END,
        turn = CASE WHEN held.due <= clock_timestamp() OR held.held_until > clock_timestamp()
            THEN held.turn ELSE excluded.turn END";
// `MATERIALIZED`: the choice is made once. What somebody else is taking is
// skipped, not waited for.
const TAKE: &str = "\
    WITH chosen AS MATERIALIZED (
        SELECT key, due, turn FROM repair_entry WHERE due <= statement_timestamp()
        ORDER BY due, turn LIMIT $1 FOR UPDATE SKIP LOCKED
    ), until AS MATERIALIZED (
        SELECT clock_timestamp() + $2::bigint * interval '1 us' AS until
    )
    UPDATE repair_entry AS held
    SET due = until.until, turn = nextval('repair_number'), held_until = until.until,
        receipt = nextval('repair_number'), held_notes = held.notes
    FROM chosen, until WHERE held.key = chosen.key
    RETURNING held.key, reason, notes, attempts, error, receipt, chosen.turn, chosen.due";
const FINISH: &str = "\
    DELETE FROM repair_entry WHERE key = $1 AND receipt = $2 AND notes = held_notes
    RETURNING key";
// Noted since it was taken: due at once. Else after the delay, or never.
const END: &str = "\
    UPDATE repair_entry
    SET due = CASE WHEN notes = held_notes
            THEN clock_timestamp() + $3::bigint * interval '1 us' ELSE clock_timestamp() END,
        attempts = CASE WHEN notes = held_notes
            THEN least(attempts + 1, 4294967295) ELSE attempts END,
        error = CASE WHEN notes = held_notes THEN $4 ELSE error END,
        turn = nextval('repair_number'), receipt = NULL, held_notes = NULL, held_until = NULL
    WHERE key = $1 AND receipt = $2";
const RETRY: &str = "\
    UPDATE repair_entry
    SET due = clock_timestamp(), turn = nextval('repair_number'), attempts = 0, error = NULL
    WHERE key = $1 AND due IS NULL
    RETURNING key";
const LIST: &str = "\
    SELECT key, reason, notes, attempts, error, 0::bigint FROM repair_entry
    WHERE (due IS NULL) = $1 AND ($2::bytea IS NULL OR key > $2) ORDER BY key LIMIT $3";
const DEPTH: &str = "\
    SELECT count(due), count(*) - count(due), (1000000 * extract(epoch FROM
        clock_timestamp() - min(came) FILTER (WHERE due IS NOT NULL)))::bigint
    FROM repair_entry";

/// A repair queue in one table.
#[derive(Debug, Clone)]
pub struct PostgresRepairQueue {
    database: PostgresDatabase,
}

impl PostgresRepairQueue {
    /// The queue in `database`.
    #[must_use]
    pub const fn new(database: PostgresDatabase) -> Self {
        Self { database }
    }

    async fn change(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.database.query(Effect::Possible, sql, params).await
    }

    /// `delay`: none sets it aside.
    async fn end(
        &self,
        entry: &RepairEntry,
        delay: Option<i64>,
        error: &str,
    ) -> Result<(), StoreError> {
        let (receipt, error) = (signed(entry.receipt)?, cut(error, 1_000));
        self.change(END, &[&entry.key, &receipt, &delay, &error]).await.map(drop)
    }

    async fn list(
        &self,
        is_parked: bool,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        let params: Params = &[&is_parked, &after, &most(limit)];
        let rows = self.database.query(Effect::None, LIST, params).await?;
        rows.iter().map(|row| entry(row).map_err(StoreError::rejected)).collect()
    }
}

#[async_trait]
impl RepairQueue for PostgresRepairQueue {
    async fn note(&self, notes: &[RepairNote]) -> Result<(), StoreError> {
        // A statement changes a row once; and in one order there is no deadlock.
        let mut counted: BTreeMap<&[u8], (&str, i64)> = BTreeMap::new();
        for note in notes {
            let (reason, count) = counted.entry(&note.key).or_default();
            (*reason, *count) = (&note.reason, *count + 1);
        }
        let keys: Vec<_> = counted.keys().copied().collect();
        let reasons: Vec<_> = counted.values().map(|(reason, _)| cut(reason, 100)).collect();
        let counts: Vec<_> = counted.values().map(|(_, count)| *count).collect();
        self.change(NOTE, &[&keys, &reasons, &counts]).await.map(drop)
    }

    async fn take(
        &self,
        limit: NonZeroUsize,
        hidden_for: Duration,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        let mut rows = self.change(TAKE, &[&most(limit), &span(hidden_for)]).await?;
        // An update returns rows in any order.
        rows.sort_by_key(|row| (row.get::<_, SystemTime>(7), row.get::<_, i64>(6)));
        rows.iter().map(|row| entry(row).map_err(StoreError::unknown)).collect()
    }

    async fn finish(&self, entry: &RepairEntry) -> Result<(), StoreError> {
        let removed = self.change(FINISH, &[&entry.key, &signed(entry.receipt)?]).await?;
        if removed.is_empty() {
            // Not held any more, which changes nothing; or noted again, and the
            // count of notes does not go back.
            return self.end(entry, Some(0), "").await;
        }
        Ok(())
    }

    async fn postpone(
        &self,
        entry: &RepairEntry,
        delay: Duration,
        error: &str,
    ) -> Result<(), StoreError> {
        self.end(entry, Some(span(delay)), error).await
    }

    async fn park(&self, entry: &RepairEntry, error: &str) -> Result<(), StoreError> {
        self.end(entry, None, error).await
    }

    async fn retry(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(!self.change(RETRY, &[&key]).await?.is_empty())
    }

    async fn waiting(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        self.list(false, after, limit).await
    }

    async fn parked(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        self.list(true, after, limit).await
    }

    async fn depth(&self) -> Result<RepairDepth, StoreError> {
        let rows = self.database.query(Effect::None, DEPTH, &[]).await?;
        let row = rows.first().ok_or_else(|| StoreError::rejected("a count is one row"))?;
        depth(row).map_err(StoreError::rejected)
    }
}

fn entry(row: &Row) -> Decoded<RepairEntry> {
    let mut entry = RepairEntry::new(row.try_get(0)?, row.try_get::<_, String>(1)?);
    entry.notes = unsigned(row, 2)?;
    entry.attempts = u32::try_from(unsigned(row, 3)?)?;
    entry.error = row.try_get(4)?;
    entry.receipt = unsigned(row, 5)?;
    Ok(entry)
}

fn depth(row: &Row) -> Decoded<RepairDepth> {
    let oldest: Option<i64> = row.try_get(2)?;
    let oldest = oldest.map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or(0)));
    Ok(RepairDepth::new(unsigned(row, 0)?, unsigned(row, 1)?, oldest))
}

fn most(limit: NonZeroUsize) -> i64 {
    i64::try_from(limit.get()).unwrap_or(i64::MAX)
}

/// What the contract lets an adapter keep, and `text` can hold.
fn cut(text: &str, chars: usize) -> String {
    text.chars()
        .take(chars)
        .map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}
