//! A full check of two stores in memory that hold a million rows each: CPU time of
//! the thread that does everything, scans included.
//!
//! Besides criterion's table it prints lines `figure NAME VALUE UNIT`.

use std::future::pending;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use measure::{Reading, figure, median, state_in};
use strangler_fig::consistency::ConsistencyChecker;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::phase::{Phase, PhaseTracker};
use strangler_fig::repository::{Entity, MigrationRepository};
use tokio::runtime::Builder;

const ROWS: u64 = 1_000_000;

/// About a hundred bytes, copied without allocating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plain {
    key: u64,
    amounts: [u64; 8],
    code: [u8; 24],
}

/// About a hundred bytes, and an allocation to copy: most of the time is the
/// stores', which copy every row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    key: u64,
    amounts: [u64; 4],
    name: String,
}

fn plain(key: u64) -> Plain {
    Plain { key, amounts: [key; 8], code: [7; 24] }
}

fn named(key: u64) -> Named {
    Named { key, amounts: [key; 4], name: format!("a row with the name {key:012}") }
}

fn full_check<E: Entity>(c: &mut Criterion, name: &str, key: fn(&E) -> u64, row: fn(u64) -> E) {
    let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(key));
    for number in 0..ROWS {
        legacy.plant(row(number));
        modern.plant(row(number));
    }
    let tracker = PhaseTracker::detached(state_in(Phase::DualWrite));
    let rows = MigrationRepository::new(legacy, modern, tracker).expect("they fit");
    let checker = ConsistencyChecker::new(&rows);
    let runtime = Builder::new_current_thread().enable_time().build().expect("it can be built");
    let mut rates = Vec::new();
    c.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let mut cpu = Duration::ZERO;
            for _ in 0..times {
                let before = Reading::now();
                let report = runtime.block_on(checker.full(pending()));
                let spent = before.spent();
                assert!(report.is_consistent() && report.keys == ROWS, "{report}");
                rates.push(1_000.0 / spent.nanos_each(ROWS));
                cpu += spent.cpu;
            }
            cpu
        });
    });
    if !rates.is_empty() {
        figure(format_args!("{name}.mrows_s"), median(&mut rates), "Mrows/s");
    }
}

fn in_memory(c: &mut Criterion) {
    full_check(c, "checker.memory", |row: &Plain| row.key, plain);
    full_check(c, "checker.memory.named", |row: &Named| row.key, named);
}

fn shortly() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(5))
        .without_plots()
}

criterion_group!(name = benches; config = shortly(); targets = in_memory);
criterion_main!(benches);
