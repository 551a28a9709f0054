//! Reads: where they answer from, and that comparing costs the caller nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::observe::{Comparison, Event, Observer};
use strangler_fig::phase::{Phase, Share, Side};
use strangler_fig::repository::MigrationConfig;
use strangler_fig::stamp::Stamp;
use strangler_fig::testkit::faults::{Fault, Pause};

use crate::support::{KEY, NEW, OLD, OTHER, World, kind, stamp, timed};

const COMPARING: [Phase; 2] = [Phase::Shadow, Phase::Live];

#[derive(Debug, Default)]
struct Heard(Mutex<Vec<Event>>);

impl Observer for Heard {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

impl Heard {
    fn comparisons(&self) -> Vec<Comparison> {
        let heard = self.0.lock().unwrap();
        let compared = |event: &Event| match event {
            Event::Compared { result, .. } => Some(*result),
            _ => None,
        };
        heard.iter().filter_map(compared).collect()
    }
}

fn comparing(phase: Phase) -> (World, Arc<Heard>) {
    let heard = Arc::new(Heard::default());
    let config = MigrationConfig::default()
        .with_shadow_share(Share::WHOLE)
        .with_observer(Arc::clone(&heard) as Arc<dyn Observer>);
    (World::with(phase, config), heard)
}

#[tokio::test(start_paused = true)]
async fn each_phase_reads_where_its_table_says() {
    for (phase, found, origin) in [
        (Phase::LegacyOnly, OLD, Side::Legacy),
        (Phase::DualWrite, OLD, Side::Legacy),
        (Phase::Shadow, OLD, Side::Legacy),
        // On the way forward legacy holds whatever modern shows.
        (Phase::Cutover, OLD, Side::Legacy),
        (Phase::Live, NEW, Side::Modern),
        (Phase::RampDown, NEW, Side::Modern),
        (Phase::ModernOnly, NEW, Side::Modern),
    ] {
        let world = World::new(phase);
        world.put(&world.legacy, stamp(1), Some(OLD)).await;
        world.put(&world.modern, stamp(2), Some(NEW)).await;
        let answer = world.rows.read(&KEY).await.unwrap();
        assert_eq!((answer.record.value, answer.origin), (Some(found), origin), "{phase}");
        assert!(!answer.is_fallback);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_is_unmoved_by_a_comparison_side_that_is_slow_hangs_panics_or_fails() {
    for phase in COMPARING {
        for fault in [
            Fault::Delay(Duration::from_millis(800)),
            Fault::Hang,
            Fault::Panic,
            Fault::Refuse(StoreErrorKind::Unavailable),
        ] {
            let (world, heard) = comparing(phase);
            world.rows.save(NEW).await.unwrap();
            let other = if phase == Phase::Shadow { &world.modern } else { &world.legacy };
            other.push_read(fault);
            let (found, took) = timed(world.rows.find(&KEY)).await;
            assert_eq!((found.unwrap(), took), (Some(NEW), Duration::ZERO), "{phase} {fault:?}");
            world.rows.drained().await;
            let expected = match fault {
                Fault::Delay(_) => Comparison::Match,
                _ => Comparison::Failed,
            };
            assert_eq!(heard.comparisons(), [expected], "{phase} {fault:?}");
            assert!(world.noted().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_other_side_is_not_read_for_a_read_that_was_not_chosen() {
    for phase in COMPARING {
        let config = MigrationConfig::default().with_shadow_share(Share::NONE);
        let world = World::with(phase, config);
        for _ in 0..100 {
            world.rows.find(&KEY).await.unwrap();
        }
        world.rows.drained().await;
        let other = if phase == Phase::Shadow { &world.modern } else { &world.legacy };
        assert_eq!(other.reads(), 0, "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mismatch_is_noted_after_it_was_read_again() {
    let (world, heard) = comparing(Phase::Shadow);
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    world.rows.find(&KEY).await.unwrap();
    world.rows.drained().await;
    assert_eq!(heard.comparisons(), [Comparison::Mismatch]);
    assert_eq!(world.noted(), ["mismatch"]);
    assert_eq!(world.modern.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_write_on_its_way_is_no_mismatch() {
    let (world, heard) = comparing(Phase::Shadow);
    world.modern.push_apply(Fault::Delay(Duration::from_millis(40)));
    let rows = world.rows.clone();
    let writer = tokio::spawn(async move { rows.save(NEW).await });
    tokio::time::sleep(Duration::from_millis(10)).await;
    world.rows.find(&KEY).await.unwrap();
    writer.await.unwrap().unwrap();
    world.rows.drained().await;
    assert_eq!(heard.comparisons(), [Comparison::Match]);
    assert!(world.noted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_keeps_changing_is_unsettled() {
    let (world, heard) = comparing(Phase::Shadow);
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    let gate = world.modern.pause_next_read(Pause::BeforeEffect);
    gate.open();
    world.rows.find(&KEY).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let again = world.modern.pause_next_read(Pause::AfterEffect);
    again.reached().await;
    world.put(&world.legacy, stamp(2), Some(NEW)).await;
    again.open();
    world.rows.drained().await;
    assert_eq!(heard.comparisons(), [Comparison::Unsettled]);
    assert!(world.noted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn more_comparisons_than_allowed_are_not_begun() {
    let (world, heard) = comparing(Phase::Shadow);
    world.modern.always_read(Fault::Hang);
    for _ in 0..65 {
        world.rows.find(&KEY).await.unwrap();
    }
    assert_eq!(heard.comparisons(), [Comparison::Skipped]);
}

#[tokio::test(start_paused = true)]
async fn a_read_in_cutover_brings_the_lagging_side_up_before_it_answers() {
    for behind in [Side::Legacy, Side::Modern] {
        let world = World::on_the_way_back();
        let (lagging, leading) = match behind {
            Side::Legacy => (&world.legacy, &world.modern),
            Side::Modern => (&world.modern, &world.legacy),
        };
        world.put(lagging, stamp(1), Some(OLD)).await;
        world.put(leading, stamp(2), Some(NEW)).await;
        assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW));
        assert_eq!(world.values().await, (Some(NEW), Some(NEW)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_in_cutover_brings_up_deletions_too() {
    let world = World::new(Phase::Cutover);
    world.put(&world.legacy, stamp(2), None).await;
    world.put(&world.modern, stamp(1), Some(OLD)).await;
    assert_eq!(world.rows.find(&KEY).await.unwrap(), None);
    assert!(world.in_modern().await.is_tombstone());
}

#[tokio::test(start_paused = true)]
async fn a_read_in_cutover_fails_if_it_cannot_bring_the_lagging_side_up() {
    let world = World::new(Phase::Cutover);
    world.put(&world.legacy, stamp(2), Some(NEW)).await;
    world.modern.push_apply(Fault::Refuse(StoreErrorKind::Unknown));
    assert_eq!(kind(world.rows.find(&KEY).await), StoreErrorKind::Unavailable);
    assert_eq!(world.noted(), ["bring_up_failed"]);
    assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW), "the next read repairs it");
}

#[tokio::test(start_paused = true)]
async fn a_read_in_cutover_needs_both_stores() {
    for side in [Side::Legacy, Side::Modern] {
        let world = World::new(Phase::Cutover);
        let down = if side == Side::Legacy { &world.legacy } else { &world.modern };
        down.push_read(Fault::Refuse(StoreErrorKind::Unavailable));
        assert_eq!(kind(world.rows.find(&KEY).await), StoreErrorKind::Unavailable, "{side}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_in_cutover_answers_from_where_it_was_entered_and_is_noted() {
    for (entered_from, found) in [(Phase::DualWrite, OLD), (Phase::Live, OTHER)] {
        let world = World::new(entered_from);
        world.put(&world.legacy, Stamp::BASE, Some(OLD)).await;
        world.put(&world.modern, Stamp::BASE, Some(OTHER)).await;
        world.go(Phase::Cutover);
        assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(found));
        assert_eq!(world.noted(), ["conflict"]);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_falls_back_unless_allowed() {
    let world = World::new(Phase::Live);
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    world.modern.push_read(Fault::Refuse(StoreErrorKind::Unavailable));
    assert_eq!(kind(world.rows.find(&KEY).await), StoreErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_fallback_is_marked_and_only_for_an_unavailable_primary() {
    let config = MigrationConfig::default().with_fallback_reads();
    let world = World::with(Phase::Live, config);
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    let answer = world.rows.read(&KEY).await.unwrap();
    assert_eq!((answer.record.value, answer.is_fallback), (None, false), "not found is an answer");

    world.modern.push_read(Fault::Refuse(StoreErrorKind::Unavailable));
    let answer = world.rows.read(&KEY).await.unwrap();
    assert_eq!((answer.record.value, answer.origin), (Some(OLD), Side::Legacy));
    assert!(answer.is_fallback);

    world.modern.push_read(Fault::Refuse(StoreErrorKind::Rejected));
    assert_eq!(kind(world.rows.read(&KEY).await), StoreErrorKind::Rejected);
}
