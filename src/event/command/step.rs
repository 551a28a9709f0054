use std::fmt;
use std::marker::PhantomData;

use async_trait::async_trait;
use serde::Serialize;
use tokio::time::sleep;

use super::id::{command_id, correlation};
use super::{CommandChannel, Reply};
use crate::error::{StoreError, StoreErrorKind};
use crate::event::{EventEnvelope, EventId, EventPayload, EventPayloadError, EventType, Message};
use crate::observe::{TraceContext, field};
use crate::saga::{
    Direction, Effect, Payload, Probe, SagaStep, StepContext, StepError, StepOutput,
};

/// A step of a saga that another service does: it publishes a command and waits for the reply.
///
/// Every attempt of it has one correlation, whichever runner makes it; so the reply to one is the reply to all, and
/// one that comes late is found by the next attempt, or by its probe. An attempt that hears nothing until its timeout is in
/// doubt. Whoever runs the saga next looks for the reply, and if there is none sends the command again: its
/// participant's [`SagaBarrier`](crate::saga::SagaBarrier) knows it, and answers again. See
/// [`ReceivedCommand`](super::ReceivedCommand).
///
/// What is [refused](Reply::Refused) is so for good; a refused compensation parks its saga, to be repaired by
/// [`MarkCompensated`](crate::saga::Repair::MarkCompensated).
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::async_trait;
/// # use strangler_fig::error::StoreError;
/// # use strangler_fig::event::{
/// #     CommandChannel, EventContext, EventHandler, EventPublisher, Message, ReceivedCommand, Reply,
/// #     ReplyReceiver,
/// # };
/// # use strangler_fig::memory::InMemoryReplyStore;
/// # use strangler_fig::saga::{Payload, SagaStep, StepContext};
/// #
/// /// A bus so short that the participant stands in it, and answers at once.
/// #[derive(Debug)]
/// struct Short(ReplyReceiver);
///
/// #[async_trait]
/// impl EventPublisher for Short {
///     async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
///         for message in messages {
///             let command = ReceivedCommand::of(&message.event).expect("it is a command");
///             let pieces: u32 = command.input().expect("it is a number");
///             let reply = Reply::Done(Payload::of(&format!("{pieces} reserved")).expect("JSON"));
///             let answer = command.answer(&reply).expect("it is small");
///             let here = "here".parse().expect("it is a name");
///             let context = EventContext::new(&answer.topic, &here);
///             self.0.handle(&answer.event, &context).await.expect("it is a reply");
///         }
///         messages.iter().map(|_| Ok(())).collect()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let replies = ReplyReceiver::new(Arc::new(InMemoryReplyStore::default()));
/// let bus = Arc::new(Short(replies.clone()));
/// let stock = CommandChannel::new(bus, replies, "stock.commands".parse()?, "order.replies".parse()?);
/// let reserve = stock.step::<u32, String>("ReserveInventory".parse()?).undone_by("ReleaseInventory".parse()?);
///
/// let context = StepContext::new("order:4711".parse()?, "reserve".parse()?);
/// assert_eq!(reserve.execute(&3, &context).await?, "3 reserved");
/// # Ok(())
/// # }
/// ```
pub struct CommandStep<I, O> {
    channel: CommandChannel,
    command: EventType,
    undo: Option<EventType>,
    of: PhantomData<fn(I) -> O>,
}

/// A command that is not a step yet: it is to be said how it is undone.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::event::{CommandChannel, CommandStep, ReplyReceiver};
/// # use strangler_fig::event::EventPublisher;
/// use strangler_fig::memory::InMemoryReplyStore;
///
/// # fn steps(bus: Arc<dyn EventPublisher>) -> Result<(), Box<dyn std::error::Error>> {
/// let replies = ReplyReceiver::new(Arc::new(InMemoryReplyStore::default()));
/// let stock = CommandChannel::new(bus, replies, "stock.commands".parse()?, "order.replies".parse()?);
/// let reserve: CommandStep<u32, String> =
///     stock.step("ReserveInventory".parse()?).undone_by("ReleaseInventory".parse()?);
/// let count: CommandStep<u32, u32> = stock.step("CountInventory".parse()?).never_undone();
/// # Ok(())
/// # }
/// ```
#[must_use = "it is a step when it is said how it is undone"]
#[derive(Debug)]
pub struct CommandToUndo<I, O>(CommandStep<I, O>);

impl<I, O> CommandToUndo<I, O> {
    pub(super) fn new(channel: CommandChannel, command: EventType) -> Self {
        Self(CommandStep { channel, command, undo: None, of: PhantomData })
    }

    /// Undone by this command, which says the input and, where it is known, the output.
    #[must_use]
    pub fn undone_by(self, command: EventType) -> CommandStep<I, O> {
        CommandStep { undo: Some(command), ..self.0 }
    }

    /// There is nothing to undo: it changes nothing, or is the pivot, or may stay when its saga turns back. To its saga it
    /// is undone at once, and nobody is told.
    #[must_use]
    pub fn never_undone(self) -> CommandStep<I, O> {
        self.0
    }
}

/// What the command of a compensation says.
#[derive(Serialize)]
struct Undo<'a, I, O> {
    input: &'a I,
    output: Option<O>,
}

impl<I, O> CommandStep<I, O> {
    /// The reply to a command, if need be after sending it.
    async fn asked(
        &self,
        command: &EventType,
        payload: Result<EventPayload, EventPayloadError>,
        context: &StepContext,
    ) -> Result<Reply, StepError> {
        let correlation = correlation(context.saga(), context.step(), context.direction());
        if let Some(reply) = self.kept(&correlation).await? {
            return Ok(reply);
        }
        let message = self.message(command, payload.map_err(StepError::rejected)?, context);
        let answer = self.channel.publisher.publish(&[message]).await.pop();
        match answer.unwrap_or_else(|| Err(StoreError::unknown("the bus has not answered"))) {
            Err(error) if error.kind() != StoreErrorKind::Unknown => {
                // Not sent this time; but what was sent before may have been answered.
                let kept = self.kept(&correlation).await.ok().flatten();
                kept.ok_or_else(|| error.into())
            }
            // Whatever was sent may be answered.
            _ => self.awaited(&correlation).await,
        }
    }

    /// The reply of before, if there is one. Nothing was sent yet: a store that is away is no doubt.
    async fn kept(&self, correlation: &EventId) -> Result<Option<Reply>, StepError> {
        let store = self.channel.replies.store();
        store.get(correlation).await.map_err(|error| match error.kind() {
            // There is one, and it says who knows what.
            StoreErrorKind::Rejected => StepError::unknown(error),
            _ => StepError::unavailable(error),
        })
    }

    /// Waits until there is a reply; for how long is the step's timeout.
    async fn awaited(&self, correlation: &EventId) -> Result<Reply, StepError> {
        let waiter = self.channel.replies.waiter(correlation);
        loop {
            let woken = waiter.woken();
            match self.channel.replies.store().get(correlation).await {
                Ok(Some(reply)) => return Ok(reply),
                Err(error) if error.kind() == StoreErrorKind::Rejected => {
                    return Err(StepError::unknown(error));
                }
                Err(error) => {
                    tracing::debug!({ field::CORRELATION } = %correlation, { field::ERROR } = %error, "no reply could be read");
                }
                Ok(None) => {}
            }
            tokio::select! {
                biased;
                () = woken => {}
                () = sleep(self.channel.look_every) => {}
            }
        }
    }

    fn message(
        &self,
        command: &EventType,
        payload: EventPayload,
        context: &StepContext,
    ) -> Message {
        let (saga, step, direction) = (context.saga(), context.step(), context.direction());
        let correlation = correlation(saga, step, direction);
        let mut event = EventEnvelope::new(
            command_id(&correlation, context),
            self.channel.source.clone(),
            command.clone(),
            saga.as_str().parse().expect("a saga's id is a key"),
            payload,
        );
        let current = TraceContext::current();
        let current = current.as_ref().map(TraceContext::traceparent);
        event.traceparent = current.or(context.traceparent()).and_then(|text| text.parse().ok());
        let epoch = context.epoch().to_string();
        let extensions = [
            ("correlationid", correlation.as_str()),
            ("replyto", self.channel.reply_to.as_str()),
            ("sagaid", saga.as_str()),
            ("sagastep", step.as_str()),
            ("sagadirection", direction.name()),
            ("sagaepoch", &epoch),
        ];
        for (name, value) in extensions {
            let name = name.parse().expect("it is a name");
            event.extensions.insert(name, value).expect("they are few, short and plain");
        }
        event.to(self.channel.commands.clone())
    }
}

fn read<O: StepOutput>(output: &Payload) -> Result<O, StepError> {
    // It was done, and what came of it cannot be told.
    output.read().map_err(StepError::unknown)
}

impl<I, O> fmt::Debug for CommandStep<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandStep")
            .field("command", &self.command)
            .field("undo", &self.undo)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl<I, O> SagaStep for CommandStep<I, O>
where
    I: Serialize + Send + Sync + 'static,
    O: StepOutput,
{
    type Input = I;
    type Output = O;

    async fn execute(&self, input: &I, context: &StepContext) -> Result<O, StepError> {
        match self.asked(&self.command, EventPayload::json(input), context).await? {
            Reply::Done(output) => read(&output),
            Reply::Refused(reason) => Err(StepError::rejected(reason)),
        }
    }

    async fn compensate(
        &self,
        input: &I,
        effect: Effect<O>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        let Some(undo) = &self.undo else { return Ok(()) };
        let output = match effect {
            Effect::Applied(output) => Some(output),
            Effect::Maybe => None,
        };
        let payload = EventPayload::json(&Undo { input, output });
        match self.asked(undo, payload, context).await? {
            Reply::Done(_) => Ok(()),
            Reply::Refused(reason) => Err(StepError::rejected(reason)),
        }
    }

    /// What the reply says, wherever the command was sent from. If there is none, it is sent again.
    async fn probe(&self, _: &I, context: &StepContext) -> Result<Probe<O>, StepError> {
        let correlation = correlation(context.saga(), context.step(), Direction::Execute);
        let store = self.channel.replies.store();
        Ok(match store.get(&correlation).await? {
            Some(Reply::Done(output)) => read(&output).map_or(Probe::Unclear, Probe::Done),
            Some(Reply::Refused(_)) => Probe::Never,
            None => Probe::Absent,
        })
    }
}
