//! A backfill that may be killed at any moment.
//!
//! Copies parcels from a legacy `SQLite` database to a modern one. Kill it
//! whenever you like, with Ctrl-C or `kill -9`, and run it again: it goes on
//! where its checkpoint says. At the end it compares the two stores.
//!
//! ```text
//! cargo run --release --example backfill_resume
//! ```
#![expect(unreachable_pub, reason = "the modules of an example")]
#![expect(clippy::print_stdout, reason = "an example talks")]

pub(crate) mod bar;
pub(crate) mod checkpoints;
#[allow(dead_code, reason = "the quickstart uses all of it")]
#[path = "../quickstart/database.rs"]
pub(crate) mod database;
pub(crate) mod options;
pub(crate) mod parcels;
pub(crate) mod repairs;

use std::num::{NonZeroU64, NonZeroUsize};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::backfill::{BackfillConfig, Backfiller};
use strangler_fig::consistency::{CheckerConfig, ConsistencyChecker};
use strangler_fig::phase::{MigrationState, PhaseTracker};
use strangler_fig::repository::MigrationRepository;
use strangler_fig::worker::{PageSize, RateLimit};

use bar::{Bar, Stream};
use checkpoints::SqliteCheckpoints;
use options::Options;
use parcels::Parcels;
use repairs::SqliteRepairs;

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            println!("backfill_resume: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&options).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("backfill_resume: {}", with_causes(&*error));
            ExitCode::from(2)
        }
    }
}

/// Copies what is left to copy; answers 0 if the two stores are level at the end.
pub(crate) async fn run(options: &Options) -> Result<u64, Error> {
    std::fs::create_dir_all(&options.directory)?;
    let file = |name: &str| options.directory.join(name);
    let legacy = Parcels::open(&file("legacy.db"))?;
    let rows = legacy.fill(options.rows).await?;
    let modern = Parcels::open(&file("modern.db"))?;
    let tracker = PhaseTracker::detached(MigrationState::new("parcels".parse()?));
    let parcels = MigrationRepository::new(legacy, modern, tracker)?;

    let checkpoints = Arc::new(SqliteCheckpoints::open(&file("checkpoints.db"))?);
    let repairs = Arc::new(SqliteRepairs::open(&file("repairs.db"))?);
    let backfiller = Backfiller::new(&parcels, checkpoints, repairs, "parcels".parse()?)
        .with_config(config(options).with_expected_records(u64::try_from(rows)?))
        // One worker of this name: started again, it need not wait for its own claim.
        .with_worker_name("backfill_resume".parse()?);

    println!("copying {rows} parcels in {}; kill me", options.directory.display());
    let bar = Bar::new("copied", u64::try_from(rows)?, Stream::Stdout);
    let copying = backfiller.run(std::future::pending());
    let report = bar.during(|| backfiller.progress(), copying).await?;
    println!("{report}");
    // Nobody writes to the two files meanwhile: a difference need not settle.
    let checker = ConsistencyChecker::new(&parcels)
        .with_config(CheckerConfig::default().with_settling(Duration::ZERO));
    let bar = Bar::new("checked", u64::try_from(rows)?.saturating_mul(2), Stream::Stdout);
    let checking = checker.full(std::future::pending());
    let report = bar.during(|| checker.progress(), checking).await;
    println!("{report}");
    Ok(u64::from(!report.is_consistent()))
}

fn config(options: &Options) -> BackfillConfig {
    let page = NonZeroUsize::new(500).expect("500 is not zero");
    let burst = NonZeroU64::new(500).expect("500 is not zero");
    let config = BackfillConfig::default().with_page_size(PageSize::fixed(page));
    match options.rate {
        Some(rate) => config.with_rate_limit(RateLimit::per_second(rate).with_burst(burst)),
        None => config,
    }
}

pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
