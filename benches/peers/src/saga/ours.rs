//! This crate's sagas.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::saga::{
    Conclusion, Effect, SagaBuilder, SagaConfig, SagaDefinition, SagaJournal, SagaOrchestrator,
    SagaStep, StepContext, StepError,
};

use super::engine::{End, Engine};
use super::journals::Watched;

pub(crate) const NAME: &str = "ours";

/// A kind of saga that hands a number on.
pub(crate) type Definition = SagaDefinition<u64, u64>;

/// Does nothing, or refuses.
#[derive(Debug)]
pub(crate) struct NoOp {
    fails: bool,
}

impl NoOp {
    pub(crate) const fn new() -> Self {
        Self { fails: false }
    }
}

#[async_trait]
impl SagaStep for NoOp {
    type Input = u64;
    type Output = u64;

    async fn execute(&self, input: &u64, _: &StepContext) -> Result<u64, StepError> {
        if self.fails {
            return Err(StepError::rejected("out of stock"));
        }
        Ok(*input)
    }

    async fn compensate(&self, _: &u64, _: Effect<u64>, _: &StepContext) -> Result<(), StepError> {
        Ok(())
    }
}

/// Four steps in a line, the last of which fails or does not.
fn four(end: End) -> Definition {
    let mut saga = SagaBuilder::<u64>::new("checkout", 1);
    let mut last = saga.input();
    for (at, name) in ["reserve", "charge", "pack", "ship"].into_iter().enumerate() {
        last = saga.step(name, NoOp { fails: end == End::Undone && at == 3 }, last);
    }
    saga.build(last).expect("it can be meant")
}

/// A runner on a journal.
pub(crate) fn orchestrator(journal: Arc<dyn SagaJournal>) -> SagaOrchestrator {
    let name = "node-1".parse().expect("it is a name");
    let runner = NodeId { name, incarnation: Incarnation::fixed(1) };
    SagaOrchestrator::with_runner(journal, runner, SagaConfig::default())
}

/// Runs the saga of this number to its end.
pub(crate) async fn run(
    orchestrator: &SagaOrchestrator,
    definition: &Definition,
    number: u64,
) -> Conclusion<u64> {
    let id = format!("order:{number}").parse().expect("it is an id");
    let saga = orchestrator.start(definition, id, number).await.expect("it starts");
    saga.wait().await.expect("it ends")
}

pub(crate) struct Ours {
    success: Definition,
    failure: Definition,
    orchestrator: SagaOrchestrator,
}

impl Default for Ours {
    fn default() -> Self {
        Self::on(Arc::new(InMemorySagaJournal::default()))
    }
}

impl Ours {
    pub(crate) fn on(journal: Arc<dyn SagaJournal>) -> Self {
        let (success, failure) = (four(End::Success), four(End::Undone));
        Self { success, failure, orchestrator: orchestrator(journal) }
    }
}

impl Engine for Ours {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn renew(&mut self) {
        self.orchestrator = orchestrator(Arc::new(InMemorySagaJournal::default()));
    }

    async fn run(&self, number: u64, end: End) {
        match end {
            End::Success => {
                let ended = run(&self.orchestrator, &self.success, number).await;
                assert_eq!(ended, Conclusion::Committed(number));
            }
            End::Undone => {
                let ended = run(&self.orchestrator, &self.failure, number).await;
                assert!(matches!(ended, Conclusion::RolledBack(_)), "{ended:?}");
            }
        }
    }
}

impl Ours {
    /// Purges what has been over for so long, and answers how many that was.
    pub(crate) async fn purge(&self, age: Duration) -> u64 {
        self.orchestrator.purge(age).await.expect("it purges")
    }
}

/// How many calls that write one saga makes of its journal.
pub(crate) async fn appends(end: End) -> u64 {
    let journal = Watched::default();
    Ours::on(Arc::new(journal.clone())).run(1, end).await;
    journal.writes()
}
