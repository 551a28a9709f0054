use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    CommandHandler, CommandParticipant, EventContext, EventEnvelope, EventHandler, EventId,
    EventPayload, EventPublisher, EventSubscriber, Outbox, ReceivedCommand, Reply,
    SubscriptionLimits, UnitOfWork,
};
use strangler_fig::memory::{
    InMemoryBus, InMemoryParticipant, InMemoryParticipantTransaction, InMemoryReplyStore,
    InMemorySagaJournal,
};
use tokio::time::sleep;

use crate::Failed;
use crate::books::{Books, Order};

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
            store: InMemoryParticipant::default(),
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
        let store = &self.services[0].store;
        let mut transaction = store.begin().await?;
        store.stage(&mut transaction, &[message]).await?;
        transaction.on_commit(move || books.place(number));
        Ok(store.commit(transaction).await?)
    }
}

/// A service: its database, and what it answers commands with.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) store: InMemoryParticipant,
    pub(crate) bus: InMemoryBus,
    books: Books,
    is_naive: bool,
}

impl Service {
    /// It does what it is told, once, and answers as often as it is asked; or does it naively.
    pub(crate) fn handler(&self) -> Arc<dyn EventHandler> {
        if self.is_naive {
            return Arc::new(self.clone());
        }
        let [database, barrier, outbox] = [(); 3].map(|()| self.store.clone());
        Arc::new(CommandParticipant::new(database, barrier, outbox, self.books.clone()))
    }
}

#[async_trait]
impl CommandHandler<InMemoryParticipantTransaction> for Books {
    async fn handle(
        &self,
        transaction: &mut InMemoryParticipantTransaction,
        command: &ReceivedCommand,
    ) -> Result<Reply, StoreError> {
        let ((reply, change), books) = (self.decide(command), self.clone());
        sleep(WORK).await;
        transaction.on_commit(move || books.apply(change));
        Ok(reply)
    }
}

/// As one does it who has never seen a process die.
#[async_trait]
impl EventHandler for Service {
    async fn handle(&self, event: &EventEnvelope, _: &EventContext<'_>) -> Result<(), StoreError> {
        let command = ReceivedCommand::of(event).map_err(StoreError::rejected)?;
        let (reply, change) = self.books.decide(&command);
        self.books.apply(change);
        sleep(WORK).await;
        let answer = command.answer(&reply).map_err(StoreError::rejected)?;
        self.bus.publish(&[answer]).await.remove(0)
    }
}

/// A bus as it is passed on.
pub(crate) fn shared(bus: &InMemoryBus) -> Arc<InMemoryBus> {
    Arc::new(bus.clone())
}
