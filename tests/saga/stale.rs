//! What comes too late: answers of probes that nobody waits for any more, an output that was refused, and the turn of
//! a task.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::resilience::Exponential;
use strangler_fig::saga::{
    Cause, Conclusion, Payload, Probe, Repair, SagaBuilder, SagaConfig, SagaDefinition, SagaEntry,
    SagaError, SagaJournal, SagaOrchestrator, SagaStatus, StepPolicy, StepStatus, Wire, step_fn,
};
use tokio::time::{Instant, advance, sleep, timeout};

use crate::gated::{Call, Fate, Gated};
use crate::support::{
    Play, World, ada, assert_replays, ms, orchestrator, orchestrator_on, policy, runner, soon, why,
};

const HOUR: Duration = Duration::from_secs(3_600);
const TERM: Duration = Duration::from_secs(30);

fn retry(step: &str) -> Repair {
    Repair::Retry { step: step.parse().unwrap() }
}

fn skip(step: &str, output: u32) -> Repair {
    Repair::Skip { step: step.parse().unwrap(), output: Payload::of(&output).unwrap() }
}

/// The pivot p, then z, which is asked for so long what became of its first attempt, and whose second is refused.
fn refused_beside_a_probe(world: &World, millis: u64) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("probed", 1);
    let p = saga.step_with("p", world.step("p"), saga.input(), policy());
    saga.pivot(p);
    let z = world.step("z").plays([Play::Vanished, Play::Refused]).probes([Probe::Done(7)]);
    let patient = policy().with_timeout(HOUR);
    let z = saga.step_with("z", z.slow_probes([millis]), p, patient);
    saga.build(z).unwrap()
}

#[derive(Debug, Default)]
struct Parked(AtomicUsize);

impl Observer for Parked {
    fn on_event(&self, event: &Event) {
        if matches!(event, Event::SagaSettled { status: "parked" }) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_of_a_probe_that_comes_while_its_step_is_being_parked_says_nothing() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let saga = refused_beside_a_probe(&world, 1_000);
    let gated = Gated::on(&inner, |call| match call {
        Call::Append(append) if append.status == SagaStatus::Parked => Fate::Slow(2_000),
        _ => Fate::Done,
    });
    let parked = Arc::new(Parked::default());
    let config = SagaConfig::default().with_observer(parked.clone());
    let one = SagaOrchestrator::with_runner(Arc::new(gated), runner("node-1"), config);
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(500)).await;
    one.repair(handle.saga(), retry("z"), &ada(), &why("now")).await.unwrap();
    assert_eq!(soon("parked", handle.wait()).await.unwrap(), Conclusion::Parked);
    assert_eq!(world.begun(), ["do p", "do z", "probe z", "do z"]);
    assert_eq!(parked.0.load(Ordering::SeqCst), 1, "its runner has come to that end");
    let state = assert_replays(&one, handle.saga()).await.state.unwrap();
    let (_, z) = state.steps().last().unwrap();
    assert_eq!((z.status(), z.output()), (StepStatus::Stuck, None));
    // So does what is told of it from there on.
    one.repair(handle.saga(), skip("z", 9), &ada(), &why("so")).await.unwrap();
    assert_eq!(soon("skipped", handle.wait()).await.unwrap(), Conclusion::Committed(9));
}

/// The journal has taken the claim back: what is under way is of no use to anybody.
#[tokio::test(start_paused = true)]
async fn a_saga_that_is_parked_does_not_wait_for_a_probe_of_an_earlier_attempt() {
    let (world, (orchestrator, _)) = (World::default(), orchestrator());
    let saga = refused_beside_a_probe(&world, 600_000);
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(500)).await;
    orchestrator.repair(handle.saga(), retry("z"), &ada(), &why("now")).await.unwrap();
    let end = timeout(ms(1_000), handle.wait()).await.expect("nobody waits for the probe");
    assert_eq!((end.unwrap(), orchestrator.live()), (Conclusion::Parked, 0));
    orchestrator.repair(handle.saga(), retry("z"), &ada(), &why("again")).await.unwrap();
    let end = timeout(ms(1_000), handle.wait()).await.expect("it goes on").unwrap();
    assert_eq!(end, Conclusion::Committed(2));
}

#[tokio::test(start_paused = true)]
async fn the_answer_of_a_probe_says_nothing_of_a_step_that_was_skipped_meanwhile() {
    let (world, (orchestrator, _)) = (World::default(), orchestrator());
    let mut saga = SagaBuilder::<u32>::new("probed", 1);
    let a = world.step("a").plays([Play::Lost]).probes([Probe::Done(7)]).slow_probes([1_000]);
    let a = saga.step_with("a", a, saga.input(), policy());
    let b = saga.step_with("b", world.step("b").plays([Play::Slow(2_000)]), a, policy());
    let c = saga.step_with("c", world.step("c"), a.after(b), policy());
    let saga = saga.build(c).unwrap();
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(500)).await;
    orchestrator.repair(handle.saga(), skip("a", 41), &ada(), &why("it is 41")).await.unwrap();
    let end = soon("skipped beside a probe", handle.wait()).await.unwrap();
    assert_eq!(end, Conclusion::Committed(42), "c has what ada gave");
    assert_eq!(world.begun(), ["do a", "probe a", "do b", "do c"]);
    assert_replays(&orchestrator, handle.saga()).await;
}

/// A journal that takes no output of an operator's, so many times.
fn without_skips(inner: &InMemorySagaJournal, times: usize) -> Arc<Gated> {
    let refused = AtomicUsize::new(0);
    let is_skip = |it: &SagaEntry| matches!(it, SagaEntry::Repaired { repair, .. } if matches!(**repair, Repair::Skip { .. }));
    Arc::new(Gated::on(inner, move |call| match call {
        Call::Append(append)
            if append.entries.iter().any(is_skip)
                && refused.fetch_add(1, Ordering::SeqCst) < times =>
        {
            Fate::Refused
        }
        _ => Fate::Done,
    }))
}

#[tokio::test(start_paused = true)]
async fn an_output_that_was_given_and_could_not_be_recorded_is_nobody_s() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let one = orchestrator_on(without_skips(&inner, 1), "node-1");
    let mut saga = SagaBuilder::<u32>::new("skipped", 1);
    let a = world.step("a").plays([Play::Vanished]).probes([Probe::Unclear]);
    let rarely = Exponential::between(HOUR, HOUR).with_count(3);
    let a = saga.step_with("a", a, saga.input(), policy().with_retry(rarely));
    let b = saga.step_with("b", world.step("b"), a, policy());
    let saga = saga.build(b).unwrap();
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(100)).await;
    let answer = soon("skip", one.repair(handle.saga(), skip("a", 41), &ada(), &why("so"))).await;
    assert!(matches!(answer, Err(SagaError::Journal { .. })), "{answer:?}");
    assert_eq!(world.begun(), ["do a", "probe a"], "b has nothing to begin with");
    soon("cancel", one.cancel(handle.saga(), &ada(), &why("so"))).await.unwrap();
    let end = soon("a refused skip", handle.wait()).await.unwrap();
    assert!(matches!(end, Conclusion::RolledBack(_)), "{end:?}");
    assert_eq!(world.log().last().unwrap(), "undo a maybe", "nobody knows of an output");
    assert_replays(&one, handle.saga()).await;
}

#[tokio::test(start_paused = true)]
async fn a_parked_saga_whose_repair_could_not_be_recorded_is_parked_and_held_by_nobody() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let one = orchestrator_on(without_skips(&inner, 1), "node-1");
    let saga = refused_beside_a_probe(&world, 1);
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    one.repair(handle.saga(), retry("z"), &ada(), &why("now")).await.unwrap();
    assert_eq!(soon("parked", handle.wait()).await.unwrap(), Conclusion::Parked);
    let answer = soon("skip", one.repair(handle.saga(), skip("z", 9), &ada(), &why("so"))).await;
    assert!(matches!(answer, Err(SagaError::Journal { .. })), "{answer:?}");
    assert_eq!(soon("still parked", handle.wait()).await.unwrap(), Conclusion::Parked);
    let (header, _) = inner.load(handle.saga()).await.unwrap().unwrap();
    assert_eq!((header.status, header.holder), (SagaStatus::Parked, None));
    let other = orchestrator_on(Arc::new(inner), "node-2");
    other.register(&saga);
    other.repair(handle.saga(), skip("z", 9), &ada(), &why("so")).await.unwrap();
    let found = other.find(&saga, handle.saga().clone()).await.unwrap();
    assert_eq!(soon("skipped", found.wait()).await.unwrap(), Conclusion::Committed(9));
}

/// One that is started in a step runs in a task of its own, which may wait for its turn longer than its claim lasts.
#[tokio::test(start_paused = true)]
async fn a_saga_whose_task_has_waited_for_its_turn_is_held_before_its_first_step_begins() {
    for is_claimed in [false, true] {
        let (world, inner) = (World::default(), InMemorySagaJournal::default());
        let one = orchestrator_on(Arc::new(inner.clone()), "node-1");
        let started = {
            let (world, inner) = (world.clone(), inner.clone());
            let step = step_fn(move |_: u32, context| {
                let (world, inner) = (world.clone(), inner.clone());
                async move {
                    let left = context.deadline().unwrap() - Instant::now();
                    let (header, _) = inner.load(context.saga()).await.unwrap().unwrap();
                    let holder = header.holder.map(|it| it.name.to_string());
                    world.note(format!("{left:?} left, held by {holder:?}"));
                    Ok(0_u32)
                }
            });
            let mut saga = SagaBuilder::<u32>::new("started", 1);
            let limit = StepPolicy::default().with_timeout(Duration::from_secs(20));
            let x = saga.step_with("x", step, saga.input(), limit);
            saga.build(x).unwrap()
        };
        let starting = {
            let (one, inner, started) = (one.clone(), inner.clone(), started.clone());
            step_fn(move |_: u32, _| {
                let (one, inner, started) = (one.clone(), inner.clone(), started.clone());
                async move {
                    let handle = one.start(&started, "w".parse().unwrap(), 0).await.unwrap();
                    // The clock goes on, and nothing else.
                    assert!(advance(TERM + ms(1_000)).now_or_never().is_none());
                    if is_claimed {
                        let claim = inner.claim(handle.saga(), &runner("node-2"), TERM).await;
                        assert!(claim.unwrap().is_some());
                    }
                    Ok(0_u32)
                }
            })
        };
        let mut saga = SagaBuilder::<u32>::new("starting", 1);
        let a = saga.step("a", starting, saga.input());
        let saga = saga.build(a).unwrap();
        let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        assert_eq!(soon("it starts", handle.wait()).await.unwrap(), Conclusion::Committed(0));
        sleep(ms(1_000)).await;
        let held = r#"20s left, held by Some("node-1")"#;
        assert_eq!(world.log(), if is_claimed { vec![] } else { vec![held] });
    }
}

#[tokio::test(start_paused = true)]
async fn why_a_step_was_asked_after_is_told_with_what_it_answered() {
    let (world, (orchestrator, _)) = (World::default(), orchestrator());
    let mut saga = SagaBuilder::<u32>::new("unclear", 1);
    let a = world.step("a").plays([Play::Vanished]);
    let never = Exponential::between(ms(1), ms(1)).with_count(0);
    let a = saga.step_with("a", a, saga.input(), policy().with_retry(never));
    let saga = saga.build(a).unwrap();
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = soon("nobody knows", handle.wait()).await.unwrap();
    let Conclusion::RolledBack(Cause::Failed { error, .. }) = end else { panic!("{end:?}") };
    let (look, first) = error.split_once("; before that: ").expect(&error);
    assert_eq!(look, "nobody knows whether it was done");
    assert!(!first.is_empty() && !first.contains("nobody knows"), "{first}");
}
