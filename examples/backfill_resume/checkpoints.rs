//! Checkpoints in `SQLite`: what a backfill finds again after it was killed.
//!
//! Each call is one transaction, so that what is checked and what is written
//! belong together. `synchronous` is `NORMAL` in `database.rs`: a checkpoint
//! survives the process; for machines that lose power, choose `FULL`.

use std::path::Path;
use std::time::Duration;

use rusqlite::Error::FromSqlConversionFailure;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use strangler_fig::async_trait;
use strangler_fig::backfill::{
    Checkpoint, CheckpointStore, Claim, JobName, Partition, PartitionState, WorkerName,
};
use strangler_fig::error::StoreError;

use super::database::{Database, rows};

const SCHEMA: &str = include_str!("checkpoints.sql");

/// The clock of the database, in seconds.
const NOW: &str = "unixepoch('subsec')";

const COLUMNS: &str = "after, until, done_until, is_done, scanned, copied, level, failed, epoch";

/// Checkpoints in a database file. Clones share it.
#[derive(Debug, Clone)]
pub struct SqliteCheckpoints(Database);

impl SqliteCheckpoints {
    /// The checkpoints in the file at `path`, which is made if there is none.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        Database::open(path, SCHEMA).map(Self)
    }
}

fn partition(row: &Row) -> rusqlite::Result<Partition> {
    Ok(Partition { after: row.get("after")?, until: row.get("until")? })
}

fn checkpoint(row: &Row) -> rusqlite::Result<Checkpoint> {
    let mut checkpoint = Checkpoint::default();
    checkpoint.after = row.get("done_until")?;
    checkpoint.is_done = row.get("is_done")?;
    checkpoint.scanned = row.get("scanned")?;
    checkpoint.copied = row.get("copied")?;
    checkpoint.level = row.get("level")?;
    checkpoint.failed = row.get("failed")?;
    Ok(checkpoint)
}

fn state(row: &Row) -> rusqlite::Result<PartitionState> {
    let mut state = PartitionState::new(partition(row)?, checkpoint(row)?, row.get("epoch")?);
    let holder: Option<String> = row.get("holder")?;
    let holder = holder.map(WorkerName::try_from).transpose();
    let column = row.as_ref().column_index("holder")?;
    state.holder =
        holder.map_err(|error| FromSqlConversionFailure(column, Type::Text, Box::new(error)))?;
    Ok(state)
}

#[async_trait]
impl CheckpointStore for SqliteCheckpoints {
    async fn open(&self, job: &JobName, partitions: &[Partition]) -> Result<(), StoreError> {
        let (job, partitions) = (job.to_string(), partitions.to_vec());
        let work = move |connection: &Connection| {
            let begun = "SELECT EXISTS (SELECT 1 FROM checkpoints WHERE job = ?1)";
            if connection.query_row(begun, [&job], |row| row.get(0))? {
                return Ok(());
            }
            let add = "INSERT INTO checkpoints (job, number, after, until) VALUES (?1, ?2, ?3, ?4)";
            let mut add = connection.prepare_cached(add)?;
            for (number, Partition { after, until }) in partitions.iter().enumerate() {
                add.execute(params![job, number, after, until])?;
            }
            Ok(())
        };
        self.0.write(work).await
    }

    async fn load(&self, job: &JobName) -> Result<Vec<PartitionState>, StoreError> {
        let job = job.to_string();
        let sql = format!(
            "SELECT {COLUMNS}, iif(held_until > {NOW}, holder, NULL) AS holder
             FROM checkpoints WHERE job = ?1 ORDER BY number"
        );
        self.0.read(move |connection| rows(connection, &sql, [job], state)).await
    }

    /// Every claim takes a number that none had before, whatever its job.
    async fn claim(
        &self,
        job: &JobName,
        worker: &WorkerName,
        term: Duration,
    ) -> Result<Option<Claim>, StoreError> {
        let (name, worker, job) = (job.to_string(), worker.to_string(), job.clone());
        let sql = format!(
            "UPDATE checkpoints
             SET epoch = (SELECT epoch FROM newest_epoch), holder = ?2, held_until = {NOW} + ?3
             WHERE job = ?1 AND number = (
                 SELECT number FROM checkpoints
                 WHERE job = ?1 AND NOT is_done
                     AND (holder IS NULL OR holder = ?2 OR held_until <= {NOW})
                 ORDER BY number LIMIT 1)
             RETURNING number, {COLUMNS}"
        );
        let claim = move |row: &Row| {
            let (number, epoch) = (row.get("number")?, row.get("epoch")?);
            Ok(Claim::new(job.clone(), number, epoch, partition(row)?, checkpoint(row)?))
        };
        let work = move |connection: &Connection| {
            connection.execute("UPDATE newest_epoch SET epoch = epoch + 1", [])?;
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_row(params![name, worker, term.as_secs_f64()], claim).optional()
        };
        self.0.write(work).await
    }

    async fn save(
        &self,
        claim: &Claim,
        checkpoint: &Checkpoint,
        term: Duration,
    ) -> Result<(), StoreError> {
        let (claim, to) = (claim.clone(), checkpoint.clone());
        let sql = format!(
            "UPDATE checkpoints
             SET done_until = ?4, is_done = ?5, scanned = ?6, copied = ?7, level = ?8, failed = ?9,
                 held_until = {NOW} + ?10
             WHERE job = ?1 AND number = ?2 AND epoch = ?3"
        );
        let work = move |connection: &Connection| {
            let (job, term) = (claim.job.as_str(), term.as_secs_f64());
            connection.prepare_cached(&sql)?.execute(params![
                job,
                claim.number,
                claim.epoch,
                to.after,
                to.is_done,
                to.scanned,
                to.copied,
                to.level,
                to.failed,
                term,
            ])
        };
        match self.0.write(work).await? {
            0 => Err(StoreError::conflict("another worker has claimed the partition")),
            _ => Ok(()),
        }
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        let claim = claim.clone();
        let sql = "UPDATE checkpoints SET holder = NULL
                   WHERE job = ?1 AND number = ?2 AND epoch = ?3";
        let work = move |connection: &Connection| {
            connection.execute(sql, params![claim.job.as_str(), claim.number, claim.epoch])
        };
        self.0.write(work).await.map(drop)
    }

    async fn remove(&self, job: &JobName) -> Result<(), StoreError> {
        let job = job.to_string();
        let sql = "DELETE FROM checkpoints WHERE job = ?1";
        self.0.write(move |connection| connection.execute(sql, [job])).await.map(drop)
    }
}
