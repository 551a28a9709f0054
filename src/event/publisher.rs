use std::fmt;

use async_trait::async_trait;

use super::{EventSubscriber, Message};
use crate::error::StoreError;

/// What takes messages, and keeps them until whoever subscribes has handled them.
///
/// ```
/// # use strangler_fig::error::StoreErrorKind::{Rejected, Unavailable};
/// # use strangler_fig::event::{EventEnvelope, EventId, EventPayload, EventPublisher};
/// # use strangler_fig::memory::InMemoryBus;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let event = |key: &str, text: &str| -> Result<_, Box<dyn std::error::Error>> {
/// #     let [source, kind] = ["/shop/orders", "order.created"].map(str::to_owned);
/// #     let payload = EventPayload::json(text)?;
/// #     Ok(EventEnvelope::new(EventId::random()?, source.parse()?, kind.parse()?, key.parse()?, payload)
/// #         .to("shop.orders".parse()?))
/// # };
/// let bus = InMemoryBus::default().with_payload_max(8);
/// let messages = [event("a", "short")?, event("a", "much too long")?, event("a", "short")?, event("b", "short")?];
///
/// // One answer for each: what comes after a failure, of the same key, was not sent.
/// let answers = bus.publish(&messages).await;
/// let failures = answers.iter().map(|answer| answer.as_ref().err().map(|error| error.kind()));
/// assert_eq!(failures.collect::<Vec<_>>(), [None, Some(Rejected), Some(Unavailable), None]);
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `publish` answers once for each message, in their order.
/// 2. `Ok`: the bus holds the message durably, and will deliver it at least once to every subscription of its topic
///    that was there before the call.
/// 3. `Rejected`: it was not taken and never will be, whatever is tried: too large, no such topic. `Unavailable`,
///    `Conflict`: it was surely not taken. `Unknown`: it may have been, or may be yet.
/// 4. Of several messages of one key in one call, a later one is not sent before the bus has taken the earlier one;
///    after one that was not answered `Ok`, the later ones of its key are not sent, and answered `Unavailable`.
/// 5. Messages of different keys do not wait for each other's failures: what is said about one says nothing of another.
/// 6. What is delivered is equal to what was published; topics that differ in case are different.
/// 7. A message published twice may be delivered twice. (It may also be once: a bus may know the id.)
/// 8. An empty call answers nothing and does nothing.
///
/// [`publish_in_waves`](super::publish_in_waves) gives an adapter fact 4.
///
/// # Cancel safety
///
/// Of a dropped call any message may have been taken, or may be yet: publish again.
#[async_trait]
pub trait EventPublisher: fmt::Debug + Send + Sync + 'static {
    /// Hands messages over.
    ///
    /// # Errors
    ///
    /// One for each message; see the contract.
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>>;
}

/// Both ends: whatever is an [`EventPublisher`] and an [`EventSubscriber`].
pub trait EventBus: EventPublisher + EventSubscriber {}

impl<B: EventPublisher + EventSubscriber + ?Sized> EventBus for B {}
