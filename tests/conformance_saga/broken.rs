use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::phase::NodeId;
use strangler_fig::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId,
    SagaJournal, SagaOutcome, SagaStatus,
};
use strangler_fig::testkit::conformance::SagaJournalFixture;
use tokio::time::Instant;

/// One way to break the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Sound,
    /// `create` replaces what is there.
    CreateOverwrites,
    /// `create` looks, and writes somewhat later.
    LooksThenCreates,
    /// A purged saga is forgotten, and created anew.
    PurgeForgets,
    /// Entries are recorded wherever they are said to go.
    PositionIsIgnored,
    /// A position that is taken is taken for a repeat.
    RepeatIsOk,
    /// `append` looks, and writes somewhat later.
    LooksThenAppends,
    /// Only the first entry of an append is recorded.
    FirstEntryOnly,
    /// The status is not recorded.
    StatusIsLost,
    /// The outcome is not recorded.
    OutcomeIsLost,
    /// An append does not ask under which claim.
    EpochIsIgnored,
    /// A claim takes the epoch of the last one.
    EpochStays,
    /// An append does not begin the term anew.
    AppendDoesNotRenew,
    /// A saga that goes no further by itself stays held.
    RestIsHeld,
    /// An append never shortens the term.
    TermOnlyGrows,
    /// An append is refused once the term is over, though nobody took the saga.
    ExpiredMayAppendNoMore,
    /// An append brings a released claim back.
    AppendRevives,
    /// What is over takes no more entries.
    OverIsClosed,
    /// An append to no saga makes one up.
    NothingTakesEntries,
    /// A handle of another process has no entries but the first.
    EntriesInTheProcess,
    /// A handle of another process knows no claims.
    ClaimsInTheProcess,
    /// A saga that is not there is shown as an empty one.
    ShowsNothing,
    /// The header is read, and the entries somewhat later.
    LoadsInTwo,
    /// Payloads are stored as values, and written anew.
    PayloadsAreValues,
    /// Numbers are as large as a signed column.
    NumbersAreSigned,
    /// Ids are compared as a careless collation does it.
    CaseIsIgnored,
    /// A saga that is not there may be claimed.
    NothingIsClaimed,
    /// Anybody may claim what is held.
    ClaimIsBlind,
    /// A runner finds its own claim in its way.
    OwnClaimIsInTheWay,
    /// Runners are told apart by their names only.
    LivesAreOne,
    /// `claim` looks, and writes somewhat later.
    LooksThenClaims,
    /// Only what runs may be claimed.
    OnlyRunningIsClaimed,
    /// What is purged may be claimed.
    PurgedIsClaimed,
    /// A claim never expires.
    NeverExpires,
    /// The holder stays named after its end.
    HolderStays,
    /// `renew` does nothing but answer.
    RenewDoesNothing,
    /// Renewing nothing is an error.
    NothingToRenewIsAnError,
    /// `renew` answers all that it was asked for.
    RenewAnswersAll,
    /// `renew` does not ask whether the claim is the newest.
    RenewIsBlind,
    /// `renew` brings a released claim back.
    RenewRevives,
    /// `renew` is too late for what has expired.
    ExpiredIsNotRenewed,
    /// `release` of any claim frees the saga.
    ReleaseIsBlind,
    /// Releasing what is not there is an error.
    NothingIsAnError,
    /// `list` is in the order of a dictionary.
    ListIsCollated,
    /// `list` goes on with the id itself.
    ListRepeats,
    /// `list` goes on after an id that is there only.
    ListNeedsItsPlace,
    /// `list` cuts first, and filters then.
    ListCutsFirst,
    /// `list` has no end.
    ListIsEndless,
    /// A filter knows no statuses.
    FilterKnowsNoStatus,
    /// A filter knows a definition's name and version only.
    FilterKnowsNoFingerprint,
    /// A filter takes what anybody holds.
    FilterKnowsNoHolder,
    /// A list has no outcomes.
    ListedOutcomeIsLost,
    /// Nothing is ever idle.
    NeverIdle,
    /// It is idle since it was created.
    IdleSinceCreated,
    /// What still runs may be purged.
    PurgeIsBlind,
    /// Purging again is a conflict.
    PurgesOnce,
    /// Purging what is not there is no error.
    PurgesNothing,
    /// A purge leaves the entries.
    PurgeLeavesEntries,
    /// A purge counts anew.
    PurgeCountsAnew,
    /// A purged saga takes entries where the others ended.
    PurgedTakesEntries,
    /// A purge takes those that begin so, too.
    PurgesByPrefix,
}

#[derive(Debug, Clone)]
struct Slot {
    saga: NewSaga,
    entries: Vec<SagaEntry>,
    status: SagaStatus,
    outcome: Option<SagaOutcome>,
    purged: Option<u64>,
    epoch: u64,
    held: Option<(NodeId, Instant)>,
    changed: Instant,
}

impl Slot {
    fn new(saga: &NewSaga, entries: &[SagaEntry]) -> Self {
        Self {
            saga: saga.clone(),
            entries: entries.to_vec(),
            status: SagaStatus::Running,
            outcome: None,
            purged: None,
            epoch: 0,
            held: None,
            changed: Instant::now(),
        }
    }

    fn length(&self) -> u64 {
        self.purged.unwrap_or(self.entries.len() as u64)
    }

    fn hold(&mut self, runner: &NodeId, term: Duration) {
        self.held = Some((runner.clone(), Instant::now() + term));
    }
}

type Slots = BTreeMap<String, Slot>;

/// A journal in memory that breaks the contract in one way.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    fault: Fault,
    slots: Arc<Mutex<Slots>>,
    /// Only one handle knows everything, if that is the fault.
    is_first: bool,
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, slots: Arc::default(), is_first: true }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap()
    }

    async fn later(&self, fault: Fault) {
        if self.is(fault) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn key(&self, id: &SagaId) -> String {
        match self.fault {
            Fault::CaseIsIgnored => id.as_str().to_lowercase(),
            _ => id.as_str().to_owned(),
        }
    }

    fn holder<'a>(&self, slot: &'a Slot) -> Option<&'a NodeId> {
        let (runner, until) = slot.held.as_ref()?;
        let forgets = self.is(Fault::ClaimsInTheProcess) && !self.is_first;
        let lasts = self.is(Fault::NeverExpires) || *until > Instant::now();
        (lasts && !forgets).then_some(runner)
    }

    fn is_own(&self, holder: &NodeId, runner: &NodeId) -> bool {
        match self.fault {
            Fault::OwnClaimIsInTheWay => false,
            Fault::LivesAreOne => holder.name == runner.name,
            _ => holder == runner,
        }
    }

    fn stored(&self, entry: &SagaEntry) -> SagaEntry {
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

    fn header(&self, slot: &Slot) -> SagaHeader {
        let named = slot.held.as_ref().map(|(runner, _)| runner);
        let mut definition = slot.saga.definition.clone();
        let mut input = slot.saga.input;
        if self.is(Fault::NumbersAreSigned) {
            definition.fingerprint = definition.fingerprint.min(i64::MAX.unsigned_abs());
            input = input.min(i128::MAX.unsigned_abs());
        }
        SagaHeader {
            id: slot.saga.id.clone(),
            definition,
            input,
            parent: slot.saga.parent.clone(),
            status: slot.status,
            outcome: slot.outcome.clone(),
            length: slot.length(),
            epoch: slot.epoch,
            holder: match self.fault {
                Fault::HolderStays => named.cloned(),
                _ => self.holder(slot).cloned(),
            },
            idle: match self.fault {
                Fault::NeverIdle => Duration::ZERO,
                _ => slot.changed.elapsed(),
            },
            is_purged: slot.purged.is_some(),
        }
    }

    fn takes(&self, slot: &Slot, claim: &SagaClaim, position: u64) -> bool {
        let is_newest = slot.epoch == claim.epoch || self.is(Fault::EpochIsIgnored);
        let is_next = slot.length() == position || self.is(Fault::PositionIsIgnored);
        let is_late = self.is(Fault::ExpiredMayAppendNoMore) && self.holder(slot).is_none();
        let is_closed = self.is(Fault::OverIsClosed) && slot.status.is_over();
        let is_purged = slot.purged.is_some() && !self.is(Fault::PurgedTakesEntries);
        is_newest && is_next && !is_late && !is_closed && !is_purged
    }

    fn record(&self, slot: &mut Slot, append: &SagaAppend<'_>, term: Duration) {
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
        let until = Instant::now() + term;
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

    fn order(&self, id: &SagaId) -> String {
        match self.fault {
            Fault::ListIsCollated => id.as_str().to_lowercase(),
            _ => id.as_str().to_owned(),
        }
    }

    fn matches(&self, filter: &SagaFilter, header: &SagaHeader) -> bool {
        let mut filter = filter.clone();
        match self.fault {
            Fault::FilterKnowsNoStatus => filter.statuses.clear(),
            Fault::FilterKnowsNoHolder => filter.is_free = false,
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

fn node() -> NodeId {
    "node-1/00000000000000000000000000000001".parse().unwrap()
}

fn nothing(id: &SagaId) -> NewSaga {
    let definition = "unknown@0#0000000000000000".parse().unwrap();
    NewSaga { id: id.clone(), definition, input: 0, parent: None }
}

fn conflict<T>() -> Result<T, StoreError> {
    Err(StoreError::conflict("it is not so"))
}

#[async_trait]
impl SagaJournal for Broken {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        let found = self.lock().get(&self.key(&saga.id)).map(|slot| self.header(slot));
        self.later(Fault::LooksThenCreates).await;
        if let Some(found) = found
            && !self.is(Fault::CreateOverwrites)
        {
            return Ok(Created::Found(Box::new(found)));
        }
        let mut slots = self.lock();
        if let Some(found) = slots.get(&self.key(&saga.id))
            && !self.is(Fault::LooksThenCreates)
            && !self.is(Fault::CreateOverwrites)
        {
            return Ok(Created::Found(Box::new(self.header(found))));
        }
        let mut slot = Slot::new(saga, entries);
        slot.epoch = 1;
        slot.hold(runner, term);
        slots.insert(self.key(&saga.id), slot);
        Ok(Created::New(SagaClaim { saga: saga.id.clone(), epoch: 1 }))
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        let key = self.key(&claim.saga);
        if self.is(Fault::LooksThenAppends) {
            let found = self.lock().get(&key).cloned();
            let takes = found.is_some_and(|slot| self.takes(&slot, claim, append.position));
            self.later(Fault::LooksThenAppends).await;
            let mut slots = self.lock();
            return match slots.get_mut(&key) {
                Some(slot) if takes => {
                    self.record(slot, append, term);
                    Ok(())
                }
                _ => conflict(),
            };
        }
        let mut slots = self.lock();
        if self.is(Fault::NothingTakesEntries) {
            let made_up = Slot { epoch: claim.epoch, ..Slot::new(&nothing(&claim.saga), &[]) };
            slots.entry(key.clone()).or_insert(made_up);
        }
        match slots.get_mut(&key) {
            Some(slot) if self.takes(slot, claim, append.position) => {
                self.record(slot, append, term);
                Ok(())
            }
            Some(slot) if self.is(Fault::RepeatIsOk) && append.position < slot.length() => Ok(()),
            _ => conflict(),
        }
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        let header = self.lock().get(&self.key(saga)).map(|slot| self.header(slot));
        self.later(Fault::LoadsInTwo).await;
        let Some(slot) = self.lock().get(&self.key(saga)).cloned() else {
            let nothing = Slot::new(&nothing(saga), &[]);
            let shown = (self.header(&nothing), nothing.entries);
            return Ok(self.is(Fault::ShowsNothing).then_some(shown));
        };
        let header = match (self.fault, header) {
            (Fault::LoadsInTwo, Some(header)) => header,
            _ => self.header(&slot),
        };
        let mut entries = slot.entries;
        if self.is(Fault::EntriesInTheProcess) && !self.is_first {
            entries.truncate(1);
        }
        Ok(Some((header, entries)))
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        let is_free = |slot: &Slot| {
            let holder = self.holder(slot);
            let is_free = holder.is_none_or(|holder| self.is_own(holder, runner));
            let is_running = slot.status.is_active() || !self.is(Fault::OnlyRunningIsClaimed);
            let is_there = slot.purged.is_none() || self.is(Fault::PurgedIsClaimed);
            (is_free || self.is(Fault::ClaimIsBlind)) && is_running && is_there
        };
        let was_free = self.lock().get(&self.key(saga)).is_some_and(is_free);
        self.later(Fault::LooksThenClaims).await;
        let mut slots = self.lock();
        let Some(slot) = slots.get_mut(&self.key(saga)) else {
            let claim = SagaClaim { saga: saga.clone(), epoch: 1 };
            return Ok(self.is(Fault::NothingIsClaimed).then_some(claim));
        };
        let is_free = if self.is(Fault::LooksThenClaims) { was_free } else { is_free(slot) };
        if !is_free {
            return Ok(None);
        }
        if !self.is(Fault::EpochStays) {
            slot.epoch += 1;
        }
        slot.hold(runner, term);
        Ok(Some(SagaClaim { saga: saga.clone(), epoch: slot.epoch }))
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        let mut slots = self.lock();
        let mut renewed = Vec::new();
        if claims.is_empty() && self.is(Fault::NothingToRenewIsAnError) {
            return conflict();
        }
        for claim in claims {
            let slot = slots.get_mut(&self.key(&claim.saga));
            let is_newest = |slot: &&mut Slot| {
                let is_late = self.is(Fault::ExpiredIsNotRenewed) && self.holder(slot).is_none();
                (slot.epoch == claim.epoch || self.is(Fault::RenewIsBlind)) && !is_late
            };
            let is_held = |slot: &&mut Slot| slot.held.is_some() || self.is(Fault::RenewRevives);
            match slot.filter(is_newest).filter(is_held) {
                Some(slot) if !self.is(Fault::RenewDoesNothing) => {
                    let runner = slot.held.take().map_or_else(node, |(runner, _)| runner);
                    slot.hold(&runner, term);
                }
                None if !self.is(Fault::RenewAnswersAll) => continue,
                _ => {}
            }
            renewed.push(claim.saga.clone());
        }
        Ok(renewed)
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        match self.lock().get_mut(&self.key(&claim.saga)) {
            Some(slot) if slot.epoch == claim.epoch || self.is(Fault::ReleaseIsBlind) => {
                slot.held = None;
            }
            None if self.is(Fault::NothingIsAnError) => return conflict(),
            _ => {}
        }
        Ok(())
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        let slots = self.lock();
        let is_there = after.is_none_or(|after| slots.contains_key(after.as_str()));
        if self.is(Fault::ListNeedsItsPlace) && !is_there {
            return Ok(Vec::new());
        }
        let mut headers: Vec<_> = slots.values().map(|slot| self.header(slot)).collect();
        headers.sort_by_key(|header| self.order(&header.id));
        headers.retain(|header| {
            after.is_none_or(|after| match self.fault {
                Fault::ListRepeats => header.id >= *after,
                _ => self.order(&header.id) > self.order(after),
            })
        });
        if self.is(Fault::ListCutsFirst) {
            headers.truncate(limit.get());
        }
        headers.retain(|header| self.matches(filter, header));
        if !self.is(Fault::ListIsEndless) {
            headers.truncate(limit.get());
        }
        if self.is(Fault::ListedOutcomeIsLost) {
            for header in &mut headers {
                header.outcome = None;
            }
        }
        Ok(headers)
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        let mut slots = self.lock();
        let key = self.key(saga);
        let Some(slot) = slots.get_mut(&key) else {
            return if self.is(Fault::PurgesNothing) { Ok(()) } else { conflict() };
        };
        let is_again = slot.purged.is_some();
        if !slot.status.is_over() && !self.is(Fault::PurgeIsBlind)
            || is_again && self.is(Fault::PurgesOnce)
        {
            return conflict();
        }
        slot.purged = match self.fault {
            Fault::PurgeCountsAnew => Some(0),
            _ => Some(slot.length()),
        };
        if !self.is(Fault::PurgeLeavesEntries) {
            slot.entries.clear();
        }
        match self.fault {
            Fault::PurgeForgets => drop(slots.remove(&key)),
            Fault::PurgesByPrefix => {
                let others = slots.iter_mut().filter(|(other, _)| other.starts_with(&key));
                others.for_each(|(_, slot)| slot.entries.clear());
            }
            _ => {}
        }
        Ok(())
    }
}

#[async_trait]
impl SagaJournalFixture for Broken {
    fn journal(&self) -> Arc<dyn SagaJournal> {
        Arc::new(self.clone())
    }

    async fn reopened(&self) -> Arc<dyn SagaJournal> {
        Arc::new(Self { is_first: false, ..self.clone() })
    }
}
