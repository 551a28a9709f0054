//! Who runs a saga, who may go on with it, and how a runner ends.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::saga::{
    Conclusion, SagaAppend, SagaBuilder, SagaConfig, SagaEntry, SagaError, SagaFilter, SagaJournal,
    SagaOrchestrator, SagaStatus, step_fn,
};
use tokio::time::sleep;

use crate::course::{diamond, pivoted};
use crate::durable::pair;
use crate::journal::Troubled;
use crate::support::{Play, World, ms, orchestrator, orchestrator_on, runner};

/// S7.
#[tokio::test(start_paused = true)]
async fn nobody_takes_over_what_is_held_or_over_and_an_old_claim_writes_nothing_more() {
    let (world, journal) = (World::default(), Arc::new(InMemorySagaJournal::default()));
    let saga = diamond(
        &world,
        |name, step| {
            if name == "a" { step.plays([Play::Slow(5_000)]) } else { step }
        },
    );
    let [one, other] = ["node-1", "node-2"].map(|name| orchestrator_on(journal.clone(), name));
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(10)).await;
    // Nobody renews the claim of the first; its step is still under way.
    let claim = journal.load(handle.saga()).await.unwrap().unwrap().0.epoch;
    other.register(&saga);
    assert_eq!(other.recover().await.unwrap(), 0, "the claim is held");
    sleep(Duration::from_secs(31)).await;
    assert_eq!(other.recover().await.unwrap(), 0, "it is over");
    assert_eq!(handle.wait().await.unwrap(), Conclusion::Committed(3));

    let old = strangler_fig::saga::SagaClaim { saga: handle.saga().clone(), epoch: claim };
    journal.claim(handle.saga(), &runner("node-3"), ms(1)).await.unwrap().unwrap();
    let append = SagaAppend {
        position: journal.load(handle.saga()).await.unwrap().unwrap().0.length,
        entries: &[],
        status: SagaStatus::Running,
        outcome: None,
    };
    let refused = journal.append(&old, &append, ms(1)).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Conflict);
}

/// DBOS #742: stale claims still run.
#[tokio::test(start_paused = true)]
async fn a_runner_whose_claim_ran_out_while_it_stood_still_begins_nothing() {
    let (world, journal) = (World::default(), Troubled::default());
    let config = SagaConfig::default()
        .with_term(Duration::from_secs(2))
        .with_call_deadline(Duration::from_secs(60));
    let first =
        SagaOrchestrator::with_runner(Arc::new(journal.clone()), runner("node-1"), config.clone());
    let saga = diamond(
        &world,
        |name, step| {
            if name == "a" { step.plays([Play::Slow(5_000)]) } else { step }
        },
    );
    let handle = first.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(Duration::from_secs(3)).await;
    let second = SagaOrchestrator::with_runner(Arc::new(journal.clone()), runner("node-2"), config);
    second.register(&saga);
    assert_eq!(second.recover().await.unwrap(), 1, "nobody renewed the first's claim");
    let end = second.find(&saga, handle.saga().clone()).await.unwrap().wait().await.unwrap();
    assert_eq!(end, Conclusion::Committed(3));
    sleep(Duration::from_secs(10)).await;
    assert_eq!(world.count("do b") + world.count("do c") + world.count("do d"), 3);
    assert_eq!(handle.wait().await.unwrap(), Conclusion::Committed(3), "by the journal");
}

/// S9.
#[tokio::test(start_paused = true)]
async fn a_runner_takes_only_what_it_can_run_and_lists_the_rest() {
    let (world, journal) = (World::default(), Arc::new(InMemorySagaJournal::default()));
    let one = orchestrator_on(journal.clone(), "node-1");
    let slow = diamond(&world, |_, step| step.plays([Play::Slow(1_000)]));
    let handle = one.start(&slow, "s".parse().unwrap(), 0).await.unwrap();
    assert_eq!(one.stop(Duration::from_secs(60)).await, 0);
    let other = orchestrator_on(journal.clone(), "node-2");
    other.register(&pair(&world));
    assert_eq!(other.recover().await.unwrap(), 0);
    let listed = other.unrunnable(10.try_into().unwrap()).await.unwrap();
    assert_eq!(listed.iter().map(|it| &it.id).collect::<Vec<_>>(), [handle.saga()]);
    other.register(&slow);
    assert!(other.unrunnable(10.try_into().unwrap()).await.unwrap().is_empty());
    assert_eq!(other.recover().await.unwrap(), 1);
    let end = other.find(&slow, handle.saga().clone()).await.unwrap().wait().await.unwrap();
    assert_eq!(end, Conclusion::Committed(3));
    assert_eq!(world.count("do a"), 1, "stopping waited for it");
}

#[tokio::test(start_paused = true)]
async fn another_order_of_steps_is_another_definition() {
    let nothing = || step_fn(|_: u32, _| async { Ok(0_u32) });
    let built = |first: &str, then: &str, version| {
        let mut saga = SagaBuilder::<u32>::new("s", version);
        let a = saga.step(first, nothing(), saga.input());
        let b = saga.step(then, nothing(), a);
        saga.build(b).unwrap().id().clone()
    };
    assert_eq!(built("a", "b", 1), built("a", "b", 1));
    assert_ne!(built("a", "b", 1).fingerprint, built("b", "a", 1).fingerprint);
    assert_ne!(built("a", "b", 1), built("a", "b", 2));
}

/// S10: a saga that cannot be read, and one that hangs, delay no other.
#[tokio::test(start_paused = true)]
async fn one_bad_saga_delays_no_other() {
    let (world, journal) = (World::default(), Arc::new(InMemorySagaJournal::default()));
    let one = orchestrator_on(journal.clone(), "node-1");
    let slow = |_: &str, step: crate::support::Scripted| step.plays([Play::Slow(500)]);
    let saga = diamond(&world, slow);
    for n in 0..40 {
        one.start(&saga, format!("s{n:02}").parse().unwrap(), 0).await.unwrap();
    }
    one.stop(Duration::from_secs(5)).await;
    // Somebody writes nonsense into one of them.
    let claim = journal.claim(&"s00".parse().unwrap(), &runner("vandal"), ms(1)).await;
    let claim = claim.unwrap().unwrap();
    let (header, _) = journal.load(&claim.saga).await.unwrap().unwrap();
    let nonsense = [SagaEntry::Started { step: "nowhere".parse().unwrap() }];
    let append = SagaAppend {
        position: header.length,
        entries: &nonsense,
        status: SagaStatus::Running,
        outcome: None,
    };
    journal.append(&claim, &append, ms(1)).await.unwrap();
    journal.release(&claim).await.unwrap();

    let other = orchestrator_on(journal.clone(), "node-2");
    other.register(&saga);
    let running = {
        let other = other.clone();
        tokio::spawn(async move { other.run(std::future::pending()).await })
    };
    sleep(Duration::from_secs(5)).await;
    let over = SagaFilter { statuses: vec![SagaStatus::Committed], ..SagaFilter::default() };
    let over = other.list(&over, None, 100.try_into().unwrap()).await.unwrap();
    assert_eq!(over.len(), 39);
    let bad = other.inspect(&claim.saga).await;
    assert!(matches!(&bad, Err(SagaError::OutOfOrder { .. })), "{bad:?}");
    running.abort();
}

/// S11, and the memory of steno: 13.3 KB for each finished saga.
#[tokio::test(start_paused = true)]
async fn a_finished_saga_is_in_nobody_s_memory() {
    let world = World::default();
    let (orchestrator, _) = orchestrator();
    for n in 0..50 {
        let saga = if n % 2 == 0 { pair(&world) } else { pivoted(&world, |_, step| step) };
        let handle = orchestrator.start(&saga, format!("s{n}").parse().unwrap(), 0).await.unwrap();
        handle.wait().await.unwrap();
    }
    tokio::task::yield_now().await;
    assert_eq!(orchestrator.live(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_runner_starts_nothing_and_gives_back_what_it_has() {
    let (world, journal) = (World::default(), Arc::new(InMemorySagaJournal::default()));
    let one = orchestrator_on(journal.clone(), "node-1");
    let saga = diamond(
        &world,
        |name, step| {
            if name == "a" { step.plays([Play::Slow(1_000)]) } else { step }
        },
    );
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(10)).await;
    assert_eq!(one.stop(Duration::from_secs(60)).await, 0);
    assert_eq!(world.log(), ["do a"], "what was under way was waited for; nothing came after it");
    let refused = one.start(&saga, "t".parse().unwrap(), 0).await;
    assert!(matches!(refused, Err(SagaError::Stopping)), "{refused:?}");
    let (header, _) = journal.load(handle.saga()).await.unwrap().unwrap();
    assert_eq!((header.holder, header.status), (None, SagaStatus::Running));
}

#[tokio::test(start_paused = true)]
async fn while_it_stops_a_runner_holds_what_it_waits_for() {
    let (world, journal) = (World::default(), Arc::new(InMemorySagaJournal::default()));
    let term = Duration::from_secs(3);
    let config = SagaConfig::default().with_term(term);
    let one = SagaOrchestrator::with_runner(journal.clone(), runner("node-1"), config);
    let saga = diamond(
        &world,
        |name, step| {
            if name == "a" { step.plays([Play::Slow(4_900)]) } else { step }
        },
    );
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let worker = one.clone();
    // The claim was renewed a moment ago, and the step takes almost a term from here.
    tokio::spawn(async move { worker.run(sleep(ms(2_000))).await });
    for _ in 0..48 {
        sleep(ms(100)).await;
        let (header, _) = journal.load(handle.saga()).await.unwrap().unwrap();
        assert!(header.holder.is_some(), "{header:?}");
    }
    sleep(ms(500)).await;
    let (header, _) = journal.load(handle.saga()).await.unwrap().unwrap();
    assert_eq!((header.holder, world.log()), (None, vec!["do a".to_owned()]));
}
