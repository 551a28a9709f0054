use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{sleep, timeout};

use super::journal::{Life, Reached};
use super::meddle::Meddled;
use super::report::{Finding, KitReport};
use super::scenario::{Fate, Fault, Scenario, Told};
use crate::phase::{Incarnation, NodeId};
use crate::saga::{
    Conclusion, Direction, Passage, SagaConfig, SagaDefinition, SagaId, SagaJournal,
    SagaOrchestrator, StepOutput,
};

/// How long a runner holds a saga without a sign of life.
const TERM: Duration = Duration::from_secs(3);
/// After that a saga counts as hung.
const PATIENCE: Duration = Duration::from_secs(600);
/// How many findings are enough: what comes after them says no more.
const FINDINGS_MAX: usize = 10;

/// One run's saga, in a world of its own in which nothing has happened yet.
///
/// [`crash_kit`] shows it.
pub struct SagaTrial<I, O> {
    definition: SagaDefinition<I, O>,
    input: I,
    journal: Arc<dyn SagaJournal>,
    verify: Verify<O>,
}

type Verify<O> = Box<dyn Fn(Conclusion<O>) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

impl<I, O> std::fmt::Debug for SagaTrial<I, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.definition.fmt(f)
    }
}

impl<I: StepOutput, O: StepOutput> SagaTrial<I, O> {
    /// A saga to be started with `input` on an empty journal. `verify` looks at the world afterwards and says
    /// what is wrong with it: after [`Conclusion::Committed`] every effect must be there once, after
    /// [`Conclusion::RolledBack`] none.
    pub fn new<F, Fut>(
        definition: SagaDefinition<I, O>,
        input: I,
        journal: Arc<dyn SagaJournal>,
        verify: F,
    ) -> Self
    where
        F: Fn(Conclusion<O>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        let verify = move |conclusion| -> BoxFuture<'static, Result<(), String>> {
            Box::pin(verify(conclusion))
        };
        Self { definition, input, journal, verify: Box::new(verify) }
    }
}

/// Tries a saga in every way the kit knows, each in a world of its own, made by `fresh`.
///
/// Its steps fail, vanish, lose their answers, hang and run twice, forward and back, each in turn; its runner dies
/// before and after every write, on the way forward and back, or stands still there until another has finished its work, and
/// goes on; two others look for what it has left. Whatever happens, the saga must come to rest, and the world be as `verify` wants it. A saga that is parked
/// counts as hung, unless a step after its pivot refuses for good. It stops after 10 findings.
///
/// It waits for timeouts and terms: run it on paused time (`#[tokio::test(start_paused = true)]`) if the journal and
/// the steps know tokio's clock. The saga's retries should be few.
///
/// ```
/// # use std::sync::Arc;
/// # use std::sync::atomic::{AtomicU32, Ordering};
/// # use strangler_fig::memory::InMemorySagaJournal;
/// # use strangler_fig::saga::{Conclusion, SagaBuilder, step_fn};
/// # use strangler_fig::testkit::saga::{SagaTrial, crash_kit};
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::time::pause();
/// let report = crash_kit(async || {
///     // A seat is taken or not: to take it twice is to take it once.
///     let seat = Arc::new(AtomicU32::new(0));
///     let (taken, given_back) = (seat.clone(), seat.clone());
///     let reserve = step_fn(move |(): (), _| {
///         taken.store(1, Ordering::SeqCst);
///         async { Ok(()) }
///     })
///     .undo(move |_, _, _| {
///         given_back.store(0, Ordering::SeqCst);
///         async { Ok(()) }
///     });
///     let mut saga = SagaBuilder::<()>::new("trip", 1);
///     let reserved = saga.step("reserve", reserve, ());
///     let saga = saga.build(reserved).expect("it can be built");
///     SagaTrial::new(saga, (), Arc::new(InMemorySagaJournal::default()), move |end| {
///         let seats = seat.load(Ordering::SeqCst);
///         let expected = u32::from(matches!(end, Conclusion::Committed(_)));
///         async move { (seats == expected).then_some(()).ok_or(format!("{seats} seats are taken")) }
///     })
/// })
/// .await;
/// report.assert_clean();
/// assert!(report.runs > 20);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// When the operating system has no entropy to give.
///
/// # Cancel safety
///
/// A dropped call reports nothing. The runners of the trial at hand are not stopped: they go on, with its steps and on its
/// journal, until their runtime ends.
pub async fn crash_kit<I, O>(fresh: impl AsyncFn() -> SagaTrial<I, O>) -> KitReport
where
    I: StepOutput,
    O: StepOutput + std::fmt::Debug,
{
    let mut report = KitReport::default();
    let plan = fresh().await.definition.plan().clone();
    let refusals = std::iter::once(None).chain((0..plan.len()).map(Some));
    for refuses in refusals {
        let alone = Scenario { refuses, ..Scenario::default() };
        let writes = tried(&fresh, alone, &mut report).await;
        for fate in (1..=writes).flat_map(Fate::at) {
            tried(&fresh, Scenario { fate: Some(fate), ..alone }, &mut report).await;
        }
        let each = (0..plan.len()).flat_map(|at| Fault::ALL.map(|fault| (at, fault)));
        for (step, fault) in each {
            for direction in [Direction::Execute, Direction::Compensate] {
                if fault.is_lasting() && direction == Direction::Compensate {
                    continue;
                }
                let fault = Some((step, direction, fault));
                tried(&fresh, Scenario { fault, ..alone }, &mut report).await;
            }
        }
    }
    report
}

/// One run; how often its first runner wrote.
async fn tried<I, O>(
    fresh: &impl AsyncFn() -> SagaTrial<I, O>,
    scenario: Scenario,
    report: &mut KitReport,
) -> usize
where
    I: StepOutput,
    O: StepOutput + std::fmt::Debug,
{
    if report.findings.len() >= FINDINGS_MAX {
        return 0;
    }
    report.runs += 1;
    let trial = fresh().await;
    let plan = trial.definition.plan().clone();
    let (writes, verdict) = run(trial, scenario).await;
    if let Err(what) = verdict {
        report.findings.push(Finding { scenario: Told(scenario, &plan).to_string(), what });
    }
    writes
}

async fn run<I, O>(trial: SagaTrial<I, O>, scenario: Scenario) -> (usize, Result<(), String>)
where
    I: StepOutput,
    O: StepOutput + std::fmt::Debug,
{
    let is_spent = Arc::new(AtomicBool::new(false));
    let lives = [Life::new(scenario.fate), Life::new(None), Life::new(None)];
    let [first, second, third] =
        [0, 1, 2].map(|at| process(&trial, scenario, &lives[at], &is_spent));
    let saga: SagaId = "trial".parse().expect("it is an id");
    let started = {
        let (orchestrator, definition, input) =
            (first.0.clone(), first.1.clone(), trial.input.clone());
        let saga = saga.clone();
        tokio::spawn(async move { orchestrator.start(&definition, saga, input).await.map(drop) })
    };
    // Two of them find what the first has left.
    let running = [&first, &second, &third].map(|(orchestrator, _)| {
        let orchestrator = orchestrator.clone();
        tokio::spawn(async move { orchestrator.run(std::future::pending()).await })
    });
    let conclusion = concluded(&trial, &second, &saga, &lives[0], scenario).await;
    lives[0].goes_on();
    // What stood still does what it was about to do.
    sleep(TERM * 3).await;
    let verdict = match conclusion {
        Err(what) => Err(what),
        Ok(conclusion) => match (trial.verify)(conclusion).await {
            Ok(()) => sound(&second.0, &saga).await,
            wrong => wrong,
        },
    };
    started.abort();
    for task in running {
        task.abort();
    }
    (lives[0].writes(), verdict)
}

/// Whether the journal, in the end, is that of a saga that came to rest.
async fn sound(orchestrator: &SagaOrchestrator, saga: &SagaId) -> Result<(), String> {
    match orchestrator.inspect(saga).await {
        Err(error) => Err(crate::error::with_causes(&error)),
        Ok(record) if record.header.status.is_active() => {
            Err(format!("it came to rest, and is {} again", record.header.status))
        }
        Ok(_) => Ok(()),
    }
}

type Process<I, O> = (SagaOrchestrator, SagaDefinition<I, O>);

/// A process of that life, and the definition as it has it.
fn process<I: StepOutput, O: StepOutput>(
    trial: &SagaTrial<I, O>,
    scenario: Scenario,
    life: &Arc<Life>,
    is_spent: &Arc<AtomicBool>,
) -> Process<I, O> {
    let journal = Reached { journal: Arc::clone(&trial.journal), life: Arc::clone(life) };
    let runner = NodeId {
        name: "crash-kit".parse().expect("it is a name"),
        incarnation: Incarnation::random().expect("the system has entropy"),
    };
    let config = SagaConfig::default().with_term(TERM).with_poll_interval(TERM / 3);
    let orchestrator = SagaOrchestrator::with_runner(Arc::new(journal), runner, config);
    let definition = trial.definition.replacing(|at, step| {
        Arc::new(Meddled {
            step: Arc::clone(step),
            at,
            scenario,
            life: Arc::clone(life),
            is_spent: Arc::clone(is_spent),
        })
    });
    orchestrator.register(&definition);
    (orchestrator, definition)
}

/// How the saga ends, or why it does not.
async fn concluded<I: StepOutput, O: StepOutput + std::fmt::Debug>(
    trial: &SagaTrial<I, O>,
    second: &Process<I, O>,
    saga: &SagaId,
    life: &Life,
    scenario: Scenario,
) -> Result<Conclusion<O>, String> {
    let ended = timeout(PATIENCE, async {
        loop {
            if let Ok(handle) = second.0.find(&second.1, saga.clone()).await {
                return handle.wait().await;
            }
            // Its first write was never made: whoever asked for it asks again.
            if life.is_fated() {
                second.0.start(&second.1, saga.clone(), trial.input.clone()).await?;
            }
            sleep(TERM / 3).await;
        }
    });
    match ended.await {
        Err(_) => Err("it hung".to_owned()),
        Ok(Err(error)) => {
            Err(format!("it could not be waited for: {}", crate::error::with_causes(&error)))
        }
        Ok(Ok(Conclusion::Parked)) if !may_park(trial, scenario) => Err("it was parked".to_owned()),
        Ok(Ok(Conclusion::GivenUp { .. })) => Err("it was given up".to_owned()),
        Ok(Ok(conclusion)) => Ok(conclusion),
    }
}

/// Whether what goes wrong leaves nothing but to wait for an operator.
fn may_park<I, O>(trial: &SagaTrial<I, O>, scenario: Scenario) -> bool {
    let is_lasting =
        |(step, _, fault): (usize, Direction, Fault)| fault.is_lasting().then_some(step);
    let failing = [scenario.refuses, scenario.fault.and_then(is_lasting)];
    let plan = trial.definition.plan();
    failing.into_iter().flatten().any(|step| plan.passage(step) >= Passage::Pivot)
}
