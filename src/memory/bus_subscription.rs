use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};

use super::bus::Shared;
use super::bus_queue::Receiver;
use super::saga_record::Moment;
use crate::error::StoreError;
use crate::event::{Delivery, EventSubscription, Receipt, Settlement, SubscriptionName};

/// One receiver of a subscription of an [`InMemoryBus`](super::InMemoryBus).
#[derive(Debug)]
pub(super) struct InMemorySubscription {
    pub(super) shared: Arc<Shared>,
    pub(super) name: SubscriptionName,
    pub(super) receiver: Receiver,
    pub(super) in_flight_max: usize,
}

impl InMemorySubscription {
    /// What is there for it now; and when to look again at the latest.
    fn take(&self, limit: NonZeroUsize) -> (Vec<Delivery>, Option<Instant>) {
        let now = Instant::now();
        let mut queues = self.shared.lock();
        let Some(queue) = queues.get_mut(&self.name) else { return (Vec::new(), None) };
        let taken = queue.take(self.receiver, limit.get(), self.in_flight_max, now);
        let due = if taken.is_empty() { queue.next_due(now) } else { None };
        (taken, due)
    }
}

#[async_trait]
impl EventSubscription for InMemorySubscription {
    async fn receive(&self, limit: NonZeroUsize) -> Result<Vec<Delivery>, StoreError> {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            changed.as_mut().enable(); // Before the look, so that nothing falls between.
            let (taken, due) = self.take(limit);
            if !taken.is_empty() {
                return Ok(taken);
            }
            match due {
                Some(due) => tokio::select! {
                    () = changed => {}
                    () = sleep_until(due) => {}
                },
                None => changed.await,
            }
        }
    }

    async fn settle(&self, receipt: Receipt, settlement: &Settlement) -> Result<(), StoreError> {
        let now = Instant::now();
        let due = match settlement {
            Settlement::Nack { after } => now.after(*after),
            Settlement::Ack | Settlement::DeadLetter { .. } => now,
        };
        let was_held = self
            .shared
            .lock()
            .get_mut(&self.name)
            .is_some_and(|queue| queue.settle(self.receiver, receipt, settlement, due));
        if !was_held {
            return Err(StoreError::conflict("it is not held here"));
        }
        self.shared.changed.notify_waiters();
        Ok(())
    }
}

impl Drop for InMemorySubscription {
    fn drop(&mut self) {
        let now = Instant::now();
        if let Some(queue) = self.shared.lock().get_mut(&self.name) {
            queue.leave(self.receiver, now);
        }
        self.shared.changed.notify_waiters();
    }
}
