//! Moves 7,884 airports from a legacy `SQLite` database to a modern one with
//! another schema, under load.
//!
//! ```sh
//! cargo run --release --example quickstart
//! ```
//!
//! The story is told here, in [`migrate`], [`forward`] and [`there_and_back`].
//! What you would write for your own migration:
//!
//! | file | what |
//! |---|---|
//! | `legacy.rs` `stamps.rs` | a side of the monolith's table, with the stamps beside it |
//! | `modern.rs` | a side of tables that have a stamp in each row |
//! | `airports.rs` | the application's own questions, put to both sides |
//! | `node.rs` `repair.rs` | what each instance of the service runs |
//! | `operator.rs` | moving, and waiting for the fleet |
//!
//! The rest is the rehearsal: the load (`worker.rs`, `traffic.rs`), a store that
//! fails (`link.rs`), the control (`textbook.rs`, `naive.rs`), the report and the
//! verdict.
#![expect(unreachable_pub, reason = "written as the modules of a service")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

pub(crate) mod airport;
pub(crate) mod airports;
#[path = "../backfill_resume/bar.rs"]
pub(crate) mod bar;
pub(crate) mod blind;
pub(crate) mod data;
pub(crate) mod database;
pub(crate) mod decimal;
pub(crate) mod legacy;
pub(crate) mod legacy_table;
pub(crate) mod link;
pub(crate) mod modern;
pub(crate) mod modern_table;
pub(crate) mod naive;
pub(crate) mod node;
pub(crate) mod operator;
pub(crate) mod options;
pub(crate) mod repair;
pub(crate) mod report;
pub(crate) mod scratch;
pub(crate) mod stamps;
pub(crate) mod stores;
pub(crate) mod table;
pub(crate) mod textbook;
pub(crate) mod traffic;
pub(crate) mod verdict;
pub(crate) mod worker;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use airport::Airport;
use fastrand::Rng;
use link::ModernLink;
use node::{NODES, Node, poll_interval};
use operator::Operator;
use options::{HELP, Options};
use report::Report;
use stores::Stores;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, Move, PartName, Phase, Share,
};
use tokio::task::JoinSet;
use traffic::Traffic;
use verdict::Ending;
use worker::call_all;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Starts a fleet on both stores, moves it under load, and judges what its
/// callers saw.
pub(crate) async fn migrate(
    options: &Options,
    airports: Vec<Airport>,
    report: &Arc<Report>,
) -> Outcome<Ending> {
    // The monolith's database is full, the new one is empty.
    let stores = Stores::open(&airports).await?;
    let legacy = stores.legacy.clone().stamped();
    let modern = if options.faults {
        ModernLink::bad(stores.modern.clone(), options.seed)
    } else {
        ModernLink::good(stores.modern.clone())
    };

    // Where the migration stands, for all nodes to read. Yours goes into a store
    // you already run.
    let migration: MigrationName = "airports".parse()?;
    let service = Arc::new(InMemoryStateService::default());
    let state =
        MigrationState::new(migration.clone()).with_nodes_expected(u32::from(NODES).try_into()?);
    service.create(&state).await?;

    // The nodes of the service, each with a clock that is wrong in its own way.
    let mut rng = Rng::with_seed(options.seed);
    let mut nodes = Vec::new();
    for number in 1..=NODES {
        let sides = (legacy.clone(), modern.clone());
        let interval = poll_interval(number, options.duration);
        let (service, migration) = (service.clone(), migration.clone());
        nodes.push(Node::start(number, service, migration, sides, interval, rng.fork()).await?);
    }

    // They follow the phase and repair what they note, and have callers without
    // pause, from the first move to the last.
    let traffic = Arc::new(Traffic::new(airports, Arc::clone(report), &mut rng));
    let mut tasks = JoinSet::new();
    for node in &mut nodes {
        node.run(&traffic, &mut tasks);
    }
    let services: Vec<_> = nodes.iter().map(Node::service).collect();
    call_all(&services, &traffic, &mut rng, &mut tasks);

    let airports = nodes[0].airports.clone();
    let operator = Operator::new(service, airports, Arc::clone(report), options.duration);
    let moved = if options.back {
        there_and_back(&operator, &modern).await
    } else {
        forward(&operator).await
    };
    traffic.end();
    tasks.join_all().await;
    report.close();
    moved?;

    // At rest, callers read every key once more. Then a last sweep brings the
    // store level that the last phase left behind.
    modern.heal().await;
    for node in &nodes {
        node.airports.drained().await;
    }
    stores.at_rest().await?;
    traffic.read_all(&services).await?;
    operator.sweep().await?;
    for node in nodes {
        node.stop().await?;
    }
    Ok(Ending::of(&traffic, stores.different().await?))
}

/// From the old store to the new one, a tenth of the keys ahead of the rest.
async fn forward(operator: &Operator) -> Outcome {
    operator.begin("LegacyOnly");
    operator.stay_until(10).await;
    operator.go("DualWrite", Move::to(Phase::DualWrite)).await?;
    operator.sweep().await?; // the backfill
    operator.stay_until(25).await;
    operator.go("Shadow", Move::to(Phase::Shadow)).await?;
    operator.stay_until(35).await;

    // A cohort crosses first.
    operator.take(Move::StartCohort { share: Share::percent(10) }).await?;
    operator.go("Cutover of 10 %", Move::cohort_to(Phase::Cutover)).await?;
    operator.establish(PartName::Cohort).await?;
    operator.stay_until(45).await;
    operator.go("Live for 10 %", Move::cohort_to(Phase::Live)).await?;
    operator.stay_until(55).await;

    // The rest follows, and the cohort becomes the whole.
    operator.go("Cutover of the rest", Move::to(Phase::Cutover)).await?;
    operator.establish(PartName::Base).await?;
    operator.stay_until(65).await;
    operator.go("Live", Move::GrowCohort { share: Share::WHOLE }).await?;
    operator.stay_until(80).await;

    // Legacy is left behind.
    operator.go("RampDown", Move::to(Phase::RampDown)).await?;
    operator.stay_until(90).await;
    operator.go("ModernOnly", Move::to(Phase::ModernOnly)).await?;
    operator.stay_until(100).await;
    Ok(())
}

/// To the new store and back, twice: by choice, and because it died.
async fn there_and_back(operator: &Operator, modern: &ModernLink) -> Outcome {
    operator.begin("LegacyOnly");
    operator.stay_until(5).await;
    operator.go("DualWrite", Move::to(Phase::DualWrite)).await?;
    operator.sweep().await?; // the backfill
    operator.stay_until(15).await;
    operator.go("Shadow", Move::to(Phase::Shadow)).await?;
    operator.stay_until(20).await;
    operator.go("Cutover", Move::to(Phase::Cutover)).await?;
    operator.establish(PartName::Base).await?;
    operator.stay_until(28).await;
    operator.go("Live", Move::to(Phase::Live)).await?;
    operator.stay_until(36).await;

    // Legacy has every write: the way back waits for the fleet, and for no sweep.
    operator.go("back in Cutover", Move::to(Phase::Cutover)).await?;
    operator.stay_until(42).await;
    operator.go("back in Shadow", Move::to(Phase::Shadow)).await?;
    operator.stay_until(46).await;
    operator.go("back in DualWrite", Move::to(Phase::DualWrite)).await?;
    operator.stay_until(50).await;
    operator.go("back in LegacyOnly", Move::to(Phase::LegacyOnly)).await?;
    operator.stay_until(55).await;

    operator.go("again DualWrite", Move::to(Phase::DualWrite)).await?;
    operator.stay_until(59).await;
    operator.go("again Cutover", Move::to(Phase::Cutover)).await?;
    operator.establish(PartName::Base).await?;
    operator.stay_until(67).await;
    operator.go("again Live", Move::to(Phase::Live)).await?;
    operator.stay_until(75).await;

    // Modern is gone. Nothing is asked of it on the way out.
    modern.cut();
    operator.begin("Live, modern gone");
    operator.stay_until(77).await;
    operator.go("Halted", Move::to(Phase::Halted)).await?;
    operator.go("at last LegacyOnly", Move::to(Phase::LegacyOnly)).await?;
    operator.stay_until(90).await;

    // It returns, and takes what it missed.
    modern.mend();
    operator.go("at last DualWrite", Move::to(Phase::DualWrite)).await?;
    operator.sweep().await?;
    operator.stay_until(100).await;
    Ok(())
}

/// The exit code of a wrong option or data file.
const WRONG_INPUT: u8 = 2;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os().skip(1)) {
        Ok(options) => options,
        Err(error) => return wrong_input(&error),
    };
    if options.help {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let airports = match data::airports(&options.data) {
        Ok(airports) => airports,
        Err(error) => return wrong_input(&error),
    };
    match run(&options, airports) {
        Ok(ending) if ending.is_clean() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("quickstart: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(worker_threads = 4)]
pub(crate) async fn run(options: &Options, airports: Vec<Airport>) -> Outcome<Ending> {
    let report = Arc::new(Report::drawn(options.duration));
    let drawn = Arc::clone(&report);
    let drawing = tokio::spawn(async move { drawn.draw().await });
    let ending = if options.naive {
        textbook::migrate(options, airports, &report).await
    } else {
        migrate(options, airports, &report).await
    };
    drawing.abort();
    report.end();
    let ending = ending?;
    println!("\n{}\n{ending}", table::table(report.stages_so_far()));
    Ok(ending)
}

fn wrong_input(error: &dyn Error) -> ExitCode {
    eprintln!("quickstart: {error}");
    ExitCode::from(WRONG_INPUT)
}

/// What failed, and why, on one line.
fn chain(error: &dyn Error) -> String {
    let whys = std::iter::successors(Some(error), |error| (*error).source());
    let texts: Vec<_> = whys.map(ToString::to_string).collect();
    texts.join(": ")
}
