//! Fifty times `kill -9`, at moments drawn from a seed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use strangler_fig::backfill::CheckpointStore;
use strangler_fig::repository::{ScanRepository, StampedRepository};
use strangler_fig::stamp::Record;

use super::backfill_resume::checkpoints::SqliteCheckpoints;
use super::backfill_resume::options::Options;
use super::backfill_resume::parcels::Parcels;
use super::backfill_resume::run;
use super::scratch::Scratch;

const DIRECTORY: &str = "BACKFILL_RESUME_DIRECTORY";
const ROWS: i64 = 150_000;
const RATE: u64 = 10_000;
const KILLS: u32 = 50;
/// What the example has in flight: four pages, and the one that was just read.
const PAGE: u64 = 500;
const IN_FLIGHT: u64 = 5;

fn options(directory: &Path, rate: u64) -> Options {
    Options { rows: ROWS, rate: rate.try_into().ok(), directory: directory.to_owned() }
}

/// This test binary, run again as the example.
fn copying(directory: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "kill::a_child_copies", "--nocapture", "--test-threads=1"]);
    command.env(DIRECTORY, directory).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[tokio::test]
async fn a_child_copies() {
    if let Ok(directory) = std::env::var(DIRECTORY) {
        run(&options(directory.as_ref(), RATE)).await.unwrap();
    }
}

/// What the checkpoint says was read from legacy.
async fn scanned(checkpoints: &SqliteCheckpoints) -> u64 {
    let states = checkpoints.load(&"parcels".parse().unwrap()).await.unwrap();
    states.iter().map(|state| state.checkpoint.scanned).sum()
}

/// How many rows are in modern.
async fn copied(modern: &Parcels) -> u64 {
    let (all, mut after, mut rows) = (10_000.try_into().unwrap(), None, 0);
    loop {
        let page = modern.scan(after.as_ref(), all).await.unwrap();
        rows += u64::try_from(page.records.len()).unwrap();
        match page.records.last() {
            Some((key, _)) => after = Some(*key),
            None => return rows,
        }
    }
}

#[tokio::test]
async fn killed_fifty_times_it_ends_with_every_row_equal() {
    let scratch = Scratch::new();
    let legacy = Parcels::open(&scratch.file("legacy.db")).unwrap();
    legacy.fill(ROWS).await.unwrap();
    // A row deleted before it was copied, one while it was: neither comes back.
    let stamp = "0190f3c2a1b4000300000000000000ff".parse().unwrap();
    let modern = Parcels::open(&scratch.file("modern.db")).unwrap();
    for side in [&legacy, &modern] {
        side.apply(&(ROWS / 2), &Record::tombstone(stamp)).await.unwrap();
    }
    let checkpoints = SqliteCheckpoints::open(&scratch.file("checkpoints.db")).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let mut redone = 0;
    for kill in 0..KILLS {
        let mut child = copying(scratch.path());
        tokio::time::sleep(Duration::from_millis(random.u64(20..110))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let (written, counted) = (copied(&modern).await, scanned(&checkpoints).await);
        let ahead = written.saturating_sub(counted);
        assert!(ahead <= PAGE * IN_FLIGHT + 1, "kill {kill}: {written} written, {counted} counted");
        redone += ahead;
        if kill == KILLS / 2 {
            for side in [&legacy, &modern] {
                side.apply(&1, &Record::tombstone(stamp)).await.unwrap();
            }
        }
    }
    let before = scanned(&checkpoints).await;
    assert!(0 < before && before < ROWS.unsigned_abs(), "the kills came in the middle: {before}");
    let different = run(&options(scratch.path(), 1_000_000)).await.unwrap();
    assert_eq!(different, 0);
    assert_eq!(scanned(&checkpoints).await, ROWS.unsigned_abs(), "each row is counted once");
    for key in [1, ROWS / 2] {
        assert!(modern.read(&key).await.unwrap().is_tombstone(), "parcel {key} came back");
    }
    println!("{KILLS} kills, {redone} records of {ROWS} copied twice");
}
