//! What a journal knows of one dual-written request, and the rules by which that changes, on any clock.

use std::num::NonZeroUsize;

use super::saga_record::Moment;
use crate::error::StoreError;
use crate::gateway::dual::{
    NewRequest, RecordedRequest, RequestClaim, RequestKey, RequestNote, RequestRecord,
    RequestRetention, RequestState, RequestStatus, Shelf,
};
use crate::phase::NodeId;

/// A request, as its journal has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept<M> {
    pub(super) new: NewRequest,
    pub(super) notes: Vec<RequestNote>,
    pub(super) state: RequestState,
    pub(super) epoch: u64,
    /// The claim under which it was begun: only who surely was the first to send it may withdraw it.
    pub(super) begun: u64,
    /// Until when, also if that has passed.
    pub(super) held: Option<(NodeId, M)>,
    pub(super) has_lapsed: bool,
    pub(super) due: M,
    /// When it was recorded, or the last note came.
    pub(super) changed: M,
    pub(super) is_purged: bool,
}

/// What a purge does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purge {
    Nothing,
    Empty,
    Forget,
}

impl<M: Moment> Kept<M> {
    /// One that is open and due, held by `holder`.
    pub(super) fn new(new: &NewRequest, holder: &NodeId, now: M, until: M) -> Self {
        Self {
            new: new.clone(),
            notes: Vec::new(),
            state: RequestState::new(new.first, new.stamp),
            epoch: 1,
            begun: 1,
            held: Some((holder.clone(), until)),
            has_lapsed: false,
            due: now,
            changed: now,
            is_purged: false,
        }
    }

    pub(super) fn holder(&self, now: M) -> Option<&NodeId> {
        let (holder, until) = self.held.as_ref()?;
        (*until > now).then_some(holder)
    }

    pub(super) fn claim_of_now(&self) -> RequestClaim {
        RequestClaim { key: self.new.key.clone(), epoch: self.epoch }
    }

    pub(super) fn record(&self, now: M) -> RequestRecord {
        let mut record = RequestRecord::new(self.new.clone(), self.notes.clone(), self.state);
        record.epoch = self.epoch;
        record.holder = self.holder(now).cloned();
        record.has_lapsed = self.has_lapsed;
        record.idle = now.since(self.changed);
        record.due_in = self.due.since(now);
        record.is_purged = self.is_purged;
        record
    }

    /// What it is after a note, if that may be added.
    pub(super) fn takes(
        &self,
        epoch: u64,
        position: u32,
        note: &RequestNote,
    ) -> Result<RequestState, StoreError> {
        if epoch != self.epoch {
            let claimed = format!("it was claimed under epoch {}, after {epoch}", self.epoch);
            return Err(StoreError::conflict(claimed));
        }
        if usize::try_from(position) != Ok(self.notes.len()) {
            let taken = format!("it has {} notes, not {position}", self.notes.len());
            return Err(StoreError::conflict(taken));
        }
        if *note == RequestNote::Withdrawn && self.begun != epoch {
            return Err(StoreError::conflict("another may have sent it before this claim"));
        }
        let mut state = self.state;
        state.apply(note).map_err(StoreError::conflict)?;
        Ok(state)
    }

    /// Adds a note that leads to `state`.
    pub(super) fn add(&mut self, note: RequestNote, state: RequestState, moments: Moments<M>) {
        let Moments { now, due, until } = moments;
        if matches!(note, RequestNote::Reopened { .. }) {
            self.begun = self.epoch;
        }
        let goes_on = note.keeps_claim() && state.status().is_open();
        match &mut self.held {
            Some((_, held_until)) if goes_on => *held_until = until,
            held => *held = None,
        }
        self.has_lapsed &= !note.begins_anew();
        self.due = if goes_on { now } else { due };
        self.notes.push(note);
        (self.state, self.changed) = (state, now);
    }

    /// The epoch of a claim by `holder`, if it may have one.
    pub(super) fn claim(&mut self, holder: &NodeId, now: M, until: M) -> Option<u64> {
        if self.holder(now).is_some_and(|other| other != holder) {
            return None;
        }
        self.epoch += 1;
        self.has_lapsed |= self.held.is_some();
        self.held = Some((holder.clone(), until));
        Some(self.epoch)
    }

    /// Whether whoever looks for work may have it.
    pub(super) fn is_takeable(&self, now: M) -> bool {
        self.state.status().is_open() && self.due <= now && self.holder(now).is_none()
    }

    /// What a purge does with it.
    pub(super) fn purge(&self, retention: RequestRetention, now: M) -> Purge {
        let RequestRetention { content, key } = retention;
        let age = now.since(self.changed);
        let status = self.state.status();
        if !status.is_closed() || age < content.min(key) || self.holder(now).is_some() {
            return Purge::Nothing;
        }
        if age >= key || status == RequestStatus::Withdrawn {
            return Purge::Forget;
        }
        if self.is_purged { Purge::Nothing } else { Purge::Empty }
    }

    pub(super) fn empty(&mut self) {
        self.new.request = RecordedRequest::default();
        self.is_purged = true;
    }
}

/// When a note came, and what begins with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments<M> {
    pub(super) now: M,
    pub(super) due: M,
    pub(super) until: M,
}

/// The keys of those that may be taken, those that have been due longest first.
pub(super) fn due<'r, M: Moment + 'r>(
    requests: impl Iterator<Item = &'r Kept<M>>,
    now: M,
) -> Vec<RequestKey> {
    let mut found: Vec<_> = requests.filter(|kept| kept.is_takeable(now)).collect();
    found.sort_unstable_by_key(|kept| (kept.due, &kept.new.key));
    found.into_iter().map(|kept| kept.new.key.clone()).collect()
}

/// Those of a shelf after `after`, in the order of their keys, at most `limit`.
pub(super) fn page<'r, M: Moment + 'r>(
    requests: impl Iterator<Item = &'r Kept<M>>,
    shelf: Shelf,
    after: Option<&RequestKey>,
    limit: NonZeroUsize,
) -> Vec<&'r Kept<M>> {
    let is_taken = |kept: &&Kept<M>| {
        kept.state.status().shelf() == shelf && after.is_none_or(|after| kept.new.key > *after)
    };
    let mut taken: Vec<_> = requests.filter(is_taken).collect();
    if taken.len() > limit.get() {
        taken.select_nth_unstable_by_key(limit.get(), |kept| &kept.new.key);
        taken.truncate(limit.get());
    }
    taken.sort_unstable_by_key(|kept| &kept.new.key);
    taken
}
