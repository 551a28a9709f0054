use std::fmt;

use async_trait::async_trait;

use super::{ReceivedCommand, Reply};
use crate::error::StoreError;
use crate::event::{EventContext, EventEnvelope, EventHandler, EventSource, Outbox, UnitOfWork};
use crate::saga::{Direction, Payload, SagaBarrier};

/// What the commands of a service do. `T` is a transaction of its database.
///
/// ```
/// # use strangler_fig::async_trait;
/// # use strangler_fig::error::StoreError;
/// # use strangler_fig::event::{
/// #     CommandHandler, EventEnvelope, EventPayload, ReceivedCommand, Reply, UnitOfWork,
/// # };
/// # use strangler_fig::memory::{InMemoryParticipant, InMemoryParticipantTransaction};
/// # use strangler_fig::saga::Direction;
/// #
/// type Open = InMemoryParticipantTransaction; // of the database of the service
///
/// #[derive(Debug)]
/// struct Stock;
///
/// #[async_trait]
/// impl CommandHandler<Open> for Stock {
///     async fn handle(&self, open: &mut Open, command: &ReceivedCommand) -> Result<Reply, StoreError> {
///         let pieces: u32 = command.input().map_err(StoreError::rejected)?;
///         match command.call().direction {
///             Direction::Execute if pieces > 10 => return Ok(Reply::Refused("sold out".to_owned())),
///             Direction::Execute => open.on_commit(move || println!("{pieces} reserved")),
///             _ => open.on_commit(move || println!("{pieces} given back")),
///         }
///         Ok(Reply::done())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [id, source, kind, key] = ["1", "/shop/orders", "ReserveInventory", "order:4711"];
/// # let payload = EventPayload::json(&11)?;
/// # let mut event = EventEnvelope::new(id.parse()?, source.parse()?, kind.parse()?, key.parse()?, payload);
/// # for (name, value) in [
/// #     ("correlationid", "order:4711/reserve#execute"),
/// #     ("replyto", "order.replies"),
/// #     ("sagaid", "order:4711"),
/// #     ("sagastep", "reserve"),
/// #     ("sagadirection", "execute"),
/// #     ("sagaepoch", "1"),
/// # ] {
/// #     event = event.with_extension(name.parse()?, value)?;
/// # }
/// # let mut open = InMemoryParticipant::default().begin().await?;
/// # let command = ReceivedCommand::of(&event)?;
/// // It is told to reserve 11.
/// assert!(matches!(Stock.handle(&mut open, &command).await?, Reply::Refused(_)));
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait CommandHandler<T: Send>: fmt::Debug + Send + Sync + 'static {
    /// Does what a command says, or undoes what there is, in the transaction; or refuses
    /// it, and what it has changed is rolled back. Asked once for each call of a step, as
    /// far as transactions last; a compensation that it refuses, each time it comes.
    ///
    /// - A compensation may come though its command was refused, where an earlier
    ///   attempt was in doubt: undo what there is.
    /// - Refuse a compensation only if it can never be done: its saga is parked then.
    ///
    /// # Errors
    ///
    /// `Rejected`: it can be done at no time, and nobody is told why; a refusal is a
    /// [`Reply`]. Else it cannot be done now: the transaction is rolled back, and the
    /// command comes again.
    async fn handle(
        &self,
        transaction: &mut T,
        command: &ReceivedCommand,
    ) -> Result<Reply, StoreError>;
}

/// A participant of sagas over messages: it does what it is told, once, and answers as
/// often as it is asked.
///
/// What the [barrier](SagaBarrier) has seen, the effect of the [handler](CommandHandler)
/// and the answer in the [outbox](Outbox) are one transaction of the participant's own
/// database; a refusal takes another one. It is given to an [`EventConsumer`](crate::event::EventConsumer); an
/// [`OutboxRelay`](crate::event::OutboxRelay) takes the answers to their channel.
///
/// ```
/// # use std::sync::Arc;
/// #
/// # use strangler_fig::async_trait;
/// # use strangler_fig::error::StoreError;
/// # use strangler_fig::event::{
/// #     CommandHandler, CommandParticipant, EventConsumer, EventEnvelope, EventPayload, OutboxStore,
/// #     ReceivedCommand, Reply,
/// # };
/// # use strangler_fig::memory::{
/// #     InMemoryBus, InMemoryParticipant, InMemoryParticipantTransaction,
/// # };
/// # use strangler_fig::saga::Payload;
/// #
/// # #[derive(Debug)]
/// # struct Stock;
/// #
/// # #[async_trait]
/// # impl CommandHandler<InMemoryParticipantTransaction> for Stock {
/// #     async fn handle(
/// #         &self,
/// #         transaction: &mut InMemoryParticipantTransaction,
/// #         command: &ReceivedCommand,
/// #     ) -> Result<Reply, StoreError> {
/// #         let pieces: u32 = command.input().map_err(StoreError::rejected)?;
/// #         transaction.on_commit(move || println!("{pieces} reserved"));
/// #         Ok(Reply::Done(Payload::of(&pieces).map_err(StoreError::rejected)?))
/// #     }
/// # }
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [id, source, kind, key] = ["1", "/shop/orders", "ReserveInventory", "order:4711"];
/// # let payload = EventPayload::json(&3)?;
/// # let mut event = EventEnvelope::new(id.parse()?, source.parse()?, kind.parse()?, key.parse()?, payload);
/// # for (name, value) in [
/// #     ("correlationid", "order:4711/reserve#execute"),
/// #     ("replyto", "order.replies"),
/// #     ("sagaid", "order:4711"),
/// #     ("sagastep", "reserve"),
/// #     ("sagadirection", "execute"),
/// #     ("sagaepoch", "1"),
/// # ] {
/// #     event = event.with_extension(name.parse()?, value)?;
/// # }
/// # let command = ReceivedCommand::of(&event)?;
/// let store = InMemoryParticipant::default();
/// let stock = CommandParticipant::new(store.clone(), store.clone(), store.clone(), Stock);
///
/// // Told twice, it reserves once, and answers twice.
/// stock.answer(&command).await?;
/// stock.answer(&command).await?;
/// assert_eq!(store.outbox().depth().await?.pending, 2);
///
/// // A service has it told by its bus.
/// let (name, topics) = ("stock".parse()?, vec!["stock.commands".parse()?]);
/// let consumer =
///     EventConsumer::new(Arc::new(InMemoryBus::default()), name, topics, Arc::new(stock));
/// # drop(consumer);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CommandParticipant<D, B, O, H> {
    database: D,
    barrier: B,
    outbox: O,
    handler: H,
    source: Option<EventSource>,
}

impl<D, B, O, H> CommandParticipant<D, B, O, H>
where
    D: UnitOfWork,
    B: SagaBarrier<Transaction = D::Transaction>,
    O: Outbox<D::Transaction>,
    H: CommandHandler<D::Transaction>,
{
    /// One whose commands `handler` does in transactions of `database`, in which
    /// `barrier` and `outbox` are as well. It answers as whoever the command was sent
    /// by.
    pub const fn new(database: D, barrier: B, outbox: O, handler: H) -> Self {
        Self { database, barrier, outbox, handler, source: None }
    }

    /// Answers come from `source`.
    #[must_use]
    pub fn with_source(mut self, source: EventSource) -> Self {
        self.source = Some(source);
        self
    }

    /// Answers one command: once it answers `Ok`, what it did and its answer are
    /// durable. A repeat is answered as the first time.
    ///
    /// # Errors
    ///
    /// `Rejected`: it can be done at no time. Else nothing has happened, or after
    /// `Unknown` perhaps all of it: the command is to come again.
    ///
    /// # Cancel safety
    ///
    /// A dropped call has had all of its effect, or none, or has it later.
    pub async fn answer(&self, command: &ReceivedCommand) -> Result<(), StoreError> {
        let mut open = self.database.begin().await?;
        let reply = match self.seen(&mut open, command).await? {
            Some(repeated) => repeated,
            None => match self.handler.handle(&mut open, command).await? {
                refused @ Reply::Refused(_) => {
                    drop(open);
                    open = self.database.begin().await?;
                    self.refused(&mut open, command, refused).await?
                }
                done @ Reply::Done(_) => self.recorded(&mut open, command, done).await?,
            },
        };
        let answered = match &self.source {
            Some(source) => command.clone().with_source(source.clone()).answer(&reply),
            None => command.answer(&reply),
        };
        self.outbox.stage(&mut open, &[answered.map_err(StoreError::rejected)?]).await?;
        self.database.commit(open).await
    }

    /// What the barrier has for a command that came before.
    async fn seen(
        &self,
        open: &mut D::Transaction,
        command: &ReceivedCommand,
    ) -> Result<Option<Reply>, StoreError> {
        let verdict = self.barrier.enter(open, command.call()).await?;
        Reply::of_verdict(&verdict).map_err(StoreError::rejected)
    }

    /// A refusal, in a transaction in which nothing else was done: of an execution for
    /// good, unless it was done meanwhile. Of a refused compensation the barrier is not
    /// told, or the next one would be taken for done.
    async fn refused(
        &self,
        open: &mut D::Transaction,
        command: &ReceivedCommand,
        refused: Reply,
    ) -> Result<Reply, StoreError> {
        if command.call().direction != Direction::Execute {
            return Ok(refused);
        }
        match self.seen(open, command).await? {
            Some(meanwhile) => Ok(meanwhile),
            None => self.recorded(open, command, refused).await,
        }
    }

    async fn recorded(
        &self,
        open: &mut D::Transaction,
        command: &ReceivedCommand,
        reply: Reply,
    ) -> Result<Reply, StoreError> {
        if command.call().direction == Direction::Execute {
            let recorded = Payload::of(&reply).map_err(StoreError::rejected)?;
            self.barrier.record(open, command.call(), &recorded).await?;
        }
        Ok(reply)
    }
}

#[async_trait]
impl<D, B, O, H> EventHandler for CommandParticipant<D, B, O, H>
where
    D: UnitOfWork,
    B: SagaBarrier<Transaction = D::Transaction> + fmt::Debug,
    O: Outbox<D::Transaction>,
    H: CommandHandler<D::Transaction>,
{
    /// Answers a command; what is none is rejected.
    async fn handle(&self, event: &EventEnvelope, _: &EventContext<'_>) -> Result<(), StoreError> {
        let command = ReceivedCommand::of(event).map_err(StoreError::rejected)?;
        self.answer(&command).await
    }
}
