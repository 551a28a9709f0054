//! Where a saga goes when its steps end this way or that.

use strangler_fig::saga::{
    Cause, Conclusion, OnUnknown, Probe, Repair, SagaBuilder, SagaDefinition, SagaStatus, Wire,
};

use crate::support::{Play, Scripted, World, ada, ms, only, orchestrator, policy, why};

/// a, then b and c beside each other, then d, of which these follow scripts.
pub(crate) fn diamond(
    world: &World,
    with: impl Fn(&'static str, Scripted) -> Scripted,
) -> SagaDefinition<u32, u32> {
    let step = |name| with(name, world.step(name));
    let mut saga = SagaBuilder::<u32>::new("diamond", 1);
    let a = saga.step_with("a", step("a"), saga.input(), policy());
    let b = saga.step_with("b", step("b"), a, policy());
    let c = saga.step_with("c", step("c"), a, policy());
    let d = saga.step_with("d", step("d"), b.after(c), policy());
    saga.build(d).unwrap()
}

/// a, the pivot p, then z.
pub(crate) fn pivoted(
    world: &World,
    with: impl Fn(&'static str, Scripted) -> Scripted,
) -> SagaDefinition<u32, u32> {
    pivoted_by(world, OnUnknown::Probe, with)
}

pub(crate) fn pivoted_by(
    world: &World,
    on_unknown: OnUnknown,
    with: impl Fn(&'static str, Scripted) -> Scripted,
) -> SagaDefinition<u32, u32> {
    let step = |name| with(name, world.step(name));
    let mut saga = SagaBuilder::<u32>::new("pivoted", 1);
    let a = saga.step_with("a", step("a"), saga.input(), policy());
    let p = saga.step_with("p", step("p"), a, policy().on_unknown(on_unknown));
    saga.pivot(p);
    let z = saga.step_with("z", step("z"), p, policy());
    saga.build(z).unwrap()
}

async fn conclusion(saga: &SagaDefinition<u32, u32>) -> Conclusion<u32> {
    let (orchestrator, _) = orchestrator();
    let handle = orchestrator.start(saga, "s".parse().unwrap(), 0).await.unwrap();
    handle.wait().await.unwrap()
}

fn failed(step: &str, error: &str) -> Conclusion<u32> {
    let cause = Cause::Failed { step: step.parse().unwrap(), error: error.into() };
    Conclusion::RolledBack(cause)
}

#[tokio::test(start_paused = true)]
async fn steps_run_once_those_they_need_are_done_and_hand_on_what_they_made() {
    let world = World::default();
    assert_eq!(conclusion(&diamond(&world, |_, step| step)).await, Conclusion::Committed(3));
    let log = world.log();
    assert_eq!((log[0].as_str(), log[3].as_str(), log.len()), ("do a", "do d", 4));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_undoes_what_was_done_the_last_first() {
    let world = World::default();
    let saga = diamond(&world, only("d", |step| step.plays([Play::Refused])));
    assert_eq!(conclusion(&saga).await, failed("d", "it was refused: no"));
    let log = world.log();
    assert_eq!(log.len(), 6);
    assert_eq!(log.last().unwrap(), "undo a 1");
    assert!(
        log[3..5].contains(&"undo b 2".to_owned()) && log[3..5].contains(&"undo c 2".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_surely_not_done_is_tried_again_and_then_given_up_without_an_undo() {
    let world = World::default();
    let saga = diamond(&world, only("d", |step| step.plays([Play::NotDone; 2])));
    assert_eq!(conclusion(&saga).await, Conclusion::Committed(3));
    let world = World::default();
    let saga = diamond(&world, only("d", |step| step.plays([Play::NotDone; 3])));
    assert_eq!(conclusion(&saga).await, failed("d", "it was not done: away"));
    assert_eq!(world.count("undo d maybe"), 0, "no attempt was executed");
    assert_eq!(world.count("undo a 1"), 1);
}

/// S4: one attempt in doubt is enough, whatever the last one says.
#[tokio::test(start_paused = true)]
async fn a_step_of_which_one_attempt_was_in_doubt_is_undone() {
    for doubt in [Play::Lost, Play::Vanished, Play::Hang, Play::Panic] {
        let world = World::default();
        let saga = diamond(&world, only("d", |step| step.plays([doubt, Play::Refused])));
        assert_eq!(conclusion(&saga).await, failed("d", "it was refused: no"), "{doubt:?}");
        assert_eq!(world.count("undo d maybe"), 1, "{doubt:?}");
        assert_eq!(world.count("undo b 2") + world.count("undo c 2"), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_knows_ends_the_doubt() {
    let world = World::default();
    let ask = |step: Scripted| step.plays([Play::Lost]).probes([Probe::Ongoing, Probe::Done(2)]);
    let saga = diamond(&world, only("b", ask));
    assert_eq!(conclusion(&saga).await, Conclusion::Committed(3));
    assert_eq!((world.count("do b"), world.count("probe b")), (1, 2));

    let world = World::default();
    let never = |step: Scripted| step.plays([Play::Hang, Play::Refused]).probes([Probe::Never]);
    let saga = diamond(&world, only("b", never));
    assert_eq!(conclusion(&saga).await, failed("b", "it was refused: no"));
    assert_eq!(world.count("undo b maybe"), 0, "no attempt was, or will be, executed");
}

/// S6; Temporal, Restate and DBOS pause when retries are exhausted, and an operator resumes.
#[tokio::test(start_paused = true)]
async fn before_the_pivot_a_saga_turns_back_and_after_it_goes_on_until_it_is_parked() {
    let world = World::default();
    let saga = pivoted(&world, only("p", |step| step.plays([Play::Refused])));
    assert_eq!(conclusion(&saga).await, failed("p", "it was refused: no"));
    assert_eq!(world.log(), ["do a", "undo a 1"]);

    let world = World::default();
    let saga = pivoted(&world, only("z", |step| step.plays([Play::Hang, Play::NotDone])));
    assert_eq!(conclusion(&saga).await, Conclusion::Committed(3));
    let world = World::default();
    let saga = pivoted(&world, only("z", |step| step.plays([Play::Refused])));
    assert_eq!(conclusion(&saga).await, Conclusion::Parked);
    assert_eq!(world.log(), ["do a", "do p"], "nothing is undone");
}

/// S4: a pivot in doubt is never guessed.
#[tokio::test(start_paused = true)]
async fn a_pivot_that_nobody_knows_of_is_probed_tried_again_and_then_parked() {
    let world = World::default();
    let ask = |step: Scripted| step.plays([Play::Lost]).probes([Probe::Done(2)]);
    assert_eq!(conclusion(&pivoted(&world, only("p", ask))).await, Conclusion::Committed(3));
    assert_eq!(world.log(), ["do a", "do p", "probe p", "do z"]);

    for on_unknown in [OnUnknown::Probe, OnUnknown::Retry, OnUnknown::Compensate, OnUnknown::Park] {
        let world = World::default();
        let hang = only("p", |step| step.plays([Play::Hang; 9]));
        let saga = pivoted_by(&world, on_unknown, hang);
        assert_eq!(conclusion(&saga).await, Conclusion::Parked, "{on_unknown:?}");
        assert_eq!(world.count("undo a 1"), 0, "{on_unknown:?}");
    }
}

/// S6. Cano: a compensation is never retried. Eventuate #75: one that throws.
#[tokio::test(start_paused = true)]
async fn compensations_are_tried_again_and_then_the_saga_is_parked() {
    let world = World::default();
    let again = |name, step: Scripted| match name {
        "d" => step.plays([Play::Refused]),
        "a" => step.undos([Play::NotDone, Play::Lost, Play::Panic, Play::Hang, Play::Vanished]),
        _ => step,
    };
    assert_eq!(conclusion(&diamond(&world, again)).await, failed("d", "it was refused: no"));
    let world = World::default();
    let never = |name, step: Scripted| match name {
        "d" => step.plays([Play::Refused]),
        "b" => step.undos([Play::NotDone; 6]),
        _ => step,
    };
    assert_eq!(conclusion(&diamond(&world, never)).await, Conclusion::Parked);
    assert_eq!(world.count("undo c 2"), 1, "what can be undone is");
    assert_eq!(world.count("undo a 1"), 0, "b may still have its effect");
}

/// S5.
#[tokio::test(start_paused = true)]
async fn while_it_unwinds_nothing_runs_forward_and_nothing_is_retried_forward() {
    let world = World::default();
    let with = |name, step: Scripted| match name {
        "b" => step.plays([Play::Slow(500)]),
        "c" => step.plays([Play::Slow(100), Play::Ok]),
        _ => step,
    };
    let mut saga = SagaBuilder::<u32>::new("beside", 1);
    let a = saga.step_with("a", with("a", world.step("a")), saga.input(), policy());
    let b = saga.step_with("b", with("b", world.step("b")), a, policy());
    let c = saga.step_with("c", world.step("c").plays([Play::Slow(100)]), a, policy());
    let d = saga.step_with("d", world.step("d"), c, policy());
    let e = saga.step_with("e", world.step("e").plays([Play::Refused]), a, policy());
    let saga = saga.build((b, d, e).map(|(b, _, _)| b)).unwrap();
    let (orchestrator, _) = orchestrator();
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    assert!(matches!(handle.wait().await.unwrap(), Conclusion::RolledBack(_)));
    let log = world.log();
    assert_eq!(world.count("do d"), 0, "it was not begun before the saga turned");
    let at = |text: &str| log.iter().position(|line| line == text).unwrap();
    assert!(at("undo c 2") > at("do c") && at("undo b 2") > at("do b"), "{log:?}");
    assert!(at("undo a 1") > at("undo b 2"));
}

#[tokio::test(start_paused = true)]
async fn cancelling_undoes_and_while_the_pivot_is_under_way_that_decides() {
    for (play, is_undone) in [(Play::Slow(500), false), (Play::NotDone, true)] {
        let world = World::default();
        let saga = pivoted(&world, only("p", |step| step.plays([play])));
        let (orchestrator, _) = orchestrator();
        let id = "s".parse().unwrap();
        let handle = orchestrator.start(&saga, id, 0).await.unwrap();
        tokio::time::sleep(ms(10)).await;
        orchestrator.cancel(handle.saga(), &ada(), &why("changed her mind")).await.unwrap();
        let end = handle.wait().await.unwrap();
        assert_eq!(
            matches!(end, Conclusion::RolledBack(Cause::Cancelled { .. })),
            is_undone,
            "{end:?}"
        );
        assert_eq!(world.count("undo a 1") == 1, is_undone);
        let late = orchestrator.cancel(handle.saga(), &ada(), &why("again")).await;
        assert!(late.is_err(), "it is over");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_turns_a_saga_back_but_not_past_its_pivot() {
    for (slow, is_undone) in [("a", true), ("z", false)] {
        let world = World::default();
        let step = |name| {
            let plays = if name == slow { vec![Play::Slow(5_000)] } else { vec![] };
            world.step(name).plays(plays)
        };
        let mut saga = SagaBuilder::<u32>::new("timed", 1).with_deadline(ms(1_000));
        let a = saga.step_with("a", step("a"), saga.input(), policy());
        let p = saga.step_with("p", step("p"), a, policy());
        saga.pivot(p);
        let z = saga.step_with("z", step("z"), p, policy());
        let saga = saga.build(z).unwrap();
        // A wall clock that follows the paused time.
        let (orchestrator, _) = crate::clocked();
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        let end = handle.wait().await.unwrap();
        assert_eq!(end == Conclusion::RolledBack(Cause::Deadline), is_undone, "{end:?}");
        assert_eq!(world.count("undo a 1") == 1, is_undone);
    }
}

/// S6. Steno #26: no repair of stuck sagas.
#[tokio::test(start_paused = true)]
async fn an_operator_tries_again_skips_fails_marks_or_gives_up() {
    let refused = only("z", |step| step.plays([Play::Refused]));
    let z = || "z".parse().unwrap();
    for (repair, expected) in [
        (Repair::Retry { step: z() }, Some(3)),
        (
            Repair::Skip { step: z(), output: strangler_fig::saga::Payload::of(&7).unwrap() },
            Some(7),
        ),
    ] {
        let world = World::default();
        let (orchestrator, _) = orchestrator();
        let saga = pivoted(&world, &refused);
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        assert_eq!(handle.wait().await.unwrap(), Conclusion::Parked);
        assert_eq!(orchestrator.live(), 0, "a parked saga is in nobody's memory");
        orchestrator.repair(handle.saga(), repair, &ada(), &why("looked")).await.unwrap();
        assert_eq!(handle.wait().await.unwrap().committed(), expected);
    }
    let world = World::default();
    let (orchestrator, _) = orchestrator();
    let saga = pivoted(&world, &refused);
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    handle.wait().await.unwrap();
    let fail =
        orchestrator.repair(handle.saga(), Repair::Fail { step: z() }, &ada(), &why("no")).await;
    assert!(fail.is_err(), "after the pivot nothing unwinds");
    let unreadable =
        Repair::Skip { step: z(), output: strangler_fig::saga::Payload::of("x").unwrap() };
    assert!(orchestrator.repair(handle.saga(), unreadable, &ada(), &why("no")).await.is_err());
    orchestrator.repair(handle.saga(), Repair::GiveUp, &ada(), &why("it is lost")).await.unwrap();
    let end = handle.wait().await.unwrap();
    assert_eq!(end, Conclusion::GivenUp { actor: ada(), reason: why("it is lost") });
    let record = orchestrator.inspect(handle.saga()).await.unwrap();
    assert_eq!(record.header.status, SagaStatus::GivenUp);
}
