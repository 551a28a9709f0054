use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::id::reply_id;
use super::{CommandError, Reply};
use crate::event::{
    EventEnvelope, EventId, EventKey, EventPayloadError, EventSource, EventType, Message, Topic,
    Traceparent,
};
use crate::saga::{BarrierCall, Direction, Payload, PayloadError};

/// A command, at the participant's end: which call of which step it is, what it says, and how it is answered.
///
/// What a [`CommandParticipant`](crate::event::CommandParticipant) does with it, for who does it by hand: in one transaction of the
/// participant, ask the [`SagaBarrier`](crate::saga::SagaBarrier); if it says so, have the
/// effect and record the reply; and stage the [`answer`](Self::answer) in the [`Outbox`](crate::event::Outbox), or
/// publish it before the command is acknowledged.
///
/// - Record refusals too: who was refused once is refused for good.
/// - Answer repeats as well, or a step whose reply was lost waits for ever. The barrier is all there is to tell them by:
///   each attempt is an event of its own, and an [`Inbox`](crate::event::Inbox) knows none of them.
/// - A compensation may come though its command was refused, where an earlier attempt was in doubt. Undo what there is.
/// - Refuse a compensation only if it can never be done: its saga is parked then, until an operator says what was
///   done by hand. If it may be done later, fail, so that the command comes again. Answer a refused one without the
///   barrier's row: with it the next one would be taken for done.
///
/// ```
/// # use std::error::Error;
/// # use strangler_fig::event::{EventEnvelope, Message, ReceivedCommand, Reply};
/// # use strangler_fig::memory::InMemoryBarrier;
/// # use strangler_fig::saga::{Direction, Payload, SagaBarrier};
/// #
/// async fn handle(barrier: &InMemoryBarrier, event: &EventEnvelope) -> Result<Message, Box<dyn Error>> {
///     let command = ReceivedCommand::of(event)?;
///     let mut transaction = barrier.begin().await;
///     let verdict = barrier.enter(&mut transaction, command.call()).await?;
///     let reply = match (Reply::of_verdict(&verdict)?, command.call().direction) {
///         (Some(repeated), _) => repeated,
///         (None, Direction::Execute) => {
///             let pieces: u32 = command.input()?;
///             // The effect, in the transaction; or a refusal.
///             let reply = match pieces {
///                 0..10 => Reply::Done(Payload::of(&format!("{pieces} reserved"))?),
///                 _ => Reply::Refused("sold out".to_owned()),
///             };
///             barrier.record(&mut transaction, command.call(), &Payload::of(&reply)?).await?;
///             reply
///         }
///         // Undo what there is.
///         (None, _) => Reply::done(),
///     };
///     let answer = command.answer(&reply)?; // to be staged in the transaction
///     transaction.commit();
///     Ok(answer)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ReceivedCommand {
    call: BarrierCall,
    event_type: EventType,
    correlation: EventId,
    id: EventId,
    key: EventKey,
    source: EventSource,
    reply_to: Topic,
    traceparent: Option<Traceparent>,
    payload: Payload,
}

/// What the command of a compensation says.
#[derive(Deserialize)]
struct Undo<'a> {
    #[serde(borrow)]
    input: &'a RawValue,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
}

impl ReceivedCommand {
    /// The command that an event is.
    ///
    /// # Errors
    ///
    /// When it is none: it can be given up, nobody waits for an answer to it.
    pub fn of(event: &EventEnvelope) -> Result<Self, CommandError> {
        let correlation = extension(event, "correlationid", |it| it.parse().ok())?;
        let reply_to = extension(event, "replyto", |it| it.parse().ok())?;
        let call = BarrierCall {
            saga: extension(event, "sagaid", |it| it.parse().ok())?,
            step: extension(event, "sagastep", |it| it.parse().ok())?,
            direction: extension(event, "sagadirection", direction)?,
            epoch: extension(event, "sagaepoch", |it| it.parse().ok())?,
        };
        let payload = event.payload.as_json().cloned();
        Ok(Self {
            call,
            event_type: event.event_type.clone(),
            correlation,
            id: event.id.clone(),
            key: event.key.clone(),
            source: event.source.clone(),
            reply_to,
            traceparent: event.traceparent.clone(),
            payload: payload.ok_or(CommandError { what: "command", field: "data" })?,
        })
    }

    /// What the participant's barrier is asked about.
    #[must_use]
    pub const fn call(&self) -> &BarrierCall {
        &self.call
    }

    /// What is to be done: the name of the command.
    #[must_use]
    pub const fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// What the step was given; that of the execution, where this is its compensation.
    ///
    /// # Errors
    ///
    /// When it is no `I`.
    pub fn input<I: DeserializeOwned>(&self) -> Result<I, PayloadError> {
        match self.call.direction {
            Direction::Compensate => {
                let undo: Undo<'_> = serde_json::from_str(self.payload.as_str())?;
                Ok(serde_json::from_str(undo.input.get())?)
            }
            _ => self.payload.read(),
        }
    }

    /// What the execution has answered that this compensates; `None` if that is not known, is `null`, or this is an
    /// execution.
    ///
    /// # Errors
    ///
    /// When it is no `O`.
    pub fn output<O: DeserializeOwned>(&self) -> Result<Option<O>, PayloadError> {
        if self.call.direction != Direction::Compensate {
            return Ok(None);
        }
        let undo: Undo<'_> = serde_json::from_str(self.payload.as_str())?;
        Ok(undo.output.map(|output| serde_json::from_str(output.get())).transpose()?)
    }

    /// The same, answered as from `source`, the participant's own.
    #[must_use]
    pub fn with_source(mut self, source: EventSource) -> Self {
        self.source = source;
        self
    }

    /// The reply, as the message that is to be staged. Every answer to one command has one id. Its source is that of the
    /// command, unless [`with_source`](Self::with_source) says otherwise; its key and its trace are the command's too.
    ///
    /// # Errors
    ///
    /// When it is too large.
    ///
    /// # Panics
    ///
    /// Never: its texts were read as such.
    pub fn answer(&self, reply: &Reply) -> Result<Message, EventPayloadError> {
        let (event_type, payload) = reply.parts()?;
        let mut event = EventEnvelope::new(
            reply_id(&self.id),
            self.source.clone(),
            event_type.parse().expect("it is a type"),
            self.key.clone(),
            payload,
        );
        event.traceparent.clone_from(&self.traceparent);
        let name = "correlationid".parse().expect("it is a name");
        let event = event.with_extension(name, self.correlation.as_str());
        Ok(event.expect("it was one of the command").to(self.reply_to.clone()))
    }
}

fn extension<T>(
    event: &EventEnvelope,
    field: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, CommandError> {
    event.extensions.get(field).and_then(read).ok_or(CommandError { what: "command", field })
}

/// Which way; a probe is no command.
fn direction(name: &str) -> Option<Direction> {
    [Direction::Execute, Direction::Compensate].into_iter().find(|it| it.name() == name)
}
