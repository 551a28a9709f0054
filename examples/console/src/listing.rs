//! A few sagas beside the migration, each to list an airport with the carriers: one of them waits for an operator.

use std::error::Error;
use std::sync::Arc;

use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::saga::{
    SagaBuilder, SagaConfig, SagaDefinition, SagaOrchestrator, StepError, step_fn,
};

/// The carriers do not take this one.
const REFUSED: &str = "ZZZZ";

/// After the slots are booked there is no way back: what fails then is an operator's.
fn listing() -> Result<SagaDefinition<String, ()>, Box<dyn Error>> {
    let mut saga = SagaBuilder::<String>::new("listing", 1);
    let input = saga.input();
    let booked = saga.step("book_slots", step_fn(|icao: String, _| async move { Ok(icao) }), input);
    saga.pivot(booked);
    let list = step_fn(|icao: String, _| async move {
        if icao == REFUSED { Err(StepError::rejected("no carrier knows it")) } else { Ok(()) }
    });
    let listed = saga.step("list", list, booked);
    Ok(saga.build(listed)?)
}

/// Takes them as far as they go.
///
/// # Errors
///
/// What the journal reports.
pub async fn listed(journal: Arc<InMemorySagaJournal>) -> Result<(), Box<dyn Error>> {
    let runner = NodeId { name: "node-1".parse()?, incarnation: Incarnation::random()? };
    let orchestrator = SagaOrchestrator::with_runner(journal, runner, SagaConfig::default());
    let definition = listing()?;
    orchestrator.register(&definition);
    for icao in ["EDDF", "KJFK", REFUSED] {
        let id = format!("listing:{icao}").parse()?;
        orchestrator.start(&definition, id, icao.to_owned()).await?.wait().await?;
    }
    Ok(())
}
