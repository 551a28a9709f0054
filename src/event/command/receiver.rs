use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{Reply, ReplyStore};
use crate::error::StoreError;
use crate::event::{EventContext, EventEnvelope, EventHandler, EventId};
use crate::observe::{Glimpse, field};

/// Keeps the replies that come, and wakes those in this process who wait for them. Clones are the same.
///
/// Let it handle the topic of the replies in every process, whether sagas run there or not: replies are taken in, and
/// whoever has asked, or has taken over from whoever has, finds them in the store.
///
/// A second reply to one correlation is dropped; if it is another one, it is told by `tracing`. What is no reply is
/// `Rejected`.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::event::{EventHandler, ReplyReceiver};
/// use strangler_fig::memory::InMemoryReplyStore;
///
/// let receiver = ReplyReceiver::new(Arc::new(InMemoryReplyStore::default()));
/// let handler: Arc<dyn EventHandler> = Arc::new(receiver.clone());
/// ```
#[derive(Clone)]
pub struct ReplyReceiver {
    store: Arc<dyn ReplyStore>,
    waiting: Arc<Waiting>,
}

/// Who waits, and how many for each.
type Waiting = Mutex<HashMap<EventId, (usize, Arc<Notify>)>>;

impl ReplyReceiver {
    /// Keeps replies in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn ReplyStore>) -> Self {
        Self { store, waiting: Arc::default() }
    }

    /// Where they are kept.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn ReplyStore> {
        &self.store
    }

    /// Somebody who is woken when the reply to `correlation` comes here.
    pub(super) fn waiter(&self, correlation: &EventId) -> Waiter {
        let mut waiting = lock(&self.waiting);
        let (count, notify) = waiting.entry(correlation.clone()).or_default();
        *count += 1;
        Waiter {
            correlation: correlation.clone(),
            notify: Arc::clone(notify),
            waiting: Arc::clone(&self.waiting),
        }
    }

    fn wake(&self, correlation: &EventId) {
        if let Some((_, notify)) = lock(&self.waiting).get(correlation) {
            notify.notify_waiters();
        }
    }
}

fn lock(waiting: &Waiting) -> MutexGuard<'_, HashMap<EventId, (usize, Arc<Notify>)>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for ReplyReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyReceiver")
            .field("store", &self.store)
            .field("waiting", &Glimpse::of(&self.waiting, HashMap::len))
            .finish()
    }
}

#[async_trait]
impl EventHandler for ReplyReceiver {
    async fn handle(&self, event: &EventEnvelope, _: &EventContext<'_>) -> Result<(), StoreError> {
        let (correlation, reply) = Reply::from_event(event).map_err(StoreError::rejected)?;
        if !self.store.put(&correlation, &reply).await?
            && self.store.get(&correlation).await?.is_some_and(|kept| kept != reply)
        {
            tracing::warn!({ field::CORRELATION } = %correlation, "a command was answered twice, and not alike");
        }
        self.wake(&correlation);
        Ok(())
    }
}

/// One who waits; its place is given up when it is dropped.
pub(super) struct Waiter {
    correlation: EventId,
    notify: Arc<Notify>,
    waiting: Arc<Waiting>,
}

impl Waiter {
    /// Resolves when the reply has come here after this was called.
    pub(super) fn woken(&self) -> impl Future<Output = ()> + Send + '_ {
        self.notify.notified()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiting = lock(&self.waiting);
        if let Some((count, _)) = waiting.get_mut(&self.correlation) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.correlation);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::InMemoryReplyStore;

    #[test]
    fn nobody_s_place_is_kept_after_they_have_gone() {
        let receiver = ReplyReceiver::new(Arc::new(InMemoryReplyStore::default()));
        let correlation = "c".parse().unwrap();
        let (first, second) = (receiver.waiter(&correlation), receiver.waiter(&correlation));
        drop(first);
        assert_eq!(lock(&receiver.waiting).len(), 1);
        drop(second);
        assert!(lock(&receiver.waiting).is_empty());
    }

    #[test]
    fn it_is_shown_while_it_is_locked() {
        let receiver = ReplyReceiver::new(Arc::new(InMemoryReplyStore::default()));
        let held = lock(&receiver.waiting);
        assert!(format!("{receiver:?}").ends_with("waiting: <locked> }"), "{receiver:?}");
        drop(held);
        assert!(format!("{receiver:?}").ends_with("waiting: 0 }"), "{receiver:?}");
    }

    #[tokio::test]
    async fn who_asks_before_it_comes_is_woken() {
        let receiver = ReplyReceiver::new(Arc::new(InMemoryReplyStore::default()));
        let correlation = "c".parse().unwrap();
        let waiter = receiver.waiter(&correlation);
        let woken = waiter.woken();
        receiver.wake(&correlation);
        woken.await;
    }
}
