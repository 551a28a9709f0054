//! The sweep: every key, whatever the stores do.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    Fleet, MigrationName, MigrationState, MigrationStateService, Move, Phase, PhaseTracker, Side,
    TrackerConfig, take_step,
};
use strangler_fig::reconcile::{Sweep, SweepConfig, SweepError};
use strangler_fig::repository::{
    Applied, MigrationRepository, Page, ScanRepository, StampedRepository,
};
use strangler_fig::stamp::Record;
use strangler_fig::testkit::faults::{Fault, Pause};
use strangler_fig::worker::{ScanError, WorkerControl};

use crate::support::{Row, Store, World, stamp};

fn small_pages() -> SweepConfig {
    SweepConfig::default().with_page_size(NonZeroUsize::new(3).unwrap())
}

#[tokio::test(start_paused = true)]
async fn every_key_of_either_store_is_joined_whatever_the_pages() {
    for size in 1..12 {
        let world = World::on_the_way_back();
        for key in 0..10_u32 {
            let (old, new) = (Record::live(stamp(1), (key, "old")), Record::tombstone(stamp(2)));
            let (left, right) = if key % 2 == 0 { (&old, &new) } else { (&new, &old) };
            if key % 3 > 0 {
                world.legacy.inner().apply(&key, left).await.unwrap();
            }
            if key % 3 < 2 {
                world.modern.inner().apply(&key, right).await.unwrap();
            }
        }
        let config = SweepConfig::default().with_page_size(NonZeroUsize::new(size).unwrap());
        let ticket = world.ticket();
        let sweep = world.sweep().with_config(config);
        let report = sweep.run(ticket, std::future::pending()).await.unwrap();
        assert_eq!((report.keys, report.to_legacy + report.to_modern), (10, 10), "{size}");
        let equal = world.legacy.inner().records() == world.modern.inner().records();
        assert!(equal && world.legacy.inner().records().len() == 10, "{size}");
    }
}

#[tokio::test(start_paused = true)]
async fn before_the_first_cutover_nothing_is_joined_into_legacy() {
    let world = World::new(Phase::DualWrite);
    world.modern.inner().apply(&1, &Record::live(stamp(9), (1, "modern"))).await.unwrap();
    let ticket = world.ticket();
    let report = world.sweep().run(ticket, std::future::pending()).await.unwrap();
    assert_eq!((report.to_legacy, report.settled), (0, 1));
    assert_eq!(world.legacy.applies(), 0);
    assert!(world.in_modern().await.is_tombstone(), "legacy never had it");
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_joined_again_and_what_goes_on_failing_is_counted() {
    let world = World::new(Phase::Cutover);
    for key in 0..5 {
        world.legacy.inner().plant((key, "old"));
    }
    world.modern.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    world.modern.push_apply(Fault::FailAfter);
    let ticket = world.ticket();
    let report = world.sweep().run(ticket, std::future::pending()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(world.modern.inner().records().len(), 5);

    world.legacy.inner().plant((9, "late"));
    world.modern.always_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    let config = SweepConfig::default().with_failures_kept(0);
    for sweep in [world.sweep(), world.sweep().with_config(config)] {
        let report = sweep.run(ticket, std::future::pending()).await.unwrap();
        assert_eq!(report.failed, 1, "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_scan_is_tried_again_and_its_failure_names_the_side() {
    let world = World::new(Phase::Cutover);
    world.legacy.inner().plant((1, "old"));
    let ticket = world.ticket();
    for _ in 0..3 {
        world.modern.push_scan(Fault::Refuse(StoreErrorKind::Unavailable));
    }
    let report = world.sweep().run(ticket, std::future::pending()).await.unwrap();
    assert_eq!(report.to_modern, 1);

    world.modern.always_scan(Fault::Refuse(StoreErrorKind::Unavailable));
    let failed = world.sweep().run(ticket, std::future::pending()).await.unwrap_err();
    assert!(
        matches!(failed, SweepError::Scan(ScanError::Failed { side: Side::Modern, .. })),
        "{failed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_clean_sweep_clears_what_was_noted_before_it_and_nothing_else() {
    let world = World::new(Phase::Cutover);
    world.modern.push_apply(Fault::Refuse(StoreErrorKind::Unknown));
    assert!(world.rows.save((1, "row")).await.is_err());
    let ticket = world.ticket();
    let report = world.sweep().run(ticket, std::future::pending()).await.unwrap();
    assert!(report.is_clean() && world.rows.sink().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_sweep_stops_when_told() {
    let world = World::new(Phase::Cutover);
    world.legacy.always_scan(Fault::Hang);
    let ticket = world.ticket();
    let second = tokio::time::sleep(Duration::from_secs(1));
    let stopped = world.sweep().run(ticket, second).await;
    assert!(matches!(stopped, Err(SweepError::Stopped)));
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_hangs_does_not_hold_up_a_stop() {
    let world = World::new(Phase::Cutover);
    world.legacy.inner().plant((1, "old"));
    world.modern.push_scan(None);
    world.modern.always_scan(Fault::Hang);
    let (ticket, control) = (world.ticket(), WorkerControl::new());
    let sweep = world.sweep().with_control(control.clone());
    let operator = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        control.stop();
    };
    let swept = async { tokio::join!(sweep.run(ticket, std::future::pending()), operator).0 };
    let swept = tokio::time::timeout(Duration::from_secs(9), swept).await.unwrap();
    assert!(matches!(swept, Err(SweepError::Stopped)));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_batch_is_a_failure_of_the_keys_it_cannot_take() {
    let world = World::new(Phase::Cutover);
    (0..5).for_each(|key| world.legacy.inner().plant((key, "old")));
    let ticket = world.ticket();
    world.modern.push_apply(Fault::Panic);
    let report = world.sweep().run(ticket, std::future::pending()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(world.modern.inner().records().len(), 5);

    world.legacy.inner().plant((9, "late"));
    world.modern.always_apply(Fault::Panic);
    let report = world.sweep().run(ticket, std::future::pending()).await.unwrap();
    assert_eq!(report.failed, 1, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_window_read_before_a_move_is_not_joined() {
    let (name, node) = ("rows".parse::<MigrationName>().unwrap(), "node-1".parse().unwrap());
    let service = Arc::new(InMemoryStateService::default());
    service.create(&MigrationState::new(name.clone())).await.unwrap();
    let config = TrackerConfig::default();
    let tracker = PhaseTracker::start(service.clone(), name.clone(), node, config).await.unwrap();
    let world = World::new(Phase::LegacyOnly);
    let (left, right) = (world.legacy.clone(), world.modern.clone());
    let rows = MigrationRepository::new(left, right, tracker.clone()).unwrap();
    world.legacy.inner().plant((1, "old"));
    let [last_key, page] = [(); 2].map(|()| world.legacy.pause_next_scan(Pause::AfterEffect));
    let ticket = tracker.state().begin_sweep(&Fleet::default());
    let sweep = Sweep::new(&rows);
    let move_on = async {
        last_key.open();
        page.reached().await;
        take_step(&*service, &name, &Move::to(Phase::DualWrite), None).await.unwrap();
        tracker.poll().await.unwrap();
        page.open();
    };
    let (swept, ()) = tokio::join!(sweep.run(ticket, std::future::pending()), move_on);
    assert!(matches!(swept, Err(SweepError::Interrupted { .. })));
    assert!(world.modern.inner().records().is_empty());
}

/// A store whose scan is wrong in a way of the test's choosing.
#[derive(Clone)]
struct Wrong {
    store: Store,
    scan: fn(&Store, Option<&u32>) -> Page<u32, Row>,
}

#[async_trait]
impl StampedRepository for Wrong {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn read(&self, key: &u32) -> Result<Record<Row>, StoreError> {
        self.store.read(key).await
    }

    async fn apply(&self, key: &u32, record: &Record<Row>) -> Result<Applied, StoreError> {
        self.store.apply(key, record).await
    }
}

#[async_trait]
impl ScanRepository for Wrong {
    async fn scan(
        &self,
        after: Option<&u32>,
        _: NonZeroUsize,
    ) -> Result<Page<u32, Row>, StoreError> {
        Ok((self.scan)(&self.store, after))
    }

    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        self.store.last_key().await
    }
}

async fn swept(scan: fn(&Store, Option<&u32>) -> Page<u32, Row>) -> SweepError {
    let store = Store::new(|row| row.0);
    for key in 0..4 {
        store.plant((key, "row"));
    }
    let tracker = PhaseTracker::detached(MigrationState::new("rows".parse().unwrap()));
    let wrong = Wrong { store: store.clone(), scan };
    let rows = MigrationRepository::new(wrong, store, tracker.clone()).unwrap();
    let ticket = tracker.state().begin_sweep(&Fleet::default());
    Sweep::new(&rows).run(ticket, std::future::pending()).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_scan_out_of_order_is_an_error() {
    let error = swept(|store, _| Page::new(store.records().into_iter().rev().collect(), true));
    assert!(matches!(error.await, SweepError::Scan(ScanError::OutOfOrder { side: Side::Legacy })));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_repeats_is_an_error() {
    let error = swept(|store, _| Page::new(store.records()[..2].to_vec(), false));
    assert!(matches!(error.await, SweepError::Scan(ScanError::OutOfOrder { side: Side::Legacy })));
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_never_ends_is_an_error() {
    let error = swept(|_, _| Page::new(Vec::new(), false));
    assert!(matches!(error.await, SweepError::Scan(ScanError::StandsStill { side: Side::Legacy })));
}

#[tokio::test(start_paused = true)]
async fn a_clean_sweep_opens_the_crossing_and_one_that_is_not_does_not() {
    let name: MigrationName = "rows".parse().unwrap();
    let service = Arc::new(InMemoryStateService::default());
    service.create(&MigrationState::new(name.clone())).await.unwrap();
    let node = "node-1".parse().unwrap();
    let config = TrackerConfig::default();
    let tracker = PhaseTracker::start(service.clone(), name.clone(), node, config).await.unwrap();
    let world = World::new(Phase::LegacyOnly);
    let (left, right) = (world.legacy.clone(), world.modern.clone());
    let rows = MigrationRepository::new(left, right, tracker.clone()).unwrap();
    world.legacy.inner().plant((1, "old"));
    let sweep = Sweep::new(&rows).with_config(small_pages());
    let establish = || sweep.establish(&*service, std::future::pending());
    assert!(establish().await.is_err(), "not in `LegacyOnly`");

    let cutover = Move::to(Phase::Cutover);
    take_step(&*service, &name, &cutover, None).await.unwrap();
    let unsettled = establish().await.unwrap_err();
    assert!(unsettled.is_retryable(), "not before the node has settled: {unsettled:?}");

    tracker.poll().await.unwrap();
    world.modern.always_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    assert!(establish().await.is_err(), "not with a failure");
    assert!(take_step(&*service, &name, &Move::to(Phase::Live), None).await.is_err());

    world.modern.heal();
    assert_eq!(establish().await.unwrap().to_modern, 1);
    tracker.poll().await.unwrap();
    let live = take_step(&*service, &name, &Move::to(Phase::Live), None).await.unwrap();
    assert_eq!(live.base().phase, Phase::Live);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_ends_though_keys_are_added_behind_it() {
    let store = Store::new(|row| row.0);
    for key in 0..4 {
        store.plant((key, "row"));
    }
    let growing = Wrong {
        store: store.clone(),
        scan: |store, after| {
            let last = store.records().len();
            for key in last..last + 2 {
                store.plant((u32::try_from(key).unwrap(), "row"));
            }
            let from = after.map_or(0, |after| after + 1);
            let rest = store.records().into_iter().filter(|(key, _)| *key >= from);
            Page::new(rest.take(1).collect(), false)
        },
    };
    let tracker = PhaseTracker::detached(MigrationState::new("rows".parse().unwrap()));
    let modern = Store::new(|row| row.0);
    let rows = MigrationRepository::new(growing, modern.clone(), tracker.clone()).unwrap();
    let ticket = tracker.state().begin_sweep(&Fleet::default());
    let sweep = Sweep::new(&rows).with_config(small_pages());
    let report = sweep.run(ticket, std::future::pending()).await.unwrap();
    assert!(report.is_clean());
    assert_eq!((report.keys, modern.records().len()), (4, 4), "those there when it began");
    assert!(store.records().len() > 8, "it grew faster than it was read");
}
