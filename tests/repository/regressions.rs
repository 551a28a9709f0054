//! Holes that a review found in repairs, strict writes and bounds: closed, and
//! kept closed.

use std::time::Duration;

use futures::FutureExt;
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::phase::{self, Bucket, Move, Phase, Share};
use strangler_fig::repository::{
    Applied, Joined, MigrationConfig, MigrationError, MigrationRepository, StampedRepository,
};
use strangler_fig::stamp::Record;
use strangler_fig::testkit::faults::{Fault, Gate, Pause};

use crate::support::{AHEAD, KEY, NEW, OLD, OTHER, Row, Store, World, kind, stamp};

const STRICT: [Phase; 2] = [Phase::Cutover, Phase::Live];

#[tokio::test(start_paused = true)]
async fn a_deletion_behind_the_crate_wins_for_keys_that_a_growing_cutover_has_not_reached() {
    let world = World::new(Phase::DualWrite);
    let [tenth, fifth] = [10, 20].map(Share::percent);
    world.take(Move::StartCohort { share: tenth });
    world.take(Move::cohort_to(Phase::Cutover));
    world.take(Move::GrowCohort { share: fifth });
    let salt = world.tracker.state().salt();
    let key = (0..100).find(|key: &u32| !fifth.holds(Bucket::of(key, salt))).unwrap();
    world.rows.save((key, "deleted")).await.unwrap();
    world.legacy.inner().uproot(&key);
    let ticket = world.ticket();
    world.sweep().run(ticket, std::future::pending()).await.unwrap();
    assert_eq!(world.rows.find(&key).await.unwrap(), None);
    assert!(world.modern.inner().read(&key).await.unwrap().is_tombstone());
}

#[tokio::test(start_paused = true)]
async fn of_two_repairs_at_once_neither_is_done_before_modern_holds_what_legacy_shows() {
    let world = World::new(Phase::DualWrite);
    world.reverse().await;
    let first = world.modern.pause_next_apply(Pause::BeforeEffect);
    let early = world.joining();
    first.reached().await;

    world.rows.save(NEW).await.unwrap();
    let noted = world.rows.sink().take(1).pop().unwrap();
    assert!(noted.hold.is_some(), "modern is ahead of it");
    let second = world.modern.pause_next_apply(Pause::BeforeEffect);
    let late = world.joining();
    second.reached().await;
    first.open();
    early.await.unwrap().unwrap();
    second.open();
    assert_eq!(late.await.unwrap().unwrap(), Joined::Settled);
    drop(noted);
    assert_eq!(world.values().await, (Some(NEW), Some(NEW)));
    world.go(Phase::Cutover);
    assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_is_clean_only_if_both_sides_took_what_it_settled() {
    let world = World::on_the_way_back();
    world.put(&world.legacy, AHEAD, Some(OLD)).await;
    world.put(&world.modern, AHEAD, Some(NEW)).await;
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let (sweep, ticket) = (world.sweep(), world.ticket());
    let swept = tokio::spawn(async move { sweep.run(ticket, std::future::pending()).await });
    gate.reached().await;
    // A node that settles it the other way round was quicker.
    world.put(&world.modern, AHEAD.successor().unwrap(), Some(OLD)).await;
    gate.open();
    let report = swept.await.unwrap().unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(world.in_legacy().await, world.in_modern().await);
}

/// The row had the stamp of a clock that was ahead; its deletion left none. The
/// sweep buries it in modern above that stamp, and so above the next save.
#[tokio::test(start_paused = true)]
async fn a_save_after_a_deletion_behind_the_back_of_the_crate_outlives_the_crossing() {
    for fault in [None, Some(Fault::Refuse(StoreErrorKind::Unavailable))] {
        let world = World::new(Phase::DualWrite);
        for side in [&world.legacy, &world.modern] {
            world.put(side, AHEAD, Some(OLD)).await;
        }
        world.legacy.inner().uproot(&KEY);
        let swept = world.sweep().run(world.ticket(), std::future::pending()).await.unwrap();
        assert!(swept.is_clean() && world.in_modern().await.stamp > AHEAD, "{swept}");

        world.modern.push_apply(fault);
        world.rows.save(NEW).await.unwrap();
        world.go(Phase::Cutover);
        assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW), "{fault:?}");
        assert_eq!(world.values().await, (Some(NEW), Some(NEW)), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_leaves_the_legacy_family_and_was_overtaken_is_in_doubt() {
    for last in [Phase::Cutover, Phase::Live, Phase::RampDown, Phase::ModernOnly] {
        let world = World::new(Phase::DualWrite);
        world.put(&world.modern, AHEAD, None).await;
        let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
        let saved = world.saving(NEW);
        gate.reached().await;
        for to in [Phase::Cutover, Phase::Live, Phase::RampDown, Phase::ModernOnly] {
            world.go(to);
            if to == last {
                break;
            }
        }
        gate.open();
        let saved = saved.await.unwrap();
        let found = world.rows.find(&KEY).await.unwrap();
        assert!(saved.is_err() || found == Some(NEW), "{last}: {saved:?} {found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_modern_in_a_strict_write_is_a_failure_of_modern() {
    for phase in STRICT {
        let world = World::new(phase);
        world.modern.push_apply(Fault::Panic);
        let error = world.rows.save(NEW).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unknown, "{phase}");
        let panicked = MigrationError::Panicked { side: phase::Side::Modern };
        assert_eq!(error.downcast_ref(), Some(&panicked), "{phase}");
        assert_eq!(world.noted(), ["write_unknown"], "{phase}");

        let world = World::new(phase);
        world.modern.push_read(Fault::Panic);
        assert_eq!(kind(world.rows.save(NEW).await), StoreErrorKind::Unavailable, "{phase}");
        assert!(world.noted().is_empty(), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_of_legacy_only_that_meets_a_lasting_halt_is_noted() {
    let world = World::new(Phase::LegacyOnly);
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let saved = world.saving(NEW);
    gate.reached().await;
    for phase in [Phase::Cutover, Phase::Live, Phase::Halted] {
        world.go(phase);
    }
    gate.open();
    assert_eq!(kind(saved.await.unwrap()), StoreErrorKind::Unknown);
    assert_eq!(world.noted(), ["write_unknown"], "legacy holds what modern does not");
}

#[tokio::test(start_paused = true)]
async fn a_halt_may_be_waited_out_without_any_bound() {
    let config = MigrationConfig::default().with_halted_wait(Duration::MAX);
    let world = World::with(Phase::Halted, config);
    assert!(world.rows.find(&KEY).now_or_never().is_none());
    let rows = world.rows.clone();
    let found = tokio::spawn(async move { rows.find(&KEY).await });
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    world.go(Phase::LegacyOnly);
    assert_eq!(found.await.unwrap().unwrap(), None);
}

/// A side whose driver repeats every call that stored something.
#[derive(Debug)]
struct Repeating(Store);

#[async_trait]
impl StampedRepository for Repeating {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn read(&self, key: &u32) -> Result<Record<Row>, StoreError> {
        self.0.read(key).await
    }

    async fn apply(&self, key: &u32, record: &Record<Row>) -> Result<Applied, StoreError> {
        self.0.apply(key, record).await?;
        self.0.apply(key, record).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_answers_with_a_write_s_own_stamp_has_taken_it() {
    for phase in [Phase::LegacyOnly, Phase::DualWrite, Phase::Cutover, Phase::Live] {
        let tracker = World::new(phase).tracker;
        let sides = [(); 2].map(|()| Store::new(|row| row.0));
        let [legacy, modern] = sides.clone().map(Repeating);
        let rows = MigrationRepository::new(legacy, modern, tracker).unwrap();
        let before = rows.stamps().now();
        rows.save(NEW).await.unwrap();
        let written = sides[0].read(&KEY).await.unwrap();
        assert_eq!(written.value, Some(NEW), "{phase}");
        assert!(written.stamp > before && written.stamp < rows.stamps().now(), "{phase}");
        if phase != Phase::LegacyOnly {
            assert_eq!(sides[1].read(&KEY).await.unwrap(), written, "{phase}");
        }
        assert!(rows.sink().is_empty() && rows.tracker().holds() == 0, "{phase}");
    }
}

/// The calls of a strict write, in their order.
#[derive(Debug, Clone, Copy)]
enum Call {
    ReadModern,
    ApplyLegacy,
    ApplyModern,
}

impl Call {
    const ALL: [Self; 3] = [Self::ReadModern, Self::ApplyLegacy, Self::ApplyModern];

    fn pause(self, world: &World, pause: Pause) -> Gate {
        match self {
            Self::ReadModern => world.modern.pause_next_read(pause),
            Self::ApplyLegacy => world.legacy.pause_next_apply(pause),
            Self::ApplyModern => world.modern.pause_next_apply(pause),
        }
    }

    fn fail(self, world: &World, fault: Fault) {
        match self {
            Self::ReadModern => world.modern.push_read(fault),
            Self::ApplyLegacy => world.legacy.push_apply(fault),
            Self::ApplyModern => world.modern.push_apply(fault),
        }
    }
}

/// What the way back without a sweep stands on.
async fn legacy_holds_what_modern_shows(world: &World, case: &str) {
    let (legacy, modern) = (world.in_legacy().await, world.in_modern().await);
    assert!(legacy.stamp >= modern.stamp, "{case}: {legacy:?} {modern:?}");
}

#[tokio::test(start_paused = true)]
async fn legacy_holds_whatever_modern_shows_at_every_await_of_a_strict_write() {
    for phase in STRICT {
        for call in Call::ALL {
            for pause in [Pause::BeforeEffect, Pause::AfterEffect] {
                let (case, world) = (format!("{phase} {call:?} {pause:?}"), World::new(phase));
                world.rows.save(OLD).await.unwrap();
                let gate = call.pause(&world, pause);
                let dropped = world.saving(NEW);
                gate.reached().await;
                legacy_holds_what_modern_shows(&world, &case).await;
                dropped.abort();
                assert!(dropped.await.unwrap_err().is_cancelled());
                legacy_holds_what_modern_shows(&world, &case).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn legacy_holds_whatever_modern_shows_however_a_strict_write_fails() {
    use StoreErrorKind::{Conflict, Rejected, Unavailable, Unknown};
    let refusals = [Conflict, Rejected, Unavailable, Unknown].map(Fault::Refuse);
    let late = Fault::LandLater(Duration::from_secs(60));
    for phase in STRICT {
        for call in Call::ALL {
            for fault in refusals.into_iter().chain([Fault::FailAfter, Fault::Panic, late]) {
                let (case, world) = (format!("{phase} {call:?} {fault:?}"), World::new(phase));
                world.rows.save(OLD).await.unwrap();
                call.fail(&world, fault);
                let saved = world.saving(NEW).await;
                assert!(saved.is_err() || saved.is_ok_and(|saved| saved.is_err()), "{case}");
                legacy_holds_what_modern_shows(&world, &case).await;
                world.legacy.settled().await;
                world.modern.settled().await;
                legacy_holds_what_modern_shows(&world, &case).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn legacy_holds_whatever_modern_shows_at_every_await_of_a_settlement() {
    for at_legacy in [true, false] {
        for pause in [Pause::BeforeEffect, Pause::AfterEffect] {
            let (case, world) = (format!("{at_legacy} {pause:?}"), World::new(Phase::Live));
            world.put(&world.legacy, stamp(5), Some(OLD)).await;
            world.put(&world.modern, stamp(5), Some(OTHER)).await;
            let side = if at_legacy { &world.legacy } else { &world.modern };
            let gate = side.pause_next_apply(pause);
            let dropped = world.joining();
            gate.reached().await;
            legacy_holds_what_modern_shows(&world, &case).await;
            dropped.abort();
            assert!(dropped.await.unwrap_err().is_cancelled());
            legacy_holds_what_modern_shows(&world, &case).await;
        }
    }
}
