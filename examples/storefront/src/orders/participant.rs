use std::fmt;

use adapters::postgres::{
    PostgresDatabase, PostgresOutbox, PostgresSagaBarrier, PostgresTransaction,
};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    EventEnvelope, EventHandler, EventSource, Outbox, ReceivedCommand, Reply, Topic,
};
use strangler_fig::repository::Access;
use strangler_fig::saga::{Direction, Payload, SagaBarrier};

use super::Order;

/// What the commands of a service do.
#[async_trait]
pub trait Effects: fmt::Debug + Send + Sync + 'static {
    /// Does what a command says, or undoes what there is, in the transaction; or refuses it, having changed nothing. It is
    /// asked for each command once, as far as transactions last.
    ///
    /// # Errors
    ///
    /// It cannot be done now: the transaction is rolled back, and the command comes again.
    async fn effect(
        &self,
        open: &mut PostgresTransaction,
        command: &ReceivedCommand,
    ) -> Result<Reply, StoreError>;
}

/// A service: it does what it is told, once, and answers as often as it is asked. What the barrier has seen, the effect and
/// the answer are one transaction of its own database.
#[derive(Debug)]
pub struct Participant<E> {
    database: PostgresDatabase,
    source: EventSource,
    effects: E,
}

impl<E: Effects> Participant<E> {
    /// One whose `effects` are in `database`, and which answers as `source`.
    #[must_use]
    pub const fn new(database: PostgresDatabase, source: EventSource, effects: E) -> Self {
        Self { database, source, effects }
    }

    async fn first(
        &self,
        open: &mut PostgresTransaction,
        command: &ReceivedCommand,
    ) -> Result<Reply, StoreError> {
        let reply = self.effects.effect(open, command).await?;
        if command.call().direction == Direction::Execute {
            let recorded = Payload::of(&reply).map_err(StoreError::rejected)?;
            PostgresSagaBarrier.record(open, command.call(), &recorded).await?;
        }
        Ok(reply)
    }
}

#[async_trait]
impl<E: Effects> EventHandler for Participant<E> {
    async fn handle(&self, _: &Topic, event: &EventEnvelope) -> Result<(), StoreError> {
        let command = ReceivedCommand::of(event).map_err(StoreError::rejected)?;
        let command = command.with_source(self.source.clone());
        let mut open = self.database.begin(Access::Write).await?;
        let verdict = PostgresSagaBarrier.enter(&mut open, command.call()).await?;
        let reply = match Reply::of_verdict(&verdict).map_err(StoreError::rejected)? {
            Some(repeated) => repeated,
            None => self.first(&mut open, &command).await?,
        };
        let answer = command.answer(&reply).map_err(StoreError::rejected)?;
        PostgresOutbox::notifying().stage(&mut open, &[answer]).await?;
        open.commit().await
    }
}

/// The order that a command is about.
///
/// # Errors
///
/// `Rejected`: it is about none.
pub fn order_of(command: &ReceivedCommand) -> Result<Order, StoreError> {
    command.input().map_err(StoreError::rejected)
}

/// That a command is refused, for good.
#[must_use]
pub fn refused(reason: &str) -> Reply {
    Reply::Refused(reason.to_owned())
}
