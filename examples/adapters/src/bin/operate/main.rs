//! The operator's command: says where a migration stands, and moves it.
//!
//! ```sh
//! export $(scripts/servers.sh) STATE_URL=$POSTGRES_URL LEGACY_URL=$MARIADB_URL MODERN_URL=$POSTGRES_URL
//! cargo run --release -p adapters --bin operate -- create --reason 'customers move'
//! cargo run --release -p adapters --bin operate -- status
//! ```
//!
//! `docs/RUNBOOK.md` shows it at work. Copy it, and put your two stores in the place
//! of the customers.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

mod options;
mod signal;
mod state;
mod stores;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::controller::{
    Advanced, ChangeRequest, ControllerConfig, ControllerError, GiveUpTheWayBack,
    MigrationController, ProcessHasEnded,
};
use strangler_fig::phase::{MigrationName, MigrationState, MoveHistory, NodeId};

use options::{Command, Options};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("operate: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("operate: {}", with_causes(&*error));
            ExitCode::from(if is_held_up(&*error) { 1 } else { 2 })
        }
    }
}

/// Whether it was tried, and something is in the way.
fn is_held_up(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    let untried = |error: &ControllerError| {
        matches!(
            error,
            ControllerError::Service { .. }
                | ControllerError::NoState { .. }
                | ControllerError::NoSuchGate { .. }
        )
    };
    error.downcast_ref::<ControllerError>().is_some_and(|error| !untried(error))
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

async fn run(options: &Options) -> Outcome<()> {
    let url = environment("STATE_URL").ok_or("STATE_URL is not set: see --help")?;
    let migration = environment("MIGRATION").unwrap_or_else(|| "customers".to_owned());
    let migration: MigrationName = migration.parse()?;
    let service = state::open(&url).await?;
    if options.command == Command::Create {
        let state = MigrationState::new(migration);
        service.create(&state).await?;
        println!("{} begins in {}", state.name(), state.base().phase);
        return Ok(());
    }
    let config = ControllerConfig::default()
        .with_poll_interval(Duration::from_millis(200))
        .with_settle_wait(options.wait);
    let controller =
        MigrationController::new(Arc::clone(&service), migration.clone()).with_config(config);
    let modern = environment("MODERN_URL");
    let controller = match &modern {
        Some(modern) => stores::gated(controller, modern)?,
        None => controller,
    };
    match (environment("LEGACY_URL"), modern) {
        (Some(legacy), Some(modern)) if may_sweep(&options.command) => {
            let sides = (legacy.as_str(), modern.as_str());
            let worker = stores::Worker::start(service, migration, sides).await?;
            let controller = controller.with_sweeper(worker.sweep.clone());
            // What was moved is moved; a lease that is left behind would hold up the fleet.
            let moved = signal::unless_asked_to_end(act(&controller, options)).await;
            state::release(&worker.tracker, "operate").await;
            moved
        }
        _ => act(&controller, options).await,
    }
}

const fn may_sweep(command: &Command) -> bool {
    matches!(command, Command::Advance | Command::AdvanceTo(_) | Command::RollBack)
}

async fn act(controller: &MigrationController, options: &Options) -> Outcome<()> {
    match &options.command {
        Command::Status => return status(controller, options.is_json).await,
        Command::PlanBack => println!("{}", controller.plan_back().await?),
        Command::Plan(target) => println!("{}", controller.plan(*target).await?),
        Command::History => history(&controller.status().await?.history),
        _ => return change(controller, options, &request(options)?).await,
    }
    Ok(())
}

async fn change(
    controller: &MigrationController,
    options: &Options,
    request: &ChangeRequest,
) -> Outcome<()> {
    let advanced = match &options.command {
        Command::Expect(nodes) => controller.expect_nodes(*nodes, request).await?,
        Command::Advance => controller.advance(request).await?,
        Command::AdvanceTo(target) => controller.advance_to(*target, request).await?,
        Command::Share(share) => controller.set_share(*share, request).await?,
        Command::RollBack => controller.roll_back(request).await?,
        Command::Halt => controller.halt(request).await?,
        Command::Evict(node) => return evict(controller, node, options, request).await,
        Command::Decommission(name) => {
            controller.decommission(GiveUpTheWayBack::of(name.clone()), request).await?
        }
        Command::Status
        | Command::Plan(_)
        | Command::PlanBack
        | Command::History
        | Command::Create => {
            unreachable!("these move nothing, or came before")
        }
    };
    tell(&advanced);
    Ok(())
}

fn request(options: &Options) -> Outcome<ChangeRequest> {
    let actor = options.actor.clone().or_else(|| environment("ACTOR"));
    let actor = actor.or_else(|| environment("USER")).ok_or("who are you? --actor NAME")?;
    let reason = options.reason.as_deref().ok_or("why? --reason TEXT")?;
    let request = ChangeRequest::new(actor.parse()?, reason.parse()?);
    Ok(options.forced.iter().fold(request, ChangeRequest::forcing))
}

async fn status(controller: &MigrationController, is_json: bool) -> Outcome<()> {
    let mut status = controller.status().await?;
    if !status.nodes.is_empty() {
        // A second look tells who renews.
        let longest = status.nodes.iter().map(|node| node.interval).max().unwrap_or_default();
        tokio::time::sleep((longest * 4).clamp(WATCHED.0, WATCHED.1)).await;
        status = controller.status().await?;
    }
    if is_json {
        println!("{}", serde_json::to_string_pretty(&status)?);
    } else {
        println!("{status}");
    }
    Ok(())
}

/// How long `status` watches the leases, at least and at most.
const WATCHED: (Duration, Duration) = (Duration::from_millis(1_300), Duration::from_secs(10));

fn history(history: &MoveHistory) {
    for record in history.iter() {
        let actor = record.actor.as_ref().map_or("somebody", |actor| actor.as_str());
        let reason = record.reason.as_ref().map_or("no reason given", |reason| reason.as_str());
        println!("{:>4}  {}  ({actor}: {reason})", record.epoch, record.step);
        for evidence in &record.evidence {
            println!("      {evidence}");
        }
    }
}

async fn evict(
    controller: &MigrationController,
    node: &str,
    options: &Options,
    request: &ChangeRequest,
) -> Outcome<()> {
    if !options.process_has_ended {
        return Err("has its process ended, or its host? Then say so: --process-has-ended".into());
    }
    let confirmation = match node.parse::<NodeId>() {
        Ok(life) => ProcessHasEnded::of_life(life),
        Err(_) => ProcessHasEnded::of(node.parse()?),
    };
    for node in controller.evict(confirmation, request).await?.nodes {
        println!("evicted {node}");
    }
    Ok(())
}

fn tell(advanced: &Advanced) {
    for taken in &advanced.steps {
        match &taken.waited_for {
            Some(why) => {
                println!(
                    "epoch {}: {} (it waited {:.1?}: {why})",
                    taken.epoch, taken.step, taken.waited
                );
            }
            None => println!("epoch {}: {}", taken.epoch, taken.step),
        }
    }
    if advanced.steps.is_empty() {
        println!("nothing was to be done");
    }
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
