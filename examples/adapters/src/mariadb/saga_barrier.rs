//! What makes a participant's calls happen once: a row for each step, in the
//! database and in the transaction of the effect.

use std::time::Duration;

use mysql_async::{Row, Value};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::saga::{BarrierCall, Direction, Payload, SagaBarrier, Verdict};

use super::MariadbTransaction;
use super::row::{columns, integer, optional, text};
use super::saga_row::span;
use crate::saga::{Seen, probed, unseen};

/// The table of what was seen.
pub const SAGA_BARRIER_SCHEMA: &str = include_str!("saga_barrier.sql");

// One round trip each. The row is written in any case, also by a repeat: so it is
// locked, and who came later waits and sees what the first one has left.
const EXECUTE: &str = "\
    INSERT INTO saga_barrier (saga, step, executed) VALUES (?, ?, ?)
    ON DUPLICATE KEY UPDATE calls = calls + 1
    RETURNING calls, executed IS NOT NULL, compensation, output";
// Assigned from left to right, each seeing what was assigned before.
const COMPENSATE: &str = "\
    INSERT INTO saga_barrier (saga, step, compensated, compensation) VALUES (?, ?, ?, 1)
    ON DUPLICATE KEY UPDATE
        calls = calls + 1,
        compensated = COALESCE(compensated, VALUES(compensated)),
        compensation = COALESCE(compensation, calls)
    RETURNING calls, executed IS NOT NULL, compensation, NULL";
// A number of changed rows would not tell: the same output once more changes none.
const RECORD: &str = "\
    BEGIN NOT ATOMIC
        IF EXISTS (
            SELECT * FROM saga_barrier WHERE saga = ? AND step = ? AND executed IS NOT NULL
        ) THEN
            UPDATE saga_barrier SET output = ? WHERE saga = ? AND step = ?;
            SELECT 1;
        END IF;
    END";

const PURGE: &str = "\
    BEGIN NOT ATOMIC
        DELETE FROM saga_barrier WHERE came < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND;
        SELECT ROW_COUNT();
    END";

/// The table `saga_barrier`. It needs no connection of its own: every call comes
/// with the transaction of the effect.
#[derive(Debug, Clone, Copy)]
pub struct MariadbSagaBarrier;

impl MariadbSagaBarrier {
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
        transaction: &mut MariadbTransaction,
        age: Duration,
    ) -> Result<u64, StoreError> {
        let row = transaction.query(PURGE, vec![span(age)]).await?.pop();
        let [count] = columns(row.ok_or_else(|| StoreError::rejected("a count is a row"))?)?;
        integer(&count)?.try_into().map_err(StoreError::rejected)
    }
}

#[async_trait]
impl SagaBarrier for MariadbSagaBarrier {
    type Transaction = MariadbTransaction;

    async fn enter(
        &self,
        transaction: &mut MariadbTransaction,
        call: &BarrierCall,
    ) -> Result<Verdict, StoreError> {
        let sql = match call.direction {
            Direction::Execute => EXECUTE,
            Direction::Compensate => COMPENSATE,
            Direction::Probe => return Err(probed()),
        };
        let params = vec![call.saga.as_str().into(), call.step.as_str().into(), call.epoch.into()];
        let row = transaction.query(sql, params).await?.pop();
        let row = row.ok_or_else(|| StoreError::rejected("an upsert leaves a row"))?;
        seen(row)?.verdict(call.direction)
    }

    async fn record(
        &self,
        transaction: &mut MariadbTransaction,
        call: &BarrierCall,
        output: &Payload,
    ) -> Result<(), StoreError> {
        if call.direction != Direction::Execute {
            return Err(unseen());
        }
        let (saga, step) = (Value::from(call.saga.as_str()), Value::from(call.step.as_str()));
        let params = vec![saga.clone(), step.clone(), output.as_str().into(), saga, step];
        if transaction.query(RECORD, params).await?.is_empty() {
            return Err(unseen());
        }
        Ok(())
    }
}

fn seen(row: Row) -> Result<Seen, StoreError> {
    let [calls, is_executed, compensation, output] = columns(row)?;
    Ok(Seen {
        calls: integer(&calls)?,
        is_executed: integer(&is_executed)? != 0,
        compensation: optional(compensation, |value| integer(&value))?,
        output: optional(output, text)?,
    })
}
