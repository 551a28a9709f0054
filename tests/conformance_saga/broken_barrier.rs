use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::saga::{BarrierCall, Direction, Payload, SagaBarrier, Verdict};
use strangler_fig::testkit::conformance::SagaBarrierFixture;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// One way to break the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Sound,
    /// The first execution counts as a repeat.
    NothingRuns,
    /// Every execution runs.
    ExecutionRunsAgain,
    /// Every compensation runs.
    CompensationRunsAgain,
    /// A compensation is null the second time, too.
    NullAgain,
    /// An execution runs though its compensation came first.
    LateExecutionRuns,
    /// An execution that hangs counts as one that was seen.
    HangingIsSeen,
    /// What was compensated hangs, though it was executed before.
    CompensatedHangs,
    /// A null compensation is not kept.
    NullIsForgotten,
    /// A compensation runs though nothing was executed.
    NullRuns,
    /// Nothing is a compensation's to undo.
    CompensationIsNull,
    /// The output is not kept.
    OutputIsLost,
    /// What recorded nothing has answered `null`.
    NothingIsNull,
    /// Outputs are stored as values, and written anew.
    OutputIsAValue,
    /// The row is written beside the transaction.
    RollbackKeepsTheRow,
    /// A transaction does not see its own rows.
    OwnRowsAreHidden,
    /// Calls under another claim are other calls.
    EpochTellsCallsApart,
    /// The step is not part of the key.
    StepsAreOne,
    /// Keys are compared as a careless collation does it.
    CaseIsIgnored,
    /// A probe counts as an execution.
    ProbeIsAnExecution,
    /// Whatever has an output is kept, though it was not executed.
    RecordIsBlind,
    /// A transaction looks at what was there when it began, and waits for nobody.
    NobodyWaits,
}

#[derive(Debug, Clone, Default)]
struct Row {
    is_executed: bool,
    output: Option<Payload>,
    is_compensated: bool,
}

type Rows = BTreeMap<String, Row>;

/// A barrier in memory that breaks the contract in one way.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    fault: Fault,
    rows: Arc<Mutex<Rows>>,
}

pub(crate) struct Transaction {
    rows: Arc<Mutex<Rows>>,
    /// Nobody else's, unless nobody waits.
    own: Option<OwnedMutexGuard<Rows>>,
    before: Rows,
    after: Rows,
}

impl Transaction {
    async fn commit(mut self) {
        match &mut self.own {
            Some(rows) => rows.extend(self.after),
            None => self.rows.lock().await.extend(self.after),
        }
    }
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, rows: Arc::default() }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn key(&self, call: &BarrierCall) -> String {
        let BarrierCall { saga, step, epoch, .. } = call;
        match self.fault {
            Fault::EpochTellsCallsApart => format!("{saga} {step} {epoch}"),
            Fault::StepsAreOne => saga.to_string(),
            Fault::CaseIsIgnored => format!("{saga} {step}").to_lowercase(),
            _ => format!("{saga} {step}"),
        }
    }

    fn execute(&self, row: &mut Row) -> Verdict {
        let Row { is_executed, is_compensated, .. } = *row;
        if is_executed && is_compensated && self.is(Fault::CompensatedHangs) {
            return Verdict::Hanging;
        }
        if is_executed && !self.is(Fault::ExecutionRunsAgain) {
            return Verdict::Duplicate(row.output.clone());
        }
        if !is_executed && is_compensated && !self.is(Fault::LateExecutionRuns) {
            row.is_executed = self.is(Fault::HangingIsSeen);
            return Verdict::Hanging;
        }
        row.is_executed = true;
        row.output = self.is(Fault::NothingIsNull).then(|| Payload::parse("null").unwrap());
        if self.is(Fault::NothingRuns) { Verdict::Duplicate(None) } else { Verdict::Run }
    }

    fn compensate(&self, row: &mut Row) -> Verdict {
        let is_null =
            !row.is_executed && !self.is(Fault::NullRuns) || self.is(Fault::CompensationIsNull);
        let is_again = row.is_compensated
            && !self.is(Fault::CompensationRunsAgain)
            && !(is_null && self.is(Fault::NullAgain));
        if is_again {
            return Verdict::Duplicate(None);
        }
        row.is_compensated = !(is_null && self.is(Fault::NullIsForgotten));
        if is_null { Verdict::NullCompensation } else { Verdict::Run }
    }
}

fn rejected<T>() -> Result<T, StoreError> {
    Err(StoreError::rejected("it makes no sense"))
}

#[async_trait]
impl SagaBarrier for Broken {
    type Transaction = Transaction;

    async fn enter(
        &self,
        transaction: &mut Transaction,
        call: &BarrierCall,
    ) -> Result<Verdict, StoreError> {
        let key = self.key(call);
        let seen = match self.fault {
            Fault::OwnRowsAreHidden => transaction.before.get(&key),
            _ => transaction.after.get(&key).or_else(|| transaction.before.get(&key)),
        };
        let mut row = seen.cloned().unwrap_or_default();
        let verdict = match call.direction {
            Direction::Compensate => self.compensate(&mut row),
            Direction::Probe if !self.is(Fault::ProbeIsAnExecution) => return rejected(),
            _ => self.execute(&mut row),
        };
        if let (Fault::RollbackKeepsTheRow, Some(rows)) = (self.fault, &mut transaction.own) {
            rows.insert(key.clone(), row.clone());
        }
        transaction.after.insert(key, row);
        Ok(verdict)
    }

    async fn record(
        &self,
        transaction: &mut Transaction,
        call: &BarrierCall,
        output: &Payload,
    ) -> Result<(), StoreError> {
        let mut output = output.clone();
        if self.is(Fault::OutputIsAValue) {
            let value: Result<serde_json::Value, _> = output.read();
            output = Payload::of(&value.unwrap_or_default()).unwrap();
        }
        let (key, Transaction { before, after, .. }) = (self.key(call), transaction);
        let row =
            after.entry(key.clone()).or_insert_with(|| before.remove(&key).unwrap_or_default());
        let is_execution = call.direction == Direction::Execute && row.is_executed;
        if !is_execution && !self.is(Fault::RecordIsBlind) {
            return rejected();
        }
        row.output = (!self.is(Fault::OutputIsLost)).then_some(output);
        Ok(())
    }
}

#[async_trait]
impl SagaBarrierFixture for Broken {
    type Barrier = Self;

    fn barrier(&self) -> Arc<Self> {
        Arc::new(self.clone())
    }

    async fn begin(&self) -> Result<Transaction, StoreError> {
        let own = Arc::clone(&self.rows).lock_owned().await;
        let before = own.clone();
        let own = (!self.is(Fault::NobodyWaits)).then_some(own);
        if own.is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(Transaction { rows: Arc::clone(&self.rows), own, before, after: Rows::new() })
    }

    async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        transaction.commit().await;
        Ok(())
    }
}
