use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use foldhash::fast::RandomState;
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
/// purged, its header for good. Ids are hashed by what is fast, not by what withstands somebody who makes ids
/// to collide.
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

/// Sagas by their ids: each call hashes one id once.
#[derive(Default)]
struct Sagas {
    places: HashMap<SagaId, usize, RandomState>,
    #[expect(clippy::vec_box, reason = "a vector that grows moves what it holds")]
    kept: Vec<Box<Kept>>,
    /// The places of those that are not over, of which there are few: whoever looks for work reads no more than
    /// there is.
    ongoing: Vec<usize>,
}

/// How many there are only.
impl fmt::Debug for Sagas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sagas, {} of them under way", self.kept.len(), self.ongoing.len())
    }
}

struct Kept {
    id: SagaId,
    record: Record,
    /// Where it stands among those that are not over.
    turn: Option<usize>,
}

impl Sagas {
    fn get(&self, id: &SagaId) -> Option<&Record> {
        self.places.get(id).map(|place| &self.kept[*place].record)
    }

    fn get_mut(&mut self, id: &SagaId) -> Option<&mut Record> {
        self.places.get(id).map(|place| &mut self.kept[*place].record)
    }

    /// Puts a saga where it belongs, if its status has changed.
    fn sort(&mut self, place: usize) {
        let Kept { record, turn, .. } = &mut *self.kept[place];
        match (record.status.is_over(), *turn) {
            (true, Some(freed)) => {
                *turn = None;
                self.ongoing.swap_remove(freed);
                if let Some(moved) = self.ongoing.get(freed) {
                    self.kept[*moved].turn = Some(freed);
                }
            }
            (false, None) => {
                *turn = Some(self.ongoing.len());
                self.ongoing.push(place);
            }
            (true, None) | (false, Some(_)) => {}
        }
    }

    /// Those that may stand as `filter` wants it.
    fn candidates(&self, filter: &SagaFilter) -> impl Iterator<Item = (&SagaId, &Record)> {
        let wants_over =
            filter.statuses.is_empty() || filter.statuses.iter().any(|status| status.is_over());
        let all = wants_over.then_some(&self.kept).into_iter().flatten();
        let ongoing = (!wants_over).then_some(&self.ongoing).into_iter().flatten();
        let ongoing = ongoing.map(|place| &self.kept[*place]);
        all.chain(ongoing).map(|kept| (&kept.id, &kept.record))
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
        let place = sagas.kept.len();
        match sagas.places.entry(saga.id.clone()) {
            Entry::Occupied(found) => {
                let found = *found.get();
                return Ok(Created::Found(Box::new(
                    sagas.kept[found].record.header(&saga.id, now),
                )));
            }
            Entry::Vacant(vacant) => vacant.insert(place),
        };
        let record = Record::new(saga, entries, runner, now, now.after(term));
        let claim = SagaClaim { saga: saga.id.clone(), epoch: record.epoch };
        sagas.kept.push(Box::new(Kept { id: saga.id.clone(), record, turn: None }));
        sagas.sort(place);
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
        let Some(&place) = sagas.places.get(&claim.saga) else { return Err(none(&claim.saga)) };
        let record = &mut sagas.kept[place].record;
        record.takes(claim, append.position)?;
        record.append(append, now, now.after(term));
        sagas.sort(place);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saga::SagaStatus;

    #[test]
    fn those_that_are_not_over_are_found_whatever_becomes_of_the_others() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut sagas = Sagas::default();
        let runner = "node-1/00000000000000000000000000000001".parse().unwrap();
        let definition = || "checkout@3#00000000000000ff".parse().unwrap();
        for round in 0..2_000 {
            if round % 40 == 0 {
                let id: SagaId = format!("order:{round}").parse().unwrap();
                let saga = NewSaga { id, definition: definition(), input: 7, parent: None };
                let now = Instant::now();
                let record = Record::new(&saga, &[], &runner, now, now);
                sagas.places.insert(saga.id.clone(), sagas.kept.len());
                sagas.kept.push(Box::new(Kept { id: saga.id, record, turn: None }));
                sagas.sort(sagas.kept.len() - 1);
            }
            let place = random.usize(..sagas.kept.len());
            sagas.kept[place].record.status = SagaStatus::ALL[random.usize(..6)];
            sagas.sort(place);
            let is_ongoing = |place: &usize| !sagas.kept[*place].record.status.is_over();
            let expected: Vec<_> = (0..sagas.kept.len()).filter(is_ongoing).collect();
            let mut ongoing = sagas.ongoing.clone();
            ongoing.sort_unstable();
            assert_eq!(ongoing, expected);
        }
    }
}
