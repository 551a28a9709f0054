//! What the table on `RollbackGuard` promises, phase by phase and cause by cause.

use strangler_fig::controller::{Alarm, GuardConfig, GuardOutcome};
use strangler_fig::phase::{PartName, Phase};

use crate::support::{Told, World, Wrong, is_quiet, steps};

/// What is to come of a look.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Expected {
    Nothing,
    BackTo(Phase),
    Alarm(Alarm),
}

fn of_base(phase: Phase, wrong: Wrong, may_halt: bool) -> Expected {
    match (phase, wrong) {
        (Phase::LegacyOnly | Phase::Halted, _) => Expected::Nothing,
        (Phase::DualWrite, _) => Expected::BackTo(Phase::LegacyOnly),
        (Phase::Live, Wrong::Errors) if may_halt => Expected::BackTo(Phase::LegacyOnly),
        (Phase::Live, Wrong::Errors) => Expected::Alarm(Alarm::HaltNotAllowed),
        (Phase::Shadow | Phase::Cutover | Phase::Live, _) => Expected::BackTo(Phase::DualWrite),
        (Phase::RampDown | Phase::ModernOnly, _) => Expected::Alarm(Alarm::LegacyLeftBehind),
    }
}

async fn assert_outcome(world: &World, may_halt: bool, wrong: Wrong, expected: Expected) {
    let before = world.state().await;
    world.signals.now(Told::These(wrong.signals()));
    let config = GuardConfig::default();
    let guard = world.guard(if may_halt { config.with_halt() } else { config });
    let outcome = guard.look().await;
    let at = format!("{:?} {:?} {wrong:?}", before.base().phase, before.cohort());
    match expected {
        Expected::Nothing => assert!(is_quiet(&outcome), "{at}: {outcome:?}"),
        Expected::BackTo(phase) => {
            assert!(!steps(&outcome).is_empty(), "{at}: {outcome:?}");
            assert_eq!(world.phases().await, (phase, None), "{at}");
            assert_eq!(world.last_actor().await, Some(crate::support::actor()), "{at}");
            let GuardOutcome::RolledBack { reason, .. } = outcome else { unreachable!() };
            let told = world.state().await.history().last().unwrap().reason.clone();
            assert_eq!(told, Some(reason), "{at}");
            assert!(world.heard.alarms().is_empty(), "{at}");
            return;
        }
        Expected::Alarm(expected) => {
            let GuardOutcome::Alarmed { alarm, .. } = outcome else { panic!("{at}: {outcome:?}") };
            assert_eq!(alarm, expected, "{at}");
            assert_eq!(world.heard.alarms(), [wrong.name()], "{at}");
        }
    }
    assert_eq!(world.state().await, before, "{at}: nothing was moved");
}

#[tokio::test(start_paused = true)]
async fn each_phase_of_the_whole_and_each_cause() {
    for phase in Phase::ALL {
        for wrong in Wrong::ALL {
            for may_halt in [false, true] {
                let world = World::new().await;
                world.ann_goes_to(phase).await;
                assert_outcome(&world, may_halt, wrong, of_base(phase, wrong, may_halt)).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cutover_on_the_way_back_goes_on_back_whatever_is_wrong() {
    for wrong in Wrong::ALL {
        let world = World::new().await;
        world.ann_goes_to(Phase::Live).await;
        world.ann_turns_round(PartName::Base).await;
        assert_outcome(&world, false, wrong, Expected::BackTo(Phase::DualWrite)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn each_phase_of_a_cohort_and_each_cause() {
    use Phase::{Cutover, DualWrite, Halted, LegacyOnly, Live, Shadow};
    for base in [LegacyOnly, DualWrite, Shadow] {
        for cohort in [base, Shadow, Cutover, Live, Halted] {
            for wrong in Wrong::ALL {
                let world = World::new().await;
                world.ann_goes_to(base).await;
                world.ann_brings_a_cohort_to(cohort).await;
                // The part that is furthest ahead says what is done, and all of it
                // joins the base.
                let expected = match of_base(cohort, wrong, true) {
                    Expected::BackTo(_) => Expected::BackTo(base),
                    expected => expected,
                };
                assert_outcome(&world, true, wrong, expected).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_live_cohort_does_not_halt_unless_allowed() {
    let world = World::new().await;
    world.ann_goes_to(Phase::DualWrite).await;
    world.ann_brings_a_cohort_to(Phase::Live).await;
    let expected = Expected::Alarm(Alarm::HaltNotAllowed);
    assert_outcome(&world, false, Wrong::Errors, expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_cohort_turned_round_by_somebody_goes_on_back() {
    for wrong in Wrong::ALL {
        let world = World::new().await;
        world.ann_goes_to(Phase::DualWrite).await;
        world.ann_brings_a_cohort_to(Phase::Live).await;
        world.ann_turns_round(PartName::Cohort).await;
        assert_outcome(&world, true, wrong, Expected::BackTo(Phase::DualWrite)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_ramp_down_errors_in_live_only_alarm_and_mismatches_sweep_back() {
    for wrong in Wrong::ALL {
        let world = World::new().await;
        world.ann_goes_to(Phase::RampDown).await;
        world.ann_goes_to(Phase::Live).await;
        assert!(!world.state().await.legacy_complete());
        let expected = match wrong {
            Wrong::Errors => Expected::Alarm(Alarm::LegacyIncomplete),
            _ => Expected::BackTo(Phase::DualWrite),
        };
        assert_outcome(&world, true, wrong, expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn errors_count_before_mismatches_and_these_before_latency() {
    let differing = Wrong::Latency.signals().with_comparisons(1_000, 500);
    let all = differing.with_side_failures(0, 500);
    let world = World::new().await;
    world.ann_goes_to(Phase::ModernOnly).await;
    for (signals, named) in
        [(all, "errors"), (differing, "mismatches"), (Wrong::Latency.signals(), "latency")]
    {
        world.signals.now(Told::These(signals));
        let guard = world.guard(GuardConfig::default());
        assert!(matches!(guard.look().await, GuardOutcome::Alarmed { .. }));
        assert_eq!(world.heard.alarms().last(), Some(&named));
    }
}
