use std::collections::BTreeMap;
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::message::Acker;
use async_nats::jetstream::{AckKind, Context};
use futures::StreamExt;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    CloudEventError, Delivery, EventEnvelope, EventSubscription, Receipt, Settlement,
    SubscriptionLimits, SubscriptionName, Topic,
};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::consumers::Part;
use super::event_bus::NatsBus;
use super::tidy::tidying;

/// For how long the server keeps a request for a message. Without heartbeats: 0.46 of the client does not wake up
/// behind one.
const PULL: Duration = Duration::from_secs(2);
/// How long to wait before a server that is away is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// What came, and was not settled.
struct Entry {
    topic: Topic,
    event: Result<EventEnvelope, CloudEventError>,
    bytes: Vec<u8>,
    attempt: NonZeroU32,
    acker: Arc<Acker>,
    is_out: bool,
    /// When the server was last told that it is alive: from then on it waits for `hidden_for`.
    signed: Instant,
    over: Arc<Notify>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("topic", &self.topic).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    entries: Mutex<BTreeMap<Receipt, Entry>>,
    /// Something has come, or was settled.
    changed: Notify,
    is_closed: AtomicBool,
    has_settled: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Receipt, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing is held from now on; what was.
    fn close(&self) -> BTreeMap<Receipt, Entry> {
        let mut entries = self.lock();
        self.is_closed.store(true, Ordering::Relaxed);
        let left = std::mem::take(&mut *entries);
        for entry in left.values() {
            entry.over.notify_one();
        }
        left
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Whether a message was settled since somebody asked.
    pub(super) fn has_settled(&self) -> bool {
        self.has_settled.swap(false, Ordering::Relaxed)
    }

    /// Holds what came, unless nobody is there any more.
    fn hold(&self, receipt: Receipt, entry: Entry) -> bool {
        let mut entries = self.lock();
        if self.is_closed() {
            return false;
        }
        entries.insert(receipt, entry);
        self.changed.notify_waiters();
        true
    }

    /// It is not held here any more.
    fn forget(&self, receipt: Receipt) {
        if let Some(entry) = self.lock().remove(&receipt) {
            entry.over.notify_one();
        }
        self.changed.notify_waiters();
    }
}

/// A receiver. A task for each part pulls its messages, one at a time; dropped, it gives back what is unsettled, and they
/// what they have asked for already.
#[derive(Debug)]
pub(super) struct NatsSubscription {
    bus: NatsBus,
    name: SubscriptionName,
    limits: SubscriptionLimits,
    shared: Arc<Shared>,
}

impl NatsSubscription {
    pub(super) fn new(
        bus: NatsBus,
        name: &SubscriptionName,
        limits: SubscriptionLimits,
        parts: Vec<(Part, PullConsumer)>,
    ) -> Self {
        let shared = Arc::<Shared>::default();
        for (number, (part, consumer)) in (0_u64..).zip(parts) {
            let (context, shared) = (bus.context.clone(), Arc::clone(&shared));
            let pull = Pull { part, context, shared, hidden_for: limits.hidden_for };
            tokio::spawn(pull.follow(number << 40, consumer));
        }
        tokio::spawn(tidying(bus.clone(), Arc::clone(&shared)));
        Self { bus, name: name.clone(), limits, shared }
    }

    /// What is handed out by `receipt`, unless the server may have given it to somebody else meanwhile: it takes an
    /// acknowledgement of whoever had it (issue 4786 of the server).
    fn held(&self, receipt: Receipt) -> Result<(Arc<Acker>, Topic, Vec<u8>), StoreError> {
        let entries = self.shared.lock();
        let held = entries.get(&receipt).filter(|entry| entry.is_out);
        let held = held.filter(|entry| entry.signed.elapsed() < self.limits.hidden_for);
        let entry = held.ok_or_else(|| StoreError::conflict("it is not held here any more"))?;
        Ok((Arc::clone(&entry.acker), entry.topic.clone(), entry.bytes.clone()))
    }

    fn take(&self, limit: usize) -> Vec<Delivery> {
        let mut entries = self.shared.lock();
        let out = entries.values().filter(|entry| entry.is_out).count();
        let room = limit.min(self.limits.in_flight_max.get().saturating_sub(out));
        let waiting = entries.iter_mut().filter(|(_, entry)| !entry.is_out).take(room);
        waiting
            .map(|(receipt, entry)| {
                entry.is_out = true;
                let (topic, event) = (entry.topic.clone(), entry.event.clone());
                let mut delivery = Delivery::new(*receipt, topic, event);
                delivery.attempt = entry.attempt;
                delivery
            })
            .collect()
    }
}

#[async_trait]
impl EventSubscription for NatsSubscription {
    async fn receive(&self, limit: NonZeroUsize) -> Result<Vec<Delivery>, StoreError> {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            let taken = self.take(limit.get());
            if !taken.is_empty() {
                return Ok(taken);
            }
            changed.await;
        }
    }

    async fn settle(&self, receipt: Receipt, settlement: &Settlement) -> Result<(), StoreError> {
        let (acker, topic, bytes) = self.held(receipt)?;
        let kind = match settlement {
            Settlement::Ack => AckKind::Ack,
            Settlement::Nack { after } => AckKind::Nak((!after.is_zero()).then_some(*after)),
            Settlement::DeadLetter { reason } => {
                self.bus.bury(&self.name, &topic, bytes, reason).await?;
                // That may have taken longer than the server waits.
                self.held(receipt)?;
                AckKind::Term
            }
        };
        let told = timeout(self.bus.config.deadline, acker.double_ack_with(kind)).await;
        // A server that has forgotten, when it was killed, to whom it gave what does not answer. Held for that long, the
        // message would keep others from coming; if it is not settled, it comes again.
        self.shared.forget(receipt);
        told.map_err(StoreError::unknown)?.map_err(StoreError::unknown)?;
        self.shared.has_settled.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn extend(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        for receipt in receipts {
            let Ok((acker, ..)) = self.held(*receipt) else { continue };
            let now = Instant::now();
            acker.ack_with(AckKind::Progress).await.map_err(StoreError::unknown)?;
            if let Some(entry) = self.shared.lock().get_mut(receipt) {
                entry.signed = now;
            }
        }
        Ok(())
    }
}

impl Drop for NatsSubscription {
    fn drop(&mut self) {
        let left = self.shared.close();
        // Without a runtime the server waits until the time is over.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            for entry in left.into_values() {
                let _ = entry.acker.ack_with(AckKind::Nak(None)).await;
            }
        });
    }
}

/// What pulls the messages of a part.
#[derive(Debug)]
struct Pull {
    part: Part,
    context: Context,
    shared: Arc<Shared>,
    hidden_for: Duration,
}

impl Pull {
    /// One after the other, until the receiver is dropped; receipts are numbers from `receipts` on.
    async fn follow(self, receipts: u64, mut consumer: PullConsumer) {
        for number in receipts.. {
            let message = loop {
                if self.shared.is_closed() {
                    return;
                }
                match timeout(PULL * 2, next(&consumer)).await {
                    Ok(Ok(Some(message))) => break message,
                    Ok(Ok(None)) => {}
                    failed => {
                        tracing::debug!(?failed, "nothing was pulled");
                        let Some(found) = self.found().await else { return };
                        consumer = found;
                    }
                }
            };
            self.came(Receipt(number), message).await;
        }
    }

    /// The consumer, when the server is back; made again if it has forgotten it.
    async fn found(&self) -> Option<PullConsumer> {
        loop {
            sleep(PAUSE).await;
            match timeout(PULL * 2, self.part.consumer(&self.context)).await {
                Ok(Ok(consumer)) => return Some(consumer),
                Ok(Err(error)) => tracing::debug!(%error, "the consumer was not found"),
                Err(_) => {}
            }
            if self.shared.is_closed() {
                return None;
            }
        }
    }

    /// Holds a message until it is settled, or may be somebody else's.
    async fn came(&self, receipt: Receipt, message: async_nats::jetstream::Message) {
        let signed = Instant::now();
        let delivered = message.info().map(|info| info.delivered).unwrap_or_default();
        let attempt = u32::try_from(delivered).ok().and_then(NonZeroU32::new);
        let (message, acker) = message.split();
        let (acker, over) = (Arc::new(acker), Arc::new(Notify::new()));
        let entry = Entry {
            topic: self.part.topic.clone(),
            event: EventEnvelope::from_cloud_event(&message.payload),
            bytes: message.payload.to_vec(),
            attempt: attempt.unwrap_or(NonZeroU32::MIN),
            acker: Arc::clone(&acker),
            is_out: false,
            signed,
            over: Arc::clone(&over),
        };
        if !self.shared.hold(receipt, entry) {
            let _ = acker.ack_with(AckKind::Nak(None)).await;
            return;
        }
        while timeout(self.hidden_for / 3, over.notified()).await.is_err() {
            if !self.keeps(receipt, &acker).await {
                self.shared.forget(receipt);
                return;
            }
        }
    }

    /// Whether it is still ours. What was not handed out yet is kept alive here.
    async fn keeps(&self, receipt: Receipt, acker: &Acker) -> bool {
        let now = Instant::now();
        let is_out = match self.shared.lock().get(&receipt) {
            Some(entry) if entry.signed + self.hidden_for <= now => return false,
            Some(entry) => entry.is_out,
            None => return false,
        };
        if !is_out
            && acker.ack_with(AckKind::Progress).await.is_ok()
            && let Some(entry) = self.shared.lock().get_mut(&receipt)
        {
            entry.signed = now;
        }
        true
    }
}

async fn next(
    consumer: &PullConsumer,
) -> Result<Option<async_nats::jetstream::Message>, async_nats::Error> {
    let batch = consumer.batch().max_messages(1).expires(PULL);
    batch.messages().await?.next().await.transpose()
}
