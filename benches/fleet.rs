//! What following a fleet costs: an operation that reads the phase, and a thousand
//! nodes that settle after a move.
//!
//! Prints lines `figure NAME VALUE UNIT`. The first is measured in thread CPU, the
//! second in virtual time: it counts polls, not the speed of the machine.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use measure::{figure, median, thread_cpu};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    Fleet, MigrationName, MigrationState, MigrationStateService, Move, NodeId, NodeLease,
    OutagePolicy, PartName, Phase, PhaseTracker, Revision, TrackerConfig, Versioned, take_step,
};
use tokio::runtime::Builder;
use tokio::time::Instant;

const READS: u32 = 1_000_000;
const ROUNDS: usize = 31;
const NODES: usize = 1_000;
const INTERVAL: Duration = Duration::from_secs(1);

/// A service without hints: whoever follows it polls.
#[derive(Debug, Default)]
struct Polled(InMemoryStateService);

#[async_trait]
impl MigrationStateService for Polled {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        self.0.create(state).await
    }
    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        self.0.current(name).await
    }
    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        self.0.compare_and_set(expected, next).await
    }
    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        self.0.renew_lease(name, lease).await
    }
    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        self.0.release_lease(name, node).await
    }
    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        self.0.leases(name).await
    }
    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        self.0.evict(name, seen).await
    }
}

fn name() -> MigrationName {
    "rows".parse().expect("it is a name")
}

/// Nanoseconds of one read of the phase: what an operation does twice.
fn read_nanos(tracker: &PhaseTracker) -> f64 {
    let mut samples: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let began = thread_cpu();
            for _ in 0..READS {
                black_box(black_box(tracker).word().base());
            }
            thread_cpu().saturating_sub(began).as_secs_f64() * 1e9 / f64::from(READS)
        })
        .collect();
    median(&mut samples)
}

async fn tracker(service: &Arc<Polled>, node: usize, outage: OutagePolicy) -> Arc<PhaseTracker> {
    let config = TrackerConfig::default().with_poll_interval(INTERVAL).with_outage_policy(outage);
    let node = format!("node-{node}").parse().expect("it is a name");
    let service: Arc<dyn MigrationStateService> = Arc::clone(service) as _;
    PhaseTracker::start(service, name(), node, config).await.expect("the service is there")
}

fn phase_read(c: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("there are threads");
    for (kind, outage) in [
        ("", OutagePolicy::FailStatic),
        (".fenced", OutagePolicy::Fenced { term: Duration::from_secs(3_600) }),
    ] {
        let tracker = runtime.block_on(async {
            let service = Arc::new(Polled::default());
            service.create(&MigrationState::new(name())).await.expect("it is new");
            tracker(&service, 1, outage).await
        });
        figure(format_args!("fleet.phase_read{kind}.ns"), read_nanos(&tracker), "ns");
        c.bench_function(&format!("phase read{kind}"), |b| b.iter(|| black_box(&tracker).word()));
    }
}

/// Poll intervals from a move until every node of a thousand works by it.
async fn intervals_to_settle() -> f64 {
    let service = Arc::new(Polled::default());
    service.create(&MigrationState::new(name())).await.expect("it is new");
    for node in 0..NODES {
        let tracker = tracker(&service, node, OutagePolicy::FailStatic).await;
        tokio::spawn(async move { tracker.run(std::future::pending()).await });
        // They poll at different moments.
        tokio::time::sleep(INTERVAL / 500).await;
    }
    let moved = take_step(&*service, &name(), &Move::to(Phase::Cutover), None).await;
    let state = moved.expect("it is always allowed");
    let began = Instant::now();
    loop {
        let leases = service.leases(&name()).await.expect("it is there");
        if state.has_settled(PartName::Base, &Fleet::new(leases)) {
            return began.elapsed().as_secs_f64() / INTERVAL.as_secs_f64();
        }
        tokio::time::sleep(INTERVAL / 100).await;
    }
}

fn settle(_: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
    let intervals = runtime.expect("there are threads").block_on(intervals_to_settle());
    figure("fleet.settle_1000.intervals", intervals, "intervals");
}

criterion_group!(benches, phase_read, settle);
criterion_main!(benches);
