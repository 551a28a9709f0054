//! A step by itself: what it sends, and what it makes of what it hears.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    CommandChannel, CommandStep, EventContext, EventHandler, EventId, PAYLOAD_MAX, ReceivedCommand,
    Reply, ReplyReceiver, ReplyStore,
};
use strangler_fig::memory::InMemoryReplyStore;
use strangler_fig::saga::{Direction, Effect, Payload, Probe, SagaStep, StepContext, StepError};
use tokio::time::{Instant, timeout};

use crate::weather::Fate;
use crate::world::{COMMANDS, Durable, Flaw, REPLIES, World};

const PATIENCE: Duration = Duration::from_secs(30);

async fn world() -> World {
    World::quiet(&Durable::default(), Flaw::None).await
}

fn step(world: &World) -> CommandStep<u32, u32> {
    let step = world.channel().step("Reserve".parse().unwrap());
    step.undone_by("Release".parse().unwrap())
}

fn context(direction: Direction) -> StepContext {
    let context = StepContext::new("order:1".parse().unwrap(), "reserve".parse().unwrap());
    context.with_direction(direction)
}

fn done(output: u32) -> Reply {
    Reply::Done(Payload::of(&output).unwrap())
}

async fn answered(world: &World, direction: &str, reply: &Reply) {
    let correlation = format!("order:1/reserve#{direction}").parse().unwrap();
    world.durable.store.put(&correlation, reply).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_command_says_all_that_its_participant_needs() {
    let world = world().await;
    let (execute, compensate) = (context(Direction::Execute), context(Direction::Compensate));
    assert!(timeout(PATIENCE, step(&world).execute(&7, &execute)).await.is_err(), "nobody answers");
    for effect in [Effect::Applied(8), Effect::Maybe] {
        let step = step(&world);
        let undone = timeout(PATIENCE, step.compensate(&7, effect, &compensate)).await;
        assert!(undone.is_err(), "nobody answers");
    }
    let sent = world.weather.sent(COMMANDS);
    let commands: Vec<_> = sent.iter().map(|it| ReceivedCommand::of(&it.event).unwrap()).collect();
    for command in &commands {
        assert_eq!(command.call().saga.as_str(), "order:1");
        assert_eq!(command.call().step.as_str(), "reserve");
        assert_eq!(command.call().epoch, 1);
        assert_eq!(command.input::<u32>().unwrap(), 7);
    }
    assert_eq!(commands[0].event_type().as_str(), "Reserve");
    assert_eq!(commands[0].call().direction, Direction::Execute);
    assert_eq!(commands[0].output::<u32>().unwrap(), None);
    assert_eq!(commands[1].event_type().as_str(), "Release");
    assert_eq!(commands[1].call().direction, Direction::Compensate);
    assert_eq!(commands[1].output::<u32>().unwrap(), Some(8));
    assert_eq!(commands[2].output::<u32>().unwrap(), None);
    // A command and its compensation keep their order, and so have one key.
    assert!(sent.iter().all(|message| message.event.key.as_str() == "order:1"));

    let answer = commands[0].answer(&done(8)).unwrap();
    assert_eq!(answer.topic.as_str(), REPLIES);
    assert_eq!(answer.event.id.as_str(), "order:1/reserve#execute~1.1!reply");
    let (correlation, reply) = Reply::from_event(&answer.event).unwrap();
    assert_eq!((correlation.as_str(), reply), ("order:1/reserve#execute", done(8)));
}

#[tokio::test(start_paused = true)]
async fn a_reply_of_before_is_answered_without_a_command() {
    let world = world().await;
    answered(&world, "execute", &done(8)).await;
    answered(&world, "compensate", &Reply::done()).await;
    let step = step(&world);
    assert_eq!(step.execute(&7, &context(Direction::Execute)).await.unwrap(), 8);
    step.compensate(&7, Effect::Maybe, &context(Direction::Compensate)).await.unwrap();
    assert!(world.weather.sent(COMMANDS).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_definite_no() {
    let world = world().await;
    for direction in ["execute", "compensate"] {
        answered(&world, direction, &Reply::Refused("sold out".to_owned())).await;
    }
    let executed = step(&world).execute(&7, &context(Direction::Execute)).await;
    let undone = step(&world).compensate(&7, Effect::Maybe, &context(Direction::Compensate)).await;
    for error in [executed.unwrap_err(), undone.unwrap_err()] {
        assert!(!error.is_in_doubt() && !error.is_retryable());
        assert_eq!(error.with_causes(), "it was refused: sold out");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_bus_says_of_a_command_is_what_the_step_says() {
    let world = world().await;
    let executed = async |fate: Fate| -> Option<StepError> {
        world.weather.turns(move |_| fate);
        let step = step(&world);
        let executed = timeout(PATIENCE, step.execute(&7, &context(Direction::Execute))).await;
        executed.ok().map(Result::unwrap_err)
    };
    let refused = executed(Fate::Refused).await.unwrap();
    assert!(!refused.is_in_doubt() && !refused.is_retryable());
    let not_taken = executed(Fate::NotTaken).await.unwrap();
    assert!(!not_taken.is_in_doubt() && not_taken.is_retryable());
    // Where nobody knows, and where it was taken, it waits for the reply.
    for fate in [Fate::Vanishes, Fate::Unheard, Fate::Taken] {
        assert!(executed(fate).await.is_none(), "{fate:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_tells_what_the_reply_says() {
    let probed = async |reply: Option<Reply>| {
        let world = world().await;
        if let Some(reply) = reply {
            answered(&world, "execute", &reply).await;
        }
        let probe = step(&world).probe(&7, &context(Direction::Probe)).await.unwrap();
        assert!(world.weather.sent(COMMANDS).is_empty());
        probe
    };
    assert_eq!(probed(None).await, Probe::Absent);
    assert_eq!(probed(Some(done(8))).await, Probe::Done(8));
    assert_eq!(probed(Some(Reply::Refused(String::new()))).await, Probe::Never);
    assert_eq!(probed(Some(Reply::done())).await, Probe::Unclear);
}

/// It was done, and nobody can tell what came of it.
#[tokio::test(start_paused = true)]
async fn a_reply_that_makes_no_sense_is_a_doubt() {
    let world = world().await;
    answered(&world, "execute", &Reply::done()).await;
    let error = step(&world).execute(&7, &context(Direction::Execute)).await.unwrap_err();
    assert!(error.is_in_doubt());
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_not_sent() {
    let world = world().await;
    let step: CommandStep<String, u32> =
        world.channel().step("Reserve".parse().unwrap()).never_undone();
    let long = "x".repeat(PAYLOAD_MAX);
    let error = step.execute(&long, &context(Direction::Execute)).await.unwrap_err();
    assert!(!error.is_in_doubt() && !error.is_retryable());
    assert!(world.weather.sent(COMMANDS).is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_an_undo_there_is_nothing_to_undo() {
    let world = world().await;
    let step: CommandStep<u32, u32> =
        world.channel().step("Notify".parse().unwrap()).never_undone();
    step.compensate(&7, Effect::Maybe, &context(Direction::Compensate)).await.unwrap();
    assert!(world.weather.sent(COMMANDS).is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_woken_by_its_own_receiver_and_looks_for_what_comes_to_others() {
    let world = world().await;
    let hour = Duration::from_secs(3_600);
    for (is_own, within) in [(true, Duration::from_millis(200)), (false, hour * 2)] {
        let store = Arc::new(InMemoryReplyStore::default());
        let own = ReplyReceiver::new(store.clone());
        let receiver = if is_own { own.clone() } else { ReplyReceiver::new(store) };
        let channel = world.channel_of(own).with_poll_interval(hour);
        let step: CommandStep<u32, u32> = channel.step("Reserve".parse().unwrap()).never_undone();
        let begin = Instant::now();
        let replies = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let command = world.weather.sent(COMMANDS).pop().unwrap();
            let answer = ReceivedCommand::of(&command.event).unwrap().answer(&done(8)).unwrap();
            let name = "orders".parse().unwrap();
            let context = EventContext::new(&answer.topic, &name);
            receiver.handle(&answer.event, &context).await.unwrap();
        };
        let at = context(Direction::Execute);
        let (output, ()) = tokio::join!(step.execute(&7, &at), replies);
        assert_eq!(output.unwrap(), 8);
        assert!(begin.elapsed() < within && (is_own || begin.elapsed() >= hour));
    }
}

/// A store whose next reads fail.
#[derive(Debug, Default)]
struct Away {
    store: InMemoryReplyStore,
    failures: Mutex<Vec<StoreError>>,
    /// How many reads go well before that.
    good: Mutex<usize>,
}

impl Away {
    fn fails(&self, after: usize, failures: impl IntoIterator<Item = StoreError>) {
        *self.good.lock().unwrap() = after;
        *self.failures.lock().unwrap() = failures.into_iter().collect();
    }
}

#[async_trait]
impl ReplyStore for Away {
    async fn put(&self, correlation: &EventId, reply: &Reply) -> Result<bool, StoreError> {
        self.store.put(correlation, reply).await
    }

    async fn get(&self, correlation: &EventId) -> Result<Option<Reply>, StoreError> {
        let failure = {
            let mut good = self.good.lock().unwrap();
            if *good > 0 {
                *good -= 1;
                None
            } else {
                self.failures.lock().unwrap().pop()
            }
        };
        match failure {
            Some(error) => Err(error),
            None => self.store.get(correlation).await,
        }
    }

    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.store.purge(age, limit).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_no_doubt_before_the_command_and_waited_for_after() {
    let world = world().await;
    let store = Arc::new(Away::default());
    let channel = world.channel_of(ReplyReceiver::new(store.clone()));
    let step: CommandStep<u32, u32> = channel.step("Reserve".parse().unwrap()).never_undone();
    let at = context(Direction::Execute);

    store.fails(0, [StoreError::unavailable("no connection")]);
    let error = step.execute(&7, &at).await.unwrap_err();
    assert!(!error.is_in_doubt() && error.is_retryable());
    assert!(world.weather.sent(COMMANDS).is_empty());

    // What cannot be read may say anything.
    store.fails(0, [StoreError::rejected("no reply")]);
    assert!(step.execute(&7, &at).await.unwrap_err().is_in_doubt());
    store.fails(1, [StoreError::rejected("no reply")]);
    assert!(step.execute(&7, &at).await.unwrap_err().is_in_doubt());
    store.fails(0, [StoreError::rejected("no reply")]);
    assert!(!step.probe(&7, &at).await.unwrap_err().is_retryable());

    store.fails(1, [StoreError::unavailable("no connection"), StoreError::unknown("no answer")]);
    let correlation = "order:1/reserve#execute".parse().unwrap();
    let replies = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        store.put(&correlation, &done(8)).await.unwrap();
    };
    let (output, ()) = tokio::join!(step.execute(&7, &at), replies);
    assert_eq!(output.unwrap(), 8);
}

/// Counts how often it is looked into.
#[derive(Debug, Default)]
struct Counting(AtomicU32, InMemoryReplyStore);

#[async_trait]
impl ReplyStore for Counting {
    async fn put(&self, correlation: &EventId, reply: &Reply) -> Result<bool, StoreError> {
        self.1.put(correlation, reply).await
    }

    async fn get(&self, correlation: &EventId) -> Result<Option<Reply>, StoreError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.get(correlation).await
    }

    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.1.purge(age, limit).await
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_to_look_without_a_pause_looks_once_a_millisecond() {
    let (world, store) = (world().await, Arc::new(Counting::default()));
    let replies = ReplyReceiver::new(store.clone());
    let [commands, reply_to] = [COMMANDS, REPLIES].map(|topic| topic.parse().unwrap());
    let bus = Arc::new(world.durable.bus.clone());
    let channel = CommandChannel::new(bus, replies, commands, reply_to);
    let channel = channel.with_poll_interval(Duration::ZERO);
    let step: CommandStep<u32, u32> = channel.step("Reserve".parse().unwrap()).never_undone();
    let context = context(Direction::Execute);
    let second = Duration::from_secs(1);
    assert!(timeout(second, step.execute(&7, &context)).await.is_err(), "nobody answers");
    let looks = store.0.load(Ordering::Relaxed);
    assert!((100..=1_002).contains(&looks), "{looks} in a second");
}
