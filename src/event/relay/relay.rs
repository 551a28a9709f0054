use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::timeout;

use super::work::{Goal, Work};
use super::{RelayConfig, RelayError, RelayReport};
use crate::error::StoreError;
use crate::event::{EventPublisher, OutboxStore};
use crate::observe::Event;
use crate::phase::NodeId;

/// Takes messages from an outbox to the bus, each at least once, and those of a key in their order.
///
/// Several may run, in one process or in many: they share the lanes of the outbox. What the bus refuses is put off, longer each
/// time, and parked at last with the reason: that delays its own key, and no other. While the bus is away everything
/// waits, and nothing is parked.
///
/// ```
/// use std::sync::Arc;
/// use async_trait::async_trait;
/// use strangler_fig::error::StoreError;
/// use strangler_fig::event::{
///     EventEnvelope, EventId, EventPayload, EventPublisher, Message, Outbox, OutboxRelay,
/// };
/// use strangler_fig::memory::InMemoryOutbox;
/// use strangler_fig::phase::{Incarnation, NodeId};
///
/// #[derive(Debug)]
/// struct Printer;
///
/// #[async_trait]
/// impl EventPublisher for Printer {
///     async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
///         messages.iter().map(|message| Ok(println!("{}", message.event.event_type))).collect()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let outbox = InMemoryOutbox::default();
/// let [source, created, order] = ["/shop", "order.created", "order-4711"];
/// let event = EventEnvelope::new(
///     EventId::random()?,
///     source.parse()?,
///     created.parse()?,
///     order.parse()?,
///     EventPayload::default(),
/// );
/// let mut transaction = outbox.begin();
/// outbox.stage(&mut transaction, &[event.to("orders".parse()?)]).await?;
/// transaction.commit()?;
///
/// let node = NodeId { name: "shop-1".parse()?, incarnation: Incarnation::random()? };
/// let relay = OutboxRelay::new(Arc::new(outbox), Arc::new(Printer), node);
/// // A service has `run` in a task of its own, until it shuts down.
/// let report = relay.drain(std::future::pending()).await?;
/// assert_eq!(report.sent, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct OutboxRelay(Arc<Inner>);

#[derive(Clone)]
pub(super) struct Inner {
    pub(super) outbox: Arc<dyn OutboxStore>,
    pub(super) bus: Arc<dyn EventPublisher>,
    pub(super) node: NodeId,
    pub(super) config: RelayConfig,
}

impl OutboxRelay {
    /// From this outbox to that bus. `node` is this process in this life: a relay of another one is another relay.
    #[must_use]
    pub fn new(outbox: Arc<dyn OutboxStore>, bus: Arc<dyn EventPublisher>, node: NodeId) -> Self {
        Self(Arc::new(Inner { outbox, bus, node, config: RelayConfig::default() }))
    }

    /// The same, working so.
    #[must_use]
    pub fn with_config(self, config: RelayConfig) -> Self {
        Self(Arc::new(Inner { config, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// Relays until `shutdown` resolves; what the bus was asked for is waited for and written down, and the lanes are given back. An
    /// outbox or a bus that fails is tried again after a pause, for ever.
    ///
    /// # Errors
    ///
    /// None, as long as there is none that no pause can help.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was not written down is published again, by whoever claims the lanes when their terms are over.
    pub async fn run(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<RelayReport, RelayError> {
        Work::new(&self.0, Goal::Shutdown).until(pin!(shutdown)).await
    }

    /// Relays until nothing is due any more in the lanes it holds, or `shutdown` resolves: for tests, and to empty an outbox.
    /// What is put off, or parked, is left.
    ///
    /// # Errors
    ///
    /// [`RelayError`], if the outbox or the bus goes on failing.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn drain(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<RelayReport, RelayError> {
        Work::new(&self.0, Goal::NothingIsDue).until(pin!(shutdown)).await
    }

    pub(super) fn outbox(&self) -> &dyn OutboxStore {
        &*self.0.outbox
    }
}

impl Inner {
    /// A call of the outbox, within its deadline.
    pub(super) async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let call = AssertUnwindSafe(call).catch_unwind();
        match timeout(self.config.store_deadline, call).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(StoreError::unknown("the outbox has panicked")),
            Err(_) => Err(StoreError::unknown("the outbox has not answered in time")),
        }
    }

    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.config.observer {
            observer.on_event(&event());
        }
    }

    /// The pause after so many failures in a row, the last of which may ask for more.
    pub(super) fn pause(&self, failures: u32, error: &StoreError) -> Duration {
        let pause = self.config.pause.delay(failures.saturating_sub(1));
        pause.max(error.retry_after().unwrap_or_default())
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("node", &self.node).finish_non_exhaustive()
    }
}
