//! What cannot be written, read or made: it costs one saga a step, and no other saga anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use strangler_fig::async_trait;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::saga::{
    Cause, Conclusion, Effect, Repair, SagaBuilder, SagaDefinition, SagaEntry, SagaJournal,
    SagaStatus, SagaStep, StepContext, StepError, Wire, step_fn,
};
use tokio::time::{sleep, timeout};

use crate::gated::{Call, Fate, Gated};
use crate::hooked::Hooked;
use crate::journal::{Trouble, Troubled};
use crate::support::{
    Play, World, ada, assert_replays, chain, ms, only, orchestrator_on, policy, soon, why, worker,
};

/// Well below a term: no claim had to run out.
const AT_ONCE: Duration = Duration::from_secs(10);

/// What must not happen in the life of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Never {
    Serialize,
    /// It has no JSON, and says so.
    Written,
    Deserialize,
    Clone,
    Nothing,
}

/// A value that panics, as it is told.
#[derive(Debug)]
struct Fussy(Never);

/// The first clone panics.
static CLONES: AtomicUsize = AtomicUsize::new(0);

impl Clone for Fussy {
    fn clone(&self) -> Self {
        let is_first = CLONES.fetch_add(1, Ordering::SeqCst) == 0;
        assert!(self.0 != Never::Clone || !is_first, "it cannot be cloned");
        Self(self.0)
    }
}

impl Serialize for Fussy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(self.0 != Never::Serialize, "it cannot be written");
        if self.0 == Never::Written {
            return Err(serde::ser::Error::custom("it has no JSON"));
        }
        serializer.serialize_bool(self.0 == Never::Deserialize)
    }
}

impl<'de> Deserialize<'de> for Fussy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let panics = bool::deserialize(deserializer)?;
        assert!(!panics, "it cannot be read");
        Ok(Self(Never::Nothing))
    }
}

/// A step that makes a fussy value.
#[derive(Debug)]
struct Maker(World, Never);

#[async_trait]
impl SagaStep for Maker {
    type Input = u32;
    type Output = Fussy;

    async fn execute(&self, _: &u32, _: &StepContext) -> Result<Fussy, StepError> {
        self.0.note("do m");
        Ok(Fussy(self.1))
    }

    async fn compensate(
        &self,
        _: &u32,
        effect: Effect<Fussy>,
        _: &StepContext,
    ) -> Result<(), StepError> {
        let told = if matches!(effect, Effect::Maybe) { "undo m maybe" } else { "undo m" };
        self.0.note(told);
        Ok(())
    }
}

/// a, then m, which makes such a value, then z, which takes so long and refuses or does not.
fn fussy(world: &World, never: Never, z: Play) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("fussy", 1);
    let a = saga.step_with("a", world.step("a"), saga.input(), policy());
    let m = saga.step_with("m", Maker(world.clone(), never), a, policy());
    let z = saga.step_with("z", world.step("z").plays([z]), a.after(m), policy());
    saga.build(z).unwrap()
}

/// A long text, made with a side effect.
fn large(world: &World) -> impl SagaStep<Input = u32, Output = String> + use<> {
    let (done, undone) = (world.clone(), world.clone());
    step_fn(move |_: u32, _| {
        done.note("do large");
        async { Ok("x".repeat(10_000)) }
    })
    .undo(move |_: u32, effect, _| {
        undone.note(format!("undo large {}", matches!(effect, Effect::Maybe)));
        async { Ok(()) }
    })
}

/// Nobody can write down what it handed on, so nobody knows what it did: as after a timeout.
#[tokio::test(start_paused = true)]
async fn a_step_whose_output_the_journal_rejects_is_undone() {
    let (world, journal) = (World::default(), Troubled::narrow(5_000));
    let mut saga = SagaBuilder::<u32>::new("large", 1);
    let a = saga.step_with("a", world.step("a"), saga.input(), policy());
    let b = saga.step_with("b", large(&world), a, policy());
    let c = saga.step_with("c", world.step("c"), a.after(b), policy());
    let saga = saga.build(c).unwrap();
    let orchestrator = orchestrator_on(Arc::new(journal.clone()), "node-1");
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = soon("an output that is too large", handle.wait()).await.unwrap();
    let Conclusion::RolledBack(Cause::Failed { step, error }) = &end else { panic!("{end:?}") };
    assert_eq!(step.as_str(), "b");
    assert!(error.contains("it is too large"), "the journal's own words: {error}");
    assert!(journal.writes() < 40, "{}", journal.writes());
    assert_eq!((world.count("undo large true"), world.count("undo a 1")), (1, 1));
    assert_eq!(world.count("do c"), 0, "S1: nothing begins on an outcome that is not durable");
}

#[tokio::test(start_paused = true)]
async fn a_step_after_the_pivot_whose_output_the_journal_rejects_is_parked() {
    let (world, journal) = (World::default(), Troubled::narrow(5_000));
    let mut saga = SagaBuilder::<u32>::new("large", 1);
    let a = saga.step_with("a", world.step("a"), saga.input(), policy());
    saga.pivot(a);
    let b = saga.step_with("b", large(&world), a, policy());
    let saga = saga.build(a.after(b)).unwrap();
    let orchestrator = orchestrator_on(Arc::new(journal.clone()), "node-1");
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = soon("an output that is too large", handle.wait()).await.unwrap();
    assert_eq!(end, Conclusion::Parked);
    assert!(journal.writes() < 40, "{}", journal.writes());
}

/// Whatever is written is refused: the saga is left as it is, and whoever asks is told.
#[tokio::test(start_paused = true)]
async fn a_saga_of_which_nothing_can_be_written_is_left_and_whoever_tells_it_something_is_answered()
{
    for is_cancelled in [true, false] {
        let (world, journal) = (World::default(), Troubled::slow(ms(5)));
        journal.script([None].into_iter().chain([Some(Trouble::Rejected); 10_000]));
        let saga = chain(&world, &["a", "b"], only("a", |step| step.plays([Play::Slow(1_000)])));
        let one = orchestrator_on(Arc::new(journal.clone()), "node-1");
        let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        sleep(ms(1_100)).await;
        let answer = if is_cancelled {
            soon("cancel", one.cancel(handle.saga(), &ada(), &why("so"))).await
        } else {
            soon("give up", one.repair(handle.saga(), Repair::GiveUp, &ada(), &why("so"))).await
        };
        assert!(answer.is_err(), "it cannot be written");
        sleep(Duration::from_secs(3_600)).await;
        assert!(journal.writes() < 100, "{} writes in an hour", journal.writes());
        assert_eq!(one.live(), 0, "it is left");
        let (header, _) = journal.load(handle.saga()).await.unwrap().unwrap();
        assert_eq!((header.status, header.holder), (SagaStatus::Running, None));

        let other = orchestrator_on(Arc::new(journal.beside()), "node-2");
        other.register(&saga);
        assert_eq!(other.recover().await.unwrap(), 1);
        let end = soon("a journal that takes it", handle.wait()).await.unwrap();
        assert_eq!((end, world.count("do b")), (Conclusion::Committed(2), 1));
    }
}

/// Steno: a panic hangs its saga for ever.
#[tokio::test(start_paused = true)]
async fn a_saga_whose_step_makes_what_cannot_be_written_is_undone() {
    for never in [Never::Serialize, Never::Written] {
        let (world, journal) = (World::default(), Troubled::slow(ms(5)));
        let saga = fussy(&world, never, Play::Ok);
        let orchestrator = orchestrator_on(Arc::new(journal), "node-1");
        let working = worker(&orchestrator);
        let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
        let end = timeout(AT_ONCE, handle.wait()).await.expect("its runner lives").unwrap();
        assert!(matches!(end, Conclusion::RolledBack(Cause::Failed { .. })), "{never:?}: {end:?}");
        assert_eq!(world.count("undo m maybe"), 1, "{never:?}");
        assert_eq!(world.count("undo a 1"), 1, "{never:?}");
        assert!(world.count("do m") <= 3, "{never:?}: it has three tries");
        working.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_saga_whose_output_cannot_be_cloned_at_first_is_undone_all_the_same() {
    let (world, journal) = (World::default(), Troubled::slow(ms(5)));
    let saga = fussy(&world, Never::Clone, Play::Refused);
    let orchestrator = orchestrator_on(Arc::new(journal), "node-1");
    let working = worker(&orchestrator);
    let handle = orchestrator.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    let end = timeout(AT_ONCE, handle.wait()).await.expect("its runner lives").unwrap();
    assert!(matches!(end, Conclusion::RolledBack(Cause::Failed { .. })), "{end:?}");
    assert_eq!(world.count("undo m") + world.count("undo m maybe"), 1);
    assert_eq!(world.count("undo a 1"), 1);
    working.abort();
}

/// Recovery reads what others have left: one value that panics must not end it.
#[tokio::test(start_paused = true)]
async fn a_value_that_panics_when_it_is_read_delays_no_other_saga() {
    let (world, journal) = (World::default(), Troubled::slow(ms(5)));
    let bad = fussy(&world, Never::Deserialize, Play::Hang);
    let good = chain(&world, &["b"], |_, step| step.plays([Play::Hang]));
    let dead = orchestrator_on(Arc::new(journal.clone()), "node-0");
    dead.start(&bad, "bad".parse().unwrap(), 0).await.unwrap();
    let handle = dead.start(&good, "good".parse().unwrap(), 0).await.unwrap();
    sleep(ms(500)).await;
    journal.kill();
    let other = orchestrator_on(Arc::new(journal.beside()), "node-1");
    other.register(&bad);
    other.register(&good);
    let working = worker(&other);
    sleep(Duration::from_secs(60)).await;
    assert!(!working.is_finished(), "it renews and recovers");
    let found = other.find(&good, handle.saga().clone()).await.unwrap();
    assert_eq!(soon("the good one", found.wait()).await.unwrap(), Conclusion::Committed(1));
    soon("give up", other.repair(&"bad".parse().unwrap(), Repair::GiveUp, &ada(), &why("so")))
        .await
        .unwrap();
    working.abort();
}

/// The form of an output was changed, and the version of the definition was not.
#[tokio::test(start_paused = true)]
async fn a_saga_that_cannot_be_read_is_given_up() {
    let (world, journal) = (World::default(), InMemorySagaJournal::default());
    let old = {
        let mut saga = SagaBuilder::<u32>::new("changed", 1);
        let a = saga.step_with("a", world.step("a"), saga.input(), policy());
        let b = saga.step_with("b", world.step("b").plays([Play::Hang]), a, policy());
        saga.build(b).unwrap()
    };
    let new = {
        let mut saga = SagaBuilder::<u32>::new("changed", 1);
        let text = step_fn(|_: u32, _| async { Ok(String::new()) });
        let a = saga.step_with("a", text, saga.input(), policy());
        let b = saga.step_with("b", step_fn(|_: String, _| async { Ok(0) }), a, policy());
        saga.build(b).unwrap()
    };
    assert_eq!(old.id(), new.id());
    let troubled = Troubled::on(&journal);
    let dead = orchestrator_on(Arc::new(troubled.clone()), "node-0");
    let handle = dead.start(&old, "s".parse().unwrap(), 0).await.unwrap();
    sleep(ms(500)).await;
    troubled.kill();
    sleep(Duration::from_secs(31)).await;
    let other = orchestrator_on(Arc::new(journal.clone()), "node-1");
    other.register(&new);
    other
        .repair(handle.saga(), Repair::GiveUp, &ada(), &why("its form was changed"))
        .await
        .unwrap();
    sleep(ms(100)).await;
    let (header, _) = journal.load(handle.saga()).await.unwrap().unwrap();
    assert_eq!((header.status, header.holder), (SagaStatus::GivenUp, None));
    assert_replays(&other, handle.saga()).await;
}

#[tokio::test(start_paused = true)]
async fn a_purge_goes_on_past_a_saga_that_was_recalled_a_moment_ago() {
    let (world, journal) = (World::default(), InMemorySagaJournal::default());
    let hooked = Arc::new(Hooked::on(&journal).recalling("s0".parse().unwrap()));
    let orchestrator = orchestrator_on(hooked, "node-1");
    let saga = chain(&world, &["a"], |_, step| step);
    for n in 0..3 {
        let handle = orchestrator.start(&saga, format!("s{n}").parse().unwrap(), 0).await.unwrap();
        handle.wait().await.unwrap();
    }
    assert_eq!(orchestrator.purge(Duration::ZERO).await.unwrap(), 2);
    for (id, is_purged) in [("s0", false), ("s1", true), ("s2", true)] {
        let (header, _) = journal.load(&id.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(header.is_purged, is_purged, "{id}");
    }
}

/// What a saga only decides, it decides again: nobody else would.
#[tokio::test(start_paused = true)]
async fn a_saga_whose_take_over_is_refused_once_goes_on() {
    let (world, inner) = (World::default(), InMemorySagaJournal::default());
    let saga = chain(&world, &["a", "b"], only("a", |step| step.plays([Play::Slow(1_000)])));
    let one = orchestrator_on(Arc::new(inner.clone()), "node-1");
    let handle = one.start(&saga, "s".parse().unwrap(), 0).await.unwrap();
    one.stop(Duration::from_secs(60)).await;
    let refused = AtomicUsize::new(0);
    let is_resumed = |it: &SagaEntry| matches!(it, SagaEntry::Resumed { .. });
    let journal = Gated::on(&inner, move |call| match call {
        Call::Append(append)
            if append.entries.iter().any(is_resumed)
                && refused.fetch_add(1, Ordering::SeqCst) == 0 =>
        {
            Fate::Refused
        }
        _ => Fate::Done,
    });
    let two = orchestrator_on(Arc::new(journal), "node-2");
    two.register(&saga);
    let _worker = worker(&two);
    let found = two.find(&saga, handle.saga().clone()).await.unwrap();
    let end = timeout(AT_ONCE, found.wait()).await.expect("it goes on at once").unwrap();
    assert!(matches!(end, Conclusion::Committed(_)), "{end:?}");
    assert_eq!(world.begun(), ["do a", "do b"]);
}
