//! What makes a participant's calls happen once: a row for each step, in the
//! database and in the transaction of the effect.

use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::saga::{BarrierCall, Direction, Payload, SagaBarrier, Verdict};
use tokio_postgres::Row;

use super::PostgresTransaction;
use super::database::Params;
use super::number::{signed, span, unsigned};
use crate::saga::{Seen, probed, unseen};

/// The table of what was seen.
pub const SAGA_BARRIER_SCHEMA: &str = include_str!("saga_barrier.sql");

// One round trip each. The row is written in any case, also by a repeat: so it is
// locked, and who came later waits and sees what the first one has left. That
// needs a transaction that is not of one moment, as those that write here are.
const EXECUTE: &str = "\
    INSERT INTO saga_barrier AS seen (saga, step, executed) VALUES ($1, $2, $3)
    ON CONFLICT (saga, step) DO UPDATE SET calls = seen.calls + 1
    RETURNING calls, executed IS NOT NULL, compensation, output";
const COMPENSATE: &str = "\
    INSERT INTO saga_barrier AS seen (saga, step, compensated, compensation) VALUES ($1, $2, $3, 1)
    ON CONFLICT (saga, step) DO UPDATE SET
        calls = seen.calls + 1,
        compensated = coalesce(seen.compensated, excluded.compensated),
        compensation = coalesce(seen.compensation, seen.calls + 1)
    RETURNING calls, executed IS NOT NULL, compensation, NULL::text";
const RECORD: &str = "\
    UPDATE saga_barrier SET output = $3
    WHERE saga = $1 AND step = $2 AND executed IS NOT NULL
    RETURNING calls";

const PURGE: &str = "\
    WITH gone AS (
        DELETE FROM saga_barrier
        WHERE came < clock_timestamp() - $1::bigint * interval '1 us' RETURNING 1
    )
    SELECT count(*) FROM gone";

/// The table `saga_barrier`. It needs no connection of its own: every call comes
/// with the transaction of the effect.
#[derive(Debug, Clone, Copy)]
pub struct PostgresSagaBarrier;

impl PostgresSagaBarrier {
    /// Removes what came first longer ago than `age`, and answers how much: to be called now and then.
    ///
    /// A call of such a step is taken for the first one then: the age is to be longer than any saga
    /// lives, parked ones included, and any call takes to arrive.
    ///
    /// # Errors
    ///
    /// As [`enter`](SagaBarrier::enter).
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

#[async_trait]
impl SagaBarrier for PostgresSagaBarrier {
    type Transaction = PostgresTransaction;

    async fn enter(
        &self,
        transaction: &mut PostgresTransaction,
        call: &BarrierCall,
    ) -> Result<Verdict, StoreError> {
        let sql = match call.direction {
            Direction::Execute => EXECUTE,
            Direction::Compensate => COMPENSATE,
            Direction::Probe => return Err(probed()),
        };
        let params: Params = &[&call.saga.as_str(), &call.step.as_str(), &signed(call.epoch)?];
        let rows = transaction.query(sql, params).await?;
        let row = rows.first().ok_or_else(|| StoreError::rejected("an upsert leaves a row"))?;
        seen(row).map_err(StoreError::rejected)?.verdict(call.direction)
    }

    async fn record(
        &self,
        transaction: &mut PostgresTransaction,
        call: &BarrierCall,
        output: &Payload,
    ) -> Result<(), StoreError> {
        if call.direction != Direction::Execute {
            return Err(unseen());
        }
        let params: Params = &[&call.saga.as_str(), &call.step.as_str(), &output.as_str()];
        if transaction.query(RECORD, params).await?.is_empty() {
            return Err(unseen());
        }
        Ok(())
    }
}

fn seen(row: &Row) -> Result<Seen, tokio_postgres::Error> {
    Ok(Seen {
        calls: row.try_get(0)?,
        is_executed: row.try_get(1)?,
        compensation: row.try_get(2)?,
        output: row.try_get(3)?,
    })
}
