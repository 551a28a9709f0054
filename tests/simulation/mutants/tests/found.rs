//! Every fault of the list is found, by a seed that goes wrong with it and not without it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "it is a test, and tells")]

extern crate planted as strangler_fig;

#[allow(dead_code, reason = "what a run tells besides is for others")]
#[path = "../../world/mod.rs"]
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use strangler_fig::{FAULTS, Fault, woken};

use world::simulate;

/// Within so many seeds each must be found.
const SEEDS: u64 = 2_000;

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The first seed that goes wrong with this fault awake, and how: first the one that is known
/// to, then all. A seed that goes wrong without it tells nothing.
fn found(fault: &Fault) -> Option<(u64, String)> {
    std::iter::once(fault.seed).chain(0..SEEDS).find_map(|seed| {
        woken::wake(fault.name);
        let wrong = simulate(seed, false).wrong()?;
        woken::wake("");
        let sound = simulate(seed, false).wrong();
        assert_eq!(sound, None, "seed {seed} goes wrong with no fault awake");
        Some((seed, wrong.lines().next().unwrap_or_default().chars().take(90).collect()))
    })
}

#[test]
fn every_fault_is_found() {
    let only = std::env::var("FAULT").ok();
    let faults: Vec<_> =
        FAULTS.iter().filter(|it| only.as_deref().is_none_or(|only| only == it.name)).collect();
    let (next, missed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let began = Instant::now();
                    match found(fault) {
                        Some((seed, how)) => println!(
                            "{:<34} seed {seed:>4} {:>6.1?} {how}",
                            fault.name,
                            began.elapsed()
                        ),
                        None => missed.lock().unwrap().push(fault.name),
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(!faults.is_empty() && missed.is_empty(), "not found in {SEEDS} seeds: {missed:?}");
}
