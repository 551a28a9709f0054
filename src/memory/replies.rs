use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::error::StoreError;
use crate::event::{EventId, Reply, ReplyStore};
use crate::observe::Glimpse;

/// Replies in memory, by tokio's clock: for tests, and to copy from. Clones share what is kept.
///
/// ```
/// use strangler_fig::event::{Reply, ReplyStore};
/// use strangler_fig::memory::InMemoryReplyStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let replies = InMemoryReplyStore::default();
/// let correlation = "order:4711/pay#execute".parse()?;
/// assert!(replies.put(&correlation, &Reply::done()).await?);
/// assert!(!replies.put(&correlation, &Reply::Refused("no".to_owned())).await?);
/// assert_eq!(replies.get(&correlation).await?, Some(Reply::done()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct InMemoryReplyStore(Arc<Mutex<Replies>>);

/// How many there are only.
impl fmt::Debug for InMemoryReplyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InMemoryReplyStore({:?} replies)", Glimpse::of(&self.0, Replies::len))
    }
}

type Replies = HashMap<EventId, (Instant, Reply)>;

impl InMemoryReplyStore {
    fn replies(&self) -> MutexGuard<'_, Replies> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ReplyStore for InMemoryReplyStore {
    async fn put(&self, correlation: &EventId, reply: &Reply) -> Result<bool, StoreError> {
        let mut replies = self.replies();
        if replies.contains_key(correlation) {
            return Ok(false);
        }
        replies.insert(correlation.clone(), (Instant::now(), reply.clone()));
        Ok(true)
    }

    async fn get(&self, correlation: &EventId) -> Result<Option<Reply>, StoreError> {
        Ok(self.replies().get(correlation).map(|(_, reply)| reply.clone()))
    }

    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
        let mut replies = self.replies();
        let is_old = |(_, (since, _)): &(&EventId, &(Instant, Reply))| since.elapsed() >= age;
        let old = replies.iter().filter(is_old).take(limit.get());
        let old: Vec<_> = old.map(|(correlation, _)| correlation.clone()).collect();
        for correlation in &old {
            replies.remove(correlation);
        }
        Ok(old.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_while_it_is_locked() {
        let store = InMemoryReplyStore::default();
        let held = store.replies();
        assert_eq!(format!("{store:?}"), "InMemoryReplyStore(<locked> replies)");
        drop(held);
        assert_eq!(format!("{store:?}"), "InMemoryReplyStore(0 replies)");
    }
}
