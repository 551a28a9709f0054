//! What a saga is told while it does something else: whoever tells is answered, and the answer is true.

use std::sync::Arc;

use strangler_fig::saga::{
    Cause, Conclusion, OnUnknown, Probe, Repair, SagaBuilder, SagaDefinition, SagaError,
    SagaOrchestrator, SagaStatus,
};
use tokio::time::sleep;

use crate::course::pivoted;
use crate::journal::Troubled;
use crate::support::{
    Play, World, ada, assert_replays, chain, ms, only, orchestrator_on, policy, soon, why,
};

/// How long a write takes.
const WRITE: u64 = 50;

fn slow() -> (SagaOrchestrator, Troubled) {
    let journal = Troubled::slow(ms(WRITE));
    (orchestrator_on(Arc::new(journal.clone()), "node-1"), journal)
}

/// A saga is told to turn back at each of these moments, and does if the answer says so.
async fn cancelled_at_any_moment(
    make: impl Fn(&World) -> SagaDefinition<u32, u32>,
    moments: impl Iterator<Item = u64>,
) -> (usize, usize) {
    let (mut obeyed, mut refused) = (0, 0);
    for after in moments {
        let world = World::default();
        let (orchestrator, _) = slow();
        let handle = orchestrator.start(&make(&world), "s".parse().unwrap(), 0).await.unwrap();
        sleep(ms(after)).await;
        let what = format!("cancelled after {after} ms");
        let answer = soon(&what, orchestrator.cancel(handle.saga(), &ada(), &why("so"))).await;
        let end = soon(&what, handle.wait()).await.unwrap();
        let is_turned = matches!(end, Conclusion::RolledBack(Cause::Cancelled { .. }));
        assert_eq!(answer.is_ok(), is_turned, "{what}: {answer:?}, {end:?}");
        if let Err(error) = &answer {
            assert!(matches!(error, SagaError::OutOfOrder { .. }), "{what}: {error:?}");
        }
        assert_replays(&orchestrator, handle.saga()).await;
        obeyed += usize::from(is_turned);
        refused += usize::from(!is_turned);
    }
    (obeyed, refused)
}

/// A saga is given up at each of these moments: if the answer says so it begins nothing more, and ends so.
async fn given_up_at_any_moment(
    make: impl Fn(&World) -> SagaDefinition<u32, u32>,
    moments: impl Iterator<Item = u64>,
) -> (usize, usize) {
    let (mut obeyed, mut refused) = (0, 0);
    for after in moments {
        let world = World::default();
        let (orchestrator, journal) = slow();
        let handle = orchestrator.start(&make(&world), "s".parse().unwrap(), 0).await.unwrap();
        sleep(ms(after)).await;
        let what = format!("given up after {after} ms");
        let (actor, reason) = (ada(), why("so"));
        let given_up = orchestrator.repair(handle.saga(), Repair::GiveUp, &actor, &reason);
        let answer = soon(&what, given_up).await;
        let begun = world.begun();
        let end = soon(&what, handle.wait()).await.unwrap();
        let is_given_up = matches!(end, Conclusion::GivenUp { .. });
        assert_eq!(answer.is_ok(), is_given_up, "{what}: {answer:?}, {end:?}");
        match &answer {
            Ok(()) => assert_eq!(world.begun(), begun, "{what}: something was begun after that"),
            Err(error) => assert!(matches!(error, SagaError::OutOfOrder { .. }), "{error:?}"),
        }
        let record = assert_replays(&orchestrator, handle.saga()).await;
        assert!(journal.writes() <= 20, "{what}: {} writes", journal.writes());
        let is_said = record.header.status == SagaStatus::GivenUp;
        assert_eq!(is_said, is_given_up, "{what}");
        obeyed += usize::from(is_given_up);
        refused += usize::from(!is_given_up);
    }
    (obeyed, refused)
}

#[tokio::test(start_paused = true)]
async fn whoever_cancels_is_answered_even_while_the_last_entry_is_being_written() {
    let pair = |world: &World| chain(world, &["a", "b"], |_, step| step);
    let (obeyed, refused) = cancelled_at_any_moment(pair, (0..250).step_by(10)).await;
    assert!(obeyed >= 3 && refused >= 3, "{obeyed}, {refused}");
}

#[tokio::test(start_paused = true)]
async fn whoever_cancels_what_is_turning_back_is_answered() {
    let undone = |world: &World| {
        chain(world, &["a", "b"], |name, step| match name {
            "a" => step.plays([Play::Slow(60)]),
            _ => step.plays([Play::Refused]),
        })
    };
    let (obeyed, refused) = cancelled_at_any_moment(undone, (0..350).step_by(10)).await;
    assert!(obeyed >= 3 && refused >= 3, "{obeyed}, {refused}");
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_is_answered_even_while_the_last_entry_is_being_written() {
    let pair = |world: &World| chain(world, &["a", "b"], |_, step| step);
    let (obeyed, refused) = given_up_at_any_moment(pair, (0..250).step_by(10)).await;
    assert!(obeyed >= 3 && refused >= 3, "{obeyed}, {refused}");
}

/// The claim is given back by the entry that parks it, and by a call after that.
#[tokio::test(start_paused = true)]
async fn whoever_gives_up_what_is_just_being_parked_is_answered() {
    let parked =
        |world: &World| pivoted(world, only("z", |it| it.plays([Play::Slow(20), Play::Refused])));
    let refused = |world: &World| pivoted(world, only("z", |it| it.plays([Play::Refused])));
    let (_, late) = given_up_at_any_moment(refused, (0..400).step_by(10)).await;
    assert_eq!(late, 0, "it never ends by itself");
    given_up_at_any_moment(parked, (0..500).step_by(10)).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_cancels_what_is_being_stopped_is_answered() {
    for after in (0..300).step_by(10) {
        let world = World::default();
        let (orchestrator, journal) = slow();
        let saga = chain(&world, &["a", "b"], only("a", |it| it.plays([Play::Slow(100)])));
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        sleep(ms(60)).await;
        let stopping = orchestrator.clone();
        tokio::spawn(async move { stopping.stop(ms(60_000)).await });
        sleep(ms(after)).await;
        let what = format!("cancelled {after} ms into the stop");
        let answer = soon(&what, orchestrator.cancel(handle.saga(), &ada(), &why("so"))).await;
        let other = orchestrator_on(Arc::new(journal.beside()), "node-2");
        other.register(&saga);
        let worker = other.clone();
        let running = tokio::spawn(async move { worker.run(std::future::pending()).await });
        let end = other.find(&saga, handle.saga().clone()).await.unwrap();
        let end = soon(&what, end.wait()).await.unwrap();
        assert_eq!(answer.is_ok(), matches!(end, Conclusion::RolledBack(_)), "{what}: {end:?}");
        running.abort();
    }
}

/// a, then b and c beside each other, then d, which needs b alone.
fn forked(world: &World, b: Play, c: Play) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("forked", 1);
    let a = saga.step_with("a", world.step("a"), saga.input(), policy());
    let b = saga.step_with("b", world.step("b").plays([b]), a, policy());
    saga.step_with("c", world.step("c").plays([c]), a, policy());
    let d = saga.step_with("d", world.step("d"), b, policy());
    saga.build(d).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_begins_nothing_when_what_was_under_way_ends() {
    let make = |world: &World| forked(world, Play::Slow(200), Play::Slow(1_000));
    given_up_at_any_moment(make, (0..1_200).step_by(50)).await;
    let make = |world: &World| forked(world, Play::Slow(200), Play::Hang);
    given_up_at_any_moment(make, (0..1_200).step_by(50)).await;
}

/// b is due to be tried again, and never is: nobody wakes up for it, again and again, until c has ended.
#[tokio::test(start_paused = true)]
async fn what_was_given_up_sleeps_until_what_is_under_way_ends() {
    let (world, (orchestrator, _)) = (World::default(), slow());
    let saga = forked(&world, Play::NotDone, Play::Slow(5_000));
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(500)).await;
    orchestrator.repair(handle.saga(), Repair::GiveUp, &ada(), &why("so")).await.unwrap();
    let end = soon("given up", handle.wait()).await.unwrap();
    assert!(matches!(end, Conclusion::GivenUp { .. }), "{end:?}");
    assert_eq!(world.begun(), ["do a", "do b", "do c"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_undoes_nothing_more_when_an_undo_under_way_ends() {
    let make = |world: &World| {
        let mut saga = SagaBuilder::<u32>::new("back", 1);
        let a = saga.step_with("a", world.step("a"), saga.input(), policy());
        let undos = [Play::Slow(200)];
        let b = saga.step_with("b", world.step("b").undos(undos), a, policy());
        let undos = [Play::Slow(1_000)];
        let c = saga.step_with("c", world.step("c").undos(undos), saga.input(), policy());
        let d = world.step("d").plays([Play::Refused]);
        let d = saga.step_with("d", d, strangler_fig::saga::Wire::after(b, c), policy());
        saga.build(d).unwrap()
    };
    let (obeyed, _) = given_up_at_any_moment(make, (0..1_600).step_by(50)).await;
    assert!(obeyed > 10, "{obeyed}");
}

#[tokio::test(start_paused = true)]
async fn a_pivot_that_succeeds_does_not_bring_back_what_was_given_up() {
    let (world, (orchestrator, _)) = (World::default(), slow());
    let saga = pivoted(&world, only("p", |step| step.plays([Play::Slow(1_000)])));
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(300)).await;
    orchestrator.repair(handle.saga(), Repair::GiveUp, &ada(), &why("it is lost")).await.unwrap();
    let end = soon("given up", handle.wait()).await.unwrap();
    let (actor, reason) = (ada(), why("it is lost"));
    assert_eq!(end, Conclusion::GivenUp { actor, reason });
    assert_eq!(world.begun(), ["do a", "do p"]);
    assert_replays(&orchestrator, handle.saga()).await;
}

/// The answer of the probe may come while the end is being written.
#[tokio::test(start_paused = true)]
async fn a_saga_is_given_up_at_any_moment_of_a_probe() {
    for answer in [Probe::Done(1), Probe::Never, Probe::Unclear] {
        let make = |world: &World| {
            let probed = world.step("a").plays([Play::Lost]).probes([answer.clone()]);
            let mut saga = SagaBuilder::<u32>::new("probed", 1);
            let policy = policy().on_unknown(OnUnknown::Probe);
            let a = saga.step_with("a", probed.slow_probes([300]), saga.input(), policy);
            saga.build(a).unwrap()
        };
        let (obeyed, _) = given_up_at_any_moment(make, (0..420).step_by(10)).await;
        assert!(obeyed > 20, "{obeyed}");
    }
}
