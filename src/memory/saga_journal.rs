use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::saga_record::{Moment, SagaRecord, page};
use crate::error::StoreError;
use crate::phase::NodeId;
use crate::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId, SagaJournal,
};

/// Sagas in memory: for tests, and for sagas that may end with their process. Clones
/// share them. Its clock is tokio's.
///
/// It keeps what a database would: the entries of a saga that is over until they are
/// purged, its header for good.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use strangler_fig::memory::InMemorySagaJournal;
/// use strangler_fig::phase::{Incarnation, NodeId};
/// use strangler_fig::saga::{Created, NewSaga, SagaFilter, SagaJournal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = InMemorySagaJournal::default();
/// let runner = NodeId { name: "node-1".parse()?, incarnation: Incarnation::random()? };
/// let definition = "checkout@3#00000000000000ff".parse()?;
/// let order = NewSaga { id: "order:4711".parse()?, definition, input: 42, parent: None };
/// let term = Duration::from_secs(30);
/// let Created::New(claim) = journal.create(&order, &[], &runner, term).await? else {
///     panic!("it is the first of its id");
/// };
///
/// let free = SagaFilter { is_free: true, ..SagaFilter::default() };
/// assert_eq!(journal.list(&free, None, NonZeroUsize::MAX).await?, []);
/// journal.release(&claim).await?;
/// assert_eq!(journal.list(&free, None, NonZeroUsize::MAX).await?[0].id, order.id);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct InMemorySagaJournal(Arc<Mutex<Sagas>>);

type Record = SagaRecord<Instant>;

/// In boxes, since a map that grows moves what it holds.
type Records = HashMap<SagaId, Box<Record>>;

/// Those that go on apart from those that are over, of which there are many more: whoever
/// looks for work reads no more than there is.
#[derive(Debug, Default)]
struct Sagas {
    ongoing: Records,
    over: Records,
}

impl Sagas {
    fn get(&self, id: &SagaId) -> Option<&Record> {
        self.ongoing.get(id).or_else(|| self.over.get(id)).map(Box::as_ref)
    }

    fn get_mut(&mut self, id: &SagaId) -> Option<&mut Record> {
        match self.ongoing.get_mut(id) {
            None => self.over.get_mut(id).map(Box::as_mut),
            Some(found) => Some(found),
        }
    }

    /// Puts a saga where it belongs now.
    fn sort(&mut self, id: &SagaId, is_over: bool) {
        let (mut from, mut to) = (&mut self.over, &mut self.ongoing);
        if is_over {
            (from, to) = (to, from);
        }
        if let Some((id, record)) = from.remove_entry(id) {
            to.insert(id, record);
        }
    }

    /// Those that may stand as `filter` wants it.
    fn candidates(&self, filter: &SagaFilter) -> impl Iterator<Item = (&SagaId, &Record)> {
        let wants_over =
            filter.statuses.is_empty() || filter.statuses.iter().any(|status| status.is_over());
        let over = wants_over.then_some(&self.over).into_iter().flatten();
        self.ongoing.iter().chain(over).map(|(id, record)| (id, &**record))
    }
}

impl InMemorySagaJournal {
    fn lock(&self) -> MutexGuard<'_, Sagas> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SagaJournal for InMemorySagaJournal {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        let now = Instant::now();
        let mut sagas = self.lock();
        if let Some(found) = sagas.get(&saga.id) {
            return Ok(Created::Found(Box::new(found.header(&saga.id, now))));
        }
        let record = Box::new(Record::new(saga, entries, runner, now, now.after(term)));
        let claim = SagaClaim { saga: saga.id.clone(), epoch: record.epoch };
        sagas.ongoing.insert(saga.id.clone(), record);
        Ok(Created::New(claim))
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        let now = Instant::now();
        let mut sagas = self.lock();
        let Some(record) = sagas.get_mut(&claim.saga) else { return Err(none(&claim.saga)) };
        record.takes(claim, append.position)?;
        let was_over = record.status.is_over();
        record.append(append, now, now.after(term));
        let is_over = record.status.is_over();
        if is_over != was_over {
            sagas.sort(&claim.saga, is_over);
        }
        Ok(())
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        let now = Instant::now();
        let sagas = self.lock();
        Ok(sagas.get(saga).map(|record| (record.header(saga, now), record.entries.clone())))
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        let now = Instant::now();
        let mut sagas = self.lock();
        let record = sagas.get_mut(saga);
        let epoch = record.and_then(|record| record.claim(runner, now, now.after(term)));
        Ok(epoch.map(|epoch| SagaClaim { saga: saga.clone(), epoch }))
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        let until = Instant::now().after(term);
        let mut sagas = self.lock();
        let mut renew = |claim: &&SagaClaim| {
            sagas.get_mut(&claim.saga).is_some_and(|record| record.renew(claim.epoch, until))
        };
        let mut renewed = Vec::with_capacity(claims.len());
        renewed.extend(claims.iter().filter(&mut renew).map(|claim| claim.saga.clone()));
        Ok(renewed)
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        if let Some(record) = self.lock().get_mut(&claim.saga) {
            record.release(claim.epoch);
        }
        Ok(())
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        let sagas = self.lock();
        Ok(page(sagas.candidates(filter), filter, after, limit, Instant::now()))
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        match self.lock().get_mut(saga) {
            Some(record) => record.purge().map(drop),
            None => Err(none(saga)),
        }
    }
}

fn none(saga: &SagaId) -> StoreError {
    StoreError::conflict(format!("there is no saga {saga}"))
}
