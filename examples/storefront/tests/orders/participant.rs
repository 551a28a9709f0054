use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use adapters::postgres::{
    OUTBOX_SCHEMA, PostgresDatabase, PostgresOutbox, PostgresOutboxStore, PostgresSagaBarrier,
    PostgresTransaction, SAGA_BARRIER_SCHEMA,
};
use storefront::orders::{Order, order_of, refused};
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{
    CommandHandler, CommandParticipant, EventContext, EventEnvelope, EventHandler, EventId,
    EventPayload, FetchLimit, OutboxStore, ReceivedCommand, Reply,
};
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::repository::Access;

use crate::site::Room;

const SOLD: &str = "CREATE TABLE sold (customer_order text)";

/// Sells by a line in a table; what is undone is taken out of it.
#[derive(Debug)]
struct Sales;

#[async_trait]
impl CommandHandler<PostgresTransaction> for Sales {
    async fn handle(
        &self,
        open: &mut PostgresTransaction,
        command: &ReceivedCommand,
    ) -> Result<Reply, StoreError> {
        let order = order_of(command)?;
        match command.event_type().as_str() {
            "Sell" if order.pieces > 9 => return Ok(refused("so many are not there")),
            "Sell" => open.query("INSERT INTO sold VALUES ($1)", &[&order.order]).await?,
            "Fail" => {
                open.query("INSERT INTO sold VALUES ($1)", &[&order.order]).await?;
                return Err(StoreError::unavailable("something else is away"));
            }
            _ => open.query("DELETE FROM sold WHERE customer_order = $1", &[&order.order]).await?,
        };
        Ok(Reply::done())
    }
}

struct Shop {
    room: Room,
    database: PostgresDatabase,
    participant: CommandParticipant<PostgresDatabase, PostgresSagaBarrier, PostgresOutbox, Sales>,
}

impl Shop {
    async fn new() -> Self {
        let room = Room::new().await;
        room.run(&[SOLD, ";", OUTBOX_SCHEMA, SAGA_BARRIER_SCHEMA].concat()).await;
        let database = PostgresDatabase::new(&room.url()).expect("it is a URL");
        let source = "/shop".parse().expect("it is a source");
        let outbox = PostgresOutbox::notifying();
        let participant =
            CommandParticipant::new(database.clone(), PostgresSagaBarrier, outbox, Sales)
                .with_source(source);
        Self { room, database, participant }
    }

    async fn told(&self, command: &EventEnvelope) -> Result<(), StoreError> {
        let topic = "shop.commands".parse().expect("it is a topic");
        let name = "shop".parse().expect("it is a name");
        self.participant.handle(command, &EventContext::new(&topic, &name)).await
    }

    async fn sold(&self) -> usize {
        let mut open = self.database.begin(Access::Read).await.expect("it begins");
        open.query("SELECT 1 FROM sold", &[]).await.expect("it is read").len()
    }

    /// What was answered, in its order.
    async fn answers(&self) -> Vec<Reply> {
        let outbox = PostgresOutboxStore::new(self.database.clone());
        let name = "relay".parse().expect("it is a name");
        let relay = NodeId { name, incarnation: Incarnation::fixed(1) };
        let claims = outbox.claim(&relay, NonZeroU16::MAX, Duration::from_mins(1)).await;
        let limit = FetchLimit { rows: NonZeroUsize::MAX, bytes: NonZeroUsize::MAX };
        let rows = outbox.fetch(&claims.expect("they are free").held, limit).await;
        let rows = rows.expect("they are there").into_iter();
        let events = rows.map(|row| row.message.expect("it is a message").event);
        let replies = events.map(|event| Reply::from_event(&event).expect("it is a reply").1);
        replies.collect()
    }
}

/// A command for a step of a saga, as another attempt each time.
fn command(name: &str, direction: &str, pieces: u32) -> EventEnvelope {
    let order = Order {
        order: "o-1".to_owned(),
        user: "u-1".to_owned(),
        product: "p-1".to_owned(),
        pieces,
        cents: 100,
        card: "4242".to_owned(),
    };
    let payload = match direction {
        "execute" => EventPayload::json(&order),
        _ => EventPayload::json(&serde_json::json!({ "input": order, "output": null })),
    };
    let mut event = EventEnvelope::new(
        EventId::random().expect("there is entropy"),
        "/sagas".parse().expect("it is a source"),
        name.parse().expect("it is a type"),
        "order:o-1".parse().expect("it is a key"),
        payload.expect("it is small"),
    );
    for (name, value) in [
        ("correlationid", "order:o-1/sell"),
        ("replyto", "sagas.replies"),
        ("sagaid", "order:o-1"),
        ("sagastep", "sell"),
        ("sagadirection", direction),
        ("sagaepoch", "1"),
    ] {
        let name = name.parse().expect("it is a name");
        event.extensions.insert(name, value).expect("they are few");
    }
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_done_once_and_answered_each_time() {
    let shop = Shop::new().await;
    for _ in 0..3 {
        shop.told(&command("Sell", "execute", 1)).await.expect("it is done");
    }
    assert_eq!(shop.sold().await, 1);
    assert_eq!(shop.answers().await, [Reply::done(), Reply::done(), Reply::done()]);
    shop.room.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_once_is_refused_for_good() {
    let shop = Shop::new().await;
    // The same command: what it says now counts no more.
    for pieces in [10, 1] {
        shop.told(&command("Sell", "execute", pieces)).await.expect("it is answered");
    }
    assert_eq!(shop.sold().await, 0);
    let no = refused("so many are not there");
    assert_eq!(shop.answers().await, [no.clone(), no]);
    shop.room.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_its_compensation_is_not_done() {
    let shop = Shop::new().await;
    shop.told(&command("Return", "compensate", 1)).await.expect("there is nothing to undo");
    shop.told(&command("Sell", "execute", 1)).await.expect("it is answered");
    assert_eq!(shop.sold().await, 0);
    let answers = shop.answers().await;
    assert!(matches!(answers[..], [Reply::Done(_), Reply::Refused(_)]), "{answers:?}");
    shop.room.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_leaves_nothing_behind_and_may_come_again() {
    let shop = Shop::new().await;
    let failed = shop.told(&command("Fail", "execute", 1)).await;
    assert_eq!(failed.expect_err("it cannot be done").kind(), StoreErrorKind::Unavailable);
    assert_eq!((shop.sold().await, shop.answers().await.len()), (0, 0));
    shop.told(&command("Sell", "execute", 1)).await.expect("it is done");
    shop.told(&command("Return", "compensate", 1)).await.expect("it is undone");
    assert_eq!((shop.sold().await, shop.answers().await.len()), (0, 2));
    shop.room.remove().await;
}
