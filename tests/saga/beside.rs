//! Steps beside each other, one of which waits for an operator, is probed, or fails; and what many of them cost.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::resilience::Exponential;
use strangler_fig::saga::{
    Conclusion, Effect, Probe, Repair, SagaBuilder, SagaDefinition, SagaJournal, SagaStatus,
    StepError, StepPolicy, Wire, step_fn,
};
use tokio::time::sleep;

use crate::hooked::Hooked;
use crate::journal::Troubled;
use crate::support::{
    Play, World, ada, assert_replays, ms, orchestrator, orchestrator_on, policy, refusal, soon, why,
};

/// The pivot p, then z1 and z2 beside each other: z1 refuses while z2 is asked what became of it.
fn stuck_beside_a_probe(world: &World) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("beside", 1);
    let p = saga.step_with("p", world.step("p"), saga.input(), policy());
    saga.pivot(p);
    let z1 = saga.step_with("z1", refusal(ms(300)), p, policy());
    let z2 = world.step("z2").plays([Play::Lost]).probes([Probe::Done(7)]).slow_probes([5_000]);
    let z2 = saga.step_with("z2", z2, p, policy());
    saga.build(z1.after(z2)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_saga_is_not_parked_while_one_of_its_steps_is_being_probed() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let saga = stuck_beside_a_probe(&world);
    let hooked = Arc::new(Hooked::on(&inner).watching(&saga));
    let one = orchestrator_on(hooked.clone(), "node-1");
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(1_000)).await;
    let (header, _) = inner.load(handle.saga()).await.unwrap().unwrap();
    assert_eq!(header.status, SagaStatus::Running, "z2 is being asked");
    assert_eq!(header.holder.as_ref(), Some(one.runner()), "by this runner");
    let other = orchestrator_on(Arc::new(inner.clone()), "node-2");
    other.register(&saga);
    let found = other.find(&saga, handle.saga().clone()).await.unwrap();
    let elsewhere = soon("parked", found.wait()).await.unwrap();
    assert_eq!(elsewhere, Conclusion::Parked);
    assert_eq!(soon("parked", handle.wait()).await.unwrap(), Conclusion::Parked);
    assert_eq!(hooked.wrong(), [""; 0]);
    assert_eq!(world.begun(), ["do p", "do z2", "probe z2"], "by the first runner alone");
    let z2 = assert_replays(&one, handle.saga()).await.state.unwrap();
    assert!(z2.steps().any(|(_, step)| step.output().is_some_and(|it| it.as_str() == "7")));
}

#[tokio::test(start_paused = true)]
async fn nobody_takes_over_what_another_runner_probes_beside_a_step_that_is_stuck() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let mut saga = SagaBuilder::<u32>::new("beside", 1);
    let p = saga.step_with("p", world.step("p"), saga.input(), policy());
    saga.pivot(p);
    let z1 = saga.step_with("z1", refusal(ms(300)), p, policy());
    let z2 = world.step("z2").plays([Play::Lost]).probes([Probe::Done(7)]).slow_probes([2_000]);
    let z2 = saga.step_with("z2", z2, p, policy());
    let z3 = world.step("z3").plays([Play::Slow(5_000)]);
    let z3 = saga.step_with("z3", z3, z2, policy());
    let saga = saga.build(z1.after(z3)).unwrap();
    let [one, other] =
        ["node-1", "node-2"].map(|name| orchestrator_on(Arc::new(inner.clone()), name));
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    other.register(&saga);
    for _ in 0..100 {
        sleep(ms(100)).await;
        assert_eq!(other.recover().await.unwrap(), 0, "the first runner is at it");
    }
    assert_eq!(soon("parked", handle.wait()).await.unwrap(), Conclusion::Parked);
    assert_eq!(world.count("do z3"), 1);
}

/// What was true when the first probe looked is not when the second attempt has had its effect.
#[tokio::test(start_paused = true)]
async fn the_answer_of_a_probe_from_before_a_retry_says_nothing_of_what_came_after_it() {
    let (world, (orchestrator, _)) = (World::default(), orchestrator());
    let mut saga = SagaBuilder::<u32>::new("probed", 1);
    let a = world.step("a").plays([Play::Vanished, Play::Lost]);
    let a = a.probes([Probe::Never, Probe::Unclear]).slow_probes([1_000, 3_000]);
    let policy = StepPolicy::default().with_timeout(ms(60_000)).with_retry(none());
    let a = saga.step_with("a", a, saga.input(), policy);
    let saga = saga.build(a).unwrap();
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(500)).await;
    let retry = Repair::Retry { step: "a".parse().unwrap() };
    orchestrator.repair(handle.saga(), retry, &ada(), &why("now")).await.unwrap();
    let end = soon("a retry beside a probe", handle.wait()).await.unwrap();
    assert!(matches!(end, Conclusion::RolledBack(_)), "{end:?}");
    assert_eq!(world.count("undo a maybe"), 1, "the second attempt had its effect");
}

fn none() -> Exponential {
    Exponential::default().with_count(0)
}

/// Counts how often a future is polled.
async fn counted<T>(polls: Arc<AtomicUsize>, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|context| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(context)
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_thousand_steps_that_are_undone_one_by_one_cost_a_few_polls_each() {
    const STEPS: u64 = 1_000;
    let polls = Arc::new(AtomicUsize::new(0));
    let mut saga = SagaBuilder::<u32>::new("wide", 1);
    for n in 0..STEPS {
        let polls = polls.clone();
        let step =
            step_fn(|_: u32, _| async { Ok(0_u32) }).undo(move |_: u32, _: Effect<u32>, _| {
                counted(polls.clone(), async move {
                    sleep(ms(n + 1)).await;
                    Ok::<(), StepError>(())
                })
            });
        saga.step(&format!("s{n}"), step, saga.input());
    }
    let refused = saga.step("refused", refusal(ms(1)), saga.input());
    let saga = saga.build(refused).unwrap();
    let (orchestrator, _) = orchestrator();
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = soon("a thousand undone", handle.wait()).await.unwrap();
    assert!(matches!(end, Conclusion::RolledBack(_)), "{end:?}");
    let polls = polls.load(Ordering::Relaxed);
    assert!(polls <= 20 * 1_000, "{polls} polls");
}

/// Steno: 33 stages of a ladder take 24 ms, and each further one as long as all before it.
#[tokio::test(start_paused = true)]
async fn each_stage_of_a_ladder_costs_as_much_as_the_one_before() {
    let cost = async |stages: usize| {
        let (polls, journal) = (Arc::new(AtomicUsize::new(0)), Troubled::default());
        let mut saga = SagaBuilder::<u32>::new("ladder", 1);
        let step = || {
            let polls = polls.clone();
            step_fn(move |input: u32, _| counted(polls.clone(), async move { Ok(input) }))
        };
        let (mut left, mut right) = (saga.input(), saga.input());
        for n in 0..stages {
            let next = saga.step(&format!("left{n}"), step(), left.after(right));
            right = saga.step(&format!("right{n}"), step(), right.after(left));
            left = next;
        }
        let saga = saga.build(left.after(right)).unwrap();
        let orchestrator = orchestrator_on(Arc::new(journal.clone()), "node-1");
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        assert_eq!(handle.wait().await.unwrap(), Conclusion::Committed(0));
        (journal.writes(), polls.load(Ordering::Relaxed))
    };
    let (writes, polls) = cost(33).await;
    assert!(writes <= 35 && polls <= 4 * 66, "{writes} writes, {polls} polls");
    let (twice_writes, twice_polls) = cost(66).await;
    assert!(
        twice_writes <= 2 * writes && twice_polls <= 2 * polls,
        "{twice_writes}, {twice_polls}"
    );
}
