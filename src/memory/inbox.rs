use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::InMemoryMailTransaction;
use super::mail::{Lock, Mail};
use super::saga_record::Moment;
use crate::error::StoreError;
use crate::event::{Arrival, EventEnvelope, EventId, EventSource, Inbox, SubscriptionName};

/// An inbox in memory: for tests, and to try it out. Clones share what was seen. Its clock is tokio's.
///
/// ```
/// use strangler_fig::event::{Arrival, EventEnvelope, EventPayload, Inbox};
/// use strangler_fig::memory::InMemoryInbox;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inbox = InMemoryInbox::default();
/// let [id, source, kind, key] = ["1", "/shop", "order.created", "order-4711"];
/// let payload = EventPayload::default();
/// let event =
///     EventEnvelope::new(id.parse()?, source.parse()?, kind.parse()?, key.parse()?, payload);
/// for arrival in [Arrival::First, Arrival::Again] {
///     let mut transaction = inbox.begin();
///     assert_eq!(inbox.admit(&mut transaction, &"billing".parse()?, &event).await?, arrival);
///     transaction.commit()?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct InMemoryInbox(pub(super) Arc<Mail>);

/// Which event was seen by whom.
pub(super) type Seen = (SubscriptionName, EventSource, EventId);

impl InMemoryInbox {
    /// Begins a transaction; also of the outbox that was made with it.
    #[must_use]
    pub fn begin(&self) -> InMemoryMailTransaction {
        self.0.begin()
    }

    /// Forgets at most `limit` events that were seen longer than `age` ago, and answers how many.
    #[must_use = "it says whether there are more"]
    pub fn purge(&self, age: Duration, limit: NonZeroUsize) -> usize {
        let now = Instant::now();
        let mut purged = 0;
        self.0.lock().seen.retain(|_, seen| {
            let goes = purged < limit.get() && now.since(*seen) >= age;
            purged += usize::from(goes);
            !goes
        });
        purged
    }
}

#[async_trait]
impl Inbox<InMemoryMailTransaction> for InMemoryInbox {
    async fn admit(
        &self,
        transaction: &mut InMemoryMailTransaction,
        consumer: &SubscriptionName,
        event: &EventEnvelope,
    ) -> Result<Arrival, StoreError> {
        let seen = (consumer.clone(), event.source.clone(), event.id.clone());
        transaction.hold(&self.0, BTreeSet::from([Lock::Event(seen.clone())])).await?;
        Ok(if transaction.see(seen) { Arrival::First } else { Arrival::Again })
    }
}
