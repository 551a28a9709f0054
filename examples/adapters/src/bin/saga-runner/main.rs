//! One runner of a fleet that shares a journal, for a test that kills and stops such
//! processes at random.
//!
//! `saga-runner URL NODE COUNT` starts the sagas `order:0` to `order:COUNT`, those that
//! others have started included, and ends once none of them goes on. Every effect is a
//! count in a row of its own, behind a barrier: `visits` how often a step was executed,
//! `balance` how often it was undone. With `--naive` there is no barrier.

#![expect(clippy::print_stderr, reason = "a command")]

mod site;
mod step;

use std::error::Error;
use std::future::pending;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::resilience::Exponential;
use strangler_fig::saga::{
    OnUnknown, SagaBarrier, SagaBuilder, SagaConfig, SagaDefinition, SagaFilter, SagaId,
    SagaOrchestrator, SagaStatus, StepPolicy, Wire,
};
use tokio::time::sleep;

use site::{Customers, Site};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How many sagas run here at once.
const LIVE_MAX: usize = 24;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (url, node, count, is_naive) = match *arguments {
        [url, node, count] => (url, node, count, false),
        [url, node, count, "--naive"] => (url, node, count, true),
        _ => {
            eprintln!("usage: saga-runner URL NODE COUNT [--naive]");
            return ExitCode::from(2);
        }
    };
    match run(url, node, count, is_naive).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("saga-runner: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(url: &str, node: &str, count: &str, is_naive: bool) -> Outcome<()> {
    let count = count.parse()?;
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("postgres" | "postgresql") => serve(Site::postgres(url, is_naive)?, node, count).await,
        Some("mysql") => serve(Site::mariadb(url, is_naive)?, node, count).await,
        _ => Err("its URL is neither postgres:// nor mysql://".into()),
    }
}

async fn serve<C, B>(site: Site<C, B>, node: &str, count: u32) -> Outcome<()>
where
    C: Customers,
    B: SagaBarrier<Transaction = C::Transaction> + Clone,
{
    let checkout = checkout(&site)?;
    let config = SagaConfig::default()
        .with_term(Duration::from_secs(1))
        .with_poll_interval(Duration::from_millis(200));
    let incarnation = Incarnation::random()?;
    let first = u32::from_str_radix(&incarnation.to_string()[..4], 16)?;
    let runner = NodeId { name: node.parse()?, incarnation };
    let orchestrator = SagaOrchestrator::with_runner(site.journal, runner, config);
    orchestrator.register(&checkout);
    let worker = orchestrator.clone();
    tokio::spawn(async move { worker.run(pending()).await });
    start_all(&orchestrator, &checkout, first, count).await?;
    while goes_on(&orchestrator).await {
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Four steps, the first two side by side.
fn checkout<C, B>(site: &Site<C, B>) -> Outcome<SagaDefinition<u32, u32>>
where
    C: Customers,
    B: SagaBarrier<Transaction = C::Transaction> + Clone,
{
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
    let step = || site.step();
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
    let statuses = SagaStatus::ALL.iter().copied().filter(|status| !status.is_over()).collect();
    let filter = SagaFilter { statuses, ..SagaFilter::default() };
    let listed = orchestrator.list(&filter, None, NonZeroUsize::MIN).await;
    listed.map_or(true, |headers| !headers.is_empty())
}
