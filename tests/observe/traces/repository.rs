//! Reads and writes of a migration repository.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::observe::TraceContext;
use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase, PhaseTracker, Share};
use strangler_fig::repository::{
    Applied, MigrationConfig, MigrationRepository, Page, ScanRepository, StampedRepository,
};
use strangler_fig::stamp::{Record, StampClock};
use tracing::{Instrument, info_span};

use super::world::{World, is_child, is_linked_root, traceparent};

type Row = (u32, &'static str);

/// An adapter with spans of its own, which calls its service with the headers of the trace.
#[derive(Debug)]
struct Adapter {
    rows: InMemoryRepository<u32, Row>,
    side: &'static str,
    pause: Duration,
    sent: Mutex<Vec<TraceContext>>,
}

impl Adapter {
    fn new(side: &'static str, pause: Duration) -> Self {
        let rows = InMemoryRepository::new(|row: &Row| row.0);
        Self { rows, side, pause, sent: Mutex::default() }
    }

    async fn calls<T>(&self, call: impl Future<Output = T>) -> T {
        let called = async {
            self.sent.lock().unwrap().extend(TraceContext::current());
            tokio::time::sleep(self.pause).await;
            call.await
        };
        called.instrument(info_span!("adapter", side = self.side)).await
    }
}

#[async_trait]
impl StampedRepository for Adapter {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn read(&self, key: &u32) -> Result<Record<Row>, StoreError> {
        self.calls(self.rows.read(key)).await
    }

    async fn apply(&self, key: &u32, record: &Record<Row>) -> Result<Applied, StoreError> {
        self.calls(self.rows.apply(key, record)).await
    }
}

#[async_trait]
impl ScanRepository for Adapter {
    async fn scan(
        &self,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Page<u32, Row>, StoreError> {
        self.calls(self.rows.scan(after, limit)).await
    }

    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        self.rows.last_key().await
    }
}

fn rows(phase: Phase, modern: Duration) -> MigrationRepository<Adapter, Adapter> {
    let state = MigrationState::new("rows".parse().unwrap());
    let step = Move::to(phase);
    let state = state.transition(&step, MoveId::random().unwrap(), &Fleet::default()).unwrap();
    let config = MigrationConfig::default().with_shadow_share(Share::WHOLE);
    let (tracker, stamps) = (PhaseTracker::detached(state), Arc::new(StampClock::new().unwrap()));
    let (legacy, modern) = (Adapter::new("legacy", Duration::ZERO), Adapter::new("modern", modern));
    MigrationRepository::with_parts(legacy, modern, tracker, stamps, config).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_adapters_of_a_write_are_in_its_caller_s_trace() {
    let world = World::new();
    let rows = rows(Phase::DualWrite, Duration::ZERO);
    rows.save((1, "Ada")).instrument(info_span!("caller")).await.unwrap();
    let write = world.span("strangler.write");
    assert!(is_child(&write, &world.span("caller")));
    let adapters = world.spans("adapter");
    assert_eq!(adapters.len(), 2);
    assert!(adapters.iter().all(|adapter| is_child(adapter, &write)));
}

#[tokio::test(start_paused = true)]
async fn an_adapter_sends_its_own_span_as_the_parent_of_what_its_service_does() {
    let world = World::new();
    let rows = rows(Phase::Cutover, Duration::ZERO);
    rows.find(&1).instrument(info_span!("caller")).await.unwrap();
    let caller = world.span("caller");
    let adapters = world.spans("adapter");
    assert!(adapters.len() == 2 && adapters.iter().all(|adapter| is_child(adapter, &caller)));
    let mut expected: Vec<_> = adapters.iter().map(traceparent).collect();
    let sides = [rows.legacy(), rows.modern()];
    let sent = sides.into_iter().flat_map(|side| side.sent.lock().unwrap().clone());
    let mut sent: Vec<_> = sent.map(|context| context.traceparent().to_owned()).collect();
    expected.sort();
    sent.sort();
    assert_eq!(sent, expected);
}

#[tokio::test(start_paused = true)]
async fn a_shadow_read_is_a_trace_of_its_own_linked_to_its_caller() {
    let world = World::new();
    let rows = rows(Phase::Shadow, Duration::ZERO);
    rows.find(&1).instrument(info_span!("caller")).await.unwrap();
    rows.drained().await;
    let (caller, shadow) = (world.span("caller"), world.span("strangler.shadow"));
    assert!(is_linked_root(&shadow, &caller), "{shadow:?}");
    let adapters = world.spans("adapter");
    assert_eq!(adapters.iter().filter(|adapter| is_child(adapter, &shadow)).count(), 1);
    assert_eq!(adapters.iter().filter(|adapter| is_child(adapter, &caller)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_link_goes_past_a_span_that_traces_do_not_keep() {
    let world = World::keeping(|metadata| metadata.name() != "job");
    let rows = rows(Phase::Shadow, Duration::ZERO);
    let found = rows.find(&1).instrument(info_span!("job"));
    async { found.await.unwrap() }.instrument(info_span!("server")).await;
    rows.drained().await;
    assert!(world.spans("job").is_empty());
    let (server, shadow) = (world.span("server"), world.span("strangler.shadow"));
    assert!(is_linked_root(&shadow, &server), "{shadow:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lenient_write_that_outlives_its_caller_goes_on_in_a_linked_trace() {
    let world = World::new();
    let rows = rows(Phase::DualWrite, Duration::from_secs(1));
    rows.save((1, "Ada")).instrument(info_span!("caller")).await.unwrap();
    rows.drained().await;
    let (write, aside) = (world.span("strangler.write"), world.span("strangler.aside"));
    assert!(is_linked_root(&aside, &write), "{aside:?}");
    assert!(world.spans("adapter").iter().all(|adapter| is_child(adapter, &write)), "begun there");
}

#[tokio::test(start_paused = true)]
async fn without_a_trace_there_is_nothing_to_pass_on() {
    let rows = rows(Phase::DualWrite, Duration::ZERO);
    rows.save((1, "Ada")).await.unwrap();
    assert_eq!(*rows.legacy().sent.lock().unwrap(), []);
    let world = World::new();
    assert_eq!(TraceContext::current(), None, "no span is current");
    drop(world);
}
