//! What is left midway, by a caller that goes away or a runner that gives a saga back: nothing is held by nobody, and
//! answers are true.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::resilience::Exponential;
use strangler_fig::saga::{
    Cause, Conclusion, Repair, SagaBuilder, SagaConfig, SagaError, SagaHeader, SagaId, SagaJournal,
    SagaOrchestrator, SagaStatus, step_fn,
};
use tokio::time::{sleep, timeout};

use crate::gated::{Call, Fate, Gated};
use crate::journal::Troubled;
use crate::nested::nested;
use crate::support::{
    Play, World, ada, chain, ms, only, orchestrator_on, policy, runner, soon, why, worker,
};

/// Well below a term: no claim had to run out.
const AT_ONCE: Duration = Duration::from_secs(10);

async fn header(journal: &InMemorySagaJournal, saga: &SagaId) -> SagaHeader {
    journal.load(saga).await.unwrap().unwrap().0
}

/// Loads take 100 ms once this saga was claimed; whether it was.
fn slow_once_claimed(inner: &InMemorySagaJournal, saga: &SagaId) -> (Gated, Arc<AtomicBool>) {
    let (saga, is_claimed) = (saga.clone(), Arc::new(AtomicBool::new(false)));
    let claimed = is_claimed.clone();
    let gated = Gated::on(inner, move |call| match call {
        Call::Claim(of) if *of == saga => {
            claimed.store(true, Ordering::SeqCst);
            Fate::Done
        }
        Call::Load(of) if *of == saga && claimed.load(Ordering::SeqCst) => Fate::Slow(100),
        _ => Fate::Done,
    });
    (gated, is_claimed)
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_while_it_takes_a_saga_over_does_not_stop_that() {
    let (world, journal) = (World::default(), Troubled::slow(ms(5)));
    let saga = nested(&world, None, only("x", |step| step.plays([Play::Hang])));
    let dead = orchestrator_on(Arc::new(journal.clone()), "node-0");
    dead.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(1_000)).await;
    journal.kill();
    sleep(Duration::from_secs(31)).await;

    let id: SagaId = "s/sub".parse().unwrap();
    let (gated, is_claimed) = slow_once_claimed(&journal.inner, &id);
    let one = orchestrator_on(Arc::new(gated), "node-1");
    let child = chain(&world, &["x", "y"], |_, step| step);
    one.register(&child);
    let found = one.find(&child, id.clone()).await.unwrap();
    assert!(timeout(ms(50), found.wait()).await.is_err(), "whoever waits goes away");
    assert!(is_claimed.load(Ordering::SeqCst), "midway");
    sleep(AT_ONCE).await;
    let header = header(&journal.inner, &id).await;
    assert_eq!((header.status, header.holder), (SagaStatus::Committed, None));
}

#[tokio::test(start_paused = true)]
async fn a_recall_that_is_dropped_while_it_takes_a_saga_over_does_not_stop_that() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let saga = nested(&world, None, only("c", |step| step.plays([Play::Refused])));
    let id: SagaId = "s/sub".parse().unwrap();
    let (gated, is_claimed) = slow_once_claimed(&inner, &id);
    let one = orchestrator_on(Arc::new(gated), "node-1");
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    while !is_claimed.load(Ordering::SeqCst) {
        sleep(ms(1)).await;
    }
    let (actor, reason) = (ada(), why("so"));
    let give_up = one.repair(handle.saga(), Repair::GiveUp, &actor, &reason);
    soon("give up", give_up).await.unwrap();
    let end = timeout(ms(50), handle.wait()).await.expect("it does not wait for its part").unwrap();
    assert!(matches!(end, Conclusion::GivenUp { .. }), "{end:?}");
    sleep(AT_ONCE).await;
    let header = header(&inner, &id).await;
    assert_eq!((header.status, header.holder), (SagaStatus::RolledBack, None));
    assert_eq!(world.log(), ["do a", "do x", "do y", "undo y 3", "undo x 2"]);
}

/// What it is told was on its way to the journal when the stop lost patience.
#[tokio::test(start_paused = true)]
async fn a_saga_that_is_left_while_it_is_told_something_is_given_back_at_once() {
    let (world, journal) = (World::default(), Troubled::slow(ms(5)));
    let saga = chain(&world, &["a", "b"], only("a", |step| step.plays([Play::Hang])));
    let dead = orchestrator_on(Arc::new(journal.clone()), "node-0");
    let handle = dead.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    journal.kill();
    sleep(Duration::from_secs(31)).await;

    let gated = Gated::on(&journal.inner, |call| match call {
        Call::Append(_) => Fate::Slow(9_000),
        _ => Fate::Done,
    });
    let one = orchestrator_on(Arc::new(gated), "node-1");
    one.register(&saga);
    let telling = tokio::spawn({
        let (one, saga) = (one.clone(), handle.saga().clone());
        async move { one.cancel(&saga, &ada(), &why("so")).await }
    });
    sleep(ms(100)).await;
    assert_eq!(header(&journal.inner, handle.saga()).await.holder.as_ref(), Some(one.runner()));
    assert_eq!(one.stop(ms(500)).await, 1);
    assert_eq!(header(&journal.inner, handle.saga()).await.holder, None, "others go on at once");
    let answer = soon("told", telling).await.unwrap();
    assert!(matches!(answer, Err(SagaError::Held { .. })), "it is not written: {answer:?}");
    let other = orchestrator_on(Arc::new(journal.beside()), "node-2");
    other.register(&saga);
    assert_eq!(other.recover().await.unwrap(), 1);
    let found = other.find(&saga, handle.saga().clone()).await.unwrap();
    let end = timeout(AT_ONCE, found.wait()).await.expect("nobody waits for a term").unwrap();
    assert_eq!(end, Conclusion::Committed(2));
}

/// By the last entry the journal takes the claim back, which a renewal notices before the entry is answered.
#[tokio::test(start_paused = true)]
async fn whoever_ends_a_saga_is_told_so_though_its_claim_is_gone_or_its_runner_stopped() {
    for (is_cancelled, is_stopped) in [(true, true), (true, false), (false, true), (false, false)] {
        let (world, inner) = (World::default(), InMemorySagaJournal::default());
        let gated = Gated::on(&inner, |call| match call {
            Call::Append(append) if append.outcome.is_some() => Fate::Late(5_000),
            _ => Fate::Done,
        });
        let config = SagaConfig::default().with_term(Duration::from_secs(3));
        let one = SagaOrchestrator::with_runner(Arc::new(gated), runner("node-1"), config);
        let mut saga = SagaBuilder::<u32>::new("patient", 1);
        let hour = Duration::from_secs(3_600);
        let rarely = policy().with_retry(Exponential::between(hour, hour).with_count(3));
        let a = world.step("a").plays([Play::NotDone]);
        let a = saga.step_with("a", a, saga.input(), rarely);
        let saga = saga.build(a).unwrap();
        let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        let working = (!is_stopped).then(|| worker(&one));
        let telling = tokio::spawn({
            let (one, saga) = (one.clone(), handle.saga().clone());
            async move {
                sleep(ms(100)).await;
                if is_cancelled {
                    one.cancel(&saga, &ada(), &why("so")).await
                } else {
                    one.repair(&saga, Repair::GiveUp, &ada(), &why("so")).await
                }
            }
        });
        sleep(ms(200)).await;
        assert!(header(&inner, handle.saga()).await.outcome.is_some(), "it is written");
        if is_stopped {
            one.stop(ms(500)).await;
        }
        let what = format!("cancelled: {is_cancelled}, stopped: {is_stopped}");
        let answer = soon(&what, telling).await.unwrap();
        assert!(answer.is_ok(), "{what}: {answer:?}");
        let end = soon(&what, handle.wait()).await.unwrap();
        let is_so = match end {
            Conclusion::RolledBack(Cause::Cancelled { .. }) => is_cancelled,
            Conclusion::GivenUp { .. } => !is_cancelled,
            _ => false,
        };
        assert!(is_so, "{what}: {end:?}");
        working.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// Tells when it is gone.
struct Noted(World);

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.note("the call is gone");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_under_way_any_more_when_a_saga_is_given_back() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let gated = Gated::on(&inner, {
        let world = world.clone();
        move |call| {
            if matches!(call, Call::Release) {
                world.note("the claim is given back");
            }
            Fate::Slow(100)
        }
    });
    let one = orchestrator_on(Arc::new(gated), "node-1");
    let hanging = step_fn({
        let world = world.clone();
        move |_: u32, _| {
            let noted = Noted(world.clone());
            async move {
                let _noted = noted;
                pending::<()>().await;
                Ok(0_u32)
            }
        }
    });
    let mut saga = SagaBuilder::<u32>::new("left", 1);
    let a = saga.step_with("a", hanging, saga.input(), policy());
    let saga = saga.build(a).unwrap();
    one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(100)).await;
    assert_eq!(one.stop(ms(500)).await, 1);
    assert_eq!(world.log(), ["the call is gone", "the claim is given back"]);
}
