use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::phase::NodeId;
use strangler_fig::saga::{
    NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId, SagaJournal,
    SagaOutcome, SagaStatus,
};
use strangler_fig::testkit::conformance::SagaJournalFixture;
use tokio::time::Instant;

use super::fault::Fault;

#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) saga: NewSaga,
    pub(crate) entries: Vec<SagaEntry>,
    pub(crate) status: SagaStatus,
    pub(crate) outcome: Option<SagaOutcome>,
    pub(crate) purged: Option<u64>,
    pub(crate) epoch: u64,
    pub(crate) held: Option<(NodeId, Instant)>,
    pub(crate) changed: Instant,
    pub(crate) is_spoilt: bool,
}

impl Slot {
    pub(crate) fn new(saga: &NewSaga, entries: &[SagaEntry]) -> Self {
        Self {
            saga: saga.clone(),
            entries: entries.to_vec(),
            status: SagaStatus::Running,
            outcome: None,
            purged: None,
            epoch: 0,
            held: None,
            changed: Instant::now(),
            is_spoilt: false,
        }
    }

    pub(crate) fn length(&self) -> u64 {
        self.purged.unwrap_or(self.entries.len() as u64)
    }

    pub(crate) fn hold(&mut self, runner: &NodeId, term: Duration) {
        self.held = Some((runner.clone(), Instant::now() + term));
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

    pub(crate) fn term(&self, term: Duration) -> Duration {
        let is_endless = self.is(Fault::ZeroIsForEver) && term.is_zero();
        if is_endless { Duration::from_secs(1 << 32) } else { term }
    }

    pub(crate) fn key(&self, id: &SagaId) -> String {
        match self.fault {
            Fault::CaseIsIgnored => id.as_str().to_lowercase(),
            _ => id.as_str().to_owned(),
        }
    }

    pub(crate) fn holder<'a>(&self, slot: &'a Slot) -> Option<&'a NodeId> {
        let (runner, until) = slot.held.as_ref()?;
        let forgets = self.is(Fault::ClaimsInTheProcess) && !self.is_first;
        let lasts = self.is(Fault::NeverExpires) || *until > Instant::now();
        (lasts && !forgets).then_some(runner)
    }

    pub(crate) fn is_own(&self, holder: &NodeId, runner: &NodeId) -> bool {
        match self.fault {
            Fault::OwnClaimIsInTheWay => false,
            Fault::LivesAreOne => holder.name == runner.name,
            _ => holder == runner,
        }
    }

    pub(crate) fn stored(&self, entry: &SagaEntry) -> SagaEntry {
        let mut text = entry.to_document();
        if self.is(Fault::PayloadsAreValues) {
            let value: Result<serde_json::Value, _> = serde_json::from_str(&text);
            text = value.map_or("{\"started\":{\"step\":\"lost\"}}".to_owned(), |v| v.to_string());
        }
        if self.is(Fault::NumbersAreSigned) {
            text = text.replace(&u64::MAX.to_string(), &i64::MAX.to_string());
        }
        SagaEntry::from_document(&text).unwrap()
    }

    pub(crate) fn header(&self, slot: &Slot) -> SagaHeader {
        let named = slot.held.as_ref().map(|(runner, _)| runner);
        let mut header = SagaHeader::new(&slot.saga, slot.status);
        if self.is(Fault::NumbersAreSigned) {
            let fingerprint = &mut header.definition.fingerprint;
            *fingerprint = (*fingerprint).min(i64::MAX.unsigned_abs());
            header.input = header.input.min(i128::MAX.unsigned_abs());
        }
        header.outcome.clone_from(&slot.outcome);
        (header.length, header.epoch) = (slot.length(), slot.epoch);
        header.holder = match self.fault {
            Fault::HolderStays => named.cloned(),
            _ => self.holder(slot).cloned(),
        };
        header.idle = match self.fault {
            Fault::NeverIdle => Duration::ZERO,
            _ => slot.changed.elapsed(),
        };
        header.is_purged = slot.purged.is_some();
        header
    }

    pub(crate) fn takes(&self, slot: &Slot, claim: &SagaClaim, position: u64) -> bool {
        let is_newest = slot.epoch == claim.epoch || self.is(Fault::EpochIsIgnored);
        let is_next = slot.length() == position || self.is(Fault::PositionIsIgnored);
        let is_late = self.is(Fault::ExpiredMayAppendNoMore) && self.holder(slot).is_none();
        let is_closed = self.is(Fault::OverIsClosed) && slot.status.is_over();
        let is_purged = slot.purged.is_some() && !self.is(Fault::PurgedTakesEntries);
        is_newest && is_next && !is_late && !is_closed && !is_purged
    }

    pub(crate) fn record(&self, slot: &mut Slot, append: &SagaAppend<'_>, term: Duration) {
        let most = if self.is(Fault::FirstEntryOnly) { 1 } else { usize::MAX };
        slot.entries.extend(append.entries.iter().take(most).map(|entry| self.stored(entry)));
        if !self.is(Fault::StatusIsLost) {
            slot.status = append.status;
        }
        if !self.is(Fault::OutcomeIsLost) {
            slot.outcome = append.outcome.cloned();
        }
        if !self.is(Fault::IdleSinceCreated) {
            slot.changed = Instant::now();
        }
        if self.is(Fault::AppendRevives) && slot.held.is_none() {
            slot.hold(&node(), term);
        }
        let until = Instant::now() + self.term(term);
        if !append.status.is_active() && !self.is(Fault::RestIsHeld) {
            slot.held = None;
        }
        if let Some((_, held_until)) = &mut slot.held {
            *held_until = match self.fault {
                Fault::AppendDoesNotRenew => *held_until,
                Fault::TermOnlyGrows => until.max(*held_until),
                _ => until,
            };
        }
    }

    pub(crate) fn order(&self, id: &SagaId) -> String {
        match self.fault {
            Fault::ListIsCollated => id.as_str().to_lowercase(),
            _ => id.as_str().to_owned(),
        }
    }

    pub(crate) fn matches(&self, filter: &SagaFilter, header: &SagaHeader) -> bool {
        let mut filter = filter.clone();
        match self.fault {
            Fault::FilterKnowsNoStatus => filter.statuses.clear(),
            Fault::FilterKnowsNoHolder => filter.is_free = false,
            Fault::FilterKnowsNoPurge => filter.is_unpurged = false,
            Fault::FilterKnowsNoAge => filter.idle_min = Duration::ZERO,
            Fault::FilterKnowsNoFingerprint => {
                for definition in &mut filter.definitions {
                    definition.fingerprint = header.definition.fingerprint;
                }
            }
            _ => {}
        }
        filter.takes(header)
    }
}

pub(crate) fn node() -> NodeId {
    "node-1/00000000000000000000000000000001".parse().unwrap()
}

pub(crate) fn nothing(id: &SagaId) -> NewSaga {
    let definition = "unknown@0#0000000000000000".parse().unwrap();
    NewSaga { id: id.clone(), definition, input: 0, parent: None }
}

pub(crate) fn unreadable<T>() -> Result<T, StoreError> {
    Err(StoreError::rejected("it cannot be read"))
}

pub(crate) fn conflict<T>() -> Result<T, StoreError> {
    Err(StoreError::conflict("it is not so"))
}

#[async_trait]
impl SagaJournalFixture for Broken {
    fn journal(&self) -> Arc<dyn SagaJournal> {
        Arc::new(self.clone())
    }

    async fn reopened(&self) -> Arc<dyn SagaJournal> {
        Arc::new(Self { is_first: false, ..self.clone() })
    }

    async fn spoil(&self, saga: &SagaId) -> bool {
        self.lock().get_mut(&self.key(saga)).is_some_and(|slot| {
            slot.is_spoilt = true;
            true
        })
    }
}
