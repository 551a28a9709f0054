//! Events: names, values and contracts.

use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::controller::{OutsideWritersOff, ReplicationLagBelow};
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    Arrival, ChangeFeed, ChangePage, Changed, CloudEventError, CommandChannel, CommandError,
    CommandStep, CommandToUndo, ConsumerConfig, ConsumerError, ConsumerReport, Delivery, EventBus,
    EventConsumer, EventContext, EventEnvelope, EventHandler, EventId, EventKey, EventPayload,
    EventPayloadError, EventPublisher, EventSource, EventSubscriber, EventSubscription, EventTime,
    EventType, ExtensionError, ExtensionName, Extensions, FeedLag, FeedMark, FetchLimit, FnHandler,
    Inbox, LagSource, Lane, LaneClaim, LaneClaims, Message, MessageIsLost, Outbox, OutboxDepth,
    OutboxPosition, OutboxRelay, OutboxRow, OutboxStore, OutsideWriters, PAYLOAD_MAX, ParkedRow,
    Receipt, ReceivedCommand, RelayConfig, RelayError, RelayReport, Reply, ReplyReceiver,
    ReplyStore, RetireError, RowEnd, Settlement, SubscriptionLimits, SubscriptionName, TextError,
    Topic, Traceparent, UpcastError, Upcasters, WritersAreOff, handler_fn, publish_in_waves, waves,
};
use strangler_fig::memory::{
    InMemoryBus, InMemoryChangeFeed, InMemoryChanges, InMemoryDeadLetter, InMemoryInbox,
    InMemoryMailTransaction, InMemoryOutbox, InMemoryReplyStore, in_memory_mail,
};
use strangler_fig::observe::{field, span};
use strangler_fig::replicator::{
    ReplicatorConfig, ReplicatorError, ReplicatorReport, ReplicatorStatus,
};

use super::{assert_error, assert_send, assert_shared, assert_value};

#[test]
fn values_of_events_are_values() {
    assert_value::<(EventId, EventSource, EventType, EventKey, Topic, SubscriptionName)>();
    assert_value::<(EventTime, Traceparent, ExtensionName, Extensions, EventPayload)>();
    assert_value::<(EventEnvelope, Message, Delivery, Receipt, Settlement, SubscriptionLimits)>();
    assert_value::<(Lane, LaneClaim, LaneClaims, Arrival, Reply)>();
    assert_value::<(OutboxPosition, OutboxRow, RowEnd, FetchLimit, ParkedRow, OutboxDepth)>();
    assert_value::<(FeedMark, FeedLag, Changed<u32, String>, ChangePage<u32, String>)>();
    assert_error::<TextError>();
    assert_error::<ExtensionError>();
    assert_error::<EventPayloadError>();
    assert_error::<CloudEventError>();
    assert_eq!(PAYLOAD_MAX, 524_288);
    assert_eq!((span::RELAY, span::HANDLE), ("strangler.relay", "strangler.handle"));
    assert_eq!((span::REPLICATE, field::TOPIC), ("strangler.replicate", "topic"));
    assert_eq!((field::CONSUMER, field::TRACEPARENT), ("consumer", "traceparent"));
    assert!(waves(&[]).is_empty());
}

#[test]
fn workers_of_events_may_be_shared() {
    assert_shared::<(OutboxRelay, EventConsumer, ReplyReceiver, CommandChannel, Upcasters)>();
    assert_shared::<(OutsideWriters, OutsideWritersOff, ReplicationLagBelow)>();
    assert_shared::<(RelayConfig, ConsumerConfig, ReplicatorConfig)>();
    assert_shared::<(MessageIsLost, WritersAreOff, ReceivedCommand)>();
    assert_value::<(RelayReport, ConsumerReport, ReplicatorReport)>();
    assert_shared::<ReplicatorStatus>();
    assert_error::<RelayError>();
    assert_error::<ConsumerError>();
    assert_error::<ReplicatorError>();
    assert_error::<RetireError>();
    assert_error::<CommandError>();
    assert_error::<UpcastError>();
    assert_shared::<(InMemoryOutbox, InMemoryInbox, InMemoryBus, InMemoryReplyStore)>();
    assert_shared::<(InMemoryChangeFeed<u32, String>, InMemoryDeadLetter)>();
    assert_shared::<InMemoryChanges<u32, String>>();
    let _: Option<InMemoryMailTransaction> = None;
    assert_shared::<(CommandStep<u32, String>, CommandToUndo<u32, String>, FnHandler<u8>)>();
    let _ = in_memory_mail();
    let handler =
        handler_fn(|_: EventEnvelope, _: EventContext<'static>| async { Ok::<(), StoreError>(()) });
    let _: Arc<dyn EventHandler> = Arc::new(handler);
}

/// A driver's transaction that borrows its connection.
struct Borrowed<'c>(&'c mut usize);

#[derive(Debug)]
struct Counting;

#[async_trait]
impl<'c> Outbox<Borrowed<'c>> for Counting {
    async fn stage(
        &self,
        transaction: &mut Borrowed<'c>,
        messages: &[Message],
    ) -> Result<(), StoreError> {
        *transaction.0 += messages.len();
        Ok(())
    }
}

#[async_trait]
impl Inbox<str> for Counting {
    async fn admit(
        &self,
        _: &mut str,
        _: &SubscriptionName,
        _: &EventEnvelope,
    ) -> Result<Arrival, StoreError> {
        Ok(Arrival::First)
    }
}

/// One outbox for transactions of any lifetime, as an object.
#[tokio::test]
async fn a_transaction_may_borrow() {
    let outbox: Arc<dyn for<'c> Outbox<Borrowed<'c>>> = Arc::new(Counting);
    let mut staged = 0;
    let mut transaction = Borrowed(&mut staged);
    let stage = outbox.stage(&mut transaction, &[]);
    assert_send(&stage);
    stage.await.unwrap();
    let _: Arc<dyn Inbox<str>> = Arc::new(Counting);
}

#[test]
fn contracts_of_events_may_be_trait_objects() {
    assert_shared::<Arc<dyn EventBus>>();
    assert_shared::<(Arc<dyn EventPublisher>, Arc<dyn EventSubscriber>)>();
    assert_shared::<(Box<dyn EventSubscription>, Arc<dyn EventHandler>)>();
    assert_shared::<(Arc<dyn OutboxStore>, Arc<dyn ReplyStore>, Arc<dyn LagSource>)>();
    assert_shared::<Arc<dyn ChangeFeed<Key = u32, Entity = String>>>();
    let send = |_: Vec<&Message>| std::future::ready(Vec::new());
    assert_send(&publish_in_waves(&[], Ok, send));
}
