//! The checkpoints of backfills. Each call is one statement, and the server's
//! clock counts: whether a claim is the newest is judged where it is written.

use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::backfill::{
    Checkpoint, CheckpointStore, Claim, JobName, Partition, PartitionState, WorkerName,
};
use strangler_fig::error::StoreError;
use tokio_postgres::Row;

use super::PostgresDatabase;
use super::database::Params;
use super::number::{Decoded, signed, span, unsigned};
use crate::effect::Effect;

/// The tables of jobs and partitions.
pub const CHECKPOINT_SCHEMA: &str = include_str!("checkpoints.sql");

// Of two at once the second waits, finds the job, and adds nothing.
const OPEN: &str = "\
    WITH opened AS (
        INSERT INTO backfill_job (name) VALUES ($1) ON CONFLICT DO NOTHING RETURNING name
    )
    INSERT INTO backfill_partition (job, number, after, until)
    SELECT opened.name, part.number - 1, part.after, part.until
    FROM opened, unnest($2::bytea[], $3::bytea[]) WITH ORDINALITY AS part (after, until, number)";
const LOAD: &str = "\
    SELECT number, after, until, copied_to, is_done, scanned, copied, level, failed, epoch,
        CASE WHEN held_until > clock_timestamp() THEN holder END
    FROM backfill_partition WHERE job = $1 ORDER BY number";
// A row that somebody else is claiming is skipped, not waited for.
const CLAIM: &str = "\
    UPDATE backfill_partition
    SET epoch = nextval('backfill_epoch'), holder = $2,
        held_until = clock_timestamp() + $3::bigint * interval '1 us'
    WHERE (job, number) = (
        SELECT job, number FROM backfill_partition
        WHERE job = $1 AND NOT is_done
            AND (holder IS NULL OR holder = $2 OR held_until <= clock_timestamp())
        ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING number, after, until, copied_to, is_done, scanned, copied, level, failed, epoch";
const SAVE: &str = "\
    UPDATE backfill_partition
    SET copied_to = $4, is_done = $5, scanned = $6, copied = $7, level = $8, failed = $9,
        held_until = CASE WHEN holder IS NOT NULL
            THEN clock_timestamp() + $10::bigint * interval '1 us' END
    WHERE job = $1 AND number = $2 AND epoch = $3
    RETURNING number";
const RELEASE: &str = "\
    UPDATE backfill_partition SET holder = NULL, held_until = NULL
    WHERE job = $1 AND number = $2 AND epoch = $3";
const REMOVE: &str = "DELETE FROM backfill_job WHERE name = $1";

/// Checkpoints in two tables.
#[derive(Debug, Clone)]
pub struct PostgresCheckpointStore {
    database: PostgresDatabase,
}

impl PostgresCheckpointStore {
    /// The checkpoints in `database`.
    #[must_use]
    pub const fn new(database: PostgresDatabase) -> Self {
        Self { database }
    }
}

#[async_trait]
impl CheckpointStore for PostgresCheckpointStore {
    async fn open(&self, job: &JobName, partitions: &[Partition]) -> Result<(), StoreError> {
        let after: Vec<_> = partitions.iter().map(|part| part.after.as_deref()).collect();
        let until: Vec<_> = partitions.iter().map(|part| part.until.as_slice()).collect();
        let params: Params = &[&job.as_str(), &after, &until];
        self.database.query(Effect::Possible, OPEN, params).await.map(drop)
    }

    async fn load(&self, job: &JobName) -> Result<Vec<PartitionState>, StoreError> {
        let rows = self.database.query(Effect::None, LOAD, &[&job.as_str()]).await?;
        rows.iter().map(|row| state(row).map_err(StoreError::rejected)).collect()
    }

    async fn claim(
        &self,
        job: &JobName,
        worker: &WorkerName,
        term: Duration,
    ) -> Result<Option<Claim>, StoreError> {
        let params: Params = &[&job.as_str(), &worker.as_str(), &span(term)];
        let rows = self.database.query(Effect::Possible, CLAIM, params).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let claim = claim(job, row).map_err(StoreError::unknown)?;
        Ok(Some(claim))
    }

    async fn save(
        &self,
        claim: &Claim,
        checkpoint: &Checkpoint,
        term: Duration,
    ) -> Result<(), StoreError> {
        let params: Params = &[
            &claim.job.as_str(),
            &i64::from(claim.number),
            &signed(claim.epoch)?,
            &checkpoint.after,
            &checkpoint.is_done,
            &signed(checkpoint.scanned)?,
            &signed(checkpoint.copied)?,
            &signed(checkpoint.level)?,
            &signed(checkpoint.failed)?,
            &span(term),
        ];
        if self.database.query(Effect::Possible, SAVE, params).await?.is_empty() {
            return Err(StoreError::conflict("the partition was claimed anew, or removed"));
        }
        Ok(())
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        let params: Params =
            &[&claim.job.as_str(), &i64::from(claim.number), &signed(claim.epoch)?];
        self.database.query(Effect::Possible, RELEASE, params).await.map(drop)
    }

    async fn remove(&self, job: &JobName) -> Result<(), StoreError> {
        self.database.query(Effect::Possible, REMOVE, &[&job.as_str()]).await.map(drop)
    }
}

fn claim(job: &JobName, row: &Row) -> Decoded<Claim> {
    let number = u32::try_from(row.try_get::<_, i64>(0)?)?;
    Ok(Claim::new(job.clone(), number, unsigned(row, 9)?, partition(row)?, checkpoint(row)?))
}

fn state(row: &Row) -> Decoded<PartitionState> {
    let mut state = PartitionState::new(partition(row)?, checkpoint(row)?, unsigned(row, 9)?);
    let holder: Option<String> = row.try_get(10)?;
    state.holder = holder.map(WorkerName::try_from).transpose()?;
    Ok(state)
}

fn partition(row: &Row) -> Result<Partition, tokio_postgres::Error> {
    Ok(Partition { after: row.try_get(1)?, until: row.try_get(2)? })
}

fn checkpoint(row: &Row) -> Decoded<Checkpoint> {
    let mut checkpoint = Checkpoint::default();
    checkpoint.after = row.try_get(3)?;
    checkpoint.is_done = row.try_get(4)?;
    checkpoint.scanned = unsigned(row, 5)?;
    checkpoint.copied = unsigned(row, 6)?;
    checkpoint.level = unsigned(row, 7)?;
    checkpoint.failed = unsigned(row, 8)?;
    Ok(checkpoint)
}
