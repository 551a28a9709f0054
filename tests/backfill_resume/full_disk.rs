//! The disk under the checkpoints is full: a clear error, and what is stored
//! stays whole.

use std::future::pending;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use strangler_fig::backfill::{BackfillConfig, BackfillReport, Backfiller, CheckpointStore};
use strangler_fig::memory::{InMemoryRepairQueue, InMemoryRepository};
use strangler_fig::phase::{MigrationState, PhaseTracker};
use strangler_fig::repository::MigrationRepository;
use strangler_fig::worker::PageSize;

use super::backfill_resume::checkpoints::SqliteCheckpoints;
use super::backfill_resume::{Error, with_causes};
use super::scratch::Scratch;

const DIRECTORY: &str = "FULL_DISK_DIRECTORY";
/// Of 512 bytes, for each file.
const BLOCKS: u32 = 160;
const ROWS: u32 = 2_000;

/// Copies rows that are in memory, one a page, under checkpoints on the disk.
async fn copied(directory: &Path) -> Result<(BackfillReport, bool), Error> {
    let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|row: &(u32, u32)| row.0));
    (0..ROWS).for_each(|key| legacy.plant((key, key)));
    let tracker = PhaseTracker::detached(MigrationState::new("rows".parse()?));
    let rows = MigrationRepository::new(legacy.clone(), modern.clone(), tracker)?;
    let checkpoints = Arc::new(SqliteCheckpoints::open(&directory.join("checkpoints.db"))?);
    let repairs = Arc::new(InMemoryRepairQueue::default());
    let backfiller = Backfiller::new(&rows, checkpoints, repairs, "rows".parse()?)
        .with_worker_name("worker".parse()?)
        .with_config(BackfillConfig::default().with_page_size(PageSize::fixed(1.try_into()?)));
    let report = backfiller.run(pending()).await?;
    Ok((report, modern.records().len() == legacy.records().len()))
}

#[tokio::test]
async fn a_child_fills_the_disk() {
    if let Ok(directory) = std::env::var(DIRECTORY) {
        let error = copied(directory.as_ref()).await.unwrap_err();
        println!("\nsaid {}", with_causes(&*error));
    }
}

#[tokio::test]
async fn a_full_disk_under_the_checkpoints_is_a_clear_error_and_loses_nothing() {
    let scratch = Scratch::new();
    let script = format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" \"$@\"");
    let child = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full_disk::a_child_fills_the_disk", "--nocapture"])
        .env(DIRECTORY, scratch.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    let said = output.lines().find_map(|line| line.strip_prefix("said ")).unwrap();
    let clear = "the checkpoints of job rows could not be reached: ";
    let why = said.strip_prefix(clear).unwrap_or_else(|| panic!("it said {said}"));
    assert!(why.contains("disk"), "it said {said}");

    // What it had counted stands, and the next run goes on from there.
    let checkpoints = SqliteCheckpoints::open(&scratch.file("checkpoints.db")).unwrap();
    let states = checkpoints.load(&"rows".parse().unwrap()).await.unwrap();
    let counted = states[0].checkpoint.scanned;
    assert!(0 < counted && counted < u64::from(ROWS), "{counted}");
    let (report, _) = copied(scratch.path()).await.unwrap();
    assert!(report.is_done);
    assert_eq!(report.scanned, u64::from(ROWS) - counted);
}
