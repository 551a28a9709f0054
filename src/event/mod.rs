//! Events: what has happened, told to other services, in order and with no event lost.
//!
//! A bus is an [`EventPublisher`] and an [`EventSubscriber`]. An [`Outbox`] stages messages in the transaction that is
//! their reason, and an [`OutboxStore`] hands them to whoever relays them. An [`Inbox`] lets the effect of an event
//! happen once. A [`ChangeFeed`] tells what writers outside the crate have changed in a store.

mod cloud;
mod cloud_error;
mod command;
mod consumer;
mod delivery;
mod envelope;
mod extension;
mod feed;
mod id;
mod in_time;
mod inbox;
mod lane;
mod names;
mod outbox;
mod outbox_row;
mod outbox_store;
mod outside;
mod payload;
mod publisher;
mod relay;
mod subscriber;
mod text;
mod time;
mod trace;
mod unit_of_work;
mod upcast;
mod upcast_error;
mod waves;

pub use cloud_error::CloudEventError;
pub use command::{
    CommandChannel, CommandError, CommandHandler, CommandParticipant, CommandStep, CommandToUndo,
    ReceivedCommand, Reply, ReplyReceiver, ReplyStore,
};
pub use consumer::{
    ConsumerConfig, ConsumerError, ConsumerReport, EventConsumer, EventContext, EventHandler,
    FnHandler, handler_fn,
};
pub use delivery::{Delivery, Receipt, Settlement, SubscriptionLimits};
pub use envelope::{EventEnvelope, Message};
pub use extension::{ExtensionError, ExtensionName, Extensions};
pub use feed::{ChangeFeed, ChangePage, Changed, FeedLag, FeedMark, LagSource};
pub use id::EventId;
pub use inbox::{Arrival, Inbox};
pub use lane::{Lane, LaneClaim, LaneClaims};
pub use names::{EventKey, EventSource, EventType, SubscriptionName, Topic};
pub use outbox::Outbox;
pub use outbox_row::{FetchLimit, OutboxDepth, OutboxPosition, OutboxRow, ParkedRow, RowEnd};
pub use outbox_store::OutboxStore;
pub use outside::{OutsideWriters, RetireError, WritersAreOff};
pub use payload::{EventPayload, EventPayloadError, PAYLOAD_MAX};
pub use publisher::{EventBus, EventPublisher};
pub use relay::{MessageIsLost, OutboxRelay, RelayConfig, RelayError, RelayReport};
pub use subscriber::{EventSubscriber, EventSubscription};
pub use text::TextError;
pub use time::EventTime;
pub use trace::Traceparent;
pub use unit_of_work::UnitOfWork;
pub use upcast::Upcasters;
pub use upcast_error::UpcastError;
pub use waves::{publish_in_waves, waves};
