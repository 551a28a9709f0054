//! What is kept of sagas that are over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use measure::{figure, held};
use strangler_fig::memory::InMemorySagaJournal;

use super::engine::{End, Engine};
use super::journals::Forgetful;
use super::number;
use super::ours::Ours;
use super::steno::Steno;

/// How many sagas are run on a journal that keeps nothing.
const MANY: u64 = 1_000_000;
/// How many on one that keeps them, and by steno.
const SOME: u64 = 10_000;

/// Measures what is kept and prints the figures.
pub(crate) async fn print() {
    let ours = Ours::on(Arc::new(Forgetful));
    run(&ours, 0, 1_000).await;
    let kept = kept_by(MANY, || run(&ours, 1_000, MANY)).await;
    figure("saga.bytes_per_finished", kept, "bytes");

    let journal = InMemorySagaJournal::default();
    let ours = Ours::on(Arc::new(journal.clone()));
    let entries = kept_by(SOME, || run(&ours, 0, SOME)).await;
    figure("saga.in_memory.bytes_per_finished", entries, "bytes");
    let began = Instant::now();
    let purging = async || assert_eq!(ours.purge(Duration::ZERO).await, SOME);
    let purged = kept_by(SOME, purging).await;
    figure("saga.in_memory.bytes_per_purged", entries + purged, "bytes");
    let micros = began.elapsed().as_secs_f64() * 1e6 / number(SOME);
    figure("saga.in_memory.purge_us", micros, "us");

    let mut steno = Steno::default();
    steno.renew().await;
    let kept = kept_by(SOME, || run(&steno, 0, SOME)).await;
    figure("saga.steno.bytes_per_finished", kept, "bytes");
    steno.renew().await;
}

async fn run(engine: &impl Engine, first: u64, sagas: u64) {
    for number in first..first + sagas {
        engine.run(number, End::Success).await;
    }
}

/// Bytes of each saga that are held after `running` and were not before.
async fn kept_by(sagas: u64, running: impl AsyncFnOnce()) -> f64 {
    let before = held();
    running().await;
    let after = held();
    let kept = after.max(before) - after.min(before);
    let kept = number(kept as u64) / number(sagas);
    if after < before { -kept } else { kept }
}
