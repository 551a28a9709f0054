//! Steps that follow a script, and a world that remembers what they did.

use std::collections::VecDeque;
use std::fmt::Display;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::phase::{Actor, Incarnation, NodeId, Reason};
use strangler_fig::resilience::{Exponential, Jitter};
use strangler_fig::saga::{
    Direction, Effect, Probe, SagaBuilder, SagaConfig, SagaDefinition, SagaId, SagaJournal,
    SagaOrchestrator, SagaRecord, SagaStep, StepContext, StepError, StepPolicy, step_fn,
};

use crate::watchdog::unless_stalled;

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Play {
    Ok,
    Refused,
    NotDone,
    /// It is done, and nobody is told.
    Lost,
    /// It is not done, and nobody is told.
    Vanished,
    Hang,
    Panic,
    /// It takes so many milliseconds, and is done.
    Slow(u64),
}

/// What a probe answers.
pub(crate) type Told = Probe<u32>;

/// What happened, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    log: Arc<Mutex<Vec<String>>>,
    begun: Arc<Mutex<Vec<String>>>,
}

impl World {
    pub(crate) fn note(&self, text: impl Into<String>) {
        self.log.lock().unwrap().push(text.into());
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// The calls that were begun, whatever became of them.
    pub(crate) fn begun(&self) -> Vec<String> {
        self.begun.lock().unwrap().clone()
    }

    fn begin(&self, text: String) {
        self.begun.lock().unwrap().push(text);
    }

    pub(crate) fn count(&self, text: &str) -> usize {
        self.log().iter().filter(|line| *line == text).count()
    }

    pub(crate) fn step(&self, name: &'static str) -> Scripted {
        Scripted {
            name,
            world: self.clone(),
            plays: Mutex::default(),
            undos: Mutex::default(),
            probes: Mutex::default(),
            pauses: Mutex::default(),
        }
    }
}

/// A step that does as it is told, and then always well.
#[derive(Debug)]
pub(crate) struct Scripted {
    name: &'static str,
    world: World,
    plays: Mutex<VecDeque<Play>>,
    undos: Mutex<VecDeque<Play>>,
    probes: Mutex<VecDeque<Told>>,
    /// How many milliseconds its probes take.
    pauses: Mutex<VecDeque<u64>>,
}

impl Scripted {
    pub(crate) fn plays(self, plays: impl IntoIterator<Item = Play>) -> Self {
        self.plays.lock().unwrap().extend(plays);
        self
    }

    pub(crate) fn undos(self, plays: impl IntoIterator<Item = Play>) -> Self {
        self.undos.lock().unwrap().extend(plays);
        self
    }

    pub(crate) fn probes(self, answers: impl IntoIterator<Item = Told>) -> Self {
        self.probes.lock().unwrap().extend(answers);
        self
    }

    /// Its next probes take so many milliseconds.
    pub(crate) fn slow_probes(self, millis: impl IntoIterator<Item = u64>) -> Self {
        self.pauses.lock().unwrap().extend(millis);
        self
    }

    async fn act(&self, play: Play, what: String) -> Result<(), StepError> {
        match play {
            Play::Ok => self.world.note(what),
            Play::Refused => return Err(StepError::rejected("no")),
            Play::NotDone => return Err(StepError::unavailable("away")),
            Play::Lost => {
                self.world.note(what);
                return Err(StepError::unknown("the answer was lost"));
            }
            Play::Vanished => return Err(StepError::unknown("the answer was lost")),
            Play::Hang => pending().await,
            Play::Panic => panic!("{what} panics"),
            Play::Slow(millis) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                self.world.note(what);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl SagaStep for Scripted {
    type Input = u32;
    type Output = u32;

    async fn execute(&self, input: &u32, _: &StepContext) -> Result<u32, StepError> {
        let play = self.plays.lock().unwrap().pop_front().unwrap_or(Play::Ok);
        self.world.begin(format!("do {}", self.name));
        self.act(play, format!("do {}", self.name)).await?;
        Ok(input + 1)
    }

    async fn compensate(
        &self,
        _: &u32,
        effect: Effect<u32>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        assert_eq!(context.direction(), Direction::Compensate);
        let play = self.undos.lock().unwrap().pop_front().unwrap_or(Play::Ok);
        let told = match effect {
            Effect::Applied(output) => format!("undo {} {output}", self.name),
            Effect::Maybe => format!("undo {} maybe", self.name),
        };
        self.world.begin(format!("undo {}", self.name));
        self.act(play, told).await
    }

    async fn probe(&self, _: &u32, _: &StepContext) -> Result<Told, StepError> {
        self.world.note(format!("probe {}", self.name));
        self.world.begin(format!("probe {}", self.name));
        let answer = self.probes.lock().unwrap().pop_front().unwrap_or(Probe::Unclear);
        let pause = self.pauses.lock().unwrap().pop_front();
        if let Some(pause) = pause {
            tokio::time::sleep(ms(pause)).await;
        }
        Ok(answer)
    }
}

/// Two more tries, a second apart; five compensations more.
pub(crate) fn policy() -> StepPolicy {
    let second = Duration::from_secs(1);
    let pauses =
        |count| Exponential::between(second, second).with_jitter(Jitter::None).with_count(count);
    StepPolicy::default()
        .with_timeout(Duration::from_secs(10))
        .with_retry(pauses(2))
        .with_compensation_retry(pauses(5))
}

pub(crate) fn runner(name: &str) -> NodeId {
    NodeId { name: name.parse().unwrap(), incarnation: Incarnation::random().unwrap() }
}

pub(crate) fn orchestrator_on(journal: Arc<dyn SagaJournal>, name: &str) -> SagaOrchestrator {
    SagaOrchestrator::with_runner(journal, runner(name), SagaConfig::default())
}

pub(crate) fn orchestrator() -> (SagaOrchestrator, Arc<InMemorySagaJournal>) {
    let journal = Arc::new(InMemorySagaJournal::default());
    (orchestrator_on(journal.clone(), "node-1"), journal)
}

/// Lets a runner renew and take over, until it is aborted.
pub(crate) fn worker(orchestrator: &SagaOrchestrator) -> tokio::task::JoinHandle<()> {
    let worker = orchestrator.clone();
    tokio::spawn(async move { worker.run(pending()).await })
}

/// A step that refuses after so long.
pub(crate) fn refusal(after: Duration) -> impl SagaStep<Input = u32, Output = u32> {
    step_fn(move |_: u32, _| async move {
        tokio::time::sleep(after).await;
        Err::<u32, _>(StepError::rejected("no"))
    })
}

/// Who decides in the tests.
pub(crate) fn ada() -> Actor {
    "ada".parse().unwrap()
}

pub(crate) fn why(text: &str) -> Reason {
    text.parse().unwrap()
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What a future answers within an hour of the test's clock; after that it hangs.
pub(crate) async fn soon<T>(what: impl Display, future: impl Future<Output = T>) -> T {
    let answered = tokio::time::timeout(Duration::from_secs(3_600), future);
    unless_stalled(answered).await.unwrap_or_else(|_| panic!("{what}: no answer within an hour"))
}

/// Steps of these names, one after the other.
pub(crate) fn chain(
    world: &World,
    names: &[&'static str],
    with: impl Fn(&'static str, Scripted) -> Scripted,
) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("chain", 1);
    let mut last = saga.input();
    for name in names {
        last = saga.step_with(name, with(name, world.step(name)), last, policy());
    }
    saga.build(last).unwrap()
}

/// The change to one step of a saga alone.
pub(crate) fn only(
    name: &'static str,
    change: impl Fn(Scripted) -> Scripted,
) -> impl Fn(&'static str, Scripted) -> Scripted {
    move |of, step| if of == name { change(step) } else { step }
}

/// A saga's journal can be read, and says of the saga what the saga's header says.
pub(crate) async fn assert_replays(orchestrator: &SagaOrchestrator, saga: &SagaId) -> SagaRecord {
    let record = orchestrator.inspect(saga).await;
    let record = record.unwrap_or_else(|error| panic!("saga {saga} cannot be read: {error}"));
    let state = record.state.as_ref().expect("its definition is registered");
    assert_eq!(state.status(), record.header.status, "{:#?}", record.entries);
    record
}
