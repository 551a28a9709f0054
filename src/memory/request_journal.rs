use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::request_record::{Kept, Moments, Purge, due, page};
use super::saga_record::Moment;
use crate::error::StoreError;
use crate::gateway::dual::{
    NewRequest, Recorded, RequestAppend, RequestClaim, RequestJournal, RequestKey, RequestRecord,
    RequestRetention, Shelf,
};
use crate::phase::NodeId;

/// Dual-written requests in memory: for tests, and to try it out. What it knows ends with its process, and so
/// may leave a request half done. Clones share it. Its clock is tokio's.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use strangler_fig::gateway::dual::{RequestJournal, Shelf};
/// use strangler_fig::memory::InMemoryRequestJournal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
/// let journal = InMemoryRequestJournal::default();
/// assert!(journal.list(Shelf::Parked, None, NonZeroUsize::MAX).await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct InMemoryRequestJournal(Arc<Mutex<Requests>>);

type Requests = BTreeMap<RequestKey, Kept<Instant>>;

impl InMemoryRequestJournal {
    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RequestJournal for InMemoryRequestJournal {
    async fn record(
        &self,
        request: &NewRequest,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Recorded, StoreError> {
        let now = Instant::now();
        let mut requests = self.lock();
        if let Some(found) = requests.get(&request.key) {
            return Ok(Recorded::Found(Box::new(found.record(now))));
        }
        let kept = Kept::new(request, holder, now, now.after(term));
        let claim = kept.claim_of_now();
        requests.insert(request.key.clone(), kept);
        Ok(Recorded::New(claim))
    }

    async fn note(
        &self,
        claim: &RequestClaim,
        append: &RequestAppend<'_>,
    ) -> Result<(), StoreError> {
        let now = Instant::now();
        let mut requests = self.lock();
        let kept = requests.get_mut(&claim.key).ok_or_else(absent)?;
        let state = kept.takes(claim.epoch, append.position, append.note)?;
        let moments = Moments { now, due: now.after(append.due), until: now.after(append.term) };
        kept.add(append.note.clone(), state, moments);
        Ok(())
    }

    async fn load(&self, key: &RequestKey) -> Result<Option<RequestRecord>, StoreError> {
        Ok(self.lock().get(key).map(|kept| kept.record(Instant::now())))
    }

    async fn claim(
        &self,
        key: &RequestKey,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Option<RequestClaim>, StoreError> {
        let now = Instant::now();
        let mut requests = self.lock();
        let claimed = requests
            .get_mut(key)
            .and_then(|kept| kept.claim(holder, now, now.after(term)).map(|_| kept.claim_of_now()));
        Ok(claimed)
    }

    async fn take(
        &self,
        holder: &NodeId,
        limit: NonZeroUsize,
        term: Duration,
    ) -> Result<Vec<(RequestClaim, RequestRecord)>, StoreError> {
        let now = Instant::now();
        let mut requests = self.lock();
        let mut taken = Vec::new();
        for key in due(requests.values(), now).into_iter().take(limit.get()) {
            if let Some(kept) = requests.get_mut(&key) {
                kept.claim(holder, now, now.after(term));
                taken.push((kept.claim_of_now(), kept.record(now)));
            }
        }
        Ok(taken)
    }

    async fn list(
        &self,
        wanted: Shelf,
        after: Option<&RequestKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RequestRecord>, StoreError> {
        let now = Instant::now();
        let requests = self.lock();
        let found = page(requests.values(), wanted, after, limit);
        Ok(found.into_iter().map(|kept| kept.record(now)).collect())
    }

    async fn purge(
        &self,
        retention: RequestRetention,
        limit: NonZeroUsize,
    ) -> Result<usize, StoreError> {
        let now = Instant::now();
        let mut purged = 0;
        self.lock().retain(|_, kept| {
            let purge =
                if purged < limit.get() { kept.purge(retention, now) } else { Purge::Nothing };
            purged += usize::from(purge != Purge::Nothing);
            if purge == Purge::Empty {
                kept.empty();
            }
            purge != Purge::Forget
        });
        Ok(purged)
    }
}

fn absent() -> StoreError {
    StoreError::conflict("there is no such request")
}
