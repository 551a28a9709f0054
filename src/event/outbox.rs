use std::fmt;

use async_trait::async_trait;

use super::Message;
use crate::error::StoreError;

/// Where messages are written down in the transaction that is their reason: they leave if it commits, and only then.
///
/// `T` is your transaction, or your driver's: one outbox may take several. [`OutboxStore`](super::OutboxStore) is the
/// other half, for relays.
///
/// Stage last: from `stage` to its end a transaction keeps others that stage the same key waiting.
///
/// ```
/// use strangler_fig::error::StoreError;
/// use strangler_fig::event::{EventEnvelope, Outbox, Topic};
///
/// # trait Orders<T> { fn confirm(&self, transaction: &mut T, order: u32); }
/// /// Whoever confirms an order says so: both are done when `transaction` commits, or neither is.
/// async fn confirm<T: Send + 'static>(
///     orders: &dyn Orders<T>,
///     outbox: &dyn Outbox<T>,
///     transaction: &mut T,
///     confirmed: EventEnvelope,
/// ) -> Result<(), StoreError> {
///     orders.confirm(transaction, 4711);
///     let topic: Topic = "orders".parse().map_err(StoreError::rejected)?;
///     outbox.stage(transaction, &[confirmed.to(topic)]).await
/// }
/// ```
///
/// # Contract
///
/// 1. What was staged is there, durably, when the transaction has committed, and is not if it has not. Until then no
///    relay sees it.
/// 2. One call stages all of its messages or none, in their order; calls follow each other.
/// 3. Of one key, rows have positions in the order in which their transactions commit: of two transactions at once that
///    stage one key, the later one waits in `stage` until the earlier has ended; or is told `Unavailable`, for a
///    deadlock or a wait that was too long, and is made again. It does not matter what else they lock. Transactions of
///    different keys do not wait.
/// 4. However late a transaction commits, what it has staged is sent: no row is passed over because later ones were
///    sent.
/// 5. Topic and event come back equal.
/// 6. The same event staged twice is two rows.
/// 7. A failed call ends the transaction: it can only be dropped.
///
/// # Cancel safety
///
/// A dropped call ends the transaction: it can only be dropped.
#[async_trait]
pub trait Outbox<T: Send + ?Sized>: fmt::Debug + Send + Sync + 'static {
    /// Stages messages.
    ///
    /// # Errors
    ///
    /// `Rejected`: the outbox cannot hold it; `Unavailable`, `Conflict`: nothing was staged, make the transaction again.
    async fn stage(&self, transaction: &mut T, messages: &[Message]) -> Result<(), StoreError>;
}
