//! Sagas by where they stand, and the stuck ones by name.

use std::num::NonZeroUsize;
use std::sync::Arc;

use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::saga::{
    Conclusion, SagaBuilder, SagaConfig, SagaDefinition, SagaOrchestrator, StepError, step_fn,
};
use strangler_fig::status::{SagaStatuses, SagasConfig};

use crate::support::{SECOND, World};

/// A text that begins so is panicked with.
pub(crate) const PANICS: &str = "panics: ";

/// A saga that turns to an operator if its last step is refused, for its pivot is done by then.
fn checkout(text: &'static str) -> SagaDefinition<bool, ()> {
    let mut saga = SagaBuilder::<bool>::new("checkout", 1);
    let input = saga.input();
    let paid = saga.step("pay", step_fn(|pays: bool, _| async move { Ok(pays) }), input);
    saga.pivot(paid);
    let ship = step_fn(move |ships: bool, _| async move {
        match text.strip_prefix(PANICS) {
            _ if ships => Ok(()),
            Some(text) => panic!("{text}"),
            None => Err(StepError::rejected(text)),
        }
    });
    let shipped = saga.step("ship", ship, paid);
    saga.build(shipped).unwrap()
}

fn runner(journal: Arc<InMemorySagaJournal>, config: SagaConfig) -> SagaOrchestrator {
    let runner = NodeId { name: "node-1".parse().unwrap(), incarnation: Incarnation::fixed(1) };
    SagaOrchestrator::with_runner(journal, runner, config)
}

pub(crate) async fn park(journal: Arc<InMemorySagaJournal>, saga: &str, text: &'static str) {
    park_by(runner(journal, SagaConfig::default()), saga, text).await;
}

async fn park_by(orchestrator: SagaOrchestrator, saga: &str, text: &'static str) {
    let definition = checkout(text);
    orchestrator.register(&definition);
    let handle = orchestrator.start(&definition, saga.parse().unwrap(), false).await.unwrap();
    assert_eq!(handle.wait().await.unwrap(), Conclusion::Parked);
}

/// Begins a saga whose first step never ends.
pub(crate) async fn stuck(journal: Arc<InMemorySagaJournal>, saga: &str) -> SagaOrchestrator {
    let mut building = SagaBuilder::<bool>::new("hanging", 1);
    let input = building.input();
    let hangs = step_fn(|_: bool, _| std::future::pending::<Result<(), StepError>>());
    let step = building.step("hang", hangs, input);
    let definition = building.build(step).unwrap();
    let orchestrator = runner(journal, SagaConfig::default());
    orchestrator.register(&definition);
    orchestrator.start(&definition, saga.parse().unwrap(), true).await.unwrap();
    tokio::task::yield_now().await;
    orchestrator
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_waits_for_an_operator_is_named_until_somebody_decides() {
    let world = World::new().await;
    world.picture().await.says(&["sagas none"]);
    let config = SagaConfig::default().with_observer(world.observers.clone());
    let orchestrator = runner(world.journal.clone(), config.clone());
    let definition = checkout("out of stock");
    orchestrator.register(&definition);
    let id = "order:4710".parse().unwrap();
    let done = orchestrator.start(&definition, id, true).await.unwrap();
    assert_eq!(done.wait().await.unwrap(), Conclusion::Committed(()));
    park_by(runner(world.journal.clone(), config), "order:4711", "out of stock").await;
    world.passes(SECOND * 75).await;

    let seen = world.picture().await;
    seen.says(&["committed 1", "parked 1", "order:4711 checkout@1 parked [bad] 1 min 15 s"]);
    seen.is_silent_about("order:4710");
    assert_eq!(seen.at("/sagas/stuck/0/saga"), "order:4711");
    world.counts("strangler_saga_ends{state=\"parked\"}", 1.0);
    world.counts("strangler_saga_ends{state=\"committed\"}", 1.0);
    assert!(
        seen.text.lines().next().unwrap().ends_with("[bad]"),
        "the headline says that something is wrong"
    );
}

#[tokio::test(start_paused = true)]
async fn of_many_stuck_sagas_some_are_named_and_the_rest_is_said_to_be_there() {
    let journal = Arc::new(InMemorySagaJournal::default());
    for number in 0..5 {
        park(journal.clone(), &format!("order:{number}"), "no").await;
    }
    let three = NonZeroUsize::new(3).unwrap();
    let config = SagasConfig::default().with_named_max(three).with_count_max(three);
    let sagas = SagaStatuses::of(&*journal, config).await;
    assert_eq!((sagas.stuck.len(), sagas.has_more_stuck), (3, true));
    let parked = sagas.counts.iter().find(|count| count.sagas > 0).unwrap();
    assert_eq!((parked.sagas, parked.or_more), (3, true));
}

#[tokio::test]
async fn a_journal_that_cannot_be_asked_is_told_as_such() {
    let sagas =
        SagaStatuses::of(&crate::hostile::Broken("connection reset"), SagasConfig::default()).await;
    assert!(sagas.counts.is_empty() && sagas.error.unwrap().ends_with("connection reset"));
}
