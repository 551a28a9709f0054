use std::fmt;

use async_trait::async_trait;

use super::{EventEnvelope, SubscriptionName};
use crate::error::StoreError;

/// Whether an event has come to a consumer before.
///
/// ```
/// use strangler_fig::event::Arrival;
///
/// let has_effect = |arrival| arrival == Arrival::First;
/// assert!(has_effect(Arrival::First) && !has_effect(Arrival::Again));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// It has not: have the effect, in this transaction.
    First,
    /// It has, and its effect is there.
    Again,
}

/// What makes the effects of events happen once: a row for each in the consumer's own database, written in the
/// transaction that has the effect.
///
/// ```
/// use strangler_fig::error::StoreError;
/// use strangler_fig::event::{Arrival, EventEnvelope, Inbox, SubscriptionName};
///
/// # trait Stock<T> { fn take(&self, transaction: &mut T); }
/// async fn on_order<T: Send + 'static>(
///     inbox: &dyn Inbox<T>,
///     stock: &dyn Stock<T>,
///     transaction: &mut T,
///     consumer: &SubscriptionName,
///     order: &EventEnvelope,
/// ) -> Result<(), StoreError> {
///     if inbox.admit(transaction, consumer, order).await? == Arrival::First {
///         stock.take(transaction);
///     }
///     Ok(()) // And then it commits, either way.
/// }
/// ```
///
/// # Contract
///
/// Where "seen" means by a transaction that has committed, or by this one:
///
/// 1. `admit` answers `First` if no event of that source and id was seen by that consumer; else `Again`.
/// 2. What it answers becomes visible and durable with the transaction's commit, and is gone without it.
/// 3. Of calls at once for one event, the later ones wait in `admit` for the transaction of the first, and see what it
///    committed; or fail with `Unavailable`, and are made again.
/// 4. Consumers, sources and ids do not disturb each other; they differ if a byte does.
/// 5. Only source and id count: what else of the event has changed does not matter.
///
/// # How long it is kept
///
/// As long as an event may come again: the longest that the bus keeps one, a relay stands still, or an outbox's row is
/// parked. Then it may go; adapters have a `purge` for that.
///
/// # Cancel safety
///
/// A dropped call ends the transaction: it can only be dropped.
#[async_trait]
pub trait Inbox<T: Send + ?Sized>: fmt::Debug + Send + Sync + 'static {
    /// Whether it is the first time.
    ///
    /// # Errors
    ///
    /// `Unavailable`, for a lost race too. The transaction can only be dropped then.
    async fn admit(
        &self,
        transaction: &mut T,
        consumer: &SubscriptionName,
        event: &EventEnvelope,
    ) -> Result<Arrival, StoreError>;
}
