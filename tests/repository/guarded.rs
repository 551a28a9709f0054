//! Sides behind policies: bugs of ours, each found by a test that failed.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{InMemoryPlainRepository, InMemoryRepository, in_memory_tables};
use strangler_fig::phase::{
    MigrationState, Phase, PhaseTracker, Scopes, Share, Side, TrackerConfig,
};
use strangler_fig::repository::{MigrationConfig, MigrationRepository, Repository, Unstamped};
use strangler_fig::resilience::{
    BreakerConfig, BreakerState, Bulkhead, CircuitBreaker, Policy, Retry,
};
use strangler_fig::stamp::{StampClock, StampScope};
use strangler_fig::testkit::faults::Fault;
use tokio::time::{sleep, timeout};

use crate::support::{KEY, NEW, OLD, OTHER, Row, World, stamp};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
fn n(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}
fn config(sides: &[(Side, Policy)]) -> MigrationConfig {
    let config = MigrationConfig::default().with_shadow_share(Share::NONE);
    sides.iter().fold(config, |config, (side, policy)| config.with_policy(*side, policy.clone()))
}
fn stubborn(name: &'static str, pause: u64) -> Policy {
    Policy::new(name)
        .with_retry(Retry::new(move || std::iter::repeat_n(ms(pause), 2)))
        .with_try_deadline(ms(100))
}

/// A plain repository that does its work and loses so many answers; or hangs.
#[derive(Clone)]
struct Lossy {
    rows: InMemoryPlainRepository<u32, Row>,
    losses: Arc<AtomicU32>,
    hangs: Arc<AtomicBool>,
    under_way: Arc<AtomicUsize>,
}
struct Under(Arc<AtomicUsize>);
impl Drop for Under {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
impl Lossy {
    fn new() -> Self {
        Self {
            rows: in_memory_tables(|row: &Row| row.0).0,
            losses: Arc::default(),
            hangs: Arc::default(),
            under_way: Arc::default(),
        }
    }
    async fn fate(&self) -> Result<(), StoreError> {
        if self.hangs.load(Ordering::SeqCst) {
            self.under_way.fetch_add(1, Ordering::SeqCst);
            let _under = Under(self.under_way.clone());
            std::future::pending::<()>().await;
        }
        if self
            .losses
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |it| it.checked_sub(1))
            .is_ok()
        {
            return Err(StoreError::unknown("the answer was lost"));
        }
        Ok(())
    }
}
#[async_trait]
impl Repository for Lossy {
    type Key = u32;
    type Entity = Row;
    fn key(&self, row: &Row) -> u32 {
        row.0
    }
    async fn find(&self, key: &u32) -> Result<Option<Row>, StoreError> {
        self.rows.find(key).await
    }
    async fn save(&self, row: Row) -> Result<(), StoreError> {
        self.rows.save(row).await?;
        self.fate().await
    }
    async fn delete(&self, key: &u32) -> Result<(), StoreError> {
        self.rows.delete(key).await?;
        self.fate().await
    }
}

type Modern = InMemoryRepository<u32, Row>;

fn unstamped(
    lossy: &Lossy,
    capacity: usize,
    policy: Policy,
) -> MigrationRepository<Unstamped<Lossy>, Modern> {
    let scopes = Scopes { legacy: StampScope::Process, ..Scopes::default() };
    let state = MigrationState::new("rows".parse().unwrap());
    let tracker = PhaseTracker::detached_with(state, TrackerConfig::default().with_scopes(scopes));
    let stamps = Arc::new(StampClock::new().unwrap());
    let legacy = Unstamped::new(lossy.clone(), Side::Legacy, tracker.clone(), &stamps)
        .with_capacity(NonZeroUsize::new(capacity).unwrap());
    MigrationRepository::with(
        legacy,
        Modern::new(|row| row.0),
        tracker,
        stamps,
        config(&[(Side::Legacy, policy)]),
    )
    .unwrap()
}

/// W1 = "old" is in doubt and pauses; it is read; W2 = "new" is written; it is read; then W1
/// is made again. A register may not go old, new, old by one write of "old".
#[tokio::test(start_paused = true)]
async fn a_repeat_through_unstamped_does_not_bring_back_what_was_overwritten_in_doubt() {
    let lossy = Lossy::new();
    let rows = unstamped(&lossy, 100, stubborn("legacy", 1_000));
    lossy.losses.store(1, Ordering::SeqCst);
    let first = tokio::spawn({
        let rows = rows.clone();
        async move { rows.save(OLD).await }
    });
    sleep(ms(10)).await;
    assert_eq!(rows.find(&KEY).await.unwrap(), Some(OLD));
    // Another client, whose call is dropped after its effect or answers Unknown.
    lossy.losses.store(1, Ordering::SeqCst);
    let second = timeout(ms(10), rows.save(NEW)).await;
    assert!(second.is_err(), "given up by its caller between two tries: in doubt");
    assert_eq!(rows.find(&KEY).await.unwrap(), Some(NEW));
    let first = first.await.unwrap();
    let last = rows.find(&KEY).await.unwrap();
    assert!(!(first.is_ok() && last == Some(OLD)), "old, new, old: {first:?} {last:?}");
}

/// The same with an acknowledged W2, whose stamp was evicted meanwhile.
#[tokio::test(start_paused = true)]
async fn a_repeat_through_unstamped_does_not_overwrite_what_was_acknowledged_after_it_was_read() {
    let lossy = Lossy::new();
    let rows = unstamped(&lossy, 4, stubborn("legacy", 1_000));
    lossy.losses.store(1, Ordering::SeqCst);
    let first = tokio::spawn({
        let rows = rows.clone();
        async move { rows.save(OLD).await }
    });
    sleep(ms(10)).await;
    assert_eq!(rows.find(&KEY).await.unwrap(), Some(OLD));
    rows.save(NEW).await.unwrap();
    assert_eq!(rows.find(&KEY).await.unwrap(), Some(NEW));
    for key in 10..20 {
        rows.save((key, "x")).await.unwrap();
    }
    let first = first.await.unwrap();
    assert_eq!(
        rows.find(&KEY).await.unwrap(),
        Some(NEW),
        "an acknowledged write is gone: {first:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_a_hang_behind_unstamped_leaves_no_more_under_way_than_its_limit() {
    let lossy = Lossy::new();
    let rows = unstamped(&lossy, 100, Policy::standard("legacy"));
    lossy.hangs.store(true, Ordering::SeqCst);
    for key in 0..3_600 * 4 {
        let rows = rows.clone();
        tokio::spawn(async move { rows.save((key, "x")).await });
        sleep(ms(250)).await;
    }
    let under_way = lossy.under_way.load(Ordering::SeqCst);
    assert!(under_way <= 256, "{under_way} saves of the store are under way");
}

/// A side that recovers: strict writes are refused between their two writes, by probes of
/// their own reads.
#[tokio::test(start_paused = true)]
async fn strict_writes_are_not_left_in_doubt_by_a_side_that_is_well_again() {
    for probes in [3, 5] {
        let modern = Policy::new("modern")
            .with_breaker(CircuitBreaker::new(
                "modern",
                BreakerConfig::default().with_probes(n(probes)),
            ))
            .with_try_deadline(ms(1_000));
        let world = World::with(Phase::Live, config(&[(Side::Modern, modern.clone())]));
        world.modern.always(Fault::Refuse(StoreErrorKind::Unavailable));
        for _ in 0..20 {
            let _ = world.rows.find(&KEY).await;
        }
        world.modern.heal();
        sleep(ms(5_000)).await;
        world.modern.always(Fault::Delay(ms(5)));
        let saves = join_all(
            (0..8)
                .map(|key| async move {
                    sleep(ms(u64::from(key))).await;
                    key
                })
                .map(|key| {
                    let rows = world.rows.clone();
                    async move { rows.save((key.await, "x")).await }
                }),
        )
        .await;
        let unknown = saves
            .iter()
            .filter(|it| it.as_ref().is_err_and(|e| e.kind() == StoreErrorKind::Unknown))
            .count();
        let ok = saves.iter().filter(|it| it.is_ok()).count();
        assert_eq!(
            unknown,
            0,
            "probes {probes}: {ok} ok, {unknown} in doubt of 8; {:?}",
            world.noted()
        );
    }
}

/// A sweep that meets the breaker of an outage that is over.
#[tokio::test(start_paused = true)]
async fn a_sweep_of_sides_that_are_well_is_clean_though_a_breaker_is_still_open() {
    let modern = Policy::standard("modern");
    let world = World::with(Phase::Cutover, config(&[(Side::Modern, modern.clone())]));
    world.put(&world.legacy, stamp(2), Some(OLD)).await;
    world.put(&world.modern, stamp(2), Some(OTHER)).await;
    world.modern.always_read(Fault::Refuse(StoreErrorKind::Unavailable));
    while modern.breaker().unwrap().state() == BreakerState::Closed {
        let _ = world.rows.find(&9).await;
    }
    world.modern.heal();
    sleep(ms(100)).await;
    let report = world.sweep().run(world.ticket(), std::future::pending()).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

/// A read whose adapter answers `Unknown`: the fallback depends on there being a policy.
#[tokio::test(start_paused = true)]
async fn fallback_reads_do_not_depend_on_there_being_a_policy() {
    let mut answers = Vec::new();
    for sides in [vec![], vec![(Side::Legacy, Policy::new("legacy"))]] {
        let world = World::with(Phase::DualWrite, config(&sides).with_fallback_reads(true));
        world.rows.save(NEW).await.unwrap();
        world.legacy.always_read(Fault::Refuse(StoreErrorKind::Unknown));
        answers.push(world.rows.read(&KEY).await.is_ok());
    }
    assert_eq!(answers[0], answers[1]);
}

/// A node closed while its write queues makes the call all the same.
#[tokio::test(start_paused = true)]
async fn a_node_closed_while_its_call_queues_makes_none() {
    let bulkhead = Bulkhead::new("legacy", n(1)).with_queue(4, ms(60_000));
    let world = World::with(
        Phase::LegacyOnly,
        config(&[(Side::Legacy, Policy::new("legacy").with_bulkhead(bulkhead.clone()))]),
    );
    let place = bulkhead.acquire().await.unwrap();
    let saved = world.saving(NEW);
    sleep(ms(30_000)).await;
    world.tracker.release().await.unwrap();
    drop(place);
    let error = saved.await.unwrap().unwrap_err();
    assert_eq!(world.legacy.applies(), 0, "{error:?}");
}

/// Who leaves a queue has touched nothing.
#[tokio::test(start_paused = true)]
async fn a_write_dropped_in_the_queue_or_refused_is_not_noted() {
    let bulkhead = Bulkhead::new("legacy", n(1)).with_queue(400, ms(60_000));
    let world = World::with(
        Phase::DualWrite,
        config(&[(Side::Legacy, Policy::new("legacy").with_bulkhead(bulkhead.clone()))]),
    );
    let _place = bulkhead.acquire().await.unwrap();
    for key in 0..100 {
        let _ = timeout(ms(10), world.rows.save((key, "x"))).await;
    }
    assert_eq!(world.noted().len(), 0);
    assert_eq!(world.legacy.applies(), 0);
}

/// Comparisons beside the callers, "who wait for none of it", fill the primary's bulkhead.
#[tokio::test(start_paused = true)]
async fn comparisons_refuse_no_caller() {
    let mut refused = Vec::new();
    for phase in [Phase::DualWrite, Phase::Shadow] {
        let sides = [Side::Legacy, Side::Modern].map(|side| (side, Policy::standard(side.name())));
        let config = config(&sides).with_shadow_share(Share::WHOLE);
        let world = World::with(phase, config);
        world.put(&world.legacy, stamp(2), Some(OLD)).await;
        world.legacy.always_read(Fault::Delay(ms(200)));
        let callers = (0..60).map(|at| {
            let rows = world.rows.clone();
            tokio::spawn(async move {
                let mut failed = 0;
                sleep(ms(at * 7)).await;
                for _ in 0..100 {
                    failed += u32::from(rows.find(&KEY).await.is_err());
                    sleep(ms(10)).await;
                }
                failed
            })
        });
        let failed: u32 =
            join_all(callers.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).sum();
        refused.push(failed);
    }
    assert_eq!(refused, [0, 0], "of 5,000 reads each: without comparisons, with");
}

/// A burst of lenient writes beyond the bulkhead, each of which would have been done aside.
#[tokio::test(start_paused = true)]
async fn a_burst_of_lenient_writes_leaves_no_differences() {
    for sides in [vec![], vec![(Side::Modern, Policy::standard("modern"))]] {
        let world = World::with(Phase::DualWrite, config(&sides));
        world.modern.always_apply(Fault::Delay(ms(150)));
        join_all((0..500).map(|key| {
            let rows = world.rows.clone();
            async move { rows.save((key, "x")).await }
        }))
        .await;
        world.rows.drained().await;
        assert_eq!(world.noted().len(), 0, "policies: {}", sides.len());
    }
}
