//! Sagas that are steps of others: they are stopped, undone and kept as those need it.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::resilience::{Exponential, Jitter};
use strangler_fig::saga::{
    Cause, Conclusion, Repair, SagaBuilder, SagaClaim, SagaConfig, SagaDefinition, SagaFilter,
    SagaJournal, SagaOrchestrator, SagaStatus, Wire,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::journal::{Trouble, Troubled};
use crate::support::{
    Play, Scripted, World, ada, assert_replays, chain, ms, only, orchestrator_on, policy, refusal,
    runner, soon, why, worker,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// One more try, after this pause.
fn after(pause: Duration) -> Exponential {
    Exponential::between(pause, pause).with_jitter(Jitter::None).with_count(1)
}

/// The parent: a, the sub-saga "sub" of x and y, then c.
pub(crate) fn nested(
    world: &World,
    deadline: Option<Duration>,
    with: impl Fn(&'static str, Scripted) -> Scripted,
) -> SagaDefinition<u32, u32> {
    let child = chain(world, &["x", "y"], &with);
    let mut saga = SagaBuilder::<u32>::new("parent", 1);
    if let Some(deadline) = deadline {
        saga = saga.with_deadline(deadline);
    }
    let a = saga.step_with("a", with("a", world.step("a")), saga.input(), policy());
    let sub = saga.sub_saga("sub", &child, a);
    let c = saga.step_with("c", with("c", world.step("c")), sub, policy());
    saga.build(c).unwrap()
}

/// What was done and not undone.
fn left(world: &World) -> Vec<String> {
    let log = world.log();
    let is_undone = |name: &str| log.iter().any(|line| line.starts_with(&format!("undo {name} ")));
    let done = log.iter().filter_map(|line| line.strip_prefix("do "));
    done.filter(|name| !is_undone(name)).map(str::to_owned).collect()
}

async fn parked(journal: &dyn SagaJournal) -> usize {
    let parked = SagaFilter { statuses: vec![SagaStatus::Parked], ..Default::default() };
    journal.list(&parked, None, 10.try_into().unwrap()).await.unwrap().len()
}

fn is_cancelled<O>(end: &Conclusion<O>) -> bool {
    matches!(end, Conclusion::RolledBack(Cause::Cancelled { .. }))
}

/// A recall that meets its last entry included.
#[tokio::test(start_paused = true)]
async fn a_saga_in_a_saga_is_recalled_at_every_moment_of_its_life() {
    for after in (0..900).step_by(10) {
        let (world, journal) = (World::default(), Troubled::slow(ms(50)));
        let orchestrator = orchestrator_on(Arc::new(journal.clone()), "node-1");
        let saga = nested(&world, None, |_, step| step.plays([Play::Slow(20)]));
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        sleep(ms(after)).await;
        let what = format!("cancelled after {after} ms");
        let answer = soon(&what, orchestrator.cancel(handle.saga(), &ada(), &why("so"))).await;
        let end = soon(&what, handle.wait()).await.unwrap();
        assert_eq!(answer.is_ok(), is_cancelled(&end), "{what}: {answer:?}, {end:?}");
        assert!(!is_cancelled(&end) || left(&world).is_empty(), "{what}: {:?}", world.log());
        assert_eq!(parked(&journal).await, 0, "{what}");
        assert_replays(&orchestrator, handle.saga()).await;
    }
}

/// All that it does is to be over, and its end is being written when it is recalled.
#[tokio::test(start_paused = true)]
async fn a_saga_in_a_saga_that_was_never_begun_is_recalled() {
    let (world, journal) = (World::default(), Troubled::slow(ms(50)));
    let saga = nested(&world, None, |_, step| step);
    // The parent is created, a's outcome is written, and the child is not.
    journal.script([None, None].into_iter().chain([Some(Trouble::Hangs); 9]));
    let one = orchestrator_on(Arc::new(journal.clone()), "node-1");
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(Duration::from_secs(31)).await;
    let journal = journal.beside();
    let other = orchestrator_on(Arc::new(journal.clone()), "node-2");
    other.register(&saga);
    soon("cancel", other.cancel(handle.saga(), &ada(), &why("so"))).await.unwrap();
    let found = other.find(&saga, handle.saga().clone()).await.unwrap();
    let end = soon("the recall of what was never begun", found.wait()).await.unwrap();
    assert!(is_cancelled(&end), "{end:?}");
    assert_eq!(world.log(), ["do a", "undo a 1"]);
    let child = journal.load(&"s/sub".parse().unwrap()).await.unwrap();
    assert_eq!(child.unwrap().0.status, SagaStatus::RolledBack, "no late start finds its id free");
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_while_a_saga_in_a_saga_is_being_begun_undoes_it() {
    let (world, journal) = (World::default(), Troubled::slow(ms(50)));
    let saga = nested(&world, None, |_, step| step);
    journal.script([None, None, Some(Trouble::Hangs)]);
    let orchestrator = orchestrator_on(Arc::new(journal.clone()), "node-1");
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(500)).await;
    soon("cancel", orchestrator.cancel(handle.saga(), &ada(), &why("so"))).await.unwrap();
    let end = soon("the recall of what is being begun", handle.wait()).await.unwrap();
    assert!(is_cancelled(&end), "{end:?}");
    assert!(left(&world).is_empty(), "{:?}", world.log());
}

/// The step of the child is tried again a day later; the parent has a minute.
#[tokio::test(start_paused = true)]
async fn a_deadline_stops_a_saga_in_a_saga() {
    let world = World::default();
    let mut child = SagaBuilder::<u32>::new("child", 1);
    let x = child.step_with("x", world.step("x"), child.input(), policy());
    let y = world.step("y").plays([Play::NotDone]);
    let y = child.step_with("y", y, x, policy().with_retry(after(24 * HOUR)));
    let child = child.build(y).unwrap();
    let mut saga = SagaBuilder::<u32>::new("parent", 1).with_deadline(Duration::from_secs(60));
    let a = saga.step_with("a", world.step("a"), saga.input(), policy());
    let sub = saga.sub_saga("sub", &child, a);
    let saga = saga.build(sub).unwrap();

    let (orchestrator, _) = crate::clocked();
    let began = Instant::now();
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = soon("a deadline", handle.wait()).await.unwrap();
    assert_eq!(end, Conclusion::RolledBack(Cause::Deadline));
    assert!(began.elapsed() < Duration::from_secs(90), "{:?}", began.elapsed());
    assert_eq!(world.log(), ["do a", "do x", "undo x 2", "undo a 1"]);
}

/// The sibling fails while something is being written, and nothing else ends after that.
#[tokio::test(start_paused = true)]
async fn a_failure_beside_it_stops_a_saga_in_a_saga_whenever_it_comes() {
    for after in (0..400).step_by(10) {
        let (world, journal) = (World::default(), Troubled::slow(ms(50)));
        let child = chain(&world, &["x"], |_, step| step.plays([Play::Hang; 1_000]));
        let mut saga = SagaBuilder::<u32>::new("parent", 1);
        let sub = saga.sub_saga("sub", &child, saga.input());
        let mut busy = saga.input();
        for name in ["e", "f", "g"] {
            busy = saga.step_with(name, world.step(name), busy, policy());
        }
        let b = saga.step_with("b", refusal(ms(after)), saga.input(), policy());
        let saga = saga.build(sub.after(b).after(busy)).unwrap();
        let orchestrator = orchestrator_on(Arc::new(journal.clone()), "node-1");
        let began = Instant::now();
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        let what = format!("a refusal after {after} ms");
        let end = soon(&what, handle.wait()).await.unwrap();
        assert!(matches!(end, Conclusion::RolledBack(Cause::Failed { .. })), "{what}: {end:?}");
        // An attempt of the child's step is waited for, for 10 s; there are three.
        assert!(began.elapsed() < Duration::from_secs(15), "{what}: {:?}", began.elapsed());
    }
}

/// G runs P, P runs C, and P is over long before G fails.
#[tokio::test(start_paused = true)]
async fn what_a_grandparent_may_yet_undo_is_not_purged() {
    let world = World::default();
    let slow = |step: Scripted| step.plays([Play::Slow(60_000), Play::Refused]);
    let leaf = chain(&world, &["x"], |_, step| step);
    let mut middle = SagaBuilder::<u32>::new("middle", 1);
    let sub = middle.sub_saga("leaf", &leaf, middle.input());
    let middle = middle.build(sub).unwrap();
    let mut top = SagaBuilder::<u32>::new("top", 1);
    let sub = top.sub_saga("middle", &middle, top.input());
    let policy = policy().with_timeout(Duration::from_secs(30));
    let last = top.step_with("last", slow(world.step("last")), sub, policy);
    let top = top.build(last).unwrap();

    let (orchestrator, journal) = crate::support::orchestrator();
    let handle = orchestrator.start(&top, "s".parse().unwrap(), 0).await.unwrap();
    sleep(Duration::from_secs(10)).await;
    let (leaf, _) = journal.load(&"s/middle/leaf".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(leaf.status, SagaStatus::Committed);
    assert_eq!(orchestrator.purge(Duration::ZERO).await.unwrap(), 0, "the top saga still runs");
    let end = soon("the top saga", handle.wait()).await.unwrap();
    assert!(matches!(end, Conclusion::RolledBack(_)), "{end:?}");
    assert_eq!(world.count("undo x 1"), 1);
    assert_eq!(orchestrator.purge(Duration::ZERO).await.unwrap(), 3, "nobody needs them now");
}

/// Both were left by a runner that died, the claim of the child a little later, and there is room for one.
#[tokio::test(start_paused = true)]
async fn a_saga_and_the_one_in_it_go_on_where_there_is_room_for_one_alone() {
    let (world, journal) = (World::default(), Troubled::slow(ms(5)));
    let saga = nested(&world, None, only("x", |step| step.plays([Play::Hang])));
    let one = orchestrator_on(Arc::new(journal.clone()), "node-1");
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(1_000)).await;
    let child = SagaClaim { saga: "s/sub".parse().unwrap(), epoch: 1 };
    assert_eq!(journal.renew(&[child], Duration::from_secs(90)).await.unwrap().len(), 1);
    journal.kill();
    let config = SagaConfig::default().with_live_max(1);
    let other = SagaOrchestrator::with_runner(Arc::new(journal.beside()), runner("node-2"), config);
    other.register(&saga);
    let working = worker(&other);
    let found = other.find(&saga, handle.saga().clone()).await.unwrap();
    let end = soon("with room for one", found.wait()).await.unwrap();
    assert_eq!(end, Conclusion::Committed(4));
    working.abort();
}

/// Its first runner was lost; once it is rolled back, it is in doubt no more.
#[tokio::test(start_paused = true)]
async fn a_pivot_that_is_a_saga_and_was_rolled_back_turns_its_parent_back() {
    let (world, journal) = (World::default(), Troubled::slow(ms(50)));
    let child = chain(&world, &["x"], |_, step| step.plays([Play::Hang, Play::Refused]));
    let mut saga = SagaBuilder::<u32>::new("parent", 1);
    let a = saga.step_with("a", world.step("a"), saga.input(), policy());
    let sub = saga.sub_saga("sub", &child, a);
    saga.pivot(sub);
    let saga = saga.build(sub).unwrap();
    let dead = orchestrator_on(Arc::new(journal.clone()), "node-0");
    let handle = dead.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(1_000)).await;
    journal.kill();
    let other = orchestrator_on(Arc::new(journal.beside()), "node-1");
    other.register(&saga);
    let working = worker(&other);
    let found = other.find(&saga, handle.saga().clone()).await.unwrap();
    let end = tokio::time::timeout(Duration::from_secs(120), found.wait()).await;
    assert!(matches!(end, Ok(Ok(Conclusion::RolledBack(_)))), "it is asked without end: {end:?}");
    assert_eq!(world.log(), ["do a", "probe x", "undo x maybe", "undo a 1"]);
    working.abort();
}

/// After a crash the two regularly are with different runners. Here the child is long: it waits for an hour.
#[tokio::test(start_paused = true)]
async fn a_saga_in_a_saga_that_runs_elsewhere_is_undone_with_its_parent() {
    let (world, journal) = (World::default(), Troubled::slow(ms(5)));
    let mut child = SagaBuilder::<u32>::new("child", 1);
    let x = child.step_with("x", world.step("x"), child.input(), policy());
    let y = world.step("y").plays([Play::Hang, Play::NotDone]);
    let y = child.step_with("y", y, x, policy().with_retry(after(HOUR)));
    let child = child.build(y).unwrap();
    let mut saga = SagaBuilder::<u32>::new("parent", 1);
    let a = saga.step_with("a", world.step("a"), saga.input(), policy());
    let sub = saga.sub_saga("sub", &child, a);
    let saga = saga.build(sub).unwrap();

    let dead = orchestrator_on(Arc::new(journal.clone()), "node-0");
    let handle = dead.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(1_000)).await;
    journal.kill();
    sleep(Duration::from_secs(31)).await;
    let runner = |name| orchestrator_on(Arc::new(journal.beside()), name);
    let [one, other] = ["node-1", "node-2"].map(runner);
    other.register(&child);
    assert_eq!(other.recover().await.unwrap(), 1, "the child");
    one.register(&saga);
    assert_eq!(one.recover().await.unwrap(), 1, "the parent");
    let working = [worker(&one), worker(&other)];
    sleep(Duration::from_secs(60)).await;
    one.cancel(handle.saga(), &ada(), &why("so")).await.unwrap();

    let found = one.find(&saga, handle.saga().clone()).await.unwrap();
    let end = tokio::time::timeout(HOUR / 2, found.wait()).await.expect("it ends").unwrap();
    assert!(is_cancelled(&end), "{end:?}");
    assert!(left(&world).is_empty(), "{:?}", world.log());
    assert_eq!(parked(&journal.inner).await, 0);
    working.iter().for_each(JoinHandle::abort);
}

/// The child cannot be undone, and is parked; whoever gives the parent up is not made to wait for it.
#[tokio::test(start_paused = true)]
async fn a_saga_whose_part_cannot_be_undone_is_given_up_or_goes_on_once_that_is() {
    for is_given_up in [true, false] {
        let (world, journal) = (World::default(), Troubled::slow(ms(5)));
        let saga = nested(&world, None, |name, step| match name {
            "c" => step.plays([Play::Refused]),
            "x" => step.undos([Play::Refused]),
            _ => step,
        });
        let orchestrator = orchestrator_on(Arc::new(journal.clone()), "node-1");
        let working = worker(&orchestrator);
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        sleep(Duration::from_secs(60)).await;
        assert_eq!(parked(&journal).await, 1, "the child");
        let (saga, repair) = if is_given_up {
            (handle.saga().clone(), Repair::GiveUp)
        } else {
            let repair = Repair::MarkCompensated { step: "x".parse().unwrap() };
            ("s/sub".parse().unwrap(), repair)
        };
        soon("repair", orchestrator.repair(&saga, repair, &ada(), &why("so"))).await.unwrap();
        let end = soon("after the repair", handle.wait()).await.unwrap();
        assert_eq!(matches!(end, Conclusion::GivenUp { .. }), is_given_up, "{end:?}");
        assert_eq!(world.count("undo a 1"), usize::from(!is_given_up), "{end:?}");
        working.abort();
    }
}
