use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    EventEnvelope, EventHandler, EventId, EventPayload, EventPublisher, EventSubscriber, Outbox,
    ReceivedCommand, Reply, SubscriptionLimits, Topic,
};
use strangler_fig::memory::{
    InMemoryBarrier, InMemoryBus, InMemoryOutbox, InMemoryReplyStore, InMemorySagaJournal,
    in_memory_mail,
};
use strangler_fig::saga::{Direction, Payload, SagaBarrier};
use tokio::time::sleep;

use crate::Failed;
use crate::books::{Books, Order, nothing};

/// How long a database takes for a transaction.
const WORK: Duration = Duration::from_millis(5);

/// What outlives every process: a bus, and the databases.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) bus: InMemoryBus,
    pub(crate) journal: InMemorySagaJournal,
    pub(crate) replies: InMemoryReplyStore,
    pub(crate) books: Books,
    pub(crate) services: [Service; 3],
    is_naive: bool,
}

/// Each service's commands, and the topics of replies and of what happens to orders.
pub(crate) const COMMANDS: [&str; 3] = ["orders.commands", "stock.commands", "bank.commands"];
pub(crate) const REPLIES: &str = "saga.replies";
pub(crate) const EVENTS: &str = "orders.events";

impl Site {
    pub(crate) async fn new(stock: u32, is_naive: bool) -> Result<Self, Failed> {
        let (bus, books) = (InMemoryBus::default(), Books::with_stock(stock));
        for topic in COMMANDS.into_iter().chain([REPLIES, EVENTS]) {
            // A subscription is named for its topic here, and there before anything is published.
            bus.subscribe(&topic.parse()?, &[topic.parse()?], SubscriptionLimits::default())
                .await?;
        }
        let services = COMMANDS.map(|_| Service {
            barrier: InMemoryBarrier::default(),
            outbox: in_memory_mail().0,
            bus: bus.clone(),
            books: books.clone(),
            is_naive,
        });
        let (journal, replies) = (InMemorySagaJournal::default(), InMemoryReplyStore::default());
        Ok(Self { bus, journal, replies, books, services, is_naive })
    }

    /// Writes an order down, and that it was: both or none.
    pub(crate) async fn place(&self, order: &Order) -> Result<(), Failed> {
        let created = EventEnvelope::new(
            EventId::random()?,
            "/shop/orders".parse()?,
            "OrderCreated".parse()?,
            order.number.to_string().parse()?,
            EventPayload::json(order)?,
        );
        let (message, books, number) =
            (created.to(EVENTS.parse()?), self.books.clone(), order.number);
        if self.is_naive {
            books.place(number);
            return Ok(self.bus.publish(&[message]).await.remove(0)?);
        }
        let outbox = &self.services[0].outbox;
        let mut transaction = outbox.begin();
        outbox.stage(&mut transaction, &[message]).await?;
        transaction.on_commit(move || books.place(number));
        Ok(transaction.commit()?)
    }
}

/// A service: it does what it is told, once, and answers as often as it is asked.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    barrier: InMemoryBarrier,
    pub(crate) outbox: InMemoryOutbox,
    pub(crate) bus: InMemoryBus,
    books: Books,
    is_naive: bool,
}

impl Service {
    /// In one transaction: the barrier's row, the effect, and the answer on its way.
    async fn once(&self, command: &ReceivedCommand) -> Result<(), StoreError> {
        let mut seen = self.barrier.begin().await;
        let verdict = self.barrier.enter(&mut seen, command.call()).await?;
        let repeated = Reply::of_verdict(&verdict).map_err(StoreError::rejected)?;
        let is_first = repeated.is_none();
        let again = |reply| (reply, nothing());
        let (reply, change) = repeated.map_or_else(|| self.books.decide(command), again);
        if is_first && command.call().direction == Direction::Execute {
            let recorded = Payload::of(&reply).map_err(StoreError::rejected)?;
            self.barrier.record(&mut seen, command.call(), &recorded).await?;
        }
        sleep(WORK).await;
        let mut transaction = self.outbox.begin();
        let answer = command.answer(&reply).map_err(StoreError::rejected)?;
        self.outbox.stage(&mut transaction, &[answer]).await?;
        let books = self.books.clone();
        transaction.on_commit(move || {
            seen.commit();
            books.apply(change);
        });
        transaction.commit()
    }

    /// As one does it who has never seen a process die.
    async fn naively(&self, command: &ReceivedCommand) -> Result<(), StoreError> {
        let (reply, change) = self.books.decide(command);
        self.books.apply(change);
        sleep(WORK).await;
        let answer = command.answer(&reply).map_err(StoreError::rejected)?;
        self.bus.publish(&[answer]).await.remove(0)
    }
}

#[async_trait]
impl EventHandler for Service {
    async fn handle(&self, _: &Topic, event: &EventEnvelope) -> Result<(), StoreError> {
        let command = ReceivedCommand::of(event).map_err(StoreError::rejected)?;
        if self.is_naive { self.naively(&command).await } else { self.once(&command).await }
    }
}

/// A bus as it is passed on.
pub(crate) fn shared(bus: &InMemoryBus) -> Arc<InMemoryBus> {
    Arc::new(bus.clone())
}
