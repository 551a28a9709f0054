//! What is written before what, and what happens when it cannot be.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::saga::{
    Cause, Conclusion, Repair, SagaBuilder, SagaDefinition, SagaEntry, SagaError, SagaFilter,
    SagaJournal, SagaStatus, Wire, step_fn,
};
use tokio::time::Instant;

use crate::course::diamond;
use crate::journal::{Trouble, Troubled};
use crate::support::{Play, World, ada, ms, orchestrator, orchestrator_on, policy, why};

/// a, then b.
pub(crate) fn pair(world: &World) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("pair", 1);
    let a = saga.step_with("a", world.step("a"), saga.input(), policy());
    let b = saga.step_with("b", world.step("b"), a, policy());
    saga.build(b).unwrap()
}

/// S1.
#[tokio::test(start_paused = true)]
async fn an_intent_is_durable_before_its_step_runs_and_an_outcome_before_what_depends_on_it() {
    let journal = Arc::new(InMemorySagaJournal::default());
    let seen = |journal: &Arc<InMemorySagaJournal>| {
        let journal = journal.clone();
        step_fn(move |(), context: strangler_fig::saga::StepContext| {
            let journal = journal.clone();
            async move {
                let (_, entries) = journal.load(context.saga()).await.unwrap().unwrap();
                let own = SagaEntry::Started { step: context.step().clone() };
                assert!(entries.contains(&own), "{entries:?}");
                Ok(entries.len())
            }
        })
    };
    let mut saga = SagaBuilder::<()>::new("seen", 1);
    let a = saga.step("a", seen(&journal), saga.input());
    let b = saga.step("b", seen(&journal), ().after(a));
    let saga = saga.build(b.after(a)).unwrap();
    let orchestrator = orchestrator_on(journal.clone(), "node-1");
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), ()).await.unwrap();
    assert_eq!(handle.wait().await.unwrap(), Conclusion::Committed(4), "a's outcome is there");
    let (header, entries) = journal.load(handle.saga()).await.unwrap().unwrap();
    assert_eq!(header.status, SagaStatus::Committed, "durable before the caller sees it");
    assert!(matches!(entries.last(), Some(SagaEntry::Ended { .. })));
}

/// S2: an append whose answer was lost is read back.
#[tokio::test(start_paused = true)]
async fn every_write_may_fail_in_every_way_and_nothing_is_done_twice() {
    for trouble in [Trouble::Unavailable, Trouble::Lost, Trouble::Vanished, Trouble::Hangs] {
        for at in 1..4 {
            let (world, journal) = (World::default(), Troubled::default());
            journal.script((0..at).map(|_| None).chain([Some(trouble), Some(trouble)]));
            let orchestrator = orchestrator_on(Arc::new(journal.clone()), "node-1");
            let handle = orchestrator.start(&pair(&world), "s".parse().unwrap(), 0).await.unwrap();
            assert_eq!(handle.wait().await.unwrap(), Conclusion::Committed(2), "{trouble:?} {at}");
            assert_eq!(world.log(), ["do a", "do b"], "{trouble:?} {at}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_whose_answer_was_lost_is_the_caller_s_and_one_that_was_refused_never_was() {
    for (trouble, is_started) in
        [(Trouble::Lost, true), (Trouble::Vanished, true), (Trouble::Unavailable, false)]
    {
        let (world, journal) = (World::default(), Troubled::default());
        journal.script([Some(trouble)]);
        let orchestrator = orchestrator_on(Arc::new(journal.clone()), "node-1");
        let started = orchestrator.start(&pair(&world), "s".parse().unwrap(), 0).await;
        match started {
            Ok(handle) => drop(handle.wait().await.unwrap()),
            Err(SagaError::Journal { source, .. }) => {
                assert_eq!(source.kind(), StoreErrorKind::Unavailable);
            }
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(world.log().len(), if is_started { 2 } else { 0 }, "{trouble:?}");
    }
}

/// Group commit: `steno` takes 432 ms for this, one append after the other.
#[tokio::test(start_paused = true)]
async fn steps_beside_each_other_never_wait_in_line_for_the_journal() {
    let timed = async |steps: usize| {
        let journal = Troubled::slow(ms(5));
        let mut saga = SagaBuilder::<()>::new("wide", 1);
        let nothing = || step_fn(|(): (), _| async { Ok(()) });
        let all: Vec<_> = (0..steps).map(|n| saga.step(&format!("s{n}"), nothing(), ())).collect();
        let saga = saga.build(all[0]).unwrap();
        let orchestrator = orchestrator_on(Arc::new(journal.clone()), "node-1");
        let began = Instant::now();
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), ()).await.unwrap();
        handle.wait().await.unwrap();
        (began.elapsed(), journal.writes())
    };
    assert_eq!(timed(1).await, timed(32).await);
}

#[tokio::test(start_paused = true)]
async fn six_writes_for_four_steps_and_nine_with_three_undone_are_enough() {
    for (plays, most) in [(vec![], 6), (vec![Play::Refused], 9)] {
        let (world, journal) = (World::default(), Troubled::default());
        let mut saga = SagaBuilder::<u32>::new("four", 1);
        let mut last = saga.input();
        for name in ["a", "b", "c", "d"] {
            let step = world.step(name);
            let step = if name == "d" { step.plays(plays.clone()) } else { step };
            last = saga.step_with(name, step, last, policy());
        }
        let saga = saga.build(last).unwrap();
        let orchestrator = orchestrator_on(Arc::new(journal.clone()), "node-1");
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        handle.wait().await.unwrap();
        assert!(journal.writes() <= most, "{} of {most}", journal.writes());
    }
}

/// S8.
#[tokio::test(start_paused = true)]
async fn one_id_and_input_is_one_execution_also_after_a_purge() {
    let world = World::default();
    let (orchestrator, journal) = orchestrator();
    let id = || "order:1".parse().unwrap();
    for _ in 0..3 {
        let handle = orchestrator.start(&pair(&world), id(), 0).await.unwrap();
        assert_eq!(handle.wait().await.unwrap(), Conclusion::Committed(2));
    }
    let other = orchestrator.start(&pair(&world), id(), 1).await;
    assert!(matches!(other, Err(SagaError::OtherInput { .. })), "{other:?}");
    let kind = orchestrator.start(&diamond(&world, |_, step| step), id(), 0).await;
    assert!(matches!(kind, Err(SagaError::OtherDefinition { .. })), "{kind:?}");

    assert_eq!(orchestrator.purge(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(orchestrator.purge(Duration::ZERO).await.unwrap(), 0);
    assert_eq!(journal.load(&id()).await.unwrap().unwrap().1, []);
    let handle = orchestrator.start(&pair(&world), id(), 0).await.unwrap();
    assert_eq!(handle.wait().await.unwrap(), Conclusion::Committed(2), "its outcome is kept");
    assert!(matches!(
        orchestrator.start(&pair(&world), id(), 1).await,
        Err(SagaError::OtherInput { .. })
    ));
    assert_eq!(world.log(), ["do a", "do b"]);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_starts_at_once_are_one() {
    let world = World::default();
    let (orchestrator, _) = orchestrator();
    let saga = pair(&world);
    let starts = (0..100).map(|_| async {
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        handle.wait().await.unwrap()
    });
    let ends = futures::future::join_all(starts).await;
    assert!(ends.iter().all(|end| *end == Conclusion::Committed(2)));
    assert_eq!(world.log(), ["do a", "do b"]);
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_is_over_is_not_cancelled_nor_repaired() {
    let world = World::default();
    let (orchestrator, _) = orchestrator();
    let handle = orchestrator.start(&pair(&world), "s".parse().unwrap(), 0).await.unwrap();
    handle.wait().await.unwrap();
    for _ in 0..2 {
        let cancelled = orchestrator.cancel(handle.saga(), &ada(), &why("late")).await;
        assert!(matches!(cancelled, Err(SagaError::OutOfOrder { .. })), "{cancelled:?}");
        let given_up =
            orchestrator.repair(handle.saga(), Repair::GiveUp, &ada(), &why("late")).await;
        assert!(matches!(given_up, Err(SagaError::OutOfOrder { .. })), "{given_up:?}");
    }
    assert_eq!(handle.wait().await.unwrap(), Conclusion::Committed(2));
    let gone = orchestrator.cancel(&"t".parse().unwrap(), &ada(), &why("late")).await;
    assert!(matches!(gone, Err(SagaError::NotFound { .. })), "{gone:?}");
}

/// Repairs and cancellations are entries of the journal, with who and why.
#[tokio::test(start_paused = true)]
async fn what_an_operator_did_stands_in_the_journal() {
    let world = World::default();
    let (orchestrator, _) = orchestrator();
    let saga = diamond(&world, |name, step| match name {
        "d" => step.plays([Play::Refused]),
        "b" => step.undos([Play::Refused]),
        _ => step,
    });
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    assert_eq!(handle.wait().await.unwrap(), Conclusion::Parked);
    let parked = SagaFilter { statuses: vec![SagaStatus::Parked], ..SagaFilter::default() };
    let parked = orchestrator.list(&parked, None, 10.try_into().unwrap()).await.unwrap();
    assert_eq!(parked.iter().map(|it| &it.id).collect::<Vec<_>>(), [handle.saga()]);
    let repair = Repair::MarkCompensated { step: "b".parse().unwrap() };
    orchestrator
        .repair(handle.saga(), repair.clone(), &ada(), &why("refunded by hand"))
        .await
        .unwrap();
    let end = handle.wait().await.unwrap();
    assert!(matches!(end, Conclusion::RolledBack(Cause::Failed { .. })), "{end:?}");
    let record = orchestrator.inspect(handle.saga()).await.unwrap();
    let (actor, reason) = (ada(), why("refunded by hand"));
    let repair = Box::new(repair);
    assert!(record.entries.contains(&SagaEntry::Repaired { repair, actor, reason }));
    assert!(record.state.unwrap().to_mermaid().contains("compensated"));
    assert_eq!(world.count("undo a 1"), 1);
}
