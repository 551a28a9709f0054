use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::bus_queue::{Content, Queue};
use super::bus_subscription::InMemorySubscription;
use crate::error::StoreError;
use crate::event::{
    EventEnvelope, EventPublisher, EventSubscriber, EventSubscription, Message, PAYLOAD_MAX,
    SubscriptionLimits, SubscriptionName, Topic, publish_in_waves,
};

/// A bus in memory: for tests, and to try it out. What it holds ends with its process. Clones are one bus. Its clock is
/// tokio's.
///
/// It goes by what is open, not by time: a receiver that is dropped gives back what it held, one that says nothing
/// keeps it.
///
/// ```
/// use std::num::NonZeroUsize;
/// use strangler_fig::event::{
///     EventEnvelope, EventId, EventPayload, EventPublisher, EventSubscriber, Settlement,
/// };
/// use strangler_fig::memory::InMemoryBus;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = InMemoryBus::default();
/// let (billing, orders) = ("billing".parse()?, "shop.orders".parse()?);
/// let subscription = bus.subscribe(&billing, &[orders], Default::default()).await?;
///
/// let [source, kind, key] = ["/shop/orders", "order.created", "order-4711"];
/// let event = EventEnvelope::new(
///     EventId::random()?,
///     source.parse()?,
///     kind.parse()?,
///     key.parse()?,
///     EventPayload::json(&("SKU-1", 3))?,
/// );
/// let answers = bus.publish(&[event.clone().to("shop.orders".parse()?)]).await;
/// assert!(answers.iter().all(Result::is_ok));
///
/// let came = subscription.receive(NonZeroUsize::MIN).await?;
/// assert_eq!(came[0].event, Ok(event));
/// subscription.settle(came[0].receipt, &Settlement::Ack).await?;
/// assert_eq!(bus.unsettled(&billing), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct InMemoryBus {
    shared: Arc<Shared>,
    payload_max: Option<usize>,
}

/// What an [`InMemoryBus`] was told to give up.
///
/// ```
/// use strangler_fig::memory::InMemoryDeadLetter;
///
/// fn line(letter: &InMemoryDeadLetter) -> String {
///     format!("of {}: {}", letter.topic, letter.reason)
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InMemoryDeadLetter {
    /// Where it was sent to.
    pub topic: Topic,
    /// The event; or the bytes that were none.
    pub content: Result<EventEnvelope, Vec<u8>>,
    /// Why it was given up.
    pub reason: String,
}

/// Of what is no event, its length only.
impl fmt::Debug for InMemoryDeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = self.content.as_ref().map_err(|bytes| format!("{} bytes", bytes.len()));
        f.debug_struct("InMemoryDeadLetter")
            .field("topic", &self.topic)
            .field("content", &content)
            .field("reason", &self.reason)
            .finish()
    }
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    queues: Mutex<BTreeMap<SubscriptionName, Queue>>,
    /// Something has come, or was given back or settled.
    pub(super) changed: Notify,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<SubscriptionName, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InMemoryBus {
    /// The same bus, by a handle that refuses payloads of more than so many bytes; those of other handles are taken.
    #[must_use]
    pub fn with_payload_max(mut self, bytes: usize) -> Self {
        self.payload_max = Some(bytes);
        self
    }

    /// Puts bytes there that are no event, as a stranger does.
    pub fn plant(&self, topic: &Topic, bytes: impl Into<Vec<u8>>) {
        self.put(topic, &Err(bytes.into()));
    }

    /// What was given up, in that order.
    #[must_use]
    pub fn dead_letters(&self, name: &SubscriptionName) -> Vec<InMemoryDeadLetter> {
        self.shared.lock().get(name).map(|queue| queue.dead().to_vec()).unwrap_or_default()
    }

    /// How many messages a subscription has yet to settle.
    #[must_use]
    pub fn unsettled(&self, name: &SubscriptionName) -> usize {
        self.shared.lock().get(name).map_or(0, Queue::len)
    }

    fn put(&self, topic: &Topic, content: &Content) {
        let now = Instant::now();
        let mut queues = self.shared.lock();
        for queue in queues.values_mut().filter(|queue| queue.is_for(topic)) {
            queue.put(topic.clone(), content.clone(), now);
        }
        drop(queues);
        self.shared.changed.notify_waiters();
    }

    fn fits(&self, message: &Message) -> Result<(), StoreError> {
        let (bytes, most) = (message.event.payload.len(), self.payload_max.unwrap_or(PAYLOAD_MAX));
        if bytes > most {
            let why = format!("a payload of {bytes} bytes is too large: {most} are allowed");
            return Err(StoreError::rejected(why));
        }
        Ok(())
    }
}

#[async_trait]
impl EventPublisher for InMemoryBus {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        let prepare = |message| self.fits(message).map(|()| message);
        let send = |ready: Vec<&Message>| {
            for message in &ready {
                self.put(&message.topic, &Ok(message.event.clone()));
            }
            std::future::ready(vec![Ok(()); ready.len()])
        };
        publish_in_waves(messages, prepare, send).await
    }
}

#[async_trait]
impl EventSubscriber for InMemoryBus {
    async fn subscribe(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Box<dyn EventSubscription>, StoreError> {
        let receiver = {
            let mut queues = self.shared.lock();
            let queue = queues.entry(name.clone()).or_default();
            queue.open(topics);
            queue.fresh()
        };
        Ok(Box::new(InMemorySubscription {
            shared: Arc::clone(&self.shared),
            name: name.clone(),
            receiver,
            in_flight_max: limits.in_flight_max.get(),
        }))
    }
}
