//! What turns a saga back while something is being written: nothing forward is begun after it, and every call that
//! has ended is accounted for.

use std::sync::Arc;

use strangler_fig::saga::{
    Cause, Conclusion, Effect, SagaBuilder, SagaConfig, SagaOrchestrator, SagaStep, StepError,
    Wire, step_fn,
};
use tokio::time::{Instant, sleep};

use crate::journal::Troubled;
use crate::support::{World, assert_replays, ms, orchestrator_on, policy, runner, soon};

/// S5: the deadline is over before the first step can be begun.
#[tokio::test(start_paused = true)]
async fn a_saga_whose_deadline_has_passed_as_it_begins_does_nothing() {
    let world = World::default();
    let mut saga = SagaBuilder::<u32>::new("late", 1).with_deadline(ms(10));
    let a = saga.step_with("a", world.step("a"), saga.input(), policy());
    let saga = saga.build(a).unwrap();
    let config = SagaConfig::default().with_clock(Arc::new(crate::Following(Instant::now())));
    let journal = Arc::new(Troubled::slow(ms(50)));
    let orchestrator = SagaOrchestrator::with_runner(journal, runner("node-1"), config);
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = soon("its deadline has passed", handle.wait()).await.unwrap();
    assert_eq!(end, Conclusion::RolledBack(Cause::Deadline));
    assert_eq!(world.begun(), Vec::<String>::new());
    assert_replays(&orchestrator, handle.saga()).await;
}

/// S5: its intent was on its way to the journal when a sibling failed.
#[tokio::test(start_paused = true)]
async fn a_step_is_not_begun_once_a_sibling_has_failed_while_it_was_announced() {
    let world = World::default();
    let mut saga = SagaBuilder::<u32>::new("beside", 1);
    let a = saga.step_with("a", world.step("a"), saga.input(), policy());
    let b = saga.step_with("b", world.step("b"), a, policy());
    let refusal = step_fn(|_: u32, _| async {
        sleep(ms(20)).await;
        Err::<u32, _>(StepError::rejected("no"))
    });
    let c = saga.step_with("c", refusal, saga.input(), policy());
    let saga = saga.build(b.after(c)).unwrap();
    let orchestrator = orchestrator_on(Arc::new(Troubled::slow(ms(50))), "node-1");
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = soon("a sibling has failed", handle.wait()).await.unwrap();
    assert!(matches!(end, Conclusion::RolledBack(Cause::Failed { .. })), "{end:?}");
    assert_eq!(world.begun(), ["do a", "undo a"]);
    assert_replays(&orchestrator, handle.saga()).await;
}

/// A text that no narrow journal takes, after so many milliseconds.
fn large(
    world: &World,
    name: &'static str,
    after: u64,
) -> impl SagaStep<Input = u32, Output = String> + use<> {
    let undone = world.clone();
    step_fn(move |_: u32, _| async move {
        sleep(ms(after)).await;
        Ok("x".repeat(10_000))
    })
    .undo(move |_: u32, effect, _| {
        undone.note(format!("undo {name} {}", matches!(effect, Effect::Maybe)));
        async { Ok(()) }
    })
}

#[tokio::test(start_paused = true)]
async fn outputs_that_the_journal_refuses_one_after_the_other_are_all_undone() {
    let world = World::default();
    let mut saga = SagaBuilder::<u32>::new("large", 1);
    let one = saga.step_with("one", large(&world, "one", 1), saga.input(), policy());
    let two = saga.step_with("two", large(&world, "two", 3), saga.input(), policy());
    let saga = saga.build(().after(one).after(two)).unwrap();
    let orchestrator = orchestrator_on(Arc::new(Troubled::narrow(5_000)), "node-1");
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = soon("two outputs that are too large", handle.wait()).await.unwrap();
    assert!(matches!(end, Conclusion::RolledBack(Cause::Failed { .. })), "{end:?}");
    assert_eq!((world.count("undo one true"), world.count("undo two true")), (1, 1));
    assert_replays(&orchestrator, handle.saga()).await;
}

/// The step that was to be tried again stands in one batch with the output that is refused.
#[tokio::test(start_paused = true)]
async fn a_failure_that_is_refused_with_another_s_output_is_not_forgotten() {
    let world = World::default();
    let mut saga = SagaBuilder::<u32>::new("large", 1);
    let first = saga.step_with("first", world.step("first"), saga.input(), policy());
    let one = saga.step_with("one", large(&world, "one", 3), saga.input(), policy());
    let away = step_fn(|_: u32, _| async {
        sleep(ms(4)).await;
        Err::<u32, _>(StepError::unavailable("away"))
    });
    let two = saga.step_with("two", away, saga.input(), policy());
    let saga = saga.build(().after(first).after(one).after(two)).unwrap();
    let orchestrator = orchestrator_on(Arc::new(Troubled::narrow(5_000)), "node-1");
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = soon("an output that is too large", handle.wait()).await.unwrap();
    assert!(matches!(end, Conclusion::RolledBack(Cause::Failed { .. })), "{end:?}");
    assert_eq!((world.count("undo one true"), world.count("undo first 1")), (1, 1));
    assert_replays(&orchestrator, handle.saga()).await;
}
