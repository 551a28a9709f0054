use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream, SelectAll};
use lapin::Acker;
use lapin::message::Delivery as Message;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    Delivery, EventEnvelope, EventSubscription, Receipt, Settlement, SubscriptionLimits,
    SubscriptionName, Topic,
};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::RabbitmqBus;
use super::buffer::{Buffer, Came};
use super::connection::Link;
use super::error::{opened, within};
use super::topology::topic_of;

/// How long to wait before a broker that is away is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// What a receiver has, and its being told.
#[derive(Debug, Default)]
struct Shared {
    buffer: Mutex<Buffer<Acker>>,
    changed: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Buffer<Acker>> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A receiver. What comes is taken from the broker by a task of its own, which makes the connection anew when it fails;
/// dropped, it ends the task, and with the connection everything unsettled goes back.
#[derive(Debug)]
pub(super) struct RabbitmqSubscription {
    bus: RabbitmqBus,
    name: SubscriptionName,
    in_flight_max: usize,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What comes from all queues of a subscription; `None` is the end of one.
type Coming = SelectAll<BoxStream<'static, Option<lapin::Result<Message>>>>;

impl RabbitmqSubscription {
    pub(super) async fn open(
        bus: RabbitmqBus,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Self, StoreError> {
        let shared = Arc::<Shared>::default();
        let line = Line {
            bus: bus.clone(),
            name: name.clone(),
            topics: topics.to_vec(),
            prefetch: u16::try_from(limits.in_flight_max.get()).unwrap_or(u16::MAX),
            shared: Arc::clone(&shared),
        };
        let first = line.connect().await?;
        let task = tokio::spawn(line.follow(first));
        let in_flight_max = limits.in_flight_max.get();
        Ok(Self { bus, name: name.clone(), in_flight_max, shared, task })
    }

    fn held(&self, receipt: Receipt) -> Result<Came<Acker>, StoreError> {
        self.shared.lock().held(receipt).cloned().ok_or_else(gone)
    }

    /// Tells the broker; a channel that was closed meanwhile has given it back already.
    async fn acknowledge(&self, receipt: Receipt, acker: &Acker) -> Result<(), StoreError> {
        let ack = acker.ack(BasicAckOptions::default());
        let is_told = within(self.bus.config.deadline, ack, StoreError::unknown).await?;
        self.shared.lock().done(receipt);
        self.shared.changed.notify_waiters();
        if is_told { Ok(()) } else { Err(gone()) }
    }
}

fn gone() -> StoreError {
    StoreError::conflict("it is not held here any more")
}

#[async_trait]
impl EventSubscription for RabbitmqSubscription {
    async fn receive(&self, limit: NonZeroUsize) -> Result<Vec<Delivery>, StoreError> {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            let due = {
                let (mut buffer, now) = (self.shared.lock(), Instant::now());
                let taken = buffer.take(limit.get(), self.in_flight_max, now);
                if !taken.is_empty() {
                    return Ok(taken);
                }
                buffer.next_due(now)
            };
            match due {
                Some(due) => tokio::select! {
                    () = changed => {}
                    () = sleep_until(due) => {}
                },
                None => changed.await,
            }
        }
    }

    async fn settle(&self, receipt: Receipt, settlement: &Settlement) -> Result<(), StoreError> {
        match settlement {
            Settlement::Ack => {
                let acker = self.held(receipt)?.acker;
                self.acknowledge(receipt, &acker).await
            }
            Settlement::Nack { after } => {
                let was_held = self.shared.lock().give_back(receipt, *after, Instant::now());
                self.shared.changed.notify_waiters();
                if was_held { Ok(()) } else { Err(gone()) }
            }
            Settlement::DeadLetter { reason } => {
                let came = self.held(receipt)?;
                self.bus.bury(&self.name, &came.topic, came.bytes, reason).await?;
                self.acknowledge(receipt, &came.acker).await
            }
        }
    }
}

impl Drop for RabbitmqSubscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What follows a subscription's queues.
#[derive(Debug)]
struct Line {
    bus: RabbitmqBus,
    name: SubscriptionName,
    topics: Vec<Topic>,
    prefetch: u16,
    shared: Arc<Shared>,
}

impl Line {
    /// Declares the queues, and consumes from them.
    async fn connect(&self) -> Result<(Link, Coming), StoreError> {
        let config = &self.bus.config;
        let link = Link::open(&self.bus.url, config.deadline).await?;
        config.declare(&link.channel, &self.name, &self.topics).await?;
        let qos = link.channel.basic_qos(self.prefetch, BasicQosOptions::default());
        within(config.deadline, qos, opened).await?;
        let mut coming = Coming::new();
        for queue in config.queues(&self.name)? {
            let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
            let opening = link.channel.basic_consume(queue, "".into(), options, none);
            let consumer = within(config.deadline, opening, opened).await?;
            // A queue that ends, say because it was deleted, ends the link: it is declared anew.
            coming.push(consumer.map(Some).chain(stream::iter([None])).boxed());
        }
        Ok((link, coming))
    }

    async fn follow(self, first: (Link, Coming)) {
        let mut link = Ok(first);
        loop {
            match link {
                Ok((link, mut coming)) => {
                    while let Some(Some(Ok(message))) = coming.next().await {
                        self.came(message);
                    }
                    drop(coming);
                    drop(link);
                    self.shared.lock().forget();
                    self.shared.changed.notify_waiters();
                    tracing::warn!(subscription = %self.name, "the link to the broker has failed");
                }
                Err(error) => tracing::warn!(%error, "the broker is away"),
            }
            sleep(PAUSE).await;
            link = self.connect().await;
        }
    }

    fn came(&self, message: Message) {
        // What is sent here past the bus may come under anything; it must not stay here unseen.
        let topic = topic_of(message.routing_key.as_str());
        let topic = topic.unwrap_or_else(|| "unknown".parse().expect("it is a topic"));
        let came = Came {
            topic,
            event: EventEnvelope::from_cloud_event(&message.data),
            before: before(&message),
            acker: message.acker,
            bytes: message.data,
        };
        self.shared.lock().put(came, Instant::now());
        self.shared.changed.notify_waiters();
    }
}

/// How often it came before: a quorum queue counts, a classic one knows whether.
fn before(message: &Message) -> u32 {
    let headers = message.properties.headers().as_ref();
    let count = headers.and_then(|headers| headers.inner().get("x-delivery-count"));
    let count = match count {
        Some(AMQPValue::LongLongInt(count)) => u32::try_from(*count).ok(),
        Some(AMQPValue::LongInt(count)) => u32::try_from(*count).ok(),
        Some(AMQPValue::LongUInt(count)) => Some(*count),
        Some(AMQPValue::ShortInt(count)) => u32::try_from(*count).ok(),
        Some(AMQPValue::ShortUInt(count)) => Some(u32::from(*count)),
        Some(AMQPValue::ShortShortInt(count)) => u32::try_from(*count).ok(),
        Some(AMQPValue::ShortShortUInt(count)) => Some(u32::from(*count)),
        _ => None,
    };
    count.unwrap_or_default().max(u32::from(message.redelivered))
}
