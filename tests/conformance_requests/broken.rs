use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::dual::{
    NewRequest, RecordedRequest, RequestJournal, RequestKey, RequestNote, RequestRecord,
    RequestRetention, RequestState, RequestStatus, Trouble,
};
use strangler_fig::phase::{NodeId, Side};
use strangler_fig::testkit::conformance::RequestJournalFixture;
use tokio::time::Instant;

use super::fault::Fault;

#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) new: NewRequest,
    pub(crate) notes: Vec<RequestNote>,
    pub(crate) state: RequestState,
    pub(crate) epoch: u64,
    pub(crate) begun: u64,
    pub(crate) held: Option<(NodeId, Instant)>,
    pub(crate) has_lapsed: bool,
    pub(crate) due: Instant,
    pub(crate) changed: Instant,
    pub(crate) is_purged: bool,
    pub(crate) is_spoilt: bool,
}

impl Slot {
    pub(crate) fn new(new: &NewRequest) -> Self {
        Self {
            new: new.clone(),
            notes: Vec::new(),
            state: RequestState::new(new.first, new.stamp),
            epoch: 1,
            begun: 1,
            held: None,
            has_lapsed: false,
            due: Instant::now(),
            changed: Instant::now(),
            is_purged: false,
            is_spoilt: false,
        }
    }

    pub(crate) fn status(&self) -> RequestStatus {
        self.state.status()
    }
}

pub(crate) type Slots = BTreeMap<String, Slot>;

/// A journal in memory that breaks the contract in one way.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    pub(crate) fault: Fault,
    slots: Arc<Mutex<Slots>>,
    /// Only one handle knows everything, if that is the fault.
    pub(crate) is_first: bool,
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, slots: Arc::default(), is_first: true }
    }

    pub(crate) fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap()
    }

    pub(crate) async fn later(&self, fault: Fault) {
        if self.is(fault) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn end(&self, term: Duration) -> Instant {
        let is_endless = self.is(Fault::ZeroIsForEver) && term.is_zero();
        Instant::now() + if is_endless { Duration::from_secs(1 << 32) } else { term }
    }

    /// A text in the order of scope and key.
    pub(crate) fn key(&self, key: &RequestKey) -> String {
        match self.fault {
            Fault::CaseIsIgnored => format!("{}\0{}", key.scope(), key.key()).to_lowercase(),
            Fault::ScopesAreJoined => format!("{}{}", key.scope(), key.key()),
            _ => format!("{}\0{}", key.scope(), key.key()),
        }
    }

    pub(crate) fn holder<'a>(&self, slot: &'a Slot) -> Option<&'a NodeId> {
        let (node, until) = slot.held.as_ref()?;
        let forgets = self.is(Fault::ClaimsInTheProcess) && !self.is_first;
        let lasts = self.is(Fault::NeverExpires) || *until > Instant::now();
        (lasts && !forgets).then_some(node)
    }

    pub(crate) fn stored(&self, new: &NewRequest) -> NewRequest {
        let mut new = new.clone();
        if self.is(Fault::BytesAreText) {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned().into_bytes();
            new.request.body = text(&new.request.body);
            for (_, value) in &mut new.request.headers {
                *value = text(value);
            }
        }
        new
    }

    pub(crate) fn record(&self, slot: &Slot) -> RequestRecord {
        let forgets = self.is(Fault::NotesInTheProcess) && !self.is_first;
        let first = RequestState::new(slot.new.first, slot.new.stamp);
        let (notes, state) =
            if forgets { (Vec::new(), first) } else { (slot.notes.clone(), slot.state) };
        let mut record = RequestRecord::new(slot.new.clone(), notes, state);
        record.epoch = slot.epoch;
        record.holder = match self.fault {
            Fault::HolderStays => slot.held.as_ref().map(|(node, _)| node.clone()),
            _ => self.holder(slot).cloned(),
        };
        record.has_lapsed = slot.has_lapsed && !self.is(Fault::LapsesAreUnsaid);
        record.idle = slot.changed.elapsed();
        if !self.is(Fault::DueIsUnsaid) {
            record.due_in = slot.due.saturating_duration_since(Instant::now());
        }
        record.is_purged = slot.is_purged;
        record
    }

    /// What a slot is after a note, if that may be added.
    pub(crate) fn after(
        &self,
        slot: &Slot,
        epoch: u64,
        position: u32,
        note: &RequestNote,
    ) -> Option<RequestState> {
        let is_newest = slot.epoch == epoch || self.is(Fault::EpochIsIgnored);
        let is_next = slot.notes.len() == position as usize || self.is(Fault::PositionIsIgnored);
        let is_late = self.is(Fault::ExpiredMayNoteNoMore) && self.holder(slot).is_none();
        let is_barred = *note == RequestNote::Withdrawn
            && slot.begun != epoch
            && !self.is(Fault::AnybodyWithdraws);
        let mut state = slot.state;
        let follows = state.apply(note).is_ok() || self.is(Fault::OrderIsIgnored);
        (is_newest && is_next && !is_late && !is_barred && follows).then_some(state)
    }

    pub(crate) fn add(
        &self,
        slot: &mut Slot,
        note: &RequestNote,
        state: RequestState,
        [due, term]: [Duration; 2],
    ) {
        if matches!(note, RequestNote::Reopened { .. }) && !self.is(Fault::ReopenedIsNotBegun) {
            slot.begun = slot.epoch;
        }
        let goes_on = note.keeps_claim() && state.status().is_open();
        let until = self.end(term);
        if goes_on {
            if let (Some(held), false) = (&mut slot.held, self.is(Fault::NoteDoesNotRenew)) {
                held.1 = until;
            }
        } else if !self.is(Fault::NoteKeepsClaim) {
            slot.held = None;
        }
        let clears = note.begins_anew() || self.is(Fault::NotesClearLapses);
        slot.has_lapsed &= !clears || self.is(Fault::LapsesStay);
        slot.due = Instant::now() + if goes_on { Duration::ZERO } else { due };
        slot.notes.push(match (self.fault, note) {
            (Fault::TroublesAreOne, RequestNote::Failed { side, .. }) => {
                RequestNote::Failed { side: *side, why: Trouble::Late }
            }
            _ => note.clone(),
        });
        (slot.state, slot.changed) = (state, Instant::now());
    }

    pub(crate) fn is_takeable(&self, slot: &Slot) -> bool {
        let status = slot.status();
        let is_open = status.is_open()
            || self.is(Fault::TakesParked) && matches!(status, RequestStatus::Parked(_))
            || self.is(Fault::TakesClosed) && status == RequestStatus::Done;
        let is_due = slot.due <= Instant::now() || self.is(Fault::TakesWhatIsNotDue);
        let is_free = self.holder(slot).is_none() || self.is(Fault::TakesWhatIsHeld);
        let was_retried = matches!(slot.notes.last(), Some(RequestNote::Retried { .. }));
        let is_left = self.is(Fault::TakesNothingRetried) && was_retried;
        is_open && is_due && is_free && !is_left
    }

    /// Whether a purge empties it, or forgets it.
    pub(crate) fn purge(&self, slot: &Slot, retention: RequestRetention) -> [bool; 2] {
        let RequestRetention { content: idle, key: keep, .. } = retention;
        let at_once = self.is(Fault::PurgesAtOnce);
        let is_older = |age: Duration| at_once || slot.changed.elapsed() >= age;
        let is_closed = slot.status().is_closed()
            || self.is(Fault::PurgesOpen) && slot.status() == RequestStatus::Open;
        let is_free = self.holder(slot).is_none() || self.is(Fault::PurgesHeld);
        let least = if self.is(Fault::KeepWaitsForIdle) { idle } else { idle.min(keep) };
        let is_old = is_closed && is_free && is_older(least);
        let is_nothing =
            slot.status() == RequestStatus::Withdrawn && !self.is(Fault::WithdrawnIsKept);
        let is_kept = keep > Duration::from_secs(100);
        let is_nothing = is_nothing && is_older(idle);
        let forgets = is_old && (is_older(keep) && (!at_once || !is_kept) || is_nothing);
        let forgets = forgets && !self.is(Fault::PurgeKeeps);
        let empties = is_old && is_older(idle) && !forgets && !slot.is_purged;
        [
            empties && !self.is(Fault::PurgeForgets),
            forgets || empties && self.is(Fault::PurgeForgets),
        ]
    }

    pub(crate) fn empty(&self, slot: &mut Slot) {
        slot.new.request = RecordedRequest::default();
        slot.is_purged = true;
        if self.is(Fault::PurgeForgetsNotes) {
            slot.notes.clear();
        }
    }
}

pub(crate) fn nothing(key: &RequestKey) -> NewRequest {
    NewRequest {
        key: key.clone(),
        fingerprint: strangler_fig::gateway::dual::Fingerprint::of("", "", b""),
        request: RecordedRequest::default(),
        stamp: strangler_fig::stamp::Stamp::default(),
        first: Side::Legacy,
        is_strict: false,
        answers: Side::Legacy,
        rule: String::new(),
        entity_id: None,
    }
}

pub(crate) fn conflict<T>() -> Result<T, StoreError> {
    Err(StoreError::conflict("it is not so"))
}

pub(crate) fn unreadable<T>() -> Result<T, StoreError> {
    Err(StoreError::rejected("it cannot be read"))
}

#[async_trait]
impl RequestJournalFixture for Broken {
    fn journal(&self) -> Arc<dyn RequestJournal> {
        Arc::new(self.clone())
    }

    async fn reopened(&self) -> Arc<dyn RequestJournal> {
        Arc::new(Self { is_first: false, ..self.clone() })
    }

    async fn spoil(&self, key: &RequestKey) -> bool {
        self.lock().get_mut(&self.key(key)).is_some_and(|slot| {
            slot.is_spoilt = true;
            true
        })
    }
}
