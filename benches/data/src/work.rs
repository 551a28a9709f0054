//! What a measured process of ours does: one check or one backfill. It says how it
//! went in one line, its own peak of resident memory last.

use std::fmt::Write;
use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use adapters::customer::Customer;
use adapters::mariadb::{MariadbDatabase, MariadbRepository};
use adapters::postgres::{
    PostgresCheckpointStore, PostgresDatabase, PostgresRepairQueue, PostgresRepository,
};
use measure::state_in;
use strangler_fig::backfill::{BackfillConfig, Backfiller};
use strangler_fig::consistency::{CheckReport, CheckerConfig, ConsistencyChecker};
use strangler_fig::phase::{Phase, PhaseTracker};
use strangler_fig::repository::{
    DigestRepository, MigrationRepository, ScanRepository, StampedRepository,
};
use strangler_fig::worker::PageSize;
use tokio::runtime::Builder;

use crate::error::Failure;
use crate::process;

/// How many records of a side are scanned at once.
const PAGE: NonZeroUsize = NonZeroUsize::new(2_000).expect("it is not zero");
/// How many rows PostgreSQL hashes in one piece: a megabyte and a half.
const ROOT: NonZeroUsize = NonZeroUsize::new(8_192).expect("it is not zero");
/// How many rows a backfill writes in one statement, and how many at once.
const WRITTEN: NonZeroUsize = NonZeroUsize::new(8_000).expect("it is not zero");
const IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(2).expect("it is not zero");
/// Threads of the runtime.
const WORKERS: usize = 2;

type Key = Vec<u8>;

/// Does `task` between two databases and prints what came of it.
pub(crate) fn run(task: &str, legacy: &str, modern: &str) -> Result<(), Failure> {
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let said = runtime.block_on(async {
        // As tasks, where a future of the crate belongs.
        let (legacy, modern, task) = (legacy.to_owned(), modern.to_owned(), task.to_owned());
        let work = async move { work(&task, &legacy, &modern).await };
        tokio::spawn(work).await.map_err(|_| Failure::new("the task panicked"))?
    })?;
    println!("{said} rss_kib={}", process::peak_rss_kib("self").unwrap_or_default());
    Ok(())
}

async fn work(task: &str, legacy: &str, modern: &str) -> Result<String, Failure> {
    match task {
        "full" => full(postgres(legacy)?, postgres(modern)?).await,
        "full-mariadb" => full(mariadb(legacy)?, postgres(modern)?).await,
        "digest" => digest(postgres(legacy)?, postgres(modern)?).await,
        "backfill" => backfill(legacy, modern).await,
        other => Err(Failure::new(format!("{other}? There is no such task."))),
    }
}

fn postgres(url: &str) -> Result<PostgresRepository, Failure> {
    Ok(PostgresRepository::new(PostgresDatabase::new(url)?).with_native_digests())
}

fn mariadb(url: &str) -> Result<MariadbRepository, Failure> {
    Ok(MariadbRepository::new(MariadbDatabase::new(url)?))
}

/// The sides as those of a migration that writes both.
fn sides<L, M>(legacy: L, modern: M) -> Result<MigrationRepository<L, M>, Failure>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    let tracker = PhaseTracker::detached(state_in(Phase::DualWrite));
    MigrationRepository::new(legacy, modern, tracker).map_err(Failure::from_error)
}

/// The tables are at rest: what differs need not settle.
fn checker<L, M>(sides: &MigrationRepository<L, M>) -> ConsistencyChecker<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    let config = CheckerConfig::default()
        .with_page_size(env("PAGE", PAGE))
        .with_root_rows(env("ROOT", ROOT))
        .with_settling(Duration::ZERO);
    ConsistencyChecker::new(sides).with_config(config)
}

/// A limit, to try others.
fn env(name: &str, default: NonZeroUsize) -> NonZeroUsize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

async fn full<L, M>(legacy: L, modern: M) -> Result<String, Failure>
where
    L: ScanRepository<Key = Key, Entity = Customer>,
    M: ScanRepository<Key = Key, Entity = Customer>,
{
    Ok(said(&checker(&sides(legacy, modern)?).full(pending()).await))
}

async fn digest<L, M>(legacy: L, modern: M) -> Result<String, Failure>
where
    L: DigestRepository<Key = Key, Entity = Customer>,
    M: DigestRepository<Key = Key, Entity = Customer>,
{
    Ok(said(&checker(&sides(legacy, modern)?).digest(pending()).await))
}

fn said(report: &CheckReport<Key>) -> String {
    let (verdict, differences) = (report.verdict.name(), report.differences.total());
    let mut said = format!("keys={} {verdict} differences={differences}", report.keys);
    if let Some(digest) = &report.digest {
        // Writing to a text cannot fail.
        let _ = write!(said, " fell_back={}", digest.fell_back.is_some());
        if let Some(reason) = &digest.fell_back {
            eprintln!("the digests were not used: {reason}");
        }
    }
    said
}

async fn backfill(legacy: &str, modern: &str) -> Result<String, Failure> {
    let database = PostgresDatabase::new(modern)?;
    let (legacy, modern) = (postgres(legacy)?, PostgresRepository::new(database.clone()));
    let sides = sides(legacy, modern)?;
    let checkpoints = Arc::new(PostgresCheckpointStore::new(database.clone()));
    let repairs = Arc::new(PostgresRepairQueue::new(database));
    let job = format!("bench-{}", std::process::id()).parse().map_err(Failure::from_error)?;
    let config = BackfillConfig::default()
        .with_page_size(PageSize::fixed(env("WRITTEN", WRITTEN)))
        .with_pages_in_flight(env("IN_FLIGHT", IN_FLIGHT));
    let backfiller = Backfiller::new(&sides, checkpoints, repairs, job).with_config(config);
    let report = backfiller.run(pending()).await.map_err(Failure::from_error)?;
    let (copied, failed) = (report.copied, report.failed);
    Ok(format!("keys={copied} done={} differences={failed}", report.is_done))
}
