//! Sides whose stamps are forgotten with the process: they answer and are
//! joined by what they hold, not by what they remember.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::{InMemoryPlainRepository, in_memory_tables};
use strangler_fig::phase::{MigrationState, Phase, PhaseTracker, Scopes, Side, TrackerConfig};
use strangler_fig::repository::{
    Applied, Joined, MigrationConfig, MigrationRepository, Repository, StampedRepository, Unstamped,
};
use strangler_fig::stamp::{Record, StampClock, StampScope};
use strangler_fig::testkit::faults::{Fault, FaultyRepository, Pause};

use crate::policies_unstamped::{Lossy, REFUSED};
use crate::support::{KEY, NEW, OLD, Row, Store, kind, moved};

type Forgetful = FaultyRepository<Unstamped<InMemoryPlainRepository<u32, Row>>>;
type Stamped = FaultyRepository<Store>;

const MODERN_FORGETS: Scopes = Scopes { legacy: StampScope::Store, modern: StampScope::Process };
const LEGACY_FORGETS: Scopes = Scopes { legacy: StampScope::Process, modern: StampScope::Store };

/// A tracker that has come through these phases, and a clock.
fn node(phases: &[Phase], scopes: Scopes) -> (Arc<PhaseTracker>, Arc<StampClock>) {
    let state = MigrationState::new("rows".parse().unwrap());
    let state = phases.iter().fold(state, |state, to| moved(&state, *to));
    let config = TrackerConfig::default().with_scopes(scopes);
    (PhaseTracker::detached_with(state, config), Arc::new(StampClock::new().unwrap()))
}

fn stamped() -> Stamped {
    Stamped::new(Store::new(|row| row.0))
}

/// A plain side that remembers so many stamps.
fn forgetful(
    side: Side,
    tracker: &Arc<PhaseTracker>,
    stamps: &StampClock,
    capacity: usize,
) -> Forgetful {
    let (rows, _) = in_memory_tables(|row: &Row| row.0);
    let side = Unstamped::new(rows, side, tracker.clone(), stamps);
    Forgetful::new(side.with_capacity(NonZeroUsize::new(capacity).unwrap()))
}

#[tokio::test(start_paused = true)]
async fn a_join_does_not_overtake_a_strict_write_that_has_reached_legacy_alone() {
    let phases = [Phase::Cutover, Phase::Live, Phase::Cutover];
    let (tracker, stamps) = node(&phases, MODERN_FORGETS);
    let (legacy, modern) = (stamped(), forgetful(Side::Modern, &tracker, &stamps, 100));
    let config = MigrationConfig::default();
    let rows =
        MigrationRepository::with_parts(legacy, modern, tracker.clone(), stamps, config).unwrap();
    let (legacy, modern) = (rows.legacy().clone(), rows.modern().clone());
    rows.save(OLD).await.unwrap();
    let gate = modern.pause_next_apply(Pause::BeforeEffect);
    let writer = rows.clone();
    let saved = tokio::spawn(async move { writer.save(NEW).await });
    gate.reached().await;
    assert_eq!(rows.join(&KEY).await.unwrap(), Joined::Stuck);
    gate.open();
    saved.await.unwrap().unwrap();
    assert_eq!(legacy.inner().read(&KEY).await.unwrap().value, Some(NEW));
    assert!(tracker.adopt(moved(&tracker.state(), Phase::DualWrite)), "back at once");
    assert_eq!(rows.find(&KEY).await.unwrap(), Some(NEW));
}

#[tokio::test(start_paused = true)]
async fn nor_one_that_was_planned_where_legacy_came_first_and_is_still_on_its_way() {
    let (tracker, stamps) = node(&[Phase::Cutover, Phase::Live], MODERN_FORGETS);
    let (legacy, modern) = (stamped(), forgetful(Side::Modern, &tracker, &stamps, 100));
    let config = MigrationConfig::default();
    let rows =
        MigrationRepository::with_parts(legacy, modern, tracker.clone(), stamps, config).unwrap();
    rows.save(OLD).await.unwrap();
    let gate = rows.modern().pause_next_apply(Pause::BeforeEffect);
    let writer = rows.clone();
    let saved = tokio::spawn(async move { writer.save(NEW).await });
    gate.reached().await;
    assert!(tracker.adopt(moved(&tracker.state(), Phase::RampDown)));
    assert_eq!(rows.join(&KEY).await.unwrap(), Joined::Stuck);
    gate.open();
    saved.await.unwrap().unwrap();
    assert_eq!(rows.legacy().inner().read(&KEY).await.unwrap().value, Some(NEW));
}

#[tokio::test(start_paused = true)]
async fn a_read_in_cutover_brings_modern_up_to_a_legacy_row_whose_stamp_is_forgotten() {
    let (tracker, stamps) = node(&[Phase::Cutover], LEGACY_FORGETS);
    let (legacy, modern) = (forgetful(Side::Legacy, &tracker, &stamps, 1), stamped());
    let config = MigrationConfig::default();
    let rows =
        MigrationRepository::with_parts(legacy, modern, tracker.clone(), stamps, config).unwrap();
    let (legacy, modern) = (rows.legacy().clone(), rows.modern().clone());
    rows.save(OLD).await.unwrap();
    modern.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    assert_eq!(kind(rows.save(NEW).await), StoreErrorKind::Unknown);
    rows.save((2, "the only one remembered")).await.unwrap();

    assert_eq!(rows.find(&KEY).await.unwrap(), Some(NEW));
    assert_eq!(modern.inner().read(&KEY).await.unwrap().value, Some(NEW));
    assert_eq!(legacy.inner().inner().find(&KEY).await.unwrap(), Some(NEW));
    assert!(tracker.adopt(moved(&tracker.state(), Phase::Live)));
    assert_eq!(rows.find(&KEY).await.unwrap(), Some(NEW), "what was answered stays");
}

#[tokio::test(start_paused = true)]
async fn an_older_write_is_not_stored_over_one_that_is_in_doubt() {
    let (tracker, stamps) = node(&[Phase::DualWrite], LEGACY_FORGETS);
    let lossy = Lossy::new();
    let legacy = Unstamped::new(lossy.clone(), Side::Legacy, tracker, &stamps);
    lossy.losses.store(1, Ordering::SeqCst);
    let (older, later) = (Record::live(stamps.now(), OLD), Record::live(stamps.now(), NEW));
    assert_eq!(kind(legacy.apply(&KEY, &later).await), StoreErrorKind::Unknown);
    assert_eq!(legacy.read(&KEY).await.unwrap().value, Some(NEW), "it is read");
    assert_eq!(kind(legacy.apply(&KEY, &older).await), StoreErrorKind::Unavailable);
    assert_eq!(legacy.read(&KEY).await.unwrap().value, Some(NEW));

    assert_eq!(legacy.apply(&KEY, &later).await.unwrap(), Applied::Stored, "it itself again");
    let gone = Record::tombstone(stamps.now());
    assert_eq!(legacy.apply(&KEY, &gone).await.unwrap(), Applied::Stored);
    assert_eq!(legacy.apply(&KEY, &older).await.unwrap(), Applied::Stale(gone.stamp));
}

#[tokio::test(start_paused = true)]
async fn what_was_surely_refused_stands_in_nobodys_way() {
    let (tracker, stamps) = node(&[Phase::DualWrite], LEGACY_FORGETS);
    let lossy = Lossy::new();
    let legacy = Unstamped::new(lossy.clone(), Side::Legacy, tracker, &stamps);
    let [first, second, third, fourth] = std::array::from_fn(|_| stamps.now());
    let refused = |stamp| Record::live(stamp, REFUSED);
    assert_eq!(kind(legacy.apply(&KEY, &refused(second)).await), StoreErrorKind::Rejected);
    lossy.losses.store(1, Ordering::SeqCst);
    let doubtful = Record::live(first, OLD);
    assert_eq!(kind(legacy.apply(&KEY, &doubtful).await), StoreErrorKind::Unknown, "in doubt");

    assert_eq!(kind(legacy.apply(&KEY, &refused(fourth)).await), StoreErrorKind::Rejected);
    let next = Record::live(third, NEW);
    assert_eq!(legacy.apply(&KEY, &next).await.unwrap(), Applied::Stored);
    assert_eq!(legacy.read(&KEY).await.unwrap(), next);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_does_not_end_an_older_doubt() {
    let (tracker, stamps) = node(&[Phase::DualWrite], LEGACY_FORGETS);
    let lossy = Lossy::new();
    let legacy = Unstamped::new(lossy.clone(), Side::Legacy, tracker, &stamps);
    let [first, second, third] = std::array::from_fn(|_| stamps.now());
    lossy.losses.store(1, Ordering::SeqCst);
    assert_eq!(kind(legacy.apply(&KEY, &Record::live(second, OLD)).await), StoreErrorKind::Unknown);
    let refused = Record::live(third, REFUSED);
    assert_eq!(kind(legacy.apply(&KEY, &refused).await), StoreErrorKind::Rejected);
    let older = Record::live(first, NEW);
    assert_eq!(kind(legacy.apply(&KEY, &older).await), StoreErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn the_later_of_two_doubts_counts() {
    let (tracker, stamps) = node(&[Phase::DualWrite], LEGACY_FORGETS);
    let lossy = Lossy::new();
    let legacy = Unstamped::new(lossy.clone(), Side::Legacy, tracker, &stamps);
    let [first, second, third] = std::array::from_fn(|_| stamps.now());
    lossy.losses.store(2, Ordering::SeqCst);
    for stamp in [first, third] {
        let doubtful = legacy.apply(&KEY, &Record::live(stamp, OLD)).await;
        assert_eq!(kind(doubtful), StoreErrorKind::Unknown);
    }
    let between = Record::live(second, NEW);
    assert_eq!(kind(legacy.apply(&KEY, &between).await), StoreErrorKind::Unavailable);
}
