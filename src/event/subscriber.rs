use std::fmt;
use std::num::NonZeroUsize;

use async_trait::async_trait;

use super::{Delivery, Receipt, Settlement, SubscriptionLimits, SubscriptionName, Topic};
use crate::error::StoreError;

/// What delivers messages.
///
/// ```
/// # use std::num::NonZeroUsize;
/// # use strangler_fig::event::{EventEnvelope, EventId, EventPayload, EventPublisher, EventSubscriber, Topic};
/// # use strangler_fig::memory::InMemoryBus;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [source, kind, key] = ["/shop/orders", "order.created", "order-4711"];
/// # let event = EventEnvelope::new(
/// #     EventId::random()?,
/// #     source.parse()?,
/// #     kind.parse()?,
/// #     key.parse()?,
/// #     EventPayload::default(),
/// # );
/// let bus = InMemoryBus::default();
/// let (billing, orders): (_, Topic) = ("billing".parse()?, "shop.orders".parse()?);
/// drop(bus.subscribe(&billing, &[orders.clone()], Default::default()).await?);
/// bus.publish(&[event.clone().to(orders.clone())]).await; // nobody receives: it waits
///
/// let subscription = bus.subscribe(&billing, &[orders], Default::default()).await?;
/// assert_eq!(subscription.receive(NonZeroUsize::MIN).await?[0].event, Ok(event));
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. A subscription is there when `subscribe` answers `Ok`, durably, whether anybody receives or not: every message of
///    its topics that is published after that is delivered to it at least once, until it is settled by `Ack` or
///    `DeadLetter`.
/// 2. Subscriptions of different names do not disturb each other. Those that are opened under one name share what
///    comes: each delivery goes to one of them at a time.
/// 3. Opening one that is there changes nothing, and keeps what waits. Topics that were not among its own are added.
///
/// [`EventSubscription`] has the rest.
#[async_trait]
pub trait EventSubscriber: fmt::Debug + Send + Sync + 'static {
    /// Opens a subscription.
    ///
    /// # Errors
    ///
    /// `Rejected` if it cannot be, such a topic or name not being possible; `Unavailable`, `Unknown`: open it again.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have opened it: opening it again changes nothing.
    async fn subscribe(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Box<dyn EventSubscription>, StoreError>;
}

/// An open subscription. Dropped, it gives back what is unsettled.
///
/// ```
/// # use std::num::NonZeroUsize;
/// # use std::time::Duration;
/// # use strangler_fig::event::{EventEnvelope, EventId, EventPayload, EventPublisher, EventSubscriber, Settlement, Topic};
/// # use strangler_fig::memory::InMemoryBus;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [source, kind, key] = ["/shop/orders", "order.created", "order-4711"];
/// # let event = EventEnvelope::new(
/// #     EventId::random()?,
/// #     source.parse()?,
/// #     kind.parse()?,
/// #     key.parse()?,
/// #     EventPayload::default(),
/// # );
/// # let bus = InMemoryBus::default();
/// # let (billing, orders): (_, Topic) = ("billing".parse()?, "shop.orders".parse()?);
/// let subscription = bus.subscribe(&billing, &[orders.clone()], Default::default()).await?;
/// bus.publish(&[event.to(orders)]).await;
/// let first = subscription.receive(NonZeroUsize::MIN).await?.remove(0);
/// subscription.settle(first.receipt, &Settlement::Nack { after: Duration::ZERO }).await?;
///
/// let again = subscription.receive(NonZeroUsize::MIN).await?.remove(0);
/// assert_eq!((again.attempt.get(), again.event), (2, first.event));
/// subscription.settle(again.receipt, &Settlement::Ack).await?;
/// assert_eq!(bus.unsettled(&billing), 0);
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// Its numbers go on from those of [`EventSubscriber`].
///
/// 4. `receive` waits until something is there, and answers at most `limit` deliveries; none only if the subscription
///    has been told to end elsewhere. No more than `in_flight_max` are unsettled here at once: `receive` waits then.
/// 5. Of one topic and key, messages come in the order in which they were taken. While one is unsettled, a later one of
///    its key comes to nobody but who holds it. So who handles a key's deliveries one after the other, in the order in
///    which they came, has no later effect before an earlier one: also across crashes, and with several receivers.
/// 6. `settle` by `Ack` and `DeadLetter`: it does not come again, once `Ok` was answered; on a bus that confirms no
///    acknowledgements it may, if its connection breaks, and the adapter says so. `Nack`: it comes again after the time, with a larger `attempt`, and before later ones of its key that have not come yet, or that were given
///    back too, if they were given back in their order.
/// 7. What was unsettled when its holder was dropped, or died, comes again, in order, with an `attempt` of 2 at least.
/// 8. Settling what is settled, or what another life of the subscription was given, changes nothing of what others
///    hold; it may be an error.
/// 9. What cannot be read as an event is delivered as such, holds up nothing but itself, and `DeadLetter` keeps its
///    bytes.
/// 10. After the bus was away, `receive` goes on by itself, or answers `Unavailable` and goes on with the next call.
///
/// # Cancel safety
///
/// `receive` is cancel safe: what it has taken comes with the next call. A dropped `settle` may have had its effect: if
/// not, it comes again.
#[async_trait]
pub trait EventSubscription: fmt::Debug + Send + Sync + 'static {
    /// What has come.
    ///
    /// # Errors
    ///
    /// `Unavailable`: nothing was taken, and nothing is lost.
    async fn receive(&self, limit: NonZeroUsize) -> Result<Vec<Delivery>, StoreError>;

    /// Ends a delivery.
    ///
    /// # Errors
    ///
    /// `Conflict`: it is not held here any more; `Unavailable`, `Unknown`: it may come again.
    async fn settle(&self, receipt: Receipt, settlement: &Settlement) -> Result<(), StoreError>;

    /// Says that deliveries are still being handled, so that they go to nobody else.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: some may come to somebody else.
    async fn extend(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        let _ = receipts;
        Ok(())
    }
}
