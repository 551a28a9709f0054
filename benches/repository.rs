//! Reads, writes and queries in every phase, over sides that do nothing: CPU
//! time of the thread, the sides included, and allocations.
//!
//! Besides criterion's tables it prints lines `figure NAME VALUE UNIT`.

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use measure::{Larger, NoOp, Row, Samples, Small, phase_name, state_in};
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{Phase, PhaseTracker, Share};
use strangler_fig::repository::{MigrationConfig, MigrationRepository, Repository};
use strangler_fig::stamp::StampClock;

const PHASES: [Phase; 7] = [
    Phase::LegacyOnly,
    Phase::DualWrite,
    Phase::Shadow,
    Phase::Cutover,
    Phase::Live,
    Phase::RampDown,
    Phase::ModernOnly,
];

type Rows<E> = MigrationRepository<NoOp<E>, NoOp<E>>;

/// An observer that is told everything and does nothing with it.
#[derive(Debug)]
struct Listener;

impl Observer for Listener {
    fn on_event(&self, event: &Event) {
        black_box(event);
    }
}

fn rows<E: Row>(phase: Phase, observed: bool) -> Rows<E> {
    let tracker = PhaseTracker::detached(state_in(phase));
    let config = MigrationConfig::default().with_shadow_share(Share::NONE);
    let config = if observed { config.with_observer(Arc::new(Listener)) } else { config };
    let stamps = Arc::new(StampClock::new().expect("there is entropy"));
    Rows::with_parts(NoOp::default(), NoOp::default(), tracker, stamps, config).expect("they fit")
}

/// One benchmark: criterion's table, and the medians as figures.
fn measured(c: &mut Criterion, name: &str, mut operation: impl AsyncFnMut()) {
    let samples = RefCell::new(Samples::default());
    c.bench_function(name, |bencher| {
        bencher.iter_custom(|times| samples.borrow_mut().take(times, &mut operation).cpu);
    });
    samples.into_inner().print(&format!("bench.{name}"));
}

fn in_phase<E: Row>(c: &mut Criterion, phase: Phase, observed: bool) {
    let rows = rows::<E>(phase, observed);
    let ending = if observed { ".observed" } else { "" };
    let name = |what: &str| format!("repository.{}.{}.{what}{ending}", E::SIZE, phase_name(phase));

    measured(c, &name("read"), async || {
        black_box(rows.find(black_box(&1)).await).expect("nothing fails");
    });
    measured(c, &name("write"), async || {
        rows.save(black_box(E::numbered(1))).await.expect("nothing fails");
    });
    measured(c, &name("query"), async || {
        let asked = rows.query(async |_| Ok(black_box(1)), async |_| Ok(black_box(1))).await;
        black_box(asked).expect("nothing fails");
    });

    let shared: Arc<dyn Repository<Key = u64, Entity = E>> = Arc::new(rows.clone());
    measured(c, &name("read.dyn"), async || {
        black_box(shared.find(black_box(&1)).await).expect("nothing fails");
    });
    measured(c, &name("write.dyn"), async || {
        shared.save(black_box(E::numbered(1))).await.expect("nothing fails");
    });
}

fn every_phase(c: &mut Criterion) {
    for phase in PHASES {
        for observed in [false, true] {
            in_phase::<Small>(c, phase, observed);
            in_phase::<Larger>(c, phase, observed);
        }
    }
}

fn shortly() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        .without_plots()
}

criterion_group!(name = benches; config = shortly(); targets = every_phase);
criterion_main!(benches);
