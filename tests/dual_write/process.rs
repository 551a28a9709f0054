use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::dual::{
    DualWriteConfig, DualWriter, NewRequest, Recorded, RequestAppend, RequestClaim, RequestJournal,
    RequestKey, RequestRecord, RequestRetention, Shelf,
};
use strangler_fig::gateway::{Request, Response, Upstream};
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{Actor, Incarnation, NodeId, Reason};
use strangler_fig::resilience::{Exponential, Jitter};
use strangler_fig::stamp::StampClock;

use crate::life::Life;
use crate::scenario::Fate;

pub(crate) const TERM: Duration = Duration::from_secs(12);

/// A journal as the process of one life reaches it.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) journal: Arc<dyn RequestJournal>,
    pub(crate) life: Arc<Life>,
}

impl Reached {
    async fn written<T: Send>(
        &self,
        write: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match self.life.next() {
            Some(Fate::Refused(_) | Fate::Full(_)) => {
                self.life.acted(std::future::ready(()).boxed()).await;
                Err(StoreError::unavailable("the disk is full"))
            }
            Some(Fate::Vanishes(_)) => {
                self.life.acted(std::future::ready(()).boxed()).await;
                Err(StoreError::unknown("timeout"))
            }
            _ => match self.life.acted(write.boxed()).await {
                (_, Some(Fate::AnswerLost(_))) => Err(StoreError::unknown("timeout")),
                (answer, _) => answer,
            },
        }
    }
}

#[async_trait]
impl RequestJournal for Reached {
    async fn record(
        &self,
        request: &NewRequest,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Recorded, StoreError> {
        self.written(self.journal.record(request, holder, term)).await
    }

    async fn note(
        &self,
        claim: &RequestClaim,
        append: &RequestAppend<'_>,
    ) -> Result<(), StoreError> {
        self.written(self.journal.note(claim, append)).await
    }

    async fn load(&self, key: &RequestKey) -> Result<Option<RequestRecord>, StoreError> {
        self.life.lived(self.journal.load(key)).await
    }

    async fn claim(
        &self,
        key: &RequestKey,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Option<RequestClaim>, StoreError> {
        self.life.lived(self.journal.claim(key, holder, term)).await
    }

    async fn take(
        &self,
        holder: &NodeId,
        limit: NonZeroUsize,
        term: Duration,
    ) -> Result<Vec<(RequestClaim, RequestRecord)>, StoreError> {
        self.life.lived(self.journal.take(holder, limit, term)).await
    }

    async fn list(
        &self,
        wanted: Shelf,
        after: Option<&RequestKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RequestRecord>, StoreError> {
        self.life.lived(self.journal.list(wanted, after, limit)).await
    }

    async fn purge(
        &self,
        retention: RequestRetention,
        limit: NonZeroUsize,
    ) -> Result<usize, StoreError> {
        self.life.lived(self.journal.purge(retention, limit)).await
    }
}

/// A side as the process of one life reaches it.
#[derive(Debug)]
pub(crate) struct Linked {
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) life: Arc<Life>,
}

#[async_trait]
impl Upstream for Linked {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let (upstream, life) = (Arc::clone(&self.upstream), Arc::clone(&self.life));
        if !matches!(life.next(), Some(Fate::StopsBefore(_) | Fate::StopsAfter(_))) {
            return life.acted(upstream.send(request)).await.0;
        }
        // Who stands still while it sends has sent it when it goes on, though it does not wait any more.
        tokio::spawn(async move { life.acted(upstream.send(request)).await.0 }).await.unwrap()
    }
}

/// What was told.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Vec<Event>>);

impl Heard {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn parked(&self) -> usize {
        let is_parked = |event: &&Event| matches!(event, Event::RequestParked { .. });
        self.events().iter().filter(is_parked).count()
    }
}

impl Observer for Heard {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

pub(crate) fn node(n: u128) -> NodeId {
    NodeId { name: "gateway".parse().unwrap(), incarnation: Incarnation::fixed(n) }
}

pub(crate) fn config(heard: &Arc<Heard>) -> DualWriteConfig {
    let second = Duration::from_secs(1);
    DualWriteConfig::default()
        .with_deadline(2 * second)
        .with_term(TERM)
        .with_journal_deadline(2 * second)
        .with_poll_interval(2 * second)
        .with_backoff(Exponential::between(second, 4 * second).with_jitter(Jitter::None))
        .with_observer(Arc::clone(heard) as _)
}

/// A writer of a process, with everything reached through its life.
pub(crate) fn writer(
    number: u128,
    life: &Arc<Life>,
    journal: Arc<dyn RequestJournal>,
    sides: [Arc<dyn Upstream>; 2],
    heard: &Arc<Heard>,
) -> DualWriter {
    writer_by(StampClock::new().unwrap(), number, life, journal, sides, heard)
}

/// The same, by a clock of its own.
pub(crate) fn writer_by(
    stamps: StampClock,
    number: u128,
    life: &Arc<Life>,
    journal: Arc<dyn RequestJournal>,
    [legacy, modern]: [Arc<dyn Upstream>; 2],
    heard: &Arc<Heard>,
) -> DualWriter {
    let linked = |upstream| Arc::new(Linked { upstream, life: Arc::clone(life) }) as _;
    let journal = Arc::new(Reached { journal, life: Arc::clone(life) });
    DualWriter::new(journal, node(number), Arc::new(stamps), linked(legacy), linked(modern))
        .with_config(config(heard))
}

/// Who decides in the tests.
pub(crate) fn ada() -> Actor {
    "ada".parse().unwrap()
}

pub(crate) fn why(text: &str) -> Reason {
    text.parse().unwrap()
}
