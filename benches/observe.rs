//! What listening costs: reads and writes with no observer, with one that does nothing, and
//! with metrics kept by the exporter for Prometheus; CPU time of the thread, and allocations.
//!
//! All of them take turns within one run, so that what else the machine does falls on each
//! alike; what is told is the median over the rounds of the difference within a round. It
//! prints lines `figure NAME VALUE UNIT`; `observe.metrics.ns` is the average over the
//! operations of what metrics cost above no observer.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;

use measure::{NoOp, Row, Samples, Small, figure, median, state_in};
use metrics_exporter_prometheus::PrometheusBuilder;
use strangler_fig::observe::{Event, MetricsObserver, Observer};
use strangler_fig::phase::{Phase, PhaseTracker, Share};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::stamp::StampClock;

const ROUNDS: usize = 60;
const OPERATIONS: u64 = 20_000;

/// An observer that is told everything and does nothing with it.
#[derive(Debug)]
struct Listener;

impl Observer for Listener {
    fn on_event(&self, event: &Event) {
        black_box(event);
    }
}

type Rows = MigrationRepository<NoOp<Small>, NoOp<Small>>;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Read,
    Write,
}

/// What is done, and where.
const CASES: [(&str, Phase, Kind); 5] = [
    ("read.legacyonly", Phase::LegacyOnly, Kind::Read),
    ("read.modernonly", Phase::ModernOnly, Kind::Read),
    ("write.legacyonly", Phase::LegacyOnly, Kind::Write),
    ("write.dualwrite", Phase::DualWrite, Kind::Write),
    ("write.live", Phase::Live, Kind::Write),
];

fn rows(phase: Phase, observer: Option<Arc<dyn Observer>>, one_in: Option<u32>) -> Rows {
    let tracker = PhaseTracker::detached(state_in(phase));
    let mut config = MigrationConfig::default().with_shadow_share(Share::NONE);
    if let Some(observer) = observer {
        config = config.with_observer(observer);
    }
    if let Some(one_in) = one_in.and_then(NonZeroU32::new) {
        config = config.with_latency_sample(one_in);
    }
    let stamps = Arc::new(StampClock::new().expect("there is entropy"));
    Rows::with_parts(NoOp::default(), NoOp::default(), tracker, stamps, config).expect("they fit")
}

fn take(samples: &mut Samples, rows: &Rows, kind: Kind) -> f64 {
    let spent = match kind {
        Kind::Read => samples.take(OPERATIONS, &mut async || {
            black_box(rows.find(black_box(&1)).await).expect("nothing fails");
        }),
        Kind::Write => samples.take(OPERATIONS, &mut async || {
            rows.save(black_box(Small::numbered(1))).await.expect("nothing fails");
        }),
    };
    spent.nanos_each(OPERATIONS)
}

/// One who listens, and what that cost above no observer.
struct Contestant {
    name: String,
    rows: Rows,
    samples: Samples,
    above: Vec<f64>,
}

impl Contestant {
    fn new(name: impl Into<String>, rows: Rows) -> Self {
        Self { name: name.into(), rows, samples: Samples::default(), above: Vec::new() }
    }
}

fn contestants(phase: Phase, metrics: &Arc<MetricsObserver>) -> Vec<Contestant> {
    let mut all = vec![
        Contestant::new("none", rows(phase, None, None)),
        Contestant::new("noop", rows(phase, Some(Arc::new(Listener)), None)),
        Contestant::new("metrics", rows(phase, Some(metrics.clone()), None)),
    ];
    for one_in in [1, 4, 64] {
        let rows = rows(phase, Some(metrics.clone()), Some(one_in));
        all.push(Contestant::new(format!("metrics.onein{one_in}"), rows));
    }
    all
}

/// What each costs above the first, in nanoseconds.
fn compare(
    case: &str,
    kind: Kind,
    mut all: Vec<Contestant>,
    drain: impl Fn(),
) -> Vec<(String, f64)> {
    for round in 0..=ROUNDS {
        let mut none = 0.0;
        for (place, it) in all.iter_mut().enumerate() {
            let nanos = take(&mut it.samples, &it.rows, kind);
            if place == 0 {
                none = nanos;
            }
            // The first round warms up.
            if round > 0 {
                it.above.push(nanos - none);
            }
        }
        drain();
    }
    all.into_iter()
        .map(|mut it| {
            it.samples.print(&format!("observe.{case}.{}", it.name));
            (it.name, median(&mut it.above))
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "there are a few cases")]
fn main() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let scrape = recorder.handle();
    metrics::set_global_recorder(recorder).expect("it is the first");
    let metrics = Arc::new(MetricsObserver::new().with_label("migration", "rows"));
    let mut sums: Vec<(String, f64)> = Vec::new();
    for (case, phase, kind) in CASES {
        // Histograms keep what they are told until somebody scrapes them.
        let above = compare(case, kind, contestants(phase, &metrics), || scrape.run_upkeep());
        for (place, (name, nanos)) in above.into_iter().enumerate() {
            figure(format_args!("observe.{case}.{name}.above"), nanos, "ns");
            match sums.get_mut(place) {
                Some((_, sum)) => *sum += nanos,
                None => sums.push((name, nanos)),
            }
        }
    }
    for (name, sum) in sums.into_iter().skip(1) {
        figure(format_args!("observe.{name}.ns"), sum / CASES.len() as f64, "ns");
    }
}
