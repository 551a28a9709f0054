//! Copies, checks and repairs customers from MariaDB to PostgreSQL.
//!
//! ```sh
//! export $(scripts/servers.sh)
//! cargo run --release -p adapters --bin migrate -- demo      # rows to move, in MariaDB
//! cargo run --release -p adapters --bin migrate -- --alone   # copy, check, repair, check
//! ```
//!
//! Stop it with Ctrl-C, or kill it, and run it again: a copy goes on where its
//! checkpoint says. Beside a fleet it is a worker of it, a node like any other, by
//! `STATE_URL`; one that was killed holds up crossings until its term is over. In a
//! service you would hand these workers the `MigrationRepository` that answers its
//! callers.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

#[path = "../../../../backfill_resume/bar.rs"]
mod bar;
mod demo;
mod options;
#[path = "../operate/signal.rs"]
mod signal;
#[path = "../operate/state.rs"]
mod state;
mod stores;

use std::error::Error;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

use strangler_fig::backfill::{BackfillConfig, Backfiller};
use strangler_fig::consistency::{CheckerConfig, ConsistencyChecker, FieldComparator, Verdict};
use strangler_fig::phase::{Actor, Reason};
use strangler_fig::reconcile::{Reconciler, RepairEntry};
use strangler_fig::worker::RateLimit;

use bar::{Bar, Stream};
use options::{Job, Options};
use signal::{asked_to_end, unless_asked_to_end};
use stores::Stores;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The name that its checkpoints are found by.
const JOB: &str = "customers";
/// How many differences are told one by one.
const SHOWN: usize = 10;
/// Where the two stores are level.
const LEVEL: ExitCode = ExitCode::SUCCESS;
/// Where they are not.
const NOT_LEVEL: ExitCode = ExitCode::FAILURE;
/// How many parked keys are listed at once.
const PAGE: NonZeroUsize = NonZeroUsize::new(100).unwrap();

fn nobody_knows() -> ExitCode {
    ExitCode::from(2)
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", options::HELP);
            return LEVEL;
        }
        Err(error) => {
            eprintln!("migrate: {error}");
            return nobody_knows();
        }
    };
    run(&options).await.unwrap_or_else(|error| {
        eprintln!("migrate: {}", with_causes(&*error));
        nobody_knows()
    })
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

async fn run(options: &Options) -> Outcome<ExitCode> {
    if options.job == Job::Demo {
        let rows = demo::fill(&options.legacy, options.rows).await?;
        println!("legacy holds {rows} customers");
        return Ok(LEVEL);
    }
    let stores = Stores::open(options).await?;
    let done = work(&stores, options).await;
    stores.release().await;
    done
}

async fn work(stores: &Stores, options: &Options) -> Outcome<ExitCode> {
    match options.job {
        Job::Copy => copy(stores, options).await,
        Job::Check => check(stores, options).await,
        Job::Repair => repair(stores).await,
        Job::Parked => parked(stores).await,
        Job::Retry => retry(stores, options).await,
        Job::Forget => forget(stores).await,
        Job::All => all(stores, options).await,
        Job::Demo => Ok(LEVEL),
    }
}

/// Copies; checks; and if there is something to repair, repairs and checks
/// again.
async fn all(stores: &Stores, options: &Options) -> Outcome<ExitCode> {
    if copy(stores, options).await? != LEVEL {
        return Ok(NOT_LEVEL);
    }
    let checked = check(stores, options).await?;
    if checked != NOT_LEVEL || options.is_dry_run {
        return Ok(checked);
    }
    repair(stores).await?;
    check(stores, options).await
}

async fn copy(stores: &Stores, options: &Options) -> Outcome<ExitCode> {
    let mut config = BackfillConfig::default().with_expected_records(stores.expected);
    if let Some(rate) = options.rate {
        config = config.with_rate_limit(RateLimit::per_second(rate));
    }
    let (checkpoints, repairs) = (Arc::clone(&stores.checkpoints), Arc::clone(&stores.repairs));
    let backfiller = Backfiller::new(&stores.customers, checkpoints, repairs, JOB.parse()?)
        .with_config(config)
        // There is one of this name at a time: it need not wait for its own claim.
        .with_worker_name("migrate".parse()?);
    let bar = Bar::new("copy", stores.expected, Stream::Stderr);
    let report = if options.is_dry_run {
        bar.during(|| backfiller.progress(), backfiller.dry_run(asked_to_end())).await?
    } else {
        bar.during(|| backfiller.progress(), backfiller.run(asked_to_end())).await?
    };
    println!("{report}");
    Ok(if report.is_done { LEVEL } else { NOT_LEVEL })
}

/// Confirmed differences are noted in the repair queue, unless it is a dry run.
async fn check(stores: &Stores, options: &Options) -> Outcome<ExitCode> {
    let config = CheckerConfig::default().with_settling(options.settling);
    let mut checker = ConsistencyChecker::new(&stores.customers)
        .with_config(config)
        // Which fields differ is told; what is in them is not.
        .with_comparator(FieldComparator::new());
    if !options.is_dry_run {
        checker = checker.with_repair_queue(Arc::clone(&stores.repairs));
    }
    let bar = Bar::new("check", stores.expected.saturating_mul(2), Stream::Stderr);
    let report = if options.by_digest {
        bar.during(|| checker.progress(), checker.digest(asked_to_end())).await
    } else {
        bar.during(|| checker.progress(), checker.full(asked_to_end())).await
    };
    println!("{report}");
    for difference in report.kept.iter().take(SHOWN) {
        let fields: Vec<_> = difference.fields.iter().map(ToString::to_string).collect();
        let key = difference.key.escape_ascii();
        println!("  key {key}: {} {}", difference.kind, fields.join("; "));
    }
    Ok(match report.verdict {
        Verdict::Consistent => LEVEL,
        Verdict::Inconsistent => NOT_LEVEL,
        _ => nobody_knows(),
    })
}

async fn repair(stores: &Stores) -> Outcome<ExitCode> {
    let reconciler = Reconciler::new(&stores.customers, Arc::clone(&stores.repairs));
    let report = reconciler.drain(asked_to_end()).await?;
    println!("{report}");
    Ok(if report.left.is_some_and(|left| left.is_empty()) { LEVEL } else { NOT_LEVEL })
}

async fn parked(stores: &Stores) -> Outcome<ExitCode> {
    let entries = unless_asked_to_end(all_parked(stores)).await?;
    for entry in &entries {
        let (key, error) = (entry.key.escape_ascii(), entry.error.as_deref().unwrap_or("no error"));
        println!("key {key}: {}, {} attempts: {error}", entry.reason, entry.attempts);
    }
    println!("{} keys are parked", entries.len());
    Ok(if entries.is_empty() { LEVEL } else { NOT_LEVEL })
}

async fn all_parked(stores: &Stores) -> Outcome<Vec<RepairEntry>> {
    let reconciler = Reconciler::new(&stores.customers, Arc::clone(&stores.repairs));
    let mut all: Vec<RepairEntry> = Vec::new();
    loop {
        let page = reconciler.parked(all.last().map(|it| &*it.key), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

async fn retry(stores: &Stores, options: &Options) -> Outcome<ExitCode> {
    let actor = options.actor.clone().or_else(|| environment("ACTOR"));
    let actor = actor.or_else(|| environment("USER")).ok_or("who are you? --actor NAME")?;
    let actor: Actor = actor.parse()?;
    let reason: Reason = options.reason.as_deref().ok_or("why? --reason TEXT")?.parse()?;
    let reconciler = Reconciler::new(&stores.customers, Arc::clone(&stores.repairs));
    let again = async {
        for entry in all_parked(stores).await? {
            reconciler.retry(&entry.key, &actor, &reason).await?;
        }
        Ok(())
    };
    unless_asked_to_end(again).await?;
    repair(stores).await
}

async fn forget(stores: &Stores) -> Outcome<ExitCode> {
    stores.checkpoints.remove(&JOB.parse()?).await?;
    println!("how far the copy came is forgotten");
    Ok(LEVEL)
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
