use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use super::failing::{Failing, Side};
use super::work::{Goal, Work};
use super::{RelayConfig, RelayError, RelayReport};
use crate::error::StoreError;
use crate::event::in_time::answered;
use crate::event::{EventPublisher, Lane, OutboxStore};
use crate::observe::Event;
use crate::phase::NodeId;

/// Takes messages from an outbox to the bus, each at least once, and those of a key in their order.
///
/// Several may run, in one process or in many: they share the lanes of the outbox. What the bus refuses is put off, longer each
/// time, and parked at last with the reason: that delays its own key, and no other. While the bus is away everything
/// waits, and nothing is parked.
///
/// Where nothing comes of a call, for it hangs, say, or panics, the next one is half as large, down to a single message. One
/// that was alone is put off, and asked for by itself from then on, so that others go on without it; until it is found,
/// those of its lanes wait for a few deadlines of the bus.
///
/// ```
/// # use std::sync::Arc;
/// # use async_trait::async_trait;
/// # use strangler_fig::error::StoreError;
/// # use strangler_fig::event::{
/// #     EventEnvelope, EventId, EventPayload, EventPublisher, Message, Outbox, OutboxRelay,
/// # };
/// # use strangler_fig::memory::InMemoryOutbox;
/// # use strangler_fig::phase::{Incarnation, NodeId};
/// #
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
/// # let [source, created, order] = ["/shop", "order.created", "order-4711"];
/// # let event = EventEnvelope::new(
/// #     EventId::random()?,
/// #     source.parse()?,
/// #     created.parse()?,
/// #     order.parse()?,
/// #     EventPayload::default(),
/// # );
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

/// What fails is not tried again at once, whatever the schedule says.
const PAUSE_MIN: Duration = Duration::from_millis(1);

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
    /// One `run` or [`drain`](Self::drain) at a time for each `NodeId`: two of them would hold the same lanes under the same
    /// claims, and messages would be sent twice and out of order. Whoever wants more of them gives each a node of its own.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was not written down is published again, by whoever claims the lanes when their terms are over.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> RelayReport {
        let (report, _) = Work::new(&self.0, Goal::Shutdown).until(pin!(shutdown)).await;
        report
    }

    /// Relays until nothing is left to be sent in the lanes it holds, or `shutdown` resolves: for tests, and to empty an
    /// outbox.
    ///
    /// `Ok`, and no shutdown: of what was committed in those lanes before, everything was taken by the bus, and that is written
    /// down, but for messages that the bus has refused, those that cannot be read, and what waits behind them in their keys.
    /// They are put off or parked, as [`run`](Self::run) does it, and not waited for; the report counts them. What was not
    /// taken for any other reason is waited for. Lanes that another relay holds are its own: this knows nothing of them. `lanes_not_held`
    /// says how many there are; those too of a relay that has died, until its terms are over. Whoever wants all of it asks for 0,
    /// and drains again after a term if it is more.
    ///
    /// # Errors
    ///
    /// [`RelayError`], if the outbox or the bus goes on failing, five times in a row; what is left was not lost.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn drain(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<RelayReport, RelayError> {
        let (report, failed) = Work::new(&self.0, Goal::NothingIsDue).until(pin!(shutdown)).await;
        let Some(Failing { side, failures, last: source, .. }) = failed else { return Ok(report) };
        Err(match side {
            Side::Outbox => RelayError::Outbox { failures, source, report },
            Side::Bus => RelayError::Bus { failures, source, report },
        })
    }

    pub(super) fn outbox(&self) -> &dyn OutboxStore {
        &*self.0.outbox
    }

    /// A call of the outbox, within its deadline.
    pub(super) async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.0.within(call).await
    }
}

impl Inner {
    /// A call of the outbox, within its deadline.
    pub(super) async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        answered("the outbox", self.config.store_deadline, call).await
    }

    /// Lanes are worked on in groups.
    pub(super) fn group_of(&self, lane: Lane) -> usize {
        usize::from(lane.0) % self.config.concurrency.get()
    }

    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.config.observer {
            observer.on_event(&event());
        }
    }

    /// The pause after so many failures in a row, the last of which may ask for more. Never none at all.
    pub(super) fn pause(&self, failures: u32, error: &StoreError) -> Duration {
        let pause = self.config.pause.delay(failures.saturating_sub(1)).max(PAUSE_MIN);
        pause.max(error.retry_after().unwrap_or_default())
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("node", &self.node).finish_non_exhaustive()
    }
}
