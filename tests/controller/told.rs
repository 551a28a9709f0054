//! What is asked of the service, what is told, and what is not waited for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::controller::{Before, ControllerError, GateFn, GateReading, Target};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{MigrationState, Move, MoveId, Phase, Share, take_step};
use tokio::time::Instant;

use crate::service::{Call, Fate};
use crate::support::{
    Node, SECOND, World, after, ann, name, obliging, state_in, state_with_cohort, swept, words,
};

#[derive(Debug, Default)]
struct Ears(Mutex<Vec<Event>>);

impl Observer for Ears {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

#[tokio::test(start_paused = true)]
async fn one_look_is_enough_where_everybody_works_by_the_state() {
    let world = World::new(Phase::DualWrite).await;
    world.settles().await;
    world.controller().status().await.unwrap();
    assert_eq!(world.service.calls_of(Call::Current), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_move_waits_for_is_told_once() {
    let (world, ears) = (World::new(Phase::Cutover).await, Arc::new(Ears::default()));
    world.nodes.iter().for_each(Node::falls_silent);
    // Back and forth: nobody works by the state any more.
    for phase in [Phase::DualWrite, Phase::Cutover] {
        take_step(&*world.service.inner, &name(), &Move::to(phase), None).await.unwrap();
    }
    let config = world.config().with_settle_wait(SECOND * 10).with_observer(ears.clone());
    let error = world.controller_with(config).advance(&ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::Waiting { .. }), "{error:?}");
    let told = ears.0.lock().unwrap().iter().filter(|it| **it == Event::MoveWaits).count();
    assert_eq!(told, 1);
}

#[tokio::test(start_paused = true)]
async fn a_move_with_its_kind_its_part_and_where_it_led() {
    let (world, ears) = (World::new(Phase::LegacyOnly).await, Arc::new(Ears::default()));
    world.settles().await;
    let controller = world.controller_with(world.config().with_observer(ears.clone()));
    controller.expect_nodes(1.try_into().unwrap(), &ann()).await.unwrap();
    controller.expect_nodes(2.try_into().unwrap(), &ann()).await.unwrap();
    controller.advance(&ann()).await.unwrap();
    let told: Vec<_> = ears.0.lock().unwrap().iter().copied().collect();
    let moved = |epoch, step, part, from, to| Event::Moved { epoch, step, part, from, to };
    let (base, from, to) = (Some("base"), Some("legacy_only"), Some("dual_write"));
    let expected =
        [moved(1, "nodes_expected", None, None, None), moved(2, "phase", base, from, to)];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn the_number_of_nodes_that_is_expected_already_takes_no_step() {
    let world = World::new(Phase::DualWrite).await;
    let (one, two) = (1.try_into().unwrap(), 2.try_into().unwrap());
    let controller = world.controller();
    assert_eq!(words(&controller.expect_nodes(one, &ann()).await.unwrap()), [""; 0]);
    assert_eq!(
        words(&controller.expect_nodes(two, &ann()).await.unwrap()),
        ["2 nodes are expected"]
    );
    assert_eq!(words(&controller.expect_nodes(two, &ann()).await.unwrap()), [""; 0]);
}

/// The error of an advance that should end at once.
async fn at_once(world: &World) -> ControllerError {
    let began = Instant::now();
    let error = world.controller().advance(&ann()).await.unwrap_err();
    assert!(began.elapsed() < SECOND / 4, "{:?} {error:?}", began.elapsed());
    error
}

fn in_doubt() -> Fate {
    Fate::Doubts { lands: false, then: Vec::new() }
}

fn is_doubt(error: &ControllerError) -> bool {
    matches!(error, ControllerError::Service { source, .. } if source.kind() == StoreErrorKind::Unknown)
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_in_another_way_than_by_an_outage_is_not_waited_for() {
    let world = World::new(Phase::LegacyOnly).await;
    world.service.script(|_| in_doubt());
    let error = at_once(&world).await;
    assert!(is_doubt(&error), "{error:?}");
}

/// What becomes of the look after a replacement that somebody else made first, by a
/// move that steers nothing.
fn overtaken_and_then(world: &World, look: Fate) {
    let (mut replaced, mut look) = (false, Some(look));
    world.service.script(move |call| match call {
        Call::Replace if !replaced => {
            replaced = true;
            Fate::Conflicts { after: Move::ExpectNodes(2.try_into().unwrap()) }
        }
        Call::Current if replaced => look.take().unwrap_or(Fate::Answers),
        _ => Fate::Answers,
    });
}

#[tokio::test(start_paused = true)]
async fn an_outage_after_somebody_was_quicker_is_waited_out() {
    let world = World::new(Phase::LegacyOnly).await;
    overtaken_and_then(&world, Fate::Refuses);
    assert_eq!(words(&world.controller().advance(&ann()).await.unwrap()), ["to dual_write"]);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_after_somebody_was_quicker_is_not_waited_out() {
    let world = World::new(Phase::LegacyOnly).await;
    overtaken_and_then(&world, in_doubt());
    let error = at_once(&world).await;
    assert!(is_doubt(&error), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_look_after_a_sweep_that_fails_in_another_way_than_by_an_outage_ends_it() {
    let mut world = World::new(Phase::Cutover).await;
    world.sweeps_take(SECOND * 10);
    world.settles().await;
    let began = Instant::now();
    world.service.script(move |call| match call {
        Call::Current if began.elapsed() > SECOND * 9 => in_doubt(),
        _ => Fate::Answers,
    });
    let error = world.controller().advance(&ann()).await.unwrap_err();
    assert!(is_doubt(&error), "{error:?}");
    assert!(began.elapsed() < SECOND * 10 + SECOND / 4, "{:?}", began.elapsed());
}

/// The state is on its way for a second when the sweep has ended, and moves meanwhile.
#[tokio::test(start_paused = true)]
async fn who_steers_elsewhere_when_a_sweep_ends_is_given_way_to() {
    let mut world = World::new(Phase::Cutover).await;
    world.sweeps_take(SECOND * 10);
    world.settles().await;
    let (inner, began) = (world.service.inner.clone(), Instant::now());
    let mut dawdles = true;
    world.service.script(move |call| match call {
        Call::Current if began.elapsed() > SECOND * 9 && std::mem::take(&mut dawdles) => {
            Fate::Dawdles(SECOND, Duration::ZERO)
        }
        _ => Fate::Answers,
    });
    tokio::spawn(async move {
        tokio::time::sleep(SECOND * 10 + SECOND / 2).await;
        take_step(&*inner, &name(), &Move::to(Phase::DualWrite), None).await
    });
    let error = world.controller().advance(&ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::Overtaken { .. }), "{error:?}");
    assert!(began.elapsed() < SECOND * 15, "{:?}", began.elapsed());
}

/// The gate before entering `Cutover`, which keys do when a cohort there takes them.
#[tokio::test(start_paused = true)]
async fn a_gate_before_a_phase_is_asked_when_a_cohort_in_it_grows() {
    let world = World::at(state_with_cohort(Phase::DualWrite, Phase::Cutover), 2).await;
    let closed = GateFn::new("queue", |_| Box::pin(async { GateReading::closed("3 keys wait") }));
    let controller =
        world.controller().with_gate(Before::Entering(Phase::Cutover), Arc::new(closed));
    let error = controller.set_share(Share::percent(50), &ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::Blocked { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn no_gate_is_asked_before_a_halt() {
    let world = World::new(Phase::Live).await;
    let closed = GateFn::new("queue", |_| Box::pin(async { GateReading::closed("3 keys wait") }));
    let controller =
        world.controller().with_gate(Before::Entering(Phase::Halted), Arc::new(closed));
    let halted = controller.halt(&ann()).await.unwrap();
    assert_eq!(words(&halted)[0], "to halted");
}

/// The base goes where legacy is left behind only with the cohort.
#[tokio::test(start_paused = true)]
async fn a_target_of_the_base_that_leaves_legacy_takes_the_cohort_along() {
    let mut state = state_with_cohort(Phase::Cutover, Phase::Live);
    state = after(&state, &swept(&state));
    let world = World::at(after(&state, &Move::to(Phase::Live)), 2).await;
    let plan = world.controller().plan(Target::Base(Phase::RampDown)).await.unwrap();
    let steps: Vec<_> = plan.steps.iter().map(|planned| planned.step.clone()).collect();
    assert_eq!(steps, ["cohort grows to 100.00 %", "to ramp_down"]);
}

#[tokio::test(start_paused = true)]
async fn a_move_that_nobody_recorded_is_a_warning() {
    let warned = async |recorded: bool| {
        let (first, step) = (state_in(Phase::LegacyOnly), Move::to(Phase::DualWrite));
        let state: MigrationState = if recorded {
            after(&first, &step)
        } else {
            first.transition(&step, MoveId::fixed(7), &obliging(&first, None)).unwrap()
        };
        let warnings = World::at(state, 2).await.controller().status().await.unwrap().warnings;
        warnings.iter().any(|it| it == "epoch 1 was made by a move that nobody recorded")
    };
    assert!(warned(false).await);
    assert!(!warned(true).await);
}

#[tokio::test(start_paused = true)]
async fn a_node_is_silent_after_more_than_three_of_its_intervals() {
    let world = World::new(Phase::DualWrite).await;
    world.nodes.iter().for_each(Node::falls_silent);
    let controller = world.controller();
    let silent = async || controller.status().await.unwrap().nodes[0].is_silent;
    assert!(!silent().await);
    tokio::time::advance(SECOND * 3).await;
    assert!(!silent().await, "not yet");
    tokio::time::advance(SECOND / 1_000).await;
    assert!(silent().await);
}
