//! Runners that stand still, stop, start twice, and find what others have left.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::saga::{
    Conclusion, SagaConfig, SagaError, SagaJournal, SagaOrchestrator, SagaStatus,
};
use tokio::task::JoinHandle;
use tokio::time::{advance, sleep, timeout};

use crate::hooked::Hooked;
use crate::journal::Troubled;
use crate::nested::nested;
use crate::support::{Play, World, chain, ms, only, orchestrator_on, runner, soon, worker};

/// Well below a term: nobody waited for a claim to run out.
const AT_ONCE: Duration = Duration::from_secs(10);

/// S7, DBOS #742 (stale claims still run): the process stands still right after its saga was created, until
/// another has finished it.
#[tokio::test(start_paused = true)]
async fn a_runner_that_stood_still_before_its_first_step_begins_nothing() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let saga = chain(&world, &["a", "b"], |_, step| step);
    let other = orchestrator_on(Arc::new(inner.clone()), "node-2");
    other.register(&saga);
    let standing_still = {
        let (other, inner) = (other.clone(), inner.clone());
        async move {
            advance(Duration::from_secs(31)).await;
            assert_eq!(other.recover().await.unwrap(), 1);
            while inner.load(&"s".parse().unwrap()).await.unwrap().unwrap().0.outcome.is_none() {
                advance(ms(100)).await;
            }
        }
    };
    let hooked = Hooked::on(&inner).after_create(standing_still);
    let one = orchestrator_on(Arc::new(hooked), "node-1");
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = soon("what another has finished", handle.wait()).await.unwrap();
    assert_eq!(end, Conclusion::Committed(2));
    assert_eq!(world.begun(), ["probe a", "do a", "do b"], "by node-2, and nobody else");
}

/// A step that outlasts the stop's patience is left to others, at once.
#[tokio::test(start_paused = true)]
async fn what_is_left_by_a_stop_that_lost_patience_goes_on_elsewhere_at_once() {
    let (world, journal) = (World::default(), Troubled::slow(ms(5)));
    let saga = chain(&world, &["a", "b"], only("a", |step| step.plays([Play::Hang])));
    let one = orchestrator_on(Arc::new(journal.clone()), "node-1");
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(10)).await;
    assert_eq!(one.stop(ms(500)).await, 1);
    let other = orchestrator_on(Arc::new(journal.beside()), "node-2");
    other.register(&saga);
    let working = worker(&other);
    let found = other.find(&saga, handle.saga().clone()).await.unwrap();
    let end = timeout(AT_ONCE, found.wait()).await.expect("nobody waits for a term").unwrap();
    assert_eq!(end, Conclusion::Committed(2));
    working.abort();
}

/// No call of a participant is under way: there is nothing to be waited for.
#[tokio::test(start_paused = true)]
async fn a_saga_whose_part_runs_stops_at_once_and_both_go_on_elsewhere() {
    let (world, journal) = (World::default(), Troubled::slow(ms(5)));
    let saga = nested(&world, None, only("x", |step| step.plays([Play::NotDone])));
    let one = orchestrator_on(Arc::new(journal.clone()), "node-1");
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    // x is to be tried again a second after its first attempt.
    sleep(ms(300)).await;
    assert_eq!(one.live(), 2);
    let began = tokio::time::Instant::now();
    assert_eq!(one.stop(Duration::from_secs(30)).await, 0);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    for id in ["s", "s/sub"] {
        let (header, _) = journal.load(&id.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!((header.holder, header.status), (None, SagaStatus::Running), "{id}");
    }
    let other = orchestrator_on(Arc::new(journal.beside()), "node-2");
    other.register(&saga);
    let working = worker(&other);
    let found = other.find(&saga, handle.saga().clone()).await.unwrap();
    let end = timeout(AT_ONCE, found.wait()).await.expect("nobody waits for a term").unwrap();
    assert_eq!((end, world.count("do c")), (Conclusion::Committed(4), 1));
    working.abort();
}

#[tokio::test(start_paused = true)]
async fn a_start_that_meets_a_stop_begins_no_step_and_leaves_its_saga_to_others() {
    for after in (0..100).step_by(10) {
        let (world, journal) = (World::default(), Troubled::slow(ms(50)));
        let saga = chain(&world, &["a", "b"], |_, step| step.plays([Play::Slow(20)]));
        let one = orchestrator_on(Arc::new(journal.clone()), "node-1");
        let stopping = async {
            sleep(ms(after)).await;
            one.stop(Duration::from_secs(30)).await
        };
        let starting = one.start(&saga, "s".parse().unwrap(), 0);
        let (started, _) = futures::future::join(starting, stopping).await;
        let begun = world.begun().len();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(world.begun().len(), begun, "stopped {after} ms after the start began");
        assert!(begun == 0 || after >= 50, "stopped {after} ms after the start began");
        assert!(matches!(started, Ok(_) | Err(SagaError::Stopping)), "{started:?}");
        if started.is_err() && journal.load(&"s".parse().unwrap()).await.unwrap().is_none() {
            continue;
        }
        let other = orchestrator_on(Arc::new(journal.beside()), "node-2");
        other.register(&saga);
        let working = worker(&other);
        let found = other.find(&saga, "s".parse().unwrap()).await.unwrap();
        let end = timeout(AT_ONCE, found.wait()).await.expect("nobody waits for a term").unwrap();
        assert_eq!(end, Conclusion::Committed(2));
        working.abort();
    }
}

/// At boot an application starts what it had begun, while its runner recovers the same.
#[tokio::test(start_paused = true)]
async fn a_saga_that_is_started_and_recovered_at_once_runs() {
    for seed in 0..100 {
        let (world, journal) = (World::default(), Troubled::default());
        let saga = chain(&world, &["a", "b"], only("a", |step| step.plays([Play::Hang])));
        let dead = orchestrator_on(Arc::new(journal.clone()), "node-0");
        dead.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        journal.kill();
        sleep(Duration::from_secs(31)).await;
        let hooked = Hooked::on(&journal.inner).jittery(seed);
        let one = orchestrator_on(Arc::new(hooked), "node-1");
        one.register(&saga);
        let start = || one.start(&saga, "s".parse().unwrap(), 0);
        let (started, recovered, again) = futures::join!(start(), one.recover(), start());
        recovered.unwrap();
        for started in [started, again] {
            let ended = timeout(AT_ONCE, started.unwrap().wait()).await;
            let end = ended.unwrap_or_else(|_| panic!("seed {seed}: nobody runs it")).unwrap();
            assert_eq!(end, Conclusion::Committed(2), "seed {seed}");
        }
        assert_eq!(world.count("do b"), 1, "seed {seed}");
    }
}

/// Its caller went away, or its answer came too late; the caller starts it again, as it is told to.
#[tokio::test(start_paused = true)]
async fn a_start_that_was_dropped_is_started_again_and_goes_on_at_once() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let saga = chain(&world, &["a", "b"], |_, step| step);
    let hooked = Hooked::on(&inner).after_create(sleep(ms(100)));
    let one = orchestrator_on(Arc::new(hooked), "node-1");
    let dropped = timeout(ms(50), one.start(&saga, "s".parse().unwrap(), 0)).await;
    assert!(dropped.is_err(), "its caller has gone away");
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = timeout(AT_ONCE, handle.wait()).await.expect("nobody waits for a term").unwrap();
    assert_eq!(end, Conclusion::Committed(2));
    // Whether it was begun before, nobody knows.
    assert_eq!(world.log(), ["probe a", "do a", "do b"]);
}

#[derive(Debug, Default)]
struct Settlings(AtomicUsize);

impl Observer for Settlings {
    fn on_event(&self, event: &Event) {
        if matches!(event, Event::SagaSettled { .. }) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// What began here and has not settled here.
#[derive(Debug, Default)]
struct UnderWay(Mutex<Vec<&'static str>>);

impl Observer for UnderWay {
    fn on_event(&self, event: &Event) {
        match event {
            Event::SagaBegan => self.0.lock().unwrap().push("began"),
            Event::SagaSettled { status } => self.0.lock().unwrap().push(status),
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_run_of_a_saga_is_told_when_it_begins_and_when_it_has_settled() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let saga = chain(&world, &["a"], only("a", |step| step.plays([Play::Slow(1_000)])));
    let told = Arc::new(UnderWay::default());
    let config = || SagaConfig::default().with_observer(told.clone());
    let one = SagaOrchestrator::with_runner(Arc::new(inner.clone()), runner("node-1"), config());
    one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    one.stop(ms(10)).await;
    let other = SagaOrchestrator::with_runner(Arc::new(inner), runner("node-2"), config());
    other.start(&saga, "s".parse().unwrap(), 0).await.unwrap().wait().await.unwrap();
    assert_eq!(*told.0.lock().unwrap(), ["began", "left", "began", "committed"]);
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_ends_while_another_takes_it_over_is_nobody_s_and_told_once() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let saga = chain(&world, &["a"], only("a", |step| step.plays([Play::Slow(9_000)])));
    let config = || SagaConfig::default().with_term(Duration::from_secs(5));
    let one = SagaOrchestrator::with_runner(Arc::new(inner.clone()), runner("node-1"), config());
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    sleep(Duration::from_secs(6)).await;
    let hooked = Hooked::on(&inner).after_list(sleep(Duration::from_secs(4)));
    let settlings = Arc::new(Settlings::default());
    let config = config().with_observer(settlings.clone());
    let other = SagaOrchestrator::with_runner(Arc::new(hooked), runner("node-2"), config);
    other.register(&saga);
    other.recover().await.unwrap();
    sleep(ms(100)).await;
    let (header, _) = inner.load(handle.saga()).await.unwrap().unwrap();
    assert_eq!((header.status, header.holder), (SagaStatus::Committed, None));
    assert_eq!(settlings.0.load(Ordering::SeqCst), 0, "the first runner has told it");
    assert_eq!(world.begun(), ["do a"]);
}

/// Steno: two coordinators resume one saga, and both report it done.
#[tokio::test(start_paused = true)]
async fn of_two_runners_that_take_one_saga_over_one_does_and_both_say_the_same() {
    for seed in 0..50 {
        let (world, journal) = (World::default(), Troubled::default());
        let saga = chain(&world, &["a", "b", "c"], |name, step| match name {
            "a" => step.plays([Play::Hang]),
            _ => step.plays([Play::Slow(100)]),
        });
        let dead = orchestrator_on(Arc::new(journal.clone()), "node-0");
        let handle = dead.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        journal.kill();
        sleep(Duration::from_secs(31)).await;
        let runners = ["node-1", "node-2"].map(|name| {
            let hooked = Hooked::on(&journal.inner).jittery(seed);
            let it = orchestrator_on(Arc::new(hooked), name);
            it.register(&saga);
            it
        });
        let [one, other] = &runners;
        let (first, second) = futures::join!(one.recover(), other.recover());
        assert_eq!(first.unwrap() + second.unwrap(), 1, "seed {seed}");
        let working: Vec<JoinHandle<()>> = runners.iter().map(worker).collect();
        for runner in &runners {
            let found = runner.find(&saga, handle.saga().clone()).await.unwrap();
            let end = soon(format!("seed {seed}"), found.wait()).await.unwrap();
            assert_eq!(end, Conclusion::Committed(3), "seed {seed}");
        }
        assert_eq!(world.log(), ["probe a", "do a", "do b", "do c"], "seed {seed}");
        working.iter().for_each(JoinHandle::abort);
    }
}
