use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::event::{EventBus, EventEnvelope, EventKey, SubscriptionName, Topic};

/// A bus that holds nothing yet, and that nobody else uses: on a shared server, what has a prefix of its own.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::event::{EventBus, EventKey, SubscriptionName, Topic};
/// # use strangler_fig::memory::InMemoryBus;
/// # use strangler_fig::testkit::conformance::{EventBusFixture, GivenUp, async_trait};
/// #
/// struct InMemory(InMemoryBus);
///
/// #[async_trait]
/// impl EventBusFixture for InMemory {
///     fn bus(&self) -> Arc<dyn EventBus> {
///         Arc::new(self.0.clone())
///     }
///     async fn narrow(&self, bytes: usize) -> Option<Arc<dyn EventBus>> {
///         Some(Arc::new(self.0.clone().with_payload_max(bytes)))
///     }
///     async fn plant(&self, topic: &Topic, _: &EventKey, bytes: &[u8]) -> bool {
///         self.0.plant(topic, bytes);
///         true
///     }
///     async fn given_up(&self, name: &SubscriptionName) -> Vec<GivenUp> {
///         let letters = self.0.dead_letters(name).into_iter();
///         letters
///             .map(|letter| GivenUp::new(letter.topic, letter.content, letter.reason))
///             .collect()
///     }
/// }
/// ```
#[async_trait]
pub trait EventBusFixture: Send + Sync + 'static {
    /// The bus; the same one, each time.
    fn bus(&self) -> Arc<dyn EventBus>;

    /// A second handle on the same bus, as another process opens it. By default the first one.
    async fn reopened(&self) -> Arc<dyn EventBus> {
        self.bus()
    }

    /// A handle on the same bus that rejects messages of more than about so many bytes. By default there is none, and
    /// what is to become of rejected messages is not asked.
    async fn narrow(&self, bytes: usize) -> Option<Arc<dyn EventBus>> {
        let _ = bytes;
        None
    }

    /// How long deliveries stay hidden without a sign of life, in all subscriptions that the facts open.
    fn hidden_for(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// Sends bytes to a topic as a stranger does, where events of `key` go; answers whether it did. By default it
    /// cannot, and what is to become of what is no event is not asked.
    async fn plant(&self, topic: &Topic, key: &EventKey, bytes: &[u8]) -> bool {
        let _ = (topic, key, bytes);
        false
    }

    /// What was given up by this subscription, in any order.
    async fn given_up(&self, name: &SubscriptionName) -> Vec<GivenUp>;
}

/// What an [`EventBusFixture`] finds of a delivery that was settled by `DeadLetter`.
///
/// ```
/// use strangler_fig::testkit::conformance::GivenUp;
///
/// let topic = "shop.orders".parse()?;
/// let found = GivenUp::new(topic, Err(b"{".to_vec()), "it is no event");
/// assert!(found.content.is_err());
/// # Ok::<(), strangler_fig::event::TextError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GivenUp {
    /// Where it was sent to.
    pub topic: Topic,
    /// The event; or the bytes that were none.
    pub content: Result<EventEnvelope, Vec<u8>>,
    /// Why it was given up.
    pub reason: String,
}

impl GivenUp {
    /// What was sent to this topic, and why it was given up.
    pub fn new(
        topic: Topic,
        content: Result<EventEnvelope, Vec<u8>>,
        reason: impl Into<String>,
    ) -> Self {
        Self { topic, content, reason: reason.into() }
    }
}

/// Of what is no event, its length only.
impl fmt::Debug for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = self.content.as_ref().map_err(|bytes| format!("{} bytes", bytes.len()));
        f.debug_struct("GivenUp")
            .field("topic", &self.topic)
            .field("content", &content)
            .field("reason", &self.reason)
            .finish()
    }
}
