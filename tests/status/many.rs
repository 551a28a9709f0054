//! More than there is room for: what is left out is said to be there; and what is told of records that have lists.

use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Arc;

use strangler_fig::consistency::{ConsistencyChecker, FieldComparator};
use strangler_fig::controller::{Before, GateFn, GateReading};
use strangler_fig::memory::{InMemoryRepository, InMemorySagaJournal};
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{
    Incarnation, MigrationState, MigrationStateService, NodeId, NodeLease, Phase, PhaseTracker,
};
use strangler_fig::repository::MigrationRepository;
use strangler_fig::status::{DifferenceStatus, SagaStatuses, SagasConfig};

use crate::sagas::{park, stuck};
use crate::support::{Picture, SECOND, World, name};

type Lists = InMemoryRepository<u32, (u32, Vec<u32>)>;

#[tokio::test(start_paused = true)]
async fn a_record_counts_once_for_a_field_however_many_items_of_it_differ() {
    let [legacy, modern]: [Lists; 2] =
        [(); 2].map(|()| InMemoryRepository::new(|it: &(u32, Vec<u32>)| it.0));
    let tracker = PhaseTracker::detached(MigrationState::new(name()));
    let lists = MigrationRepository::new(legacy, modern, tracker).unwrap();
    for (key, values) in [(1, [0, 0, 0, 0, 0]), (2, [1, 1, 1, 1, 9])] {
        lists.legacy().plant((key, vec![1; 5]));
        lists.modern().plant((key, values.to_vec()));
    }
    let checker = ConsistencyChecker::new(&lists).with_comparator(FieldComparator::new());
    let found = DifferenceStatus::of(&checker.full(pending()).await);
    assert_eq!((found.fields.len(), found.fields[0].field.as_str()), (1, "[][]"));
    assert_eq!(found.fields[0].records, 2, "five items of the first, one of the second");
}

#[tokio::test(start_paused = true)]
async fn nodes_breakers_and_gates_that_are_not_shown_are_counted() {
    let world = World::new().await;
    for number in 0..60 {
        let name = format!("other-{number}").parse().unwrap();
        let lease = NodeLease::new(NodeId { name, incarnation: Incarnation::fixed(1) });
        world.service.renew_lease(&crate::support::name(), &lease).await.unwrap();
    }
    for instance in 1..=70 {
        let (breaker, from, to) = ("modern", "closed", "open");
        let turned = Event::BreakerTurned { breaker, instance, from, to, generation: 1 };
        world.board.on_event(&turned);
    }
    let mut controller = world.controller();
    for number in 0..40 {
        let name: &'static str = Box::leak(format!("gate-{number}").into_boxed_str());
        let gate = GateFn::new(name, |_| Box::pin(async { GateReading::closed("no".to_owned()) }));
        controller = controller.with_gate(Before::Entering(Phase::DualWrite), Arc::new(gate));
    }
    let seen = Picture::of(world.board.status(&controller.status().await.unwrap()));
    seen.says(&["and 11 more nodes", "and 6 more breakers", "and 8 more gates"]);
    seen.says(&["to dual_write; blocked by 40 things [look]"]);
    assert_eq!(seen.at("/nodes_left_out"), 11);
    assert_eq!(seen.at("/breakers_left_out"), 6);
    assert_eq!(seen.at("/next/steps/0/gates_left_out"), 8);
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_hangs_is_named_beside_however_many_are_parked() {
    let journal = Arc::new(InMemorySagaJournal::default());
    for number in 0..5 {
        park(journal.clone(), &format!("order:{number}"), "no").await;
    }
    let running = stuck(journal.clone(), "order:hangs").await;
    tokio::time::advance(SECOND * 600).await;
    let three = NonZeroUsize::new(3).unwrap();
    let sagas = SagaStatuses::of(&*journal, SagasConfig::default().with_named_max(three)).await;
    let named: Vec<_> = sagas.stuck.iter().map(|saga| saga.saga.as_str()).collect();
    assert_eq!((named.len(), named[2], sagas.has_more_stuck), (3, "order:hangs", true));
    drop(running);
}
