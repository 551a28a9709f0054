//! A repair queue in `SQLite`: the keys that may differ, across restarts.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Row, ToSql, params};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};

use super::database::{Database, limited, rows};

const SCHEMA: &str = include_str!("repairs.sql");

/// A note makes a key due, unless somebody has taken it and not come back yet.
const NOTE: &str = "
    INSERT INTO repairs (key, reason, came_at, due_at)
    VALUES (?1, ?2, unixepoch('subsec'), unixepoch('subsec'))
    ON CONFLICT (key) DO UPDATE SET
        reason = excluded.reason, notes = notes + 1, attempts = 0, error = NULL,
        due_at = iif(is_held, due_at, min(due_at, excluded.due_at)),
        is_parked = 0, is_renoted = is_held";

const DUE: &str = "
    SELECT key FROM repairs WHERE NOT is_parked AND due_at <= unixepoch('subsec')
    ORDER BY due_at, came_at, key LIMIT ?1";

const TAKE: &str = "
    UPDATE repairs
    SET receipt = (SELECT receipt FROM newest_receipt), is_held = 1, is_renoted = 0,
        due_at = unixepoch('subsec') + ?2
    WHERE key = ?1 RETURNING *";

/// A key that was noted since it was taken is due at once.
const RENOTED: &str = "
    UPDATE repairs
    SET is_held = 0, is_renoted = 0, attempts = 0, error = NULL, due_at = unixepoch('subsec')
    WHERE key = ?1 AND receipt = ?2 AND is_held AND is_renoted";

const FINISH: &str = "DELETE FROM repairs WHERE key = ?1 AND receipt = ?2 AND is_held";

const POSTPONE: &str = "
    UPDATE repairs
    SET is_held = 0, attempts = attempts + 1, error = ?3, due_at = unixepoch('subsec') + ?4
    WHERE key = ?1 AND receipt = ?2 AND is_held";

const PARK: &str = "
    UPDATE repairs SET is_held = 0, attempts = attempts + 1, error = ?3, is_parked = 1
    WHERE key = ?1 AND receipt = ?2 AND is_held";

const RETRY: &str = "
    UPDATE repairs SET is_parked = 0, attempts = 0, error = NULL, due_at = unixepoch('subsec')
    WHERE key = ?1 AND is_parked";

const LIST: &str = "
    SELECT *, 0 AS taken FROM repairs
    WHERE is_parked = ?1 AND (?2 IS NULL OR key > ?2) ORDER BY key LIMIT ?3";

const DEPTH: &str = "
    SELECT count(*) FILTER (WHERE NOT is_parked), count(*) FILTER (WHERE is_parked),
        unixepoch('subsec') - min(came_at) FILTER (WHERE NOT is_parked)
    FROM repairs";

/// A queue in a database file. Clones share it.
#[derive(Debug, Clone)]
pub struct SqliteRepairs(Database);

impl SqliteRepairs {
    /// The queue in the file at `path`, which is made if there is none.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        Database::open(path, SCHEMA).map(Self)
    }

    /// Ends what `entry` holds by `sql`, or makes it due if it was noted again.
    async fn end(
        &self,
        entry: &RepairEntry,
        sql: &'static str,
        more: Vec<Box<dyn ToSql + Send>>,
    ) -> Result<(), StoreError> {
        let (key, receipt) = (entry.key.clone(), entry.receipt);
        let work = move |connection: &Connection| {
            if connection.execute(RENOTED, params![key, receipt])? > 0 {
                return Ok(());
            }
            let mut params: Vec<&dyn ToSql> = vec![&key, &receipt];
            params.extend(more.iter().map(|value| &**value as &dyn ToSql));
            connection.execute(sql, &*params).map(drop)
        };
        self.0.write(work).await
    }

    async fn list(
        &self,
        is_parked: bool,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        let (after, limit) = (after.map(<[u8]>::to_vec), limited(limit));
        let list = move |connection: &Connection| {
            rows(connection, LIST, params![is_parked, after, limit], entry)
        };
        let mut listed = self.0.read(list).await?;
        for entry in &mut listed {
            entry.receipt = 0;
        }
        Ok(listed)
    }
}

fn entry(row: &Row) -> rusqlite::Result<RepairEntry> {
    let mut entry = RepairEntry::new(row.get("key")?, row.get::<_, String>("reason")?);
    entry.notes = row.get("notes")?;
    entry.attempts = row.get("attempts")?;
    entry.error = row.get("error")?;
    entry.receipt = row.get("receipt")?;
    Ok(entry)
}

#[async_trait]
impl RepairQueue for SqliteRepairs {
    async fn note(&self, notes: &[RepairNote]) -> Result<(), StoreError> {
        let notes = notes.to_vec();
        let work = move |connection: &Connection| {
            let mut note = connection.prepare_cached(NOTE)?;
            notes.iter().try_for_each(|RepairNote { key, reason }| {
                note.execute(params![key, reason]).map(drop)
            })
        };
        self.0.write(work).await
    }

    async fn take(
        &self,
        limit: NonZeroUsize,
        hidden_for: Duration,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        let (limit, term) = (limited(limit), hidden_for.as_secs_f64());
        let work = move |connection: &Connection| {
            let mut next =
                connection.prepare_cached("UPDATE newest_receipt SET receipt = receipt + 1")?;
            let mut take = connection.prepare_cached(TAKE)?;
            let due = rows(connection, DUE, [limit], |row| row.get::<_, Vec<u8>>(0))?;
            let taken = due.into_iter().map(|key| {
                next.execute([])?;
                take.query_row(params![key, term], entry)
            });
            taken.collect::<rusqlite::Result<Vec<_>>>()
        };
        self.0.write(work).await
    }

    async fn finish(&self, entry: &RepairEntry) -> Result<(), StoreError> {
        self.end(entry, FINISH, Vec::new()).await
    }

    async fn postpone(
        &self,
        entry: &RepairEntry,
        delay: Duration,
        error: &str,
    ) -> Result<(), StoreError> {
        let error = Box::new(error.to_owned());
        self.end(entry, POSTPONE, vec![error, Box::new(delay.as_secs_f64())]).await
    }

    async fn park(&self, entry: &RepairEntry, error: &str) -> Result<(), StoreError> {
        self.end(entry, PARK, vec![Box::new(error.to_owned())]).await
    }

    async fn retry(&self, key: &[u8]) -> Result<bool, StoreError> {
        let key = key.to_vec();
        let changed = self.0.write(move |connection| connection.execute(RETRY, [key])).await?;
        Ok(changed > 0)
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
        let depth = |row: &Row| {
            let oldest: Option<f64> = row.get(2)?;
            let oldest = oldest.map(|age| Duration::from_secs_f64(age.max(0.0)));
            Ok(RepairDepth::new(row.get(0)?, row.get(1)?, oldest))
        };
        self.0.read(move |connection| connection.query_row(DEPTH, [], depth)).await
    }
}
