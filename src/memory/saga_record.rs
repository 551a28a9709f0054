//! What a journal knows of one saga, and the rules by which that changes, on any clock.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::later;
use crate::error::StoreError;
use crate::phase::NodeId;
use crate::saga::{
    DefinitionId, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId,
    SagaOutcome, SagaStatus,
};

/// A moment on a journal's clock.
pub(super) trait Moment: Copy + Ord {
    /// The end of a term that begins now; so far away that it does not matter when, if need be.
    fn after(self, term: Duration) -> Self;
    /// How long ago another moment was.
    fn since(self, earlier: Self) -> Duration;
}

impl Moment for Instant {
    fn after(self, term: Duration) -> Self {
        later(self, term)
    }

    fn since(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

/// Most sagas have no more entries; those that have none left to come keep no room for them.
const ENTRIES: usize = 12;

/// A saga, as its journal has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SagaRecord<M> {
    pub(super) definition: DefinitionId,
    pub(super) input: u128,
    pub(super) parent: Option<SagaId>,
    pub(super) status: SagaStatus,
    pub(super) outcome: Option<SagaOutcome>,
    pub(super) length: u64,
    pub(super) epoch: u64,
    /// Until when, also if that has passed.
    pub(super) held: Option<(NodeId, M)>,
    /// When the last entries came.
    pub(super) changed: M,
    pub(super) is_purged: bool,
    pub(super) entries: Vec<SagaEntry>,
}

impl<M: Moment> SagaRecord<M> {
    /// A saga that runs, held by `runner`.
    pub(super) fn new(
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        now: M,
        until: M,
    ) -> Self {
        let mut record = Self {
            definition: saga.definition.clone(),
            input: saga.input,
            parent: saga.parent.clone(),
            status: SagaStatus::Running,
            outcome: None,
            length: 0,
            epoch: 1,
            held: Some((runner.clone(), until)),
            changed: now,
            is_purged: false,
            entries: Vec::with_capacity(entries.len().max(ENTRIES)),
        };
        record.push(entries);
        record
    }

    fn push(&mut self, entries: &[SagaEntry]) {
        self.entries.extend_from_slice(entries);
        self.length += entries.len() as u64;
    }

    pub(super) fn holder(&self, now: M) -> Option<&NodeId> {
        let (runner, until) = self.held.as_ref()?;
        (*until > now).then_some(runner)
    }

    pub(super) fn header(&self, id: &SagaId, now: M) -> SagaHeader {
        SagaHeader {
            id: id.clone(),
            definition: self.definition.clone(),
            input: self.input,
            parent: self.parent.clone(),
            status: self.status,
            outcome: self.outcome.clone(),
            length: self.length,
            epoch: self.epoch,
            holder: self.holder(now).cloned(),
            idle: now.since(self.changed),
            is_purged: self.is_purged,
        }
    }

    /// Whether a filter takes it, without making its header.
    fn is_taken_by(&self, filter: &SagaFilter, now: M) -> bool {
        filter.takes_what(self.status, &self.definition, self.is_purged)
            && filter.takes_when(|| self.holder(now).is_none(), || now.since(self.changed))
    }

    /// Whether entries may be recorded at this position under this claim.
    pub(super) fn takes(&self, claim: &SagaClaim, position: u64) -> Result<(), StoreError> {
        let Self { epoch, length, .. } = self;
        if claim.epoch != *epoch {
            let claimed =
                format!("the saga was claimed under epoch {epoch}, after {}", claim.epoch);
            return Err(StoreError::conflict(claimed));
        }
        if position != *length {
            let taken = format!("the saga has {length} entries, not {position}");
            return Err(StoreError::conflict(taken));
        }
        if self.is_purged {
            return Err(StoreError::conflict("the saga was purged"));
        }
        Ok(())
    }

    /// Records entries that it [`takes`](Self::takes). A claim that was released stays so.
    pub(super) fn append(&mut self, append: &SagaAppend<'_>, now: M, until: M) {
        self.push(append.entries);
        self.status = append.status;
        self.outcome = append.outcome.cloned();
        self.changed = now;
        if !append.status.is_active() {
            self.held = None;
        } else if let Some((_, held_until)) = &mut self.held {
            *held_until = until;
        }
    }

    /// The epoch of a claim by `runner`, if it may have one.
    pub(super) fn claim(&mut self, runner: &NodeId, now: M, until: M) -> Option<u64> {
        let is_free = self.holder(now).is_none_or(|holder| holder == runner);
        if self.is_purged || !is_free {
            return None;
        }
        self.epoch += 1;
        self.held = Some((runner.clone(), until));
        Some(self.epoch)
    }

    /// Begins the term of the claim of `epoch` anew, if that is the newest and not released.
    pub(super) fn renew(&mut self, epoch: u64, until: M) -> bool {
        match &mut self.held {
            Some((_, held_until)) if self.epoch == epoch => *held_until = until,
            _ => return false,
        }
        true
    }

    /// Gives the claim of `epoch` back, if that is the newest.
    pub(super) fn release(&mut self, epoch: u64) -> bool {
        self.epoch == epoch && self.held.take().is_some()
    }

    /// Removes the entries of a saga that is over; answers whether there was anything to do.
    pub(super) fn purge(&mut self) -> Result<bool, StoreError> {
        if !self.status.is_over() {
            return Err(StoreError::conflict(format!("the saga is {}, not over", self.status)));
        }
        self.entries = Vec::new();
        Ok(!std::mem::replace(&mut self.is_purged, true))
    }
}

/// The headers of those that `filter` takes after `after`, in the order of their ids, at most `limit`.
pub(super) fn page<'r, M: Moment + 'r>(
    sagas: impl Iterator<Item = (&'r SagaId, &'r SagaRecord<M>)>,
    filter: &SagaFilter,
    after: Option<&SagaId>,
    limit: NonZeroUsize,
    now: M,
) -> Vec<SagaHeader> {
    let is_taken = |(id, record): &(&SagaId, &SagaRecord<M>)| {
        after.is_none_or(|after| *id > after) && record.is_taken_by(filter, now)
    };
    let mut taken: Vec<_> = sagas.filter(is_taken).collect();
    if taken.len() > limit.get() {
        taken.select_nth_unstable_by_key(limit.get(), |(id, _)| *id);
        taken.truncate(limit.get());
    }
    taken.sort_unstable_by_key(|(id, _)| *id);
    taken.into_iter().map(|(id, record)| record.header(id, now)).collect()
}
