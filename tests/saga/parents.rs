//! Sagas that are steps of others which run elsewhere, were given up, or cannot be read.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::saga::{
    Conclusion, Repair, SagaBuilder, SagaConfig, SagaDefinition, SagaEntry, SagaError, SagaId,
    SagaJournal, SagaOrchestrator, SagaStatus, Wire, step_fn,
};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::gated::{Call, Fate, Gated};
use crate::journal::Troubled;
use crate::nested::nested;
use crate::support::{
    Play, World, ada, chain, ms, only, orchestrator_on, policy, runner, soon, why, worker,
};

/// The child: x, then y, which takes 8 s once its first runner was lost.
fn child(world: &World) -> SagaDefinition<u32, u32> {
    chain(world, &["x", "y"], only("y", |step| step.plays([Play::Hang, Play::Slow(8_000)])))
}

/// A saga and the one in it, both left by a runner that died.
async fn left(saga: &SagaDefinition<u32, u32>) -> (SagaId, InMemorySagaJournal) {
    let journal = Troubled::slow(ms(5));
    let dead = orchestrator_on(Arc::new(journal.clone()), "node-0");
    let handle = dead.start(saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(1_000)).await;
    journal.kill();
    sleep(Duration::from_secs(31)).await;
    (handle.saga().clone(), journal.inner.clone())
}

/// A runner whose claims last 3 s.
fn brisk(journal: impl SagaJournal, name: &str) -> SagaOrchestrator {
    let config = SagaConfig::default().with_term(Duration::from_secs(3));
    SagaOrchestrator::with_runner(Arc::new(journal), runner(name), config)
}

async fn status(journal: &InMemorySagaJournal, saga: &str) -> SagaStatus {
    journal.load(&saga.parse().unwrap()).await.unwrap().unwrap().0.status
}

/// A parent that is this child alone.
fn parent_of(child: &SagaDefinition<u32, u32>) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("parent", 1);
    let sub = saga.sub_saga("sub", child, saga.input());
    saga.build(sub).unwrap()
}

/// The child, after the form of an output was changed, and its version was not.
fn changed() -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("chain", 1);
    let x = step_fn(|_: u32, _| async { Ok(String::new()) });
    let x = saga.step_with("x", x, saga.input(), policy());
    let y = step_fn(|_: String, _| async { Ok(0_u32) });
    let y = saga.step_with("y", y, x, policy());
    saga.build(y).unwrap()
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_saga_in_a_saga_that_cannot_be_read_is_told() {
    let world = World::default();
    let (_, journal) = left(&parent_of(&child(&world))).await;
    let changed = changed();
    let one = orchestrator_on(Arc::new(journal.clone()), "node-1");
    one.register(&changed);
    let found = one.find(&changed, "s/sub".parse().unwrap()).await.unwrap();
    let answer = soon("what cannot be read", found.wait()).await;
    assert!(matches!(answer, Err(SagaError::Unreadable { .. })), "{answer:?}");
    let (header, _) = journal.load(found.saga()).await.unwrap().unwrap();
    assert_eq!((header.status, header.holder), (SagaStatus::Running, None));
}

/// It ran elsewhere, by a runner that could read it, until that died.
#[tokio::test(start_paused = true)]
async fn a_saga_that_waits_for_one_that_cannot_be_read_is_parked() {
    let world = World::default();
    let child = child(&world);
    let (_, journal) = left(&parent_of(&child)).await;
    let dying = Troubled::on(&journal);
    let other = brisk(dying.clone(), "node-2");
    other.register(&child);
    assert_eq!(other.recover().await.unwrap(), 1, "the child");
    let one = brisk(journal.clone(), "node-1");
    one.register(&parent_of(&changed()));
    assert_eq!(one.recover().await.unwrap(), 1, "the parent");
    let working = worker(&one);
    sleep(ms(2_000)).await;
    dying.kill();
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(status(&journal, "s").await, SagaStatus::Parked, "an operator is to look");
    working.abort();
}

/// The parent waits for a call of its own that was under way, and turns nothing back.
#[tokio::test(start_paused = true)]
async fn a_saga_in_a_saga_that_was_given_up_elsewhere_goes_on() {
    let world = World::default();
    let child = child(&world);
    let mut saga = SagaBuilder::<u32>::new("parent", 1);
    let sub = saga.sub_saga("sub", &child, saga.input());
    let long = world.step("long").plays([Play::Hang, Play::Slow(9_000)]);
    let long = saga.step_with("long", long, saga.input(), policy());
    let saga = saga.build(sub.after(long)).unwrap();
    let (id, journal) = left(&saga).await;
    let [one, other] = ["node-1", "node-2"].map(|name| brisk(journal.clone(), name));
    other.register(&child);
    assert_eq!(other.recover().await.unwrap(), 1, "the child");
    one.register(&saga);
    assert_eq!(one.recover().await.unwrap(), 1, "the parent");
    let working = [worker(&one), worker(&other)];
    sleep(ms(2_000)).await;
    one.repair(&id, Repair::GiveUp, &ada(), &why("so")).await.unwrap();
    sleep(ms(6_000)).await;
    assert_eq!(status(&journal, "s").await, SagaStatus::Unwinding, "a call is under way");
    assert_eq!(status(&journal, "s/sub").await, SagaStatus::Running, "nobody recalls it");
    sleep(ms(4_000)).await;
    assert_eq!(status(&journal, "s").await, SagaStatus::GivenUp);
    assert_eq!(status(&journal, "s/sub").await, SagaStatus::Committed);
    working.iter().for_each(JoinHandle::abort);
}

/// It takes 9 s to learn how the parent is, and claims last 3 s.
#[tokio::test(start_paused = true)]
async fn a_saga_whose_parent_can_hardly_be_read_is_held_all_the_same() {
    let world = World::default();
    let child = child(&world);
    let (id, journal) = left(&parent_of(&child)).await;
    let slow = Gated::on(&journal, move |call| match call {
        Call::Load(of) if *of == id => Fate::Slow(9_000),
        _ => Fate::Done,
    });
    let one = brisk(slow, "node-1");
    one.register(&child);
    assert_eq!(one.recover().await.unwrap(), 1, "the child");
    let working = worker(&one);
    let other = brisk(journal.clone(), "node-2");
    other.register(&child);
    for _ in 0..16 {
        sleep(ms(500)).await;
        assert_eq!(other.recover().await.unwrap(), 0, "the first runner is at it");
    }
    let found = other.find(&child, "s/sub".parse().unwrap()).await.unwrap();
    assert_eq!(soon("held", found.wait()).await.unwrap(), Conclusion::Committed(2));
    assert_eq!(world.count("do y"), 1);
    working.abort();
}

/// Each of the others takes 9 s, and there are fifteen.
#[tokio::test(start_paused = true)]
async fn a_parent_that_has_turned_back_is_seen_beside_those_that_can_hardly_be_read() {
    let world = World::default();
    let child = chain(&world, &["x"], |_, step| step.plays([Play::Hang; 100]));
    let saga = parent_of(&child);
    let ids: Vec<String> = (0..16).map(|n| format!("s{n:02}")).collect();
    let journal = InMemorySagaJournal::default();
    let dying = Troubled::on(&journal);
    let dead = orchestrator_on(Arc::new(dying.clone()), "node-0");
    for id in &ids {
        dead.start(&saga, id.parse().unwrap(), 0).await.unwrap();
    }
    sleep(ms(1_000)).await;
    dying.kill();
    sleep(Duration::from_secs(31)).await;
    let slow = Gated::on(&journal, |call| match call {
        Call::Load(of) if !of.as_str().starts_with("s07") && !of.as_str().ends_with("/sub") => {
            Fate::Slow(9_000)
        }
        _ => Fate::Done,
    });
    let one = orchestrator_on(Arc::new(slow), "node-1");
    one.register(&child);
    assert_eq!(one.recover().await.unwrap(), 16, "the children");
    let other = orchestrator_on(Arc::new(journal.clone()), "node-2");
    other.register(&saga);
    other.cancel(&"s07".parse().unwrap(), &ada(), &why("so")).await.unwrap();
    let working = worker(&one);
    sleep(ms(500)).await;
    let (_, entries) = journal.load(&"s07/sub".parse().unwrap()).await.unwrap().unwrap();
    let is_recalled = |it: &SagaEntry| matches!(it, SagaEntry::Cancelled { .. });
    assert!(entries.iter().any(is_recalled), "{entries:#?}");
    working.abort();
}

#[tokio::test(start_paused = true)]
async fn a_saga_whose_parent_cannot_be_read_is_kept_and_others_are_purged() {
    let (world, journal) = (World::default(), InMemorySagaJournal::default());
    let gated = Gated::on(&journal, |call| match call {
        Call::Load(of) if of.as_str() == "bad" => Fate::Refused,
        _ => Fate::Done,
    });
    let one = orchestrator_on(Arc::new(journal.clone()), "node-1");
    let saga = nested(&world, None, |_, step| step);
    for id in ["bad", "good"] {
        let handle = one.start(&saga, id.parse().unwrap(), 0).await.unwrap();
        soon(id, handle.wait()).await.unwrap();
    }
    let other = orchestrator_on(Arc::new(gated), "node-2");
    assert_eq!(other.purge(Duration::ZERO).await.unwrap(), 3);
    for id in ["bad", "bad/sub", "good", "good/sub"] {
        let (header, _) = journal.load(&id.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(header.is_purged, id != "bad/sub", "{id}");
    }
}
