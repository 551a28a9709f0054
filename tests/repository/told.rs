//! What an observer is told of operations.

use std::sync::Arc;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::observe::{Comparison, Event, LenientOutcome, Operation, Outcome, Role};
use strangler_fig::phase::{Phase, Share, Side};
use strangler_fig::repository::{Joined, MigrationConfig};
use strangler_fig::resilience::{BreakerState, Bulkhead, Policy};
use strangler_fig::testkit::faults::{Fault, Pause};

use crate::policies::{stubborn, touchy};
use crate::support::{Ears, KEY, NEW, OLD, OTHER, World, behind, kind, ms, n, stamp, timed};

fn listening(phase: Phase, config: MigrationConfig) -> (World, Arc<Ears>) {
    let ears = Arc::new(Ears::default());
    (World::with(phase, config.with_observer(ears.clone())), ears)
}

fn operated(operation: Operation, phase: Phase, outcome: Outcome) -> impl Fn(&Event) -> bool {
    let expected = (operation, phase.name(), outcome);
    move |event| {
        matches!(event, Event::Operated { operation, phase, outcome, duration }
            if (*operation, *phase, *outcome) == expected && *duration == Some(ms(20)))
    }
}

#[tokio::test(start_paused = true)]
async fn each_operation_with_its_phase_its_outcome_and_its_time() {
    let config = MigrationConfig::default().with_fallback_reads();
    let (world, ears) = listening(Phase::Live, config.with_shadow_share(Share::NONE));
    world.modern.always_read(Fault::Delay(ms(20)));
    world.rows.find(&KEY).await.unwrap();
    assert_eq!(ears.count(operated(Operation::Read, Phase::Live, Outcome::Done)), 1);

    world.modern.heal();
    world.modern.push_read(Fault::Refuse(StoreErrorKind::Unavailable));
    world.legacy.push_read(Fault::Delay(ms(20)));
    world.rows.find(&KEY).await.unwrap();
    assert_eq!(ears.count(operated(Operation::Read, Phase::Live, Outcome::FellBack)), 1);
    assert_eq!(ears.count(operated(Operation::Read, Phase::Live, Outcome::Done)), 1);

    world.legacy.push_apply(Fault::Delay(ms(20)));
    world.rows.save(NEW).await.unwrap();
    assert_eq!(ears.count(operated(Operation::Write, Phase::Live, Outcome::Done)), 1);
}

fn answered(side: Side, role: Role, operation: Operation) -> impl Fn(&Event) -> bool {
    move |event| {
        let Event::SideAnswered { side: it, role: plays, operation: asked, duration, .. } = event
        else {
            return false;
        };
        (*it, *plays, *asked, *duration) == (side.name(), role, operation, ms(20))
    }
}

#[tokio::test(start_paused = true)]
async fn each_side_with_what_its_answer_counts_for_and_its_time() {
    for (phase, legacy, modern) in [
        (Phase::Shadow, Role::Primary, Role::Secondary),
        (Phase::Cutover, Role::Primary, Role::Secondary),
        (Phase::Live, Role::Secondary, Role::Primary),
        (Phase::RampDown, Role::Secondary, Role::Primary),
    ] {
        let config = MigrationConfig::default().with_shadow_share(Share::WHOLE);
        let (world, ears) = listening(phase, config);
        for side in [&world.legacy, &world.modern] {
            side.always_apply(Fault::Delay(ms(20)));
            side.always_read(Fault::Delay(ms(20)));
        }
        world.rows.save(NEW).await.unwrap();
        world.rows.find(&KEY).await.unwrap();
        world.rows.drained().await;
        // A strict write reads modern first.
        let is_strict = matches!(phase, Phase::Cutover | Phase::Live);
        let reads = [usize::from(phase != Phase::RampDown), 1 + usize::from(is_strict)];
        for ((side, role), reads) in
            [(Side::Legacy, legacy), (Side::Modern, modern)].into_iter().zip(reads)
        {
            assert_eq!(ears.count(answered(side, role, Operation::Write)), 1, "{phase} {side}");
            assert_eq!(ears.count(answered(side, role, Operation::Read)), reads, "{phase} {side}");
        }
    }
}

fn unanswered(role: Role, operation: Operation) -> impl Fn(&Event) -> bool {
    move |event| {
        let Event::SideAnswered { role: plays, operation: asked, outcome, duration, .. } = event
        else {
            return false;
        };
        (*plays, *asked, *outcome, *duration) == (role, operation, Outcome::Unknown, ms(70))
    }
}

#[tokio::test(start_paused = true)]
async fn a_side_that_never_answers_with_the_time_it_was_given() {
    let config = MigrationConfig::default()
        .with_shadow_share(Share::WHOLE)
        .with_shadow_deadline(ms(40))
        .with_shadow_recheck_delay(ms(30))
        .with_lenient_wait(ms(20))
        .with_lenient_deadline(ms(50));
    let (world, ears) = listening(Phase::Shadow, config);
    world.modern.always_read(Fault::Hang);
    world.modern.always_apply(Fault::Hang);
    world.rows.find(&KEY).await.unwrap();
    world.rows.save(NEW).await.unwrap();
    world.rows.drained().await;
    assert_eq!(ears.count(unanswered(Role::Secondary, Operation::Read)), 1);
    assert_eq!(ears.count(unanswered(Role::Secondary, Operation::Write)), 1);

    world.legacy.always_read(Fault::Hang);
    let given_up = tokio::time::timeout(ms(70), world.rows.find(&KEY)).await;
    assert!(given_up.is_err());
    assert_eq!(ears.count(unanswered(Role::Primary, Operation::Read)), 1);
}

#[tokio::test(start_paused = true)]
async fn each_try_of_a_policy_with_its_own_time() {
    let config = behind(&[(Side::Legacy, stubborn("legacy"))]);
    let (world, ears) = listening(Phase::LegacyOnly, config);
    world.legacy.always_read(Fault::Delay(ms(20)));
    world.legacy.push_read(Fault::Refuse(StoreErrorKind::Unavailable));
    world.rows.find(&KEY).await.unwrap();
    let sides = |event: &Event| matches!(event, Event::SideAnswered { .. });
    assert_eq!(ears.count(sides), 2);
    assert_eq!(ears.count(answered(Side::Legacy, Role::Primary, Operation::Read)), 1);
}

#[tokio::test(start_paused = true)]
async fn every_operation_and_of_many_only_some_with_their_time() {
    let many = 4_000;
    for (one_in, least, most) in [(1, many, many), (16, many / 32, many / 8)] {
        let config = MigrationConfig::default().with_latency_sample(n(one_in));
        let (world, ears) = listening(Phase::LegacyOnly, config);
        for _ in 0..many {
            world.rows.find(&KEY).await.unwrap();
        }
        let timed = |event: &Event| matches!(event, Event::Operated { duration: Some(_), .. });
        let sides = |event: &Event| matches!(event, Event::SideAnswered { .. });
        assert_eq!(ears.count(|event| matches!(event, Event::Operated { .. })), many);
        assert_eq!(ears.count(timed), ears.count(sides), "of these the stores are timed too");
        assert!((least..=most).contains(&ears.count(timed)), "{}", ears.count(timed));
    }
}

#[tokio::test(start_paused = true)]
async fn a_side_that_refuses_by_its_own_rules_has_not_failed() {
    let (world, ears) = listening(Phase::LegacyOnly, MigrationConfig::default());
    let failed = |event: &Event| matches!(event, Event::SideFailed { .. });
    for refusal in [StoreErrorKind::Rejected, StoreErrorKind::Conflict] {
        world.legacy.push_apply(Fault::Refuse(refusal));
        assert_eq!(kind(world.rows.save(NEW).await), refusal);
    }
    assert_eq!(ears.count(failed), 0);
    world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    assert_eq!(kind(world.rows.save(NEW).await), StoreErrorKind::Unavailable);
    assert_eq!(ears.count(failed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stored_stamp_beyond_the_drift() {
    let drifted = |event: &Event| *event == Event::StampDrifted;
    let (world, ears) = listening(Phase::Cutover, MigrationConfig::default());
    world.put(&world.modern, stamp(1_700_000_000_000), Some(OLD)).await;
    world.rows.save(NEW).await.unwrap();
    assert_eq!(ears.count(drifted), 0);

    let (world, ears) = listening(Phase::Cutover, MigrationConfig::default());
    world.put(&world.modern, stamp(1_700_000_600_000), Some(OLD)).await;
    world.rows.save(NEW).await.unwrap();
    assert!(ears.count(drifted) > 0);
    assert_eq!(world.values().await, (Some(NEW), Some(NEW)), "it is beaten all the same");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_runs_again() {
    let (world, ears) = listening(Phase::DualWrite, MigrationConfig::default());
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let saved = world.saving(NEW);
    gate.reached().await;
    world.go(Phase::Cutover);
    gate.open();
    saved.await.unwrap().unwrap();
    let rerun = Event::Rerun {
        operation: Operation::Write,
        from: Phase::DualWrite.name(),
        to: Phase::Cutover.name(),
    };
    assert_eq!(ears.count(|event| *event == rerun), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lenient_side_that_found_no_place_and_no_other() {
    let config = MigrationConfig::default().with_lenient_max(n(1));
    let (world, ears) = listening(Phase::DualWrite, config);
    let saturated =
        |event: &Event| matches!(event, Event::Lenient { outcome: LenientOutcome::Saturated, .. });
    world.modern.always_apply(Fault::Hang);
    world.rows.save(NEW).await.unwrap();
    assert_eq!(ears.count(saturated), 0);
    world.rows.save((2, "another")).await.unwrap();
    assert_eq!(ears.count(saturated), 1);
}

fn compared(result: Comparison) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Compared { result: found, .. } if *found == result)
}

#[tokio::test(start_paused = true)]
async fn a_comparison_for_which_its_side_had_no_place() {
    let policy = Policy::new("modern").with_bulkhead(Bulkhead::new("modern", n(1)));
    let config = behind(&[(Side::Modern, policy.clone())]).with_shadow_share(Share::WHOLE);
    let (world, ears) = listening(Phase::Shadow, config);
    let busy = policy.bulkhead().unwrap().acquire().await.unwrap();
    world.rows.find(&KEY).await.unwrap();
    world.rows.drained().await;
    assert_eq!(ears.count(compared(Comparison::Skipped)), 1);
    assert_eq!(ears.count(compared(Comparison::Failed)), 0);
    drop(busy);
}

#[tokio::test(start_paused = true)]
async fn a_comparison_whose_second_look_fails_ends_at_once() {
    let config = MigrationConfig::default().with_shadow_share(Share::WHOLE);
    let (world, ears) = listening(Phase::Shadow, config.with_shadow_recheck_delay(ms(100)));
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    world.put(&world.modern, stamp(1), Some(OTHER)).await;
    world.modern.push_read(None);
    world.modern.push_read(Fault::Refuse(StoreErrorKind::Unavailable));
    world.rows.find(&KEY).await.unwrap();
    let ((), took) = timed(world.rows.drained()).await;
    assert!(took < ms(110), "{took:?}");
    assert_eq!(ears.count(compared(Comparison::Failed)), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_migration_refuses_by_itself_opens_no_breaker() {
    let modern = touchy("modern");
    let config = behind(&[(Side::Modern, modern.clone())]);
    let (world, ears) = listening(Phase::DualWrite, config);
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let saved = world.saving(NEW);
    gate.reached().await;
    world.tracker.release().await.unwrap();
    gate.open();
    assert!(saved.await.unwrap().is_err(), "the node was closed meanwhile");
    world.rows.drained().await;
    assert_eq!(world.modern.applies(), 0);
    assert_eq!(modern.breaker().unwrap().state(), BreakerState::Closed);
    assert_eq!(ears.count(|event| matches!(event, Event::SideFailed { .. })), 0);
}

#[tokio::test(start_paused = true)]
async fn a_settlement_that_a_write_overtook_has_settled_nothing() {
    let world = World::on_the_way_back();
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    world.put(&world.modern, stamp(1), Some(OTHER)).await;
    let gate = world.legacy.pause_next_apply(Pause::BeforeEffect);
    let joining = world.joining();
    gate.reached().await;
    for side in [&world.legacy, &world.modern] {
        world.put(side, stamp(2), Some(NEW)).await;
    }
    gate.open();
    assert_eq!(joining.await.unwrap().unwrap(), Joined::Level);
}

/// How a sweep told of itself: the results, how many keys it joined and left, and whether it told meanwhile.
fn swept(ears: &Ears) -> Vec<(&'static str, u64, u64)> {
    let ended = |event: &Event| match *event {
        Event::Swept { result: Some(result), joined, left, .. } => Some((result, joined, left)),
        _ => None,
    };
    ears.all().iter().filter_map(ended).collect()
}

#[tokio::test(start_paused = true)]
async fn a_sweep_how_far_it_is_and_how_it_ended() {
    let (world, ears) = listening(Phase::DualWrite, MigrationConfig::default());
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    world.modern.always_apply(Fault::Delay(ms(2_500)));
    let report = world.sweep().run(world.ticket(), std::future::pending()).await.unwrap();
    assert!(report.is_clean());
    let goes_on = |event: &Event| matches!(event, Event::Swept { result: None, .. });
    assert_eq!(ears.count(goes_on), 2, "once a second");
    assert_eq!(swept(&ears), [("clean", 1, 0)]);

    world.put(&world.legacy, stamp(2), Some(NEW)).await;
    world.modern.always_apply(Fault::Refuse(StoreErrorKind::Rejected));
    world.sweep().run(world.ticket(), std::future::pending()).await.unwrap();
    let stopped = world.sweep().run(world.ticket(), std::future::ready(())).await;
    assert!(stopped.is_err());
    let ticket = world.ticket();
    world.go(Phase::Shadow);
    assert!(world.sweep().run(ticket, std::future::pending()).await.is_err());
    assert_eq!(swept(&ears)[1..], [("unclean", 0, 1), ("stopped", 0, 0), ("interrupted", 0, 0)]);
}
