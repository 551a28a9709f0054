use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    Delivery, EventSubscription, Receipt, Settlement, SubscriptionLimits, SubscriptionName, Topic,
};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use crate::KafkaBus;
use crate::buffer::Part;
use crate::committer::Committer;
use crate::error::opened;
use crate::ledger::Came;
use crate::line::{Line, Shared};
use crate::opening::{is_there, own_topics};
use crate::watch::{Member, Watch};

/// How long to wait before the group is asked again whether it is somewhere everywhere.
const PAUSE: Duration = Duration::from_millis(50);
/// Joining a group takes longer than a call.
const JOINING: u32 = 6;

/// A receiver: a member of the subscription's group. A task of its own takes in what comes and commits what is settled;
/// dropped, it lets the task commit the rest, leave the group and end.
#[derive(Debug)]
pub(crate) struct KafkaSubscription {
    bus: KafkaBus,
    name: SubscriptionName,
    in_flight_max: usize,
    shared: Arc<Shared>,
}

impl KafkaSubscription {
    pub(crate) async fn open(
        bus: KafkaBus,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Self, StoreError> {
        let mut parts = Vec::new();
        for topic in topics {
            let topic = bus.config.topic(topic)?;
            let found = bus.sender.partitions(&bus.config, &topic).await?;
            parts.extend(found.into_iter().map(|number| (topic.clone(), number)));
        }
        bus.sender.ensure(&bus.config, &bus.config.dead_topic(name)?).await?;

        let shared = Arc::<Shared>::default();
        let watch = Watch::new(Arc::clone(&shared.work));
        let member = Member::new(&bus.config.receiver(&bus.config.group(name)), watch)?;
        let committer = Committer::new(Arc::clone(&member), Arc::clone(&shared.work));
        // Whatever fails from here on, it is closed.
        let opened = Self {
            bus: bus.clone(),
            name: name.clone(),
            in_flight_max: limits.in_flight_max.get(),
            shared: Arc::clone(&shared),
        };
        let line = Line {
            bus,
            member: Arc::clone(&member),
            shared,
            committer,
            hidden_for: limits.hidden_for,
            sent: None,
            is_fenced: false,
            not_before: None,
        };
        tokio::spawn(line.follow());
        let joined = opened.join(&member, parts).await;
        // The last one to let it go waits for the group.
        member.end();
        joined.map(|()| opened)
    }

    /// Joins the group, and waits until it has a place in every partition.
    async fn join(&self, member: &Arc<Member>, parts: Vec<Part>) -> Result<(), StoreError> {
        let until = Instant::now() + self.bus.config.deadline * JOINING;
        let (its, config) = (Arc::clone(member), Arc::clone(&self.bus.config));
        let mut topics = blocking(move || own_topics(&its, &config)).await?;
        topics.extend(parts.iter().map(|(topic, _)| topic.clone()));
        topics.sort_unstable();
        topics.dedup();
        let names: Vec<_> = topics.iter().map(String::as_str).collect();
        member.consumer().subscribe(&names).map_err(opened)?;

        let late = |_| StoreError::unavailable("the group was not joined in time");
        timeout_at(until, self.until_member()).await.map_err(late)?;
        let parts = Arc::new(parts);
        loop {
            let (its, parts, deadline) =
                (Arc::clone(member), Arc::clone(&parts), self.bus.config.deadline);
            if blocking(move || is_there(&its, &parts, deadline)).await? {
                return Ok(());
            }
            timeout_at(until, sleep(PAUSE)).await.map_err(late)?;
        }
    }

    async fn until_member(&self) {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            if self.shared.is_member.load(Ordering::Relaxed) {
                return;
            }
            changed.await;
        }
    }

    fn held(&self, receipt: Receipt) -> Result<Came, StoreError> {
        self.shared.lock().held(receipt).cloned().ok_or_else(gone)
    }

    /// Waits until it is committed. If it is not in time it is with the next commit, and in doubt.
    async fn acknowledge(&self, receipt: Receipt) -> Result<(), StoreError> {
        let committed = self.shared.lock().done(receipt).ok_or_else(gone)?;
        self.shared.work.notify_one();
        self.shared.changed.notify_waiters();
        let told = timeout(self.bus.config.deadline, committed).await;
        told.map_err(StoreError::unknown)?.map_err(StoreError::unknown)
    }
}

async fn blocking<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    spawn_blocking(ask).await.map_err(StoreError::unavailable)?
}

fn gone() -> StoreError {
    StoreError::conflict("it is not held here any more")
}

#[async_trait]
impl EventSubscription for KafkaSubscription {
    async fn receive(&self, limit: NonZeroUsize) -> Result<Vec<Delivery>, StoreError> {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            let due = {
                let (mut buffer, now) = (self.shared.lock(), Instant::now());
                let taken = buffer.take(limit.get(), self.in_flight_max, now);
                if !taken.is_empty() {
                    return Ok(taken);
                }
                buffer.next_due(now)
            };
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
        match settlement {
            Settlement::Ack => self.acknowledge(receipt).await,
            Settlement::Nack { after } => {
                let was_held = self.shared.lock().give_back(receipt, *after, Instant::now());
                self.shared.work.notify_one();
                self.shared.changed.notify_waiters();
                if was_held { Ok(()) } else { Err(gone()) }
            }
            Settlement::DeadLetter { reason } => {
                let came = self.held(receipt)?;
                self.bus.bury(&self.name, came, reason).await?;
                self.acknowledge(receipt).await
            }
        }
    }

    async fn extend(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        let (mut buffer, now) = (self.shared.lock(), Instant::now());
        for receipt in receipts {
            buffer.extend(*receipt, now);
        }
        Ok(())
    }
}

impl Drop for KafkaSubscription {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::Relaxed);
        self.shared.work.notify_one();
    }
}
