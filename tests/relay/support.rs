use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::{NonZeroU16, NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{
    EventEnvelope, EventPayload, EventPublisher, FetchLimit, LaneClaim, LaneClaims, Message,
    Outbox, OutboxDepth, OutboxPosition, OutboxRelay, OutboxRow, OutboxStore, ParkedRow,
    RelayConfig, RowEnd,
};
use strangler_fig::memory::InMemoryOutbox;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{Actor, Incarnation, NodeId, Reason};
use strangler_fig::resilience::{Exponential, Jitter};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn message(key: &str, id: &str) -> Message {
    let [source, event_type, topic] = ["/tests", "order.created", "orders"];
    EventEnvelope::new(
        id.parse().unwrap(),
        source.parse().unwrap(),
        event_type.parse().unwrap(),
        key.parse().unwrap(),
        EventPayload::json(id).unwrap(),
    )
    .to(topic.parse().unwrap())
}

pub(crate) async fn stage(outbox: &InMemoryOutbox, pairs: &[(&str, &str)]) {
    let messages: Vec<_> = pairs.iter().map(|(key, id)| message(key, id)).collect();
    let mut transaction = outbox.begin();
    outbox.stage(&mut transaction, &messages).await.unwrap();
    transaction.commit().unwrap();
}

pub(crate) fn node(n: u32) -> NodeId {
    NodeId {
        name: format!("relay-{n}").parse().unwrap(),
        incarnation: Incarnation::fixed(n.into()),
    }
}

pub(crate) fn config() -> RelayConfig {
    let exact = |min, max| Exponential::between(min, max).with_jitter(Jitter::None);
    RelayConfig::default()
        .with_backoff(exact(SECOND, 300 * SECOND))
        .with_outage_backoff(exact(Duration::from_millis(100), 30 * SECOND))
        .with_refusals_max(NonZeroU32::new(3).unwrap())
}

pub(crate) fn limit(rows: usize, bytes: usize) -> FetchLimit {
    let at_least_one = |n| NonZeroUsize::new(n).unwrap();
    FetchLimit { rows: at_least_one(rows), bytes: at_least_one(bytes) }
}

/// What a bus does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    Take,
    Fail(StoreErrorKind),
    /// Takes it, and says that nobody knows.
    TakeUnknown,
    /// Takes it, and answers never; the same for all of the call.
    TakeAndHang,
    Hang,
    Panic,
    /// Takes it after a second.
    TakeSlowly,
}

type Rule = Box<dyn Fn(&Message) -> Does + Send + Sync>;

/// A bus that does as it is told, and remembers what it has taken.
pub(crate) struct Bus {
    rule: Mutex<Rule>,
    pub(crate) taken: Mutex<Vec<(String, String)>>,
    pub(crate) calls: Mutex<Vec<Vec<String>>>,
    /// So many answers are left out of each call.
    pub(crate) swallows: AtomicU32,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").finish_non_exhaustive()
    }
}

impl Bus {
    pub(crate) fn new(rule: impl Fn(&Message) -> Does + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            rule: Mutex::new(Box::new(rule)),
            taken: Mutex::default(),
            calls: Mutex::default(),
            swallows: AtomicU32::new(0),
        })
    }

    pub(crate) fn taking() -> Arc<Self> {
        Self::new(|_| Does::Take)
    }

    pub(crate) fn now(&self, rule: impl Fn(&Message) -> Does + Send + Sync + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    /// The ids of what was taken, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.taken.lock().unwrap().iter().map(|(_, id)| id.clone()).collect()
    }

    /// Those of a key; of several copies the first.
    pub(crate) fn first_of(&self, key: &str) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let taken = self.taken.lock().unwrap();
        let own = taken.iter().filter(|(own, id)| own == key && seen.insert(id.clone()));
        own.map(|(_, id)| id.clone()).collect()
    }

    fn take(&self, message: &Message) {
        let event = &message.event;
        let pair = (event.key.as_str().to_owned(), event.id.as_str().to_owned());
        self.taken.lock().unwrap().push(pair);
    }
}

#[async_trait]
impl EventPublisher for Bus {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        let ids = messages.iter().map(|message| message.event.id.as_str().to_owned());
        self.calls.lock().unwrap().push(ids.collect());
        let mut answers = Vec::new();
        for message in messages {
            let does = (self.rule.lock().unwrap())(message);
            answers.push(match does {
                Does::Fail(kind) => Err(StoreError::new(kind, "as it was told")),
                Does::Panic => panic!("as it was told"),
                Does::Hang => std::future::pending().await,
                Does::Take => {
                    self.take(message);
                    Ok(())
                }
                Does::TakeUnknown => {
                    self.take(message);
                    Err(StoreError::unknown("the answer was lost"))
                }
                Does::TakeAndHang => {
                    self.take(message);
                    std::future::pending().await
                }
                Does::TakeSlowly => {
                    tokio::time::sleep(SECOND).await;
                    self.take(message);
                    Ok(())
                }
            });
        }
        let swallows = self.swallows.load(Ordering::Relaxed) as usize;
        answers.truncate(answers.len().saturating_sub(swallows));
        answers
    }
}

/// What a store does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing but say so.
    Before(StoreErrorKind),
    /// What was asked, and then say that nobody knows.
    After,
    /// So long nothing.
    Stand(Duration),
}

/// An outbox that counts calls, and fails as it is told.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) inner: InMemoryOutbox,
    pub(crate) calls: Mutex<BTreeMap<&'static str, u32>>,
    faults: Mutex<BTreeMap<&'static str, Vec<Fault>>>,
    in_hand: Mutex<BTreeSet<OutboxPosition>>,
    pub(crate) in_hand_max: Mutex<usize>,
    /// So many rows are there to be purged, and a purge of a thousand takes 10 ms.
    pub(crate) old: Mutex<usize>,
    pub(crate) staged_panics: AtomicBool,
    notifies: bool,
}

impl Store {
    pub(crate) fn of(inner: &InMemoryOutbox) -> Arc<Self> {
        Arc::new(Self { inner: inner.clone(), ..Self::default() })
    }

    /// One that says whether it tells when something is staged.
    pub(crate) fn that_notifies(inner: &InMemoryOutbox, notifies: bool) -> Arc<Self> {
        Arc::new(Self { inner: inner.clone(), notifies, ..Self::default() })
    }

    /// The next calls of this name do this.
    pub(crate) fn next(&self, call: &'static str, faults: &[Fault]) {
        self.faults.lock().unwrap().insert(call, faults.to_vec());
    }

    pub(crate) fn count(&self, call: &'static str) -> u32 {
        self.calls.lock().unwrap().get(call).copied().unwrap_or(0)
    }

    async fn call<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        *self.calls.lock().unwrap().entry(name).or_default() += 1;
        let fault = {
            let mut faults = self.faults.lock().unwrap();
            let left = faults.get_mut(name).filter(|left| !left.is_empty());
            left.map(|left| left.remove(0))
        };
        match fault {
            None => call.await,
            Some(Fault::Before(kind)) => Err(StoreError::new(kind, "as it was told")),
            Some(Fault::After) => {
                call.await?;
                Err(StoreError::unknown("the answer was lost"))
            }
            Some(Fault::Stand(time)) => {
                let answer = call.await;
                tokio::time::sleep(time).await;
                answer
            }
        }
    }
}

#[async_trait]
impl OutboxStore for Store {
    async fn claim(
        &self,
        relay: &NodeId,
        wanted: NonZeroU16,
        term: Duration,
    ) -> Result<LaneClaims, StoreError> {
        self.call("claim", self.inner.claim(relay, wanted, term)).await
    }

    async fn release(&self, claims: &[LaneClaim]) -> Result<(), StoreError> {
        self.call("release", self.inner.release(claims)).await
    }

    async fn fetch(
        &self,
        claims: &[LaneClaim],
        limit: FetchLimit,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let rows = self.call("fetch", self.inner.fetch(claims, limit)).await?;
        let mut in_hand = self.in_hand.lock().unwrap();
        in_hand.extend(rows.iter().map(|row| row.position));
        let mut most = self.in_hand_max.lock().unwrap();
        *most = in_hand.len().max(*most);
        Ok(rows)
    }

    async fn settle(
        &self,
        claim: &LaneClaim,
        ends: &[(OutboxPosition, RowEnd)],
    ) -> Result<(), StoreError> {
        self.call("settle", self.inner.settle(claim, ends)).await?;
        let mut in_hand = self.in_hand.lock().unwrap();
        for (position, _) in ends {
            in_hand.remove(position);
        }
        Ok(())
    }

    async fn parked(
        &self,
        after: Option<OutboxPosition>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ParkedRow>, StoreError> {
        self.call("parked", self.inner.parked(after, limit)).await
    }

    async fn retry(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        self.call("retry", self.inner.retry(position)).await
    }

    async fn discard(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        self.call("discard", self.inner.discard(position)).await
    }

    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
        if *self.old.lock().unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let mut old = self.old.lock().unwrap();
            let purged = limit.get().min(*old);
            *old -= purged;
            return Ok(purged);
        }
        self.call("purge", self.inner.purge(age, limit)).await
    }

    async fn depth(&self) -> Result<OutboxDepth, StoreError> {
        self.call("depth", self.inner.depth()).await
    }

    fn notifies(&self) -> bool {
        self.notifies
    }

    async fn staged(&self) {
        assert!(!self.staged_panics.load(Ordering::Relaxed), "as it was told");
        self.inner.staged().await;
    }
}

/// A relay in a task of its own.
pub(crate) struct Running {
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<strangler_fig::event::RelayReport>,
}

impl Running {
    pub(crate) fn start(relay: OutboxRelay) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            relay.run(stopped).await
        });
        Self { stop, task }
    }

    pub(crate) async fn stop(self) -> strangler_fig::event::RelayReport {
        let _ = self.stop.send(());
        self.task.await.unwrap()
    }

    /// As its process dies.
    pub(crate) fn kill(&self) {
        self.task.abort();
    }
}

/// Remembers what it is told.
#[derive(Debug, Default)]
pub(crate) struct Heard(pub(crate) Mutex<Vec<Event>>);

impl Heard {
    /// How many lanes it was told of at last.
    pub(crate) fn lanes_held(&self) -> Option<u16> {
        let heard = self.0.lock().unwrap();
        heard.iter().rev().find_map(|event| match event {
            Event::LanesHeld { held, .. } => Some(*held),
            _ => None,
        })
    }
}

impl Observer for Heard {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

pub(crate) fn relay(store: &Arc<Store>, bus: &Arc<Bus>, n: u32) -> OutboxRelay {
    let (store, bus) = (Arc::clone(store), Arc::clone(bus));
    OutboxRelay::new(store, bus, node(n)).with_config(config())
}

/// Empties the outbox.
pub(crate) async fn drain(relay: &OutboxRelay) -> strangler_fig::event::RelayReport {
    relay.drain(std::future::pending()).await.unwrap()
}

/// Who decides in the tests.
pub(crate) fn ada() -> Actor {
    "ada".parse().unwrap()
}

pub(crate) fn why(text: &str) -> Reason {
    text.parse().unwrap()
}
