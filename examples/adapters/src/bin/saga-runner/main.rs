//! One runner of a fleet that shares a journal on PostgreSQL, for a test that kills
//! and stops such processes at random.
//!
//! `saga-runner NODE COUNT` starts the sagas `order:0` to `order:COUNT`, those that
//! others have started included, and ends once none of them goes on. Every effect is a
//! count in a row of its own, behind a barrier: `visits` how often a step was executed,
//! `balance` how often it was undone.

#![expect(clippy::print_stderr, reason = "a command")]

mod step;

use std::error::Error;
use std::future::pending;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use adapters::postgres::{PostgresDatabase, PostgresSagaJournal};
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::resilience::Exponential;
use strangler_fig::saga::{
    OnUnknown, SagaBuilder, SagaConfig, SagaDefinition, SagaFilter, SagaId, SagaOrchestrator,
    SagaStatus, StepPolicy, Wire,
};
use tokio::time::sleep;

use step::Counted;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How many sagas run here at once.
const LIVE_MAX: usize = 24;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [node, count] = &*arguments else {
        eprintln!("usage: saga-runner NODE COUNT");
        return ExitCode::from(2);
    };
    match run(node, count).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("saga-runner: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(node: &str, count: &str) -> Outcome<()> {
    let url = std::env::var("POSTGRES_URL")?;
    // A process that was stopped in the middle of a transaction keeps others waiting no longer.
    let database = PostgresDatabase::with_deadline(&url, Duration::from_secs(2))?;
    let checkout = checkout(&database)?;
    let config = SagaConfig::default()
        .with_term(Duration::from_secs(1))
        .with_poll_interval(Duration::from_millis(200));
    let incarnation = Incarnation::random()?;
    let first = u32::from_str_radix(&incarnation.to_string()[..4], 16)?;
    let runner = NodeId { name: node.parse()?, incarnation };
    let journal = Arc::new(PostgresSagaJournal::new(database));
    let orchestrator = SagaOrchestrator::with(journal, runner, config);
    orchestrator.register(&checkout);
    let worker = orchestrator.clone();
    tokio::spawn(async move { worker.run(pending()).await });
    start_all(&orchestrator, &checkout, first, count.parse()?).await?;
    while goes_on(&orchestrator).await {
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Four steps, the first two side by side.
fn checkout(database: &PostgresDatabase) -> Outcome<SagaDefinition<u32, u32>> {
    let soon = || {
        let (shortest, longest) = (Duration::from_millis(5), Duration::from_millis(200));
        Exponential::between(shortest, longest).with_count(1_000)
    };
    // Behind a barrier, what is in doubt is simply done again.
    let policy = StepPolicy::default()
        .with_retry(soon())
        .with_compensation_retry(soon())
        .on_unknown(OnUnknown::Retry);
    let mut saga = SagaBuilder::new("checkout", 1);
    let order = saga.input();
    let step = || Counted::new(database.clone());
    let reserved = saga.step_with("reserve", step(), order, policy.clone());
    let charged = saga.step_with("charge", step(), order, policy.clone());
    let packed = saga.step_with("pack", step(), reserved.after(charged), policy.clone());
    let shipped = saga.step_with("ship", step(), packed, policy);
    Ok(saga.build(shipped)?)
}

/// Starts each saga, beginning anywhere; one that others have started is found.
async fn start_all(
    orchestrator: &SagaOrchestrator,
    checkout: &SagaDefinition<u32, u32>,
    first: u32,
    count: u32,
) -> Outcome<()> {
    for n in (0..count).map(|n| (first + n) % count) {
        while orchestrator.live() >= LIVE_MAX {
            sleep(Duration::from_millis(5)).await;
        }
        let saga: SagaId = format!("order:{n}").parse()?;
        while let Err(error) = orchestrator.start(checkout, saga.clone(), n).await {
            if !error.is_retryable() {
                return Err(error.into());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

/// Whether there is a saga that is not over; or none that could be asked.
async fn goes_on(orchestrator: &SagaOrchestrator) -> bool {
    let statuses = SagaStatus::ALL.into_iter().filter(|status| !status.is_over()).collect();
    let filter = SagaFilter { statuses, ..SagaFilter::default() };
    let listed = orchestrator.list(&filter, None, NonZeroUsize::MIN).await;
    listed.map_or(true, |headers| !headers.is_empty())
}
