use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;
use tokio::time::sleep;

use super::config::PAUSE_MIN;
use super::work::Work;
use super::{ConsumerConfig, ConsumerError, ConsumerReport, EventHandler};
use crate::event::in_time::answered;
use crate::event::{EventSubscriber, EventSubscription, SubscriptionName, Topic, Upcasters};
use crate::observe::field;

/// Handles what comes to a subscription: the events of a key one after the other, in their order, and those of other
/// keys meanwhile.
///
/// What fails is handled again after a pause, and later events of its key wait behind it. They wait *here*; where that
/// takes more than half of what may be in flight, keys are given back whole, each in its order, and come again when their
/// pause is over: others are to have room. What is [`Rejected`](crate::error::StoreErrorKind::Rejected),
/// and what is no event, is given up at once, and its key goes on. A panic of the handler, and a call that is not done
/// by its deadline, are failures of that event alone.
///
/// Each event may be handled more than once: ask an [`Inbox`](crate::event::Inbox) in the transaction of the effect.
/// With it each effect happens once, and those of a key in their order, though consumers crash, and though several
/// share a subscription.
///
/// The calls of the handler run in the task that polls [`run`](Self::run): one that blocks its thread blocks them all.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::event::{
/// #     EventConsumer, EventEnvelope, EventId, EventPayload, EventPublisher, EventSubscriber, handler_fn,
/// # };
/// # use strangler_fig::memory::InMemoryBus;
/// # use tokio::sync::Notify;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = InMemoryBus::default();
/// let (name, topic) = ("billing".parse()?, "shop.orders".parse()?);
/// let handled = Arc::new(Notify::new());
/// let handler = {
///     let handled = handled.clone();
///     handler_fn(move |event, _| {
///         let handled = handled.clone();
///         async move {
///             println!("bill {}", event.key);
///             handled.notify_one();
///             Ok(())
///         }
///     })
/// };
/// bus.subscribe(&name, &[topic], Default::default()).await?;
/// # let [source, kind, key] = ["/shop/orders", "order.created", "order-4711"];
/// # let event = EventEnvelope::new(
/// #     EventId::random()?,
/// #     source.parse()?,
/// #     kind.parse()?,
/// #     key.parse()?,
/// #     EventPayload::default(),
/// # );
/// bus.publish(&[event.to("shop.orders".parse()?)]).await;
///
/// let topics = vec!["shop.orders".parse()?];
/// let consumer = EventConsumer::new(Arc::new(bus), name, topics, Arc::new(handler));
/// let report = consumer.run(handled.notified()).await?;
/// assert_eq!(report.acknowledged, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EventConsumer {
    bus: Arc<dyn EventSubscriber>,
    pub(super) name: SubscriptionName,
    topics: Vec<Topic>,
    pub(super) handler: Arc<dyn EventHandler>,
    pub(super) upcasters: Option<Arc<Upcasters>>,
    pub(super) config: ConsumerConfig,
}

impl EventConsumer {
    /// One that hands what comes to the subscription `name` of `topics` to `handler`.
    #[must_use]
    pub fn new(
        bus: Arc<dyn EventSubscriber>,
        name: SubscriptionName,
        topics: Vec<Topic>,
        handler: Arc<dyn EventHandler>,
    ) -> Self {
        Self { bus, name, topics, handler, upcasters: None, config: ConsumerConfig::default() }
    }

    /// The same, working so.
    #[must_use]
    pub fn with_config(mut self, config: ConsumerConfig) -> Self {
        self.config = config;
        self
    }

    /// The same, with events of old forms brought to the one that is read before they are handled. One that cannot be
    /// is given up; one of a newer form waits, and is tried again each 30 s: somebody else was deployed first.
    #[must_use]
    pub fn with_upcasters(mut self, upcasters: Arc<Upcasters>) -> Self {
        self.upcasters = Some(upcasters);
        self
    }

    /// Resolves once the subscription stands: what is published from then on is kept for it. For who is ready only then, before
    /// or beside [`run`](Self::run), which subscribes as well.
    ///
    /// A bus that is away, or does not answer, is waited for.
    ///
    /// # Errors
    ///
    /// [`ConsumerError::Subscribe`]: the subscription cannot be opened.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn subscribed(&self) -> Result<(), ConsumerError> {
        self.open().await.map(drop)
    }

    /// Handles what comes until `shutdown` resolves. Then nothing more is received, what is being handled is finished,
    /// within twice the deadline, and the rest is given back, within that of the bus.
    ///
    /// A bus that is away, or does not answer, or panics, is waited for.
    ///
    /// # Errors
    ///
    /// [`ConsumerError`]: the subscription cannot be opened, or was ended elsewhere, with what was done until then.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops what is being handled: nothing goes on behind it. What was not settled comes again, to whoever
    /// receives next, in its order.
    pub async fn run(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<ConsumerReport, ConsumerError> {
        let mut shutdown = pin!(shutdown.fuse());
        let subscription = tokio::select! {
            biased;
            () = &mut shutdown => return Ok(ConsumerReport::default()),
            opened = self.open() => opened?,
        };
        Work::new(self, &*subscription).run(shutdown).await
    }

    async fn open(&self) -> Result<Box<dyn EventSubscription>, ConsumerError> {
        for failures in 0.. {
            let call =
                async { self.bus.subscribe(&self.name, &self.topics, self.config.limits).await };
            match answered("the bus", self.config.bus_deadline, call).await {
                Ok(subscription) => return Ok(subscription),
                Err(error) if error.is_retryable() => {
                    tracing::warn!({ field::ERROR } = %error, "the subscription is not open yet");
                    sleep(self.config.pauses.delay(failures).max(PAUSE_MIN)).await;
                }
                Err(source) => {
                    return Err(ConsumerError::Subscribe { name: self.name.clone(), source });
                }
            }
        }
        unreachable!("the failures have no end")
    }
}
