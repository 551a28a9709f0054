//! What other engines fail at, and rules that no other test here is about, each by name.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::observe::TraceContext;
use strangler_fig::saga::{
    Conclusion, Direction, Effect, Probe, SagaBuilder, SagaConfig, SagaError, SagaJournal,
    SagaOrchestrator, SagaStatus, SagaStep, StartOptions, StepContext, StepError, step_fn,
};
use tokio::time::{Instant, sleep};

use crate::journal::Troubled;
use crate::nested::nested;
use crate::support::{
    Play, World, ada, chain, ms, only, orchestrator, orchestrator_on, policy, refusal, runner,
    soon, why, worker,
};

/// Steno #66: an action that fails after its effect is never undone.
#[tokio::test(start_paused = true)]
async fn a_step_that_fails_after_its_effect_is_undone() {
    let (world, (orchestrator, _)) = (World::default(), orchestrator());
    let saga = chain(&world, &["a", "b"], only("b", |step| step.plays([Play::Lost; 3])));
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    assert!(matches!(soon("lost", handle.wait()).await.unwrap(), Conclusion::RolledBack(_)));
    assert_eq!((world.count("undo b maybe"), world.count("undo a 1")), (1, 1));
}

/// Dtm #272: a timeout leaves steps uncompensated.
#[tokio::test(start_paused = true)]
async fn a_step_that_never_answers_is_undone() {
    let (world, (orchestrator, _)) = (World::default(), orchestrator());
    let saga = chain(&world, &["a", "b"], only("b", |step| step.plays([Play::Hang; 3])));
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    assert!(matches!(soon("hung", handle.wait()).await.unwrap(), Conclusion::RolledBack(_)));
    assert_eq!((world.count("undo b maybe"), world.count("undo a 1")), (1, 1));
}

/// Dtm #306: a compensation that fails is called again 80 times a second.
#[tokio::test(start_paused = true)]
async fn a_compensation_that_fails_is_tried_again_after_pauses() {
    let undone = Arc::new(Mutex::new(Vec::new()));
    let times = undone.clone();
    let step = step_fn(|_: u32, _| async { Ok(0_u32) }).undo(move |_: u32, _: Effect<u32>, _| {
        times.lock().unwrap().push(Instant::now());
        async { Err(StepError::unavailable("away")) }
    });
    let mut saga = SagaBuilder::<u32>::new("back", 1);
    let a = saga.step("a", step, saga.input());
    let b = saga.step_with("b", refusal(ms(0)), a, policy());
    let saga = saga.build(b).unwrap();
    let (orchestrator, _) = orchestrator();
    let began = Instant::now();
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    assert_eq!(soon("it is parked", handle.wait()).await.unwrap(), Conclusion::Parked);
    let times = undone.lock().unwrap().clone();
    let within = |time| times.iter().filter(|it| it.duration_since(began) <= time).count();
    assert!(within(Duration::from_secs(1)) <= 12, "{} in a second", within(Duration::from_secs(1)));
    assert_eq!(times.len(), 21, "and 20 tries more by default");

    let (world, (orchestrator, _)) = (World::default(), crate::support::orchestrator());
    let saga = chain(&world, &["a", "b"], |name, step| match name {
        "b" => step.plays([Play::Refused]),
        _ => step.undos([Play::NotDone; 5]),
    });
    let began = Instant::now();
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    soon("it is undone", handle.wait()).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(5), "a second each, as its policy says");
}

/// Temporal, Restate: a compensation is cancelled with its parent. Neither a cancellation, nor a handle that is
/// dropped, nor an orchestrator that is, ends one.
#[tokio::test(start_paused = true)]
async fn a_compensation_ends_whoever_goes_away_meanwhile() {
    let (world, (orchestrator, journal)) = (World::default(), orchestrator());
    let saga = chain(&world, &["a", "b"], |name, step| match name {
        "b" => step.plays([Play::Refused]),
        _ => step.undos([Play::Slow(2_000)]),
    });
    let starting = orchestrator.clone();
    let caller = tokio::spawn(async move {
        let handle = starting.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        handle.wait().await
    });
    sleep(ms(500)).await;
    let saga = "s".parse().unwrap();
    let cancelled = orchestrator.cancel(&saga, &ada(), &why("so")).await;
    assert!(matches!(cancelled, Err(SagaError::OutOfOrder { .. })), "{cancelled:?}");
    caller.abort();
    drop((caller.await, orchestrator));
    sleep(ms(3_000)).await;
    assert_eq!(world.count("undo a 1"), 1);
    let (header, _) = journal.load(&saga).await.unwrap().unwrap();
    assert_eq!(header.status, SagaStatus::RolledBack);
}

/// The same of a saga in a saga, whose parent is told to turn back while the child does already.
#[tokio::test(start_paused = true)]
async fn a_compensation_of_a_saga_in_a_saga_is_not_cancelled_with_its_parent() {
    let (world, journal) = (World::default(), Troubled::slow(ms(5)));
    let saga = nested(&world, None, |name, step| match name {
        "y" => step.plays([Play::Refused]),
        "x" => step.undos([Play::Slow(2_000)]),
        _ => step,
    });
    let orchestrator = orchestrator_on(Arc::new(journal), "node-1");
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(500)).await;
    assert_eq!(world.begun().last().unwrap(), "undo x");
    orchestrator.cancel(handle.saga(), &ada(), &why("so")).await.unwrap();
    assert!(matches!(soon("both", handle.wait()).await.unwrap(), Conclusion::RolledBack(_)));
    assert_eq!(world.log(), ["do a", "do x", "undo x 2", "undo a 1"]);
    assert_eq!(world.begun().iter().filter(|it| *it == "undo x").count(), 1);
}

/// Seata #5688: a completed saga is rolled back by a late deadline.
#[tokio::test(start_paused = true)]
async fn a_deadline_that_comes_after_the_end_changes_nothing() {
    for slow in (900..1_100).step_by(10) {
        let (world, journal) = (World::default(), Troubled::slow(ms(50)));
        let mut saga = SagaBuilder::<u32>::new("timed", 1).with_deadline(ms(1_000));
        let step = world.step("a").plays([Play::Slow(slow)]);
        let a = saga.step_with("a", step, saga.input(), policy());
        let saga = saga.build(a).unwrap();
        let clock = Arc::new(crate::Following(Instant::now()));
        let config = SagaConfig::default().with_clock(clock);
        let orchestrator =
            SagaOrchestrator::with_runner(Arc::new(journal.clone()), runner("n"), config);
        let working = worker(&orchestrator);
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        let end = soon("a deadline", handle.wait()).await.unwrap();
        sleep(Duration::from_secs(60)).await;
        let again = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        assert_eq!(again.wait().await.unwrap(), end, "slow {slow}");
        let is_done = matches!(end, Conclusion::Committed(_));
        assert_eq!(world.count("undo a 1"), usize::from(!is_done), "slow {slow}");
        let (header, _) = journal.load(handle.saga()).await.unwrap().unwrap();
        assert_eq!(header.status == SagaStatus::Committed, is_done, "slow {slow}");
        working.abort();
    }
}

/// Steno: a sibling that was started is executed again by whoever recovers a saga that unwinds.
#[tokio::test(start_paused = true)]
async fn whoever_takes_over_a_saga_that_turns_back_executes_nothing() {
    let (world, journal) = (World::default(), Troubled::slow(ms(5)));
    let mut saga = SagaBuilder::<u32>::new("beside", 1);
    let a = saga.step_with("a", world.step("a"), saga.input(), policy());
    saga.step_with("b", world.step("b").plays([Play::Hang]), a, policy());
    saga.step_with("c", world.step("c").undos([Play::Hang]), a, policy());
    let d = saga.step_with("d", refusal(ms(500)), a, policy());
    let saga = saga.build(d).unwrap();
    let dead = orchestrator_on(Arc::new(journal.clone()), "node-0");
    let handle = dead.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(1_000)).await;
    journal.kill();
    let begun = world.begun().len();
    let other = orchestrator_on(Arc::new(journal.beside()), "node-1");
    other.register(&saga);
    let working = worker(&other);
    let found = other.find(&saga, handle.saga().clone()).await.unwrap();
    assert!(matches!(soon("back", found.wait()).await.unwrap(), Conclusion::RolledBack(_)));
    let forward: Vec<_> =
        world.begun().into_iter().skip(begun).filter(|it| !it.starts_with("undo")).collect();
    assert_eq!(forward, [""; 0]);
    assert_eq!(world.count("undo b maybe"), 1, "it was under way");
    working.abort();
}

/// A step that keeps what it is told.
#[derive(Debug, Default, Clone)]
struct Curious(Arc<Mutex<Vec<(StepContext, Instant)>>>);

impl Curious {
    fn keep(&self, context: &StepContext) -> u32 {
        self.0.lock().unwrap().push((context.clone(), Instant::now()));
        context.attempt()
    }
}

#[async_trait]
impl SagaStep for Curious {
    type Input = u32;
    type Output = u32;

    async fn execute(&self, _: &u32, context: &StepContext) -> Result<u32, StepError> {
        match self.keep(context) {
            1 => Err(StepError::unknown("lost")),
            2 => std::future::pending().await,
            _ => Ok(1),
        }
    }

    async fn compensate(
        &self,
        _: &u32,
        _: Effect<u32>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        if self.keep(context) == 1 { Err(StepError::unavailable("away")) } else { Ok(()) }
    }

    async fn probe(&self, _: &u32, context: &StepContext) -> Result<Probe<u32>, StepError> {
        self.keep(context);
        Ok(Probe::Absent)
    }
}

/// S7: what a participant needs to tell an old call from a new one, whichever runner makes it.
#[tokio::test(start_paused = true)]
async fn a_step_is_told_who_calls_it_how_often_until_when_and_in_whose_name() {
    let (journal, curious) = (Troubled::slow(ms(5)), Curious::default());
    let mut saga = SagaBuilder::<u32>::new("curious", 1);
    let a = saga.step_with("a", curious.clone(), saga.input(), policy());
    let b = saga.step_with("b", refusal(ms(0)), a, policy());
    let saga = saga.build(b).unwrap();
    let dead = orchestrator_on(Arc::new(journal.clone()), "node-0");
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let options =
        StartOptions::default().with_trace_context(TraceContext::new(trace, None).unwrap());
    let handle = dead.start_with(&saga, "s".parse().unwrap(), 0, options).await.unwrap();
    sleep(ms(2_000)).await;
    journal.kill();
    let other = orchestrator_on(Arc::new(journal.beside()), "node-1");
    other.register(&saga);
    let working = worker(&other);
    let found = other.find(&saga, handle.saga().clone()).await.unwrap();
    soon("told", found.wait()).await.unwrap();
    let calls = curious.0.lock().unwrap().clone();
    for (context, now) in &calls {
        assert_eq!((context.saga().as_str(), context.step().as_str()), ("s", "a"));
        assert_eq!(context.idempotency_key().to_string(), "s/a");
        assert_eq!(context.traceparent(), Some(trace));
        assert_eq!(context.deadline(), Some(*now + Duration::from_secs(10)));
    }
    let told: Vec<_> =
        calls.iter().map(|(it, _)| (it.direction(), it.attempt(), it.epoch())).collect();
    let (execute, probe, back) = (Direction::Execute, Direction::Probe, Direction::Compensate);
    let by_the_first = [(execute, 1, 1), (probe, 1, 1), (execute, 2, 1)];
    let by_the_other = [(probe, 2, 2), (execute, 3, 2), (back, 1, 2), (back, 2, 2)];
    assert_eq!(told, [&by_the_first[..], &by_the_other[..]].concat());
    working.abort();
}
