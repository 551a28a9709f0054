//! Many seeds at once; and one again, to see what happened.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::world::{Outcome, simulate};

/// How many seeds a plain `cargo test` runs; `make simulate` runs 2,000, or as many as `SEEDS`
/// says, and with `SEED` one of them, told in full.
const SEEDS: u64 = 24;

/// What a thousand seeds must have seen.
const HAPPENS: &[&str] = &[
    "backfill done",
    "call: answer lost",
    "call: goes on alone",
    "call: hangs",
    "call: lands later",
    "call: never arrives",
    "call: refused",
    "call: rejected",
    "clock set",
    "cohort begins",
    "cohort ends",
    "cohort grows",
    "cohort to live",
    "evicted: has ended",
    "evicted: lease ran out",
    "halted",
    "modern_only",
    "moved by the guard",
    "process cut off",
    "process killed",
    "query answered",
    "ramp_down",
    "sweep",
];

fn number(name: &str) -> Option<u64> {
    let given = std::env::var(name).ok()?;
    Some(given.parse().unwrap_or_else(|_| panic!("{name}={given} is no number")))
}

#[derive(Debug, Default)]
struct Sums {
    seeds: u64,
    operations: u64,
    acknowledged: u64,
    unknown: u64,
    epochs: u64,
    lives: u64,
    events: BTreeMap<String, u64>,
}

impl Sums {
    fn count(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.operations += outcome.verdict.operations as u64;
        self.acknowledged += outcome.verdict.acknowledged as u64;
        self.unknown += outcome.verdict.unknown as u64;
        self.epochs += outcome.epochs;
        self.lives += outcome.lives;
        for (what, count) in &outcome.events {
            *self.events.entry(what.clone()).or_default() += count;
        }
    }
}

/// Runs seeds on all cores, until one goes wrong; with `GO_ON=1`, all of them.
fn run(first: u64, seeds: u64) -> (Sums, Vec<(u64, String)>) {
    let next = AtomicU64::new(first);
    let stops = AtomicBool::new(false);
    let (sums, wrong) = (Mutex::new(Sums::default()), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + seeds || stops.load(Ordering::SeqCst) {
                        return;
                    }
                    let outcome = simulate(seed, false);
                    sums.lock().unwrap().count(&outcome);
                    if let Some(what) = outcome.wrong() {
                        wrong.lock().unwrap().push((seed, format!("{what}\n{:?}", outcome.plan)));
                        stops.store(std::env::var("GO_ON").is_err(), Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    (sums.into_inner().unwrap(), wrong)
}

#[test]
fn no_migration_loses_a_write_whatever_goes_wrong() {
    let (first, seeds) = match number("SEED") {
        Some(seed) => (seed, 1),
        None => (number("FROM").unwrap_or(0), number("SEEDS").unwrap_or(SEEDS)),
    };
    let began = Instant::now();
    let (sums, wrong) = run(first, seeds);
    for (what, count) in &sums.events {
        println!("{count:>9} {what}");
    }
    println!(
        "{} acknowledged writes, {} in doubt, {} moves, {} lives of processes, in {:.1?}",
        sums.acknowledged,
        sums.unknown,
        sums.epochs,
        sums.lives,
        began.elapsed()
    );
    println!("figure simulation.seeds {}", sums.seeds);
    println!("figure simulation.operations {}", sums.operations);
    for (seed, what) in &wrong {
        println!("seed {seed}: {what}\nagain: make simulate SEED={seed}");
    }
    if seeds == 1 {
        println!("{}", simulate(first, true).lines.join("\n"));
    }
    assert!(wrong.is_empty(), "{} of {} seeds went wrong", wrong.len(), sums.seeds);
    if seeds >= 1_000 {
        let never: Vec<_> = HAPPENS.iter().filter(|it| !sums.events.contains_key(**it)).collect();
        assert!(never.is_empty(), "in {seeds} seeds this never happened: {never:?}");
    }
}

#[test]
fn a_seed_happens_twice_the_same() {
    for seed in 0..6 {
        let [once, again] = [(); 2].map(|()| simulate(seed, true));
        let differs = once.lines.iter().zip(&again.lines).find(|(one, two)| one != two);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!((once.trace, once.verdict.operations), (again.trace, again.verdict.operations));
    }
}
