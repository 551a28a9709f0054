//! R5 and R7: what a write does, and what it says when it fails.

use std::num::NonZeroU32;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::phase::{MigrationState, Phase, PhaseTracker};
use strangler_fig::repository::{
    Applied, MigrationConfig, MigrationError, MigrationRepository, StampedRepository,
};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::faults::{Fault, Pause};

use crate::support::{KEY, NEW, OLD, OTHER, Row, World, kind, stamp, timed};

const SERVED: [Phase; 7] = [
    Phase::LegacyOnly,
    Phase::DualWrite,
    Phase::Shadow,
    Phase::Cutover,
    Phase::Live,
    Phase::RampDown,
    Phase::ModernOnly,
];
const DUAL: [Phase; 5] =
    [Phase::DualWrite, Phase::Shadow, Phase::Cutover, Phase::Live, Phase::RampDown];
const STRICT: [Phase; 2] = [Phase::Cutover, Phase::Live];

#[tokio::test(start_paused = true)]
async fn each_phase_writes_where_its_table_says() {
    for phase in SERVED {
        let world = World::new(phase);
        world.rows.save(NEW).await.unwrap();
        let (legacy, modern) = world.values().await;
        assert_eq!(legacy.is_some(), phase != Phase::ModernOnly, "{phase}");
        assert_eq!(modern.is_some(), phase != Phase::LegacyOnly, "{phase}");
        assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_phase_deletes_with_a_tombstone_and_lets_a_key_return() {
    for phase in SERVED {
        let world = World::new(phase);
        world.rows.save(OLD).await.unwrap();
        world.rows.delete(&KEY).await.unwrap();
        assert_eq!(world.rows.find(&KEY).await.unwrap(), None, "{phase}");
        let answer = world.rows.read(&KEY).await.unwrap();
        assert!(answer.record.is_tombstone(), "{phase}");
        world.rows.save(NEW).await.unwrap();
        assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn both_stores_get_one_record_computed_once() {
    for phase in DUAL {
        let world = World::new(phase);
        world.rows.save(NEW).await.unwrap();
        assert_eq!(world.in_legacy().await, world.in_modern().await, "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_store_s_definite_no_is_the_answer_and_nothing_else_is_touched() {
    use StoreErrorKind::{Conflict, Rejected, Unavailable};
    for phase in DUAL {
        for refusal in [Rejected, Conflict, Unavailable] {
            let world = World::new(phase);
            let (first, second) = match phase {
                Phase::RampDown => (&world.modern, &world.legacy),
                _ => (&world.legacy, &world.modern),
            };
            first.push_apply(Fault::Refuse(refusal));
            assert_eq!(kind(world.rows.save(NEW).await), refusal, "{phase}");
            assert_eq!(second.applies(), 0, "{phase}");
            assert!(world.noted().is_empty(), "{phase}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_store_s_unknown_ends_the_write_in_doubt() {
    for phase in DUAL {
        let world = World::new(phase);
        let (first, second) = match phase {
            Phase::RampDown => (&world.modern, &world.legacy),
            _ => (&world.legacy, &world.modern),
        };
        first.push_apply(Fault::FailAfter);
        assert_eq!(kind(world.rows.save(NEW).await), StoreErrorKind::Unknown, "{phase}");
        assert_eq!(second.applies(), 0, "{phase}");
        assert_eq!(world.noted(), ["write_unknown"], "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_strict_write_that_modern_fails_is_in_doubt_and_noted() {
    use StoreErrorKind::{Conflict, Rejected, Unavailable, Unknown};
    for phase in STRICT {
        for failure in [Rejected, Conflict, Unavailable, Unknown] {
            let world = World::new(phase);
            world.modern.push_apply(Fault::Refuse(failure));
            assert_eq!(kind(world.rows.save(NEW).await), Unknown, "{phase}");
            assert_eq!(world.noted(), ["write_unknown"], "{phase}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_strict_write_that_cannot_read_modern_has_touched_nothing() {
    for phase in STRICT {
        let world = World::new(phase);
        world.modern.push_read(Fault::Refuse(StoreErrorKind::Unknown));
        assert_eq!(kind(world.rows.save(NEW).await), StoreErrorKind::Unavailable, "{phase}");
        assert_eq!(world.legacy.applies(), 0, "{phase}");
        assert!(world.noted().is_empty(), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_strict_write_stamps_itself_above_modern() {
    for phase in STRICT {
        let world = World::new(phase);
        let ahead = stamp(1_700_000_060_000);
        world.put(&world.modern, ahead, Some(OLD)).await;
        world.rows.save(NEW).await.unwrap();
        assert_eq!(world.values().await, (Some(NEW), Some(NEW)), "{phase}");
        assert!(world.in_modern().await.stamp > ahead, "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_untouched_write_takes_a_stamp_above_what_it_met() {
    for phase in SERVED {
        let world = World::new(phase);
        for side in [&world.legacy, &world.modern] {
            world.put(side, stamp(1_700_000_060_000), Some(OLD)).await;
        }
        world.rows.save(NEW).await.unwrap();
        assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stamp_from_the_far_future_is_beaten_for_its_key_alone() {
    let world = World::new(Phase::DualWrite);
    let far = stamp(1 << 46);
    world.put(&world.legacy, far, Some(OLD)).await;
    world.rows.save(NEW).await.unwrap();
    assert!(world.in_legacy().await.stamp > far);
    world.rows.save((2, "near")).await.unwrap();
    let near = world.legacy.inner().read(&2).await.unwrap().stamp;
    assert_eq!(near.unix_millis(), 1_700_000_000_000);
}

#[tokio::test(start_paused = true)]
async fn a_stamp_without_room_above_it_is_a_clear_no() {
    let world = World::new(Phase::DualWrite);
    world.put(&world.legacy, Stamp::MAX, Some(OLD)).await;
    let error = world.rows.save(NEW).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Rejected);
    assert!(matches!(error.downcast_ref(), Some(MigrationError::Exhausted(_))), "{error:?}");
    assert!(world.noted().is_empty());
}

/// A store in which somebody else is always ahead.
#[derive(Debug)]
struct Contended(InMemoryRepository<u32, Row>);

#[async_trait]
impl StampedRepository for Contended {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn read(&self, key: &u32) -> Result<Record<Row>, StoreError> {
        self.0.read(key).await
    }

    async fn apply(&self, _: &u32, record: &Record<Row>) -> Result<Applied, StoreError> {
        Ok(Applied::Stale(record.stamp.successor().unwrap()))
    }
}

#[tokio::test(start_paused = true)]
async fn giving_up_against_other_writers_is_a_definite_no() {
    let state = MigrationState::new("rows".parse().unwrap());
    let tracker = PhaseTracker::detached(state);
    let sides = [(); 2].map(|()| Contended(InMemoryRepository::new(|row: &Row| row.0)));
    let [legacy, modern] = sides;
    let rows = MigrationRepository::new(legacy, modern, tracker).unwrap();
    let error = rows.save(NEW).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(matches!(error.downcast_ref(), Some(MigrationError::Contended { attempts: 32 })));
}

#[tokio::test(start_paused = true)]
async fn the_lenient_side_s_failure_fails_nobody_and_is_noted() {
    for (fault, reason) in [
        (Fault::Refuse(StoreErrorKind::Unavailable), "lenient_failed"),
        (Fault::FailAfter, "lenient_failed"),
        (Fault::Refuse(StoreErrorKind::Rejected), "lenient_rejected"),
        (Fault::Panic, "lenient_panicked"),
    ] {
        let world = World::new(Phase::DualWrite);
        world.modern.push_apply(fault);
        world.rows.save(NEW).await.unwrap();
        assert_eq!(world.noted(), [reason]);

        let world = World::new(Phase::RampDown);
        world.legacy.push_apply(fault);
        world.rows.save(NEW).await.unwrap();
        assert_eq!(world.noted(), [reason]);
    }
}

#[tokio::test(start_paused = true)]
async fn dual_write_costs_the_caller_100_ms_at_most_and_the_write_finishes_aside() {
    let world = World::new(Phase::DualWrite);
    world.modern.push_apply(Fault::Delay(Duration::from_millis(800)));
    let (saved, took) = timed(world.rows.save(NEW)).await;
    saved.unwrap();
    assert_eq!(took, Duration::from_millis(100));
    assert_eq!(world.values().await, (Some(NEW), None));
    world.rows.drained().await;
    assert_eq!(world.values().await, (Some(NEW), Some(NEW)));
    assert!(world.noted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lenient_side_that_hangs_is_given_up_and_noted() {
    let world = World::new(Phase::DualWrite);
    world.modern.push_apply(Fault::Hang);
    let (_, took) = timed(world.rows.save(NEW)).await;
    assert_eq!(took, Duration::from_millis(100));
    let ((), took) = timed(world.rows.drained()).await;
    assert_eq!(took, Duration::from_secs(30));
    assert_eq!(world.noted(), ["lenient_unfinished"]);
}

#[tokio::test(start_paused = true)]
async fn a_lenient_side_that_panics_aside_is_caught_and_noted() {
    let world = World::new(Phase::DualWrite);
    let gate = world.modern.pause_next_apply(Pause::BeforeEffect);
    world.modern.push_apply(Fault::Panic);
    world.rows.save(NEW).await.unwrap();
    gate.open();
    world.rows.drained().await;
    assert_eq!(world.noted(), ["lenient_panicked"]);
}

#[tokio::test(start_paused = true)]
async fn more_unfinished_lenient_writes_than_allowed_are_given_up_and_noted() {
    let config = MigrationConfig::default().with_lenient_max(NonZeroU32::MIN);
    let world = World::with(Phase::DualWrite, config);
    world.modern.always_apply(Fault::Hang);
    world.rows.save((1, "first")).await.unwrap();
    world.rows.save((2, "second")).await.unwrap();
    assert_eq!(world.noted(), ["lenient_unfinished"]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_gone_between_two_writes_is_no_silent_divergence() {
    for phase in DUAL {
        for pause in [Pause::BeforeEffect, Pause::AfterEffect] {
            for at_first in [true, false] {
                let world = World::new(phase);
                let legacy_first = phase != Phase::RampDown;
                let side = if at_first == legacy_first { &world.legacy } else { &world.modern };
                let gate = side.pause_next_apply(pause);
                let rows = world.rows.clone();
                let caller = tokio::spawn(async move { rows.save(NEW).await });
                gate.reached().await;
                caller.abort();
                assert!(caller.await.unwrap_err().is_cancelled());
                let lenient = !at_first && !STRICT.contains(&phase);
                let reason = if lenient { "lenient_unfinished" } else { "write_dropped" };
                assert_eq!(world.noted(), [reason], "{phase} {pause:?} {at_first}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_gone_before_any_store_was_touched_leaves_nothing() {
    for phase in STRICT {
        let world = World::new(phase);
        let gate = world.modern.pause_next_read(Pause::BeforeEffect);
        let rows = world.rows.clone();
        let caller = tokio::spawn(async move { rows.save(NEW).await });
        gate.reached().await;
        caller.abort();
        assert!(caller.await.is_err());
        assert!(world.noted().is_empty(), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_first_store_is_the_caller_s_and_the_key_is_noted() {
    let world = World::new(Phase::DualWrite);
    world.legacy.push_apply(Fault::Panic);
    let rows = world.rows.clone();
    assert!(tokio::spawn(async move { rows.save(NEW).await }).await.unwrap_err().is_panic());
    assert_eq!(world.noted(), ["write_dropped"]);
}

#[tokio::test(start_paused = true)]
async fn two_writers_that_reach_the_stores_in_different_order_leave_them_equal() {
    for phase in DUAL {
        let world = World::new(phase);
        let (_, other) = world.other_node();
        let second = if phase == Phase::RampDown { &world.legacy } else { &world.modern };
        let gate = second.pause_next_apply(Pause::BeforeEffect);
        let rows = world.rows.clone();
        let slow = tokio::spawn(async move { rows.save(OLD).await });
        gate.reached().await;
        other.save(NEW).await.unwrap();
        gate.open();
        slow.await.unwrap().unwrap();
        assert_eq!(world.values().await, (Some(NEW), Some(NEW)), "{phase}");
        assert!(world.noted().is_empty(), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_modern_is_ahead_of_while_legacy_shows_it_holds_the_first_cutover() {
    let world = World::new(Phase::DualWrite);
    let ahead = stamp(1_700_000_060_000);
    world.put(&world.modern, ahead, Some(OTHER)).await;
    world.rows.save(NEW).await.unwrap();
    assert_eq!(world.tracker.holds(), 1);

    let found = world.rows.sink().take(1).pop().unwrap();
    assert_eq!(found.reason.name(), "reversed");
    world.rows.join(&KEY).await.unwrap();
    assert_eq!(world.values().await, (Some(NEW), Some(NEW)));
    drop(found);
    assert_eq!(world.tracker.holds(), 0);
}

#[tokio::test(start_paused = true)]
async fn batches_answer_once_for_each_in_their_order() {
    let world = World::new(Phase::Cutover);
    let saved = world.rows.save_many((0..40).map(|key| (key, "row")).collect()).await;
    assert!(saved.len() == 40 && saved.iter().all(Result::is_ok));
    let keys: Vec<u32> = (0..50).rev().collect();
    let found = world.rows.find_many(&keys).await;
    let found: Vec<_> = found.into_iter().map(|row| row.unwrap().map(|row| row.0)).collect();
    let expected: Vec<_> = keys.iter().map(|key| (*key < 40).then_some(*key)).collect();
    assert_eq!(found, expected);
}

#[tokio::test(start_paused = true)]
async fn live_writes_are_strict() {
    let world = World::new(Phase::Live);
    world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    assert_eq!(kind(world.rows.save(NEW).await), StoreErrorKind::Unavailable);
    assert_eq!(world.values().await, (None, None), "modern shows nothing that legacy lacks");
    world.modern.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    assert_eq!(kind(world.rows.save(NEW).await), StoreErrorKind::Unknown, "one store is too few");
}

#[tokio::test(start_paused = true)]
async fn strict_writes_reach_legacy_first() {
    for phase in STRICT {
        let world = World::new(phase);
        let gate = world.legacy.pause_next_apply(Pause::BeforeEffect);
        let saved = world.saving(NEW);
        gate.reached().await;
        assert_eq!(world.modern.applies(), 0, "{phase}");
        gate.open();
        saved.await.unwrap().unwrap();
        assert_eq!(world.modern.applies(), 1, "{phase}");
    }
}
