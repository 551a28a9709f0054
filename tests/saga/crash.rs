//! The crash kit on sagas of every shape, whose participants count what they did; and on broken ones,
//! each of which it has to find.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::flawed;
use strangler_fig::async_trait;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::resilience::{Exponential, Jitter};
use strangler_fig::saga::{
    Conclusion, Effect, Probe, SagaBuilder, SagaDefinition, SagaJournal, SagaStep, StepContext,
    StepError, StepPolicy, Wire,
};
use strangler_fig::testkit::saga::{KitReport, SagaTrial, crash_kit};

/// Participants: what each has of each step, by idempotency key, behind a barrier of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<BTreeMap<String, Entry>>>);

#[derive(Debug, Default)]
struct Entry {
    effects: i32,
    is_seen: bool,
    is_undone: bool,
}

impl Ledger {
    /// Has the effect, unless it was had or undone before.
    fn act(&self, key: &str) -> Result<(), StepError> {
        let mut entries = self.0.lock().unwrap();
        let entry = entries.entry(key.to_owned()).or_default();
        if entry.is_undone {
            return Err(StepError::rejected("it was undone already"));
        }
        if !entry.is_seen {
            entry.effects += 1;
            entry.is_seen = true;
        }
        Ok(())
    }

    fn undo(&self, key: &str) {
        let mut entries = self.0.lock().unwrap();
        let entry = entries.entry(key.to_owned()).or_default();
        if entry.is_seen && !entry.is_undone {
            entry.effects -= 1;
        }
        entry.is_undone = true;
    }

    fn has(&self, key: &str) -> bool {
        self.0.lock().unwrap().get(key).is_some_and(|entry| entry.effects > 0)
    }

    /// Without a barrier: as often as it is called.
    fn add(&self, key: &str, effects: i32) {
        self.0.lock().unwrap().entry(key.to_owned()).or_default().effects += effects;
    }

    pub(crate) fn effects(&self) -> Vec<i32> {
        self.0.lock().unwrap().values().map(|entry| entry.effects).filter(|it| *it != 0).collect()
    }
}

/// What is wrong with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// A second execution is a second effect.
    NotIdempotent,
    /// A second compensation takes back what was never there.
    UndoesTwice,
    /// A compensation of what was never done takes it back all the same.
    UndoesBlindly,
    /// An execution after the compensation has its effect.
    Hangs,
    /// It is compensated only where it is sure to have been done.
    IgnoresMaybe,
    /// Its compensation does nothing.
    NeverUndoes,
    /// A failure after the effect is told as one before it.
    LiesAboutEffects,
    /// Its probe says done, and it was not.
    LiesWhenProbed,
    /// Its probe says that it never was nor will be, and it was.
    ProbesNever,
    /// Its compensation refuses for good.
    CannotUndo,
}

#[derive(Debug)]
pub(crate) struct Participant {
    pub(crate) ledger: Ledger,
    pub(crate) flaw: Flaw,
    calls: Mutex<u32>,
}

impl Participant {
    pub(crate) fn new(ledger: &Ledger, flaw: Flaw) -> Self {
        Self { ledger: ledger.clone(), flaw, calls: Mutex::new(0) }
    }
}

#[async_trait]
impl SagaStep for Participant {
    type Input = u32;
    type Output = u32;

    async fn execute(&self, input: &u32, context: &StepContext) -> Result<u32, StepError> {
        let key = context.idempotency_key().to_string();
        let is_first = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls == 1
        };
        tokio::task::yield_now().await;
        match self.flaw {
            Flaw::NotIdempotent => self.ledger.add(&key, 1),
            Flaw::Hangs => {
                if !self.ledger.has(&key) {
                    self.ledger.add(&key, 1);
                }
            }
            Flaw::LiesAboutEffects if is_first => {
                self.ledger.act(&key)?;
                return Err(StepError::rejected("it is not done, it says"));
            }
            _ => self.ledger.act(&key)?,
        }
        Ok(input + 1)
    }

    async fn compensate(
        &self,
        _: &u32,
        effect: Effect<u32>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        let key = context.idempotency_key().to_string();
        match (self.flaw, effect) {
            (Flaw::NotIdempotent, _) => {
                let done = self.ledger.has(&key);
                self.ledger.add(&key, if done { -1 } else { 0 });
            }
            (Flaw::UndoesTwice, Effect::Applied(_)) | (Flaw::UndoesBlindly, _) => {
                self.ledger.add(&key, -1);
            }
            (Flaw::Hangs, _) => {
                if self.ledger.has(&key) {
                    self.ledger.add(&key, -1);
                }
            }
            (Flaw::IgnoresMaybe, Effect::Maybe) | (Flaw::NeverUndoes, _) => {}
            (Flaw::CannotUndo, _) => return Err(StepError::rejected("there is no way back")),
            _ => self.ledger.undo(&key),
        }
        Ok(())
    }

    async fn probe(&self, input: &u32, context: &StepContext) -> Result<Probe<u32>, StepError> {
        let key = context.idempotency_key().to_string();
        Ok(match self.flaw {
            Flaw::LiesWhenProbed => Probe::Done(input + 1),
            Flaw::ProbesNever => Probe::Never,
            _ if self.ledger.has(&key) => Probe::Done(input + 1),
            _ => Probe::Absent,
        })
    }
}

fn quick() -> StepPolicy {
    let pause = Duration::from_millis(100);
    let pauses = || Exponential::between(pause, pause).with_jitter(Jitter::None).with_count(3);
    StepPolicy::default()
        .with_timeout(Duration::from_secs(1))
        .with_retry(pauses())
        .with_compensation_retry(pauses())
}

fn line(ledger: &Ledger, pivot: Option<usize>) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("line", 1);
    let step = || Participant::new(ledger, Flaw::None);
    let a = saga.step_with("a", step(), saga.input(), quick());
    let b = saga.step_with("b", step(), a, quick());
    let c = saga.step_with("c", step(), b, quick());
    if let Some(pivot) = pivot {
        saga.pivot([a, b, c][pivot]);
    }
    saga.build(c).unwrap()
}

/// b, which is broken, and c.
fn broken(ledger: &Ledger, flaw: Flaw) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("broken", 1);
    let b = saga.step_with("b", Participant::new(ledger, flaw), saga.input(), quick());
    let c = saga.step_with("c", Participant::new(ledger, Flaw::None), b, quick());
    saga.build(c).unwrap()
}

fn diamond(ledger: &Ledger) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("diamond", 1);
    let step = || Participant::new(ledger, Flaw::None);
    let a = saga.step_with("a", step(), saga.input(), quick());
    let b = saga.step_with("b", step(), a, quick());
    let c = saga.step_with("c", step(), a, quick());
    let d = saga.step_with("d", step(), b.after(c), quick());
    saga.build(d).unwrap()
}

fn nested(ledger: &Ledger) -> SagaDefinition<u32, u32> {
    let mut child = SagaBuilder::<u32>::new("child", 1);
    let step = || Participant::new(ledger, Flaw::None);
    let x = child.step_with("x", step(), child.input(), quick());
    let y = child.step_with("y", step(), x, quick());
    let child = child.build(y).unwrap();
    let mut saga = SagaBuilder::<u32>::new("parent", 1);
    let a = saga.step_with("a", step(), saga.input(), quick());
    let b = saga.sub_saga("b", &child, a);
    let c = saga.step_with("c", step(), b, quick());
    saga.build(c).unwrap()
}

async fn kit(make: impl Fn(&Ledger) -> SagaDefinition<u32, u32>, steps: usize) -> KitReport {
    kit_on(|| Arc::new(InMemorySagaJournal::default()), make, steps).await
}

async fn kit_on(
    journal: impl Fn() -> Arc<dyn SagaJournal>,
    make: impl Fn(&Ledger) -> SagaDefinition<u32, u32>,
    steps: usize,
) -> KitReport {
    crash_kit(async || {
        let ledger = Ledger::default();
        let saga = make(&ledger);
        SagaTrial::new(saga, 0, journal(), move |end| {
            let effects = ledger.effects();
            async move {
                let expected = match end {
                    Conclusion::Committed(_) => vec![1; steps],
                    Conclusion::RolledBack(_) => vec![],
                    _ => return Ok(()),
                };
                (effects == expected).then_some(()).ok_or(format!("{end:?}, effects {effects:?}"))
            }
        })
    })
    .await
}

/// S3.
#[tokio::test(start_paused = true)]
async fn whatever_happens_to_a_line_every_effect_is_there_once_or_none_is() {
    let report = kit(|ledger| line(ledger, None), 3).await;
    report.assert_clean();
    assert!(report.runs > 200, "{}", report.runs);
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_a_line_with_a_pivot() {
    for pivot in 0..3 {
        kit(|ledger| line(ledger, Some(pivot)), 3).await.assert_clean();
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_steps_beside_each_other() {
    kit(diamond, 4).await.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_a_saga_in_a_saga() {
    kit(nested, 4).await.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn the_kit_finds_every_broken_step() {
    for flaw in [
        Flaw::NotIdempotent,
        Flaw::UndoesTwice,
        Flaw::UndoesBlindly,
        Flaw::Hangs,
        Flaw::IgnoresMaybe,
        Flaw::NeverUndoes,
        Flaw::LiesAboutEffects,
        Flaw::LiesWhenProbed,
        Flaw::ProbesNever,
        Flaw::CannotUndo,
    ] {
        let report = kit(|ledger| broken(ledger, flaw), 2).await;
        assert!(!report.is_clean(), "{flaw:?}");
        println!(
            "{flaw:?}: {} of {} runs, {}",
            report.findings.len(),
            report.runs,
            report.findings[0]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_kit_finds_every_broken_journal() {
    for flaw in flawed::Flaw::ALL {
        let journal = || -> Arc<dyn SagaJournal> { Arc::new(flawed::Flawed::new(flaw)) };
        let report = kit_on(journal, |ledger| broken(ledger, Flaw::None), 2).await;
        assert!(!report.is_clean(), "{flaw:?}");
        println!(
            "{flaw:?}: {} of {} runs, {}",
            report.findings.len(),
            report.runs,
            report.findings[0]
        );
    }
}
