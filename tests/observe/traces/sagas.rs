//! Sagas: their steps, and what goes on after a crash.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_sdk::trace::SpanData;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::observe::TraceContext;
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::saga::{
    NewSaga, Payload, SagaBuilder, SagaConfig, SagaDefinition, SagaEntry, SagaJournal,
    SagaOrchestrator, StartOptions, step_fn,
};
use tracing::{Instrument, info_span};

use super::world::{World, is_child, is_linked_root, traceparent};

const FOREIGN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn foreign() -> TraceContext {
    TraceContext::new(FOREIGN, None).unwrap()
}

/// What steps saw of the trace they run in: the current one, and that of who began the saga.
type Seen = Arc<Mutex<Vec<(Option<TraceContext>, Option<String>)>>>;

/// One step, which takes this long.
fn saga(pause: Duration) -> (SagaDefinition<u32, u32>, Seen) {
    let seen = Seen::default();
    let step = {
        let seen = seen.clone();
        step_fn(move |input: u32, context| {
            let seen = seen.clone();
            async move {
                let begun = context.traceparent().map(str::to_owned);
                seen.lock().unwrap().push((TraceContext::current(), begun));
                tokio::time::sleep(pause).await;
                Ok(input)
            }
        })
    };
    let mut saga = SagaBuilder::<u32>::new("order", 1);
    let input = saga.input();
    let charged = saga.step("charge", step, input);
    (saga.build(charged).unwrap(), seen)
}

fn orchestrator(journal: &InMemorySagaJournal, node: &str) -> SagaOrchestrator {
    let node = NodeId { name: node.parse().unwrap(), incarnation: Incarnation::random().unwrap() };
    SagaOrchestrator::with_runner(Arc::new(journal.clone()), node, SagaConfig::default())
}

/// What the journal says of in whose trace the saga began.
async fn begun(journal: &InMemorySagaJournal) -> Option<String> {
    let (_, entries) = journal.load(&"s".parse().unwrap()).await.unwrap().unwrap();
    entries.iter().find_map(|entry| match entry {
        SagaEntry::Begun { traceparent, .. } => traceparent.as_deref().map(str::to_owned),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn a_saga_and_its_steps_are_in_the_trace_of_who_began_it() {
    let (world, journal) = (World::new(), InMemorySagaJournal::default());
    let (saga, seen) = saga(Duration::from_secs(1));
    let orchestrator = orchestrator(&journal, "node-1");
    let ran = async {
        orchestrator.start(&saga, "s".parse().unwrap(), 7).await.unwrap().wait().await.unwrap();
    };
    ran.instrument(info_span!("caller")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (caller, step) = (world.span("caller"), world.span("strangler.step"));
    assert!(is_child(&world.span("strangler.saga"), &caller));
    assert!(is_child(&step, &world.span("strangler.saga")));
    assert_eq!(begun(&journal).await, Some(traceparent(&caller)));
    let (current, told) = seen.lock().unwrap()[0].clone();
    assert_eq!(current.unwrap().traceparent(), traceparent(&step));
    assert_eq!(told, Some(traceparent(&caller)));
}

#[tokio::test(start_paused = true)]
async fn who_says_in_whose_trace_a_saga_begins_is_believed() {
    let (_world, journal) = (World::new(), InMemorySagaJournal::default());
    let (saga, _) = saga(Duration::ZERO);
    let options = StartOptions::default().with_trace_context(foreign());
    let orchestrator = orchestrator(&journal, "node-1");
    let started = orchestrator.start_with(&saga, "s".parse().unwrap(), 7, options);
    started.instrument(info_span!("caller")).await.unwrap().wait().await.unwrap();
    assert_eq!(begun(&journal).await.as_deref(), Some(FOREIGN));
}

/// A run of a saga that was started with `options` by a caller with a span, or without one.
async fn run_of(world: &World, options: StartOptions, has_caller: bool) -> SpanData {
    let (saga, _) = saga(Duration::ZERO);
    let orchestrator = orchestrator(&InMemorySagaJournal::default(), "node-1");
    let ran = async {
        let started = orchestrator.start_with(&saga, "s".parse().unwrap(), 7, options).await;
        started.unwrap().wait().await.unwrap();
    };
    if has_caller {
        ran.instrument(info_span!("caller")).await;
    } else {
        ran.await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.span("strangler.saga")
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_is_told_its_trace_is_in_it_and_its_steps_are() {
    for has_caller in [false, true] {
        let world = World::new();
        let told = StartOptions::default().with_trace_context(foreign());
        let run = run_of(&world, told, has_caller).await;
        assert_eq!(format!("{:032x}", run.span_context.trace_id()), &FOREIGN[3..35]);
        assert_eq!(format!("{:016x}", run.parent_span_id), &FOREIGN[36..52]);
        assert!(run.parent_span_is_remote);
        assert!(is_child(&world.span("strangler.step"), &run));
        let linked: Vec<_> = run.links.iter().map(|link| link.span_context.span_id()).collect();
        let callers = world.spans("caller");
        let callers: Vec<_> = callers.iter().map(|it| it.span_context.span_id()).collect();
        assert_eq!(linked, callers, "who started it is not lost either");
    }
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_is_told_the_current_trace_is_a_plain_child() {
    let world = World::new();
    let told = async {
        let current = TraceContext::current().unwrap();
        run_of(&world, StartOptions::default().with_trace_context(current), false).await
    };
    let run = told.instrument(info_span!("caller")).await;
    assert!(is_child(&run, &world.span("caller")));
    assert!(run.links.is_empty() && !run.parent_span_is_remote, "{run:?}");
}

#[tokio::test(start_paused = true)]
async fn steps_are_told_no_text_of_a_journal_that_is_no_traceparent() {
    let journal = InMemorySagaJournal::default();
    let (saga, seen) = saga(Duration::ZERO);
    let new =
        NewSaga { id: "s".parse().unwrap(), definition: saga.id().clone(), input: 7, parent: None };
    let (input, traceparent) = (Payload::of(&7).unwrap(), Some("x\r\nEvil: yes".into()));
    let begun = SagaEntry::Begun { input, deadline_unix_ms: None, traceparent };
    let dead =
        NodeId { name: "dead".parse().unwrap(), incarnation: Incarnation::random().unwrap() };
    journal.create(&new, &[begun], &dead, Duration::ZERO).await.unwrap();
    let orchestrator = orchestrator(&journal, "node-1");
    orchestrator.register(&saga);
    assert_eq!(orchestrator.recover().await.unwrap(), 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(*seen.lock().unwrap(), [(None, None)]);
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_is_taken_over_goes_on_in_a_trace_linked_to_its_beginning() {
    let (world, journal) = (World::new(), InMemorySagaJournal::default());
    let (first, _) = saga(Duration::from_secs(1_000));
    let one = orchestrator(&journal, "node-1");
    one.start(&first, "s".parse().unwrap(), 7).instrument(info_span!("caller")).await.unwrap();
    one.stop(Duration::from_millis(1)).await;

    let (second, seen) = saga(Duration::ZERO);
    let other = orchestrator(&journal, "node-2");
    other.register(&second);
    let recovered = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(other.recover().await.unwrap(), 1);
    };
    recovered.instrument(info_span!("process")).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let runs = world.spans("strangler.saga");
    let taken_over = runs.iter().find(|run| is_linked_root(run, &world.span("caller")));
    let taken_over = taken_over.expect("the second run is linked, and no child");
    let steps = world.spans("strangler.step");
    assert!(steps.iter().any(|step| is_child(step, taken_over)));
    assert_eq!(seen.lock().unwrap()[0].1, Some(traceparent(&world.span("caller"))));
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_traced_nothing_is_written_down_of_it() {
    let journal = InMemorySagaJournal::default();
    let (saga, seen) = saga(Duration::ZERO);
    let orchestrator = orchestrator(&journal, "node-1");
    orchestrator.start(&saga, "s".parse().unwrap(), 7).await.unwrap().wait().await.unwrap();
    assert_eq!(begun(&journal).await, None);
    assert_eq!(*seen.lock().unwrap(), [(None, None)]);
}
