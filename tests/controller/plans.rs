//! A plan is what happens.

use std::sync::Arc;

use strangler_fig::controller::{
    Advanced, Before, ControllerError, GateFn, GateReading, NoWay, Plan, Target,
};
use strangler_fig::phase::{MigrationState, MigrationStateService, Phase, Revision};

use crate::support::{
    World, ann, left_behind_with_a_cohort, name, state_in, state_with_cohort, told, words_since,
};
use crate::walk::{shape, states};

/// The steps of a plan in the words of the history.
fn planned(plan: &Plan) -> Vec<String> {
    let word = |step: &strangler_fig::controller::PlannedStep| {
        if step.is_sweep { "a sweep was clean".to_owned() } else { step.step.clone() }
    };
    plan.steps.iter().map(word).collect()
}

async fn revision(world: &World) -> Revision {
    world.service.inner.current(&name()).await.unwrap().unwrap().revision
}

fn targets() -> impl Iterator<Item = Target> {
    Phase::ALL.into_iter().flat_map(|it| [Target::Whole(it), Target::Cohort(it)])
}

/// That it came as planned: the steps, and why there is no way on.
fn judge(
    first: &MigrationState,
    last: &MigrationState,
    plan: &Plan,
    end: Result<Advanced, ControllerError>,
) {
    let (mut taken, at) = (words_since(first, last), shape(first));
    match (&plan.dead_end, end) {
        (None, Ok(_)) => {}
        (Some(why), Err(error)) => {
            assert!(told(&error).ends_with(why), "{at}, {plan}, but {error:?}");
            // The step that is refused stands in the plan, and is not taken.
            let refused = plan.steps.iter().filter(|step| step.refused.is_some());
            taken.extend(refused.map(|step| step.step.clone()));
        }
        (_, end) => panic!("{at}, {plan}, but {end:?}"),
    }
    assert_eq!(planned(plan), taken, "{at}, {plan}");
}

/// What is planned and what happens then, from `first` to `target`.
async fn compare(first: &MigrationState, target: Target) -> Plan {
    let world = World::at(first.clone(), 2).await;
    let controller = world.controller();
    let plan = controller.plan(target).await.unwrap();
    assert_eq!(revision(&world).await, Revision(1), "a plan moves nothing");
    let end = controller.advance_to(target, &ann()).await;
    judge(first, &world.state().await, &plan, end);
    plan
}

#[tokio::test(start_paused = true)]
async fn what_is_planned_is_what_happens() {
    let mut steps = 0;
    for first in states(3, 50) {
        for target in targets() {
            let plan = compare(&first, target).await;
            steps += plan.steps.len();
        }
    }
    assert!(steps > 1_000, "{steps} steps are too few to tell");
}

#[tokio::test(start_paused = true)]
async fn what_is_planned_back_is_what_a_rollback_does() {
    for first in states(4, 80) {
        let world = World::at(first.clone(), 2).await;
        let controller = world.controller();
        let plan = controller.plan_back().await.unwrap();
        assert_eq!(controller.status().await.unwrap().back, plan);
        assert_eq!(revision(&world).await, Revision(1));
        let end = controller.roll_back(&ann()).await;
        judge(&first, &world.state().await, &plan, end);
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_next_is_what_an_advance_does() {
    for first in states(5, 80) {
        let world = World::at(first.clone(), 2).await;
        let controller = world.controller();
        let next = controller.status().await.unwrap().next;
        assert_eq!(revision(&world).await, Revision(1));
        let end = controller.advance(&ann()).await;
        judge(&first, &world.state().await, &next, end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_end_is_named() {
    for (state, target, why) in [
        (state_in(Phase::Live), Target::Whole(Phase::Halted), "halted is no target: see `halt`"),
        (state_in(Phase::Live), Target::Cohort(Phase::Live), "there is no cohort"),
        (
            state_with_cohort(Phase::Live, Phase::Live),
            Target::Cohort(Phase::RampDown),
            "a cohort does not go to ramp_down",
        ),
    ] {
        let plan = compare(&state, target).await;
        assert_eq!((plan.steps, plan.dead_end.as_deref()), (vec![], Some(why)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_way_that_ends_half_way_says_so_before_it_is_gone() {
    let plan = compare(&left_behind_with_a_cohort(), Target::Cohort(Phase::DualWrite)).await;
    assert_eq!(planned(&plan), ["cohort to cutover"]);
    assert_eq!(plan.dead_end, Some(NoWay::LegacyIncomplete.to_string()));
}

#[tokio::test(start_paused = true)]
async fn the_first_step_is_shown_with_what_refuses_it_now() {
    let world = World::new(Phase::Cutover).await;
    world.nodes[1].falls_silent();
    let controller = world.controller();
    controller.advance_to(Phase::Shadow, &ann()).await.unwrap();
    controller.advance_to(Phase::Cutover, &ann()).await.unwrap();
    let plan = controller.plan(Phase::Live).await.unwrap();
    let [sweep, live] = &plan.steps[..] else { panic!("{plan}") };
    assert!(sweep.refused.as_ref().unwrap().contains("has not settled"), "{plan}");
    assert!(sweep.waits_for_fleet && live.waits_for_fleet && live.refused.is_none());
    assert_eq!(plan.dead_end, None, "time may help");
    assert!(plan.to_string().contains("now: node node-"), "{plan}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_went_back_stands_in_the_plan() {
    let world = World::new(Phase::Live).await;
    let (controller, first) = (world.controller(), world.state().await);
    controller.advance_to(Phase::RampDown, &ann()).await.unwrap();
    world.settles().await;
    let now = revision(&world).await;
    world.service.inner.compare_and_set(now, &first).await.unwrap();
    let plan = controller.plan(Phase::RampDown).await.unwrap();
    assert!(plan.dead_end.as_ref().unwrap().contains("the state store went back"), "{plan}");
    let error = controller.advance_to(Phase::RampDown, &ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::Refused { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn gates_stand_in_the_plan_as_they_are_now() {
    let world = World::new(Phase::Shadow).await;
    let closed = GateFn::new("queue", |_| Box::pin(async { GateReading::closed("3 keys wait") }));
    let open = GateFn::new("copy", |_| Box::pin(async { GateReading::open("done") }));
    let controller = world
        .controller()
        .with_gate(Before::Entering(Phase::Cutover), Arc::new(open))
        .with_gate(Before::Entering(Phase::Live), Arc::new(closed));
    let plan = controller.plan(Phase::Live).await.unwrap();
    let gates = |at: usize| {
        let gates = plan.steps[at].gates.iter();
        gates.map(|it| format!("{} {}", it.name, it.reading)).collect::<Vec<_>>()
    };
    assert_eq!(gates(0), ["copy open: done"]);
    assert_eq!(gates(1), [""; 0], "a sweep has no gates");
    assert_eq!(gates(2), ["queue closed: 3 keys wait"]);
    assert_eq!(controller.status().await.unwrap().next.steps[0].gates, plan.steps[0].gates);
}

#[tokio::test(start_paused = true)]
async fn a_status_asks_no_gate_but_those_of_the_next_step() {
    let world = World::new(Phase::DualWrite).await;
    let gate = GateFn::new("later", |_| Box::pin(std::future::pending()));
    let controller = world.controller().with_gate(Before::Entering(Phase::Live), Arc::new(gate));
    let before = tokio::time::Instant::now();
    controller.status().await.unwrap();
    assert!(before.elapsed().is_zero(), "{:?}", before.elapsed());
}
