use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    CommandChannel, EventConsumer, EventContext, EventEnvelope, EventHandler, EventPublisher,
    EventSubscriber, ReceivedCommand, Reply, ReplyReceiver, SubscriptionLimits,
};
use strangler_fig::memory::{
    InMemoryBarrier, InMemoryBus, InMemoryReplyStore, InMemorySagaJournal,
};
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::resilience::{Exponential, Jitter};
use strangler_fig::saga::{
    Direction, Payload, SagaBarrier, SagaBuilder, SagaConfig, SagaDefinition, SagaHandle,
    SagaOrchestrator, StepPolicy,
};
use tokio::task::JoinSet;

use crate::weather::Weather;

pub(crate) const COMMANDS: &str = "stock.commands";
pub(crate) const REPLIES: &str = "order.replies";

/// How long a runner holds a saga without a sign of life.
pub(crate) const TERM: Duration = Duration::from_secs(3);

/// What is there after every process has died.
#[derive(Debug, Clone, Default)]
pub(crate) struct Durable {
    pub(crate) bus: InMemoryBus,
    pub(crate) store: InMemoryReplyStore,
    pub(crate) journal: InMemorySagaJournal,
    pub(crate) barrier: InMemoryBarrier,
    pub(crate) books: Books,
}

/// How often each step of each saga has its effect.
#[derive(Debug, Clone, Default)]
pub(crate) struct Books(Arc<Mutex<BTreeMap<String, i32>>>);

impl Books {
    pub(crate) fn effects(&self) -> Vec<i32> {
        self.0.lock().unwrap().values().copied().filter(|effects| *effects != 0).collect()
    }

    fn add(&self, key: String, effects: i32) {
        *self.0.lock().unwrap().entry(key).or_default() += effects;
    }

    fn has(&self, key: &str) -> bool {
        self.0.lock().unwrap().get(key).is_some_and(|effects| *effects > 0)
    }
}

/// What is wrong with a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// It has no barrier: each command is the first.
    NoBarrier,
    /// What it has handled it does not answer again, as with an inbox in front that swallows repeats.
    AnswersOnce,
    /// Who was refused may ask again: nothing is recorded of it.
    ForgetsRefusals,
}

/// When a participant dies, and comes up again at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    BeforeCommit,
    AfterCommit,
}

/// A service that does what it is told, once.
#[derive(Debug)]
pub(crate) struct Participant {
    bus: Weather,
    barrier: InMemoryBarrier,
    books: Books,
    flaw: Flaw,
    pub(crate) deaths: Mutex<VecDeque<Death>>,
    /// Commands that it refuses, by the saga's id and the command's name.
    pub(crate) refuses: Mutex<Vec<(String, String)>>,
}

impl Participant {
    fn dies(&self, death: Death) -> Result<(), StoreError> {
        let mut deaths = self.deaths.lock().unwrap();
        if deaths.front() == Some(&death) {
            deaths.pop_front();
            return Err(StoreError::unknown("it has died"));
        }
        Ok(())
    }

    fn refuses(&self, command: &ReceivedCommand) -> bool {
        let this = (command.call().saga.to_string(), command.event_type().to_string());
        self.refuses.lock().unwrap().contains(&this)
    }

    /// What it answers, and how its books change.
    fn decide(&self, command: &ReceivedCommand, key: &str) -> (Reply, i32) {
        if self.refuses(command) {
            return (Reply::Refused("no, never".to_owned()), 0);
        }
        match command.call().direction {
            Direction::Execute => {
                let input: u32 = command.input().unwrap();
                (Reply::Done(Payload::of(&(input + 1)).unwrap()), 1)
            }
            _ if self.books.has(key) => (Reply::done(), -1),
            _ => (Reply::done(), 0),
        }
    }
}

#[async_trait]
impl EventHandler for Participant {
    async fn handle(&self, event: &EventEnvelope, _: &EventContext<'_>) -> Result<(), StoreError> {
        let command = ReceivedCommand::of(event).map_err(StoreError::rejected)?;
        let call = command.call();
        let key = format!("{}/{}", call.saga, call.step);
        let mut transaction = self.barrier.begin().await;
        let verdict = self.barrier.enter(&mut transaction, call).await?;
        let repeated = Reply::of_verdict(&verdict).map_err(StoreError::rejected)?;
        if self.flaw == Flaw::AnswersOnce && repeated.is_some() {
            return Ok(());
        }
        let (reply, effect) = match repeated {
            Some(reply) if self.flaw != Flaw::NoBarrier => (reply, 0),
            repeated => {
                let (reply, effect) = self.decide(&command, &key);
                if repeated.is_none() && call.direction == Direction::Execute {
                    let recorded = Payload::of(&reply).unwrap();
                    self.barrier.record(&mut transaction, call, &recorded).await?;
                }
                (reply, effect)
            }
        };
        self.dies(Death::BeforeCommit)?;
        let is_refusal = matches!(reply, Reply::Refused(_));
        let is_forgotten = is_refusal
            && (call.direction == Direction::Compensate || self.flaw == Flaw::ForgetsRefusals);
        if is_forgotten {
            drop(transaction);
        } else {
            transaction.commit();
            self.books.add(key, effect);
        }
        self.dies(Death::AfterCommit)?;
        // It is not acknowledged before it is answered: who dies before that is asked again, and answers again.
        let answer = command.answer(&reply).map_err(StoreError::rejected)?;
        self.bus.publish(&[answer]).await.pop().unwrap()
    }
}

/// Processes, on what is durable. They end when it is dropped.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) durable: Durable,
    pub(crate) weather: Weather,
    pub(crate) replies: ReplyReceiver,
    pub(crate) participant: Arc<Participant>,
    tasks: JoinSet<()>,
}

impl World {
    /// Where nobody participates yet, and nobody takes replies in.
    pub(crate) async fn quiet(durable: &Durable, flaw: Flaw) -> Self {
        let weather = Weather::over(&durable.bus);
        for (name, topic) in [("stock", COMMANDS), ("orders", REPLIES)] {
            let topics = [topic.parse().unwrap()];
            let name = name.parse().unwrap();
            durable.bus.subscribe(&name, &topics, SubscriptionLimits::default()).await.unwrap();
        }
        let participant = Arc::new(Participant {
            bus: weather.clone(),
            barrier: durable.barrier.clone(),
            books: durable.books.clone(),
            flaw,
            deaths: Mutex::default(),
            refuses: Mutex::default(),
        });
        let replies = ReplyReceiver::new(Arc::new(durable.store.clone()));
        let tasks = JoinSet::new();
        Self { durable: durable.clone(), weather, replies, participant, tasks }
    }

    /// Where all goes well, so far.
    pub(crate) async fn new(flaw: Flaw) -> Self {
        let mut world = Self::quiet(&Durable::default(), flaw).await;
        world.participates();
        world.receives();
        world
    }

    pub(crate) fn participates(&mut self) {
        self.handles("stock", COMMANDS, self.participant.clone());
    }

    pub(crate) fn receives(&mut self) {
        self.handles("orders", REPLIES, Arc::new(self.replies.clone()));
    }

    pub(crate) fn handles(&mut self, name: &str, topic: &str, handler: Arc<dyn EventHandler>) {
        let (bus, topics) = (Arc::new(self.durable.bus.clone()), vec![topic.parse().unwrap()]);
        let consumer = EventConsumer::new(bus, name.parse().unwrap(), topics, handler);
        self.tasks.spawn(async move { drop(consumer.run(std::future::pending()).await) });
    }

    pub(crate) fn channel(&self) -> CommandChannel {
        self.channel_of(self.replies.clone())
    }

    /// One that is told of replies by this one.
    pub(crate) fn channel_of(&self, replies: ReplyReceiver) -> CommandChannel {
        let bus = Arc::new(self.weather.clone());
        CommandChannel::new(bus, replies, COMMANDS.parse().unwrap(), REPLIES.parse().unwrap())
    }

    /// Two steps, each of which is a command.
    pub(crate) fn saga(&self) -> SagaDefinition<u32, u32> {
        saga(&self.channel())
    }

    /// A runner, and whatever it takes over.
    pub(crate) fn runner(&mut self, saga: &SagaDefinition<u32, u32>) -> SagaOrchestrator {
        let incarnation = Incarnation::random().unwrap();
        let runner = NodeId { name: "runner".parse().unwrap(), incarnation };
        let config = SagaConfig::default().with_term(TERM).with_poll_interval(TERM / 3);
        let journal = Arc::new(self.durable.journal.clone());
        let orchestrator = SagaOrchestrator::with_runner(journal, runner, config);
        orchestrator.register(saga);
        let running = orchestrator.clone();
        self.tasks.spawn(async move { running.run(std::future::pending()).await });
        orchestrator
    }

    /// Starts the saga of that id with 0.
    pub(crate) async fn start(&mut self, id: &str) -> (SagaOrchestrator, SagaHandle<u32>) {
        let saga = self.saga();
        let runner = self.runner(&saga);
        let handle = runner.start(&saga, id.parse().unwrap(), 0).await.unwrap();
        (runner, handle)
    }

    pub(crate) fn effects(&self) -> Vec<i32> {
        self.durable.books.effects()
    }
}

pub(crate) fn saga(channel: &CommandChannel) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("order", 1);
    let reserve = channel.step::<u32, u32>("Reserve".parse().unwrap());
    let reserve = reserve.undone_by("Release".parse().unwrap());
    let pay = channel.step::<u32, u32>("Pay".parse().unwrap());
    let pay = pay.undone_by("Refund".parse().unwrap());
    let reserved = saga.step_with("reserve", reserve, saga.input(), quick());
    let paid = saga.step_with("pay", pay, reserved, quick());
    saga.build(paid).unwrap()
}

/// 4 attempts of a second each.
pub(crate) fn quick() -> StepPolicy {
    let pause = Duration::from_millis(100);
    let pauses = || Exponential::between(pause, pause).with_jitter(Jitter::None).with_count(3);
    StepPolicy::default()
        .with_timeout(Duration::from_secs(1))
        .with_retry(pauses())
        .with_compensation_retry(pauses())
}
