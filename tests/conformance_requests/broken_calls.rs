//! What a broken journal does when it is called.

use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::dual::{
    NewRequest, Recorded, RequestAppend, RequestClaim, RequestJournal, RequestKey, RequestRecord,
    RequestRetention, Shelf,
};
use strangler_fig::phase::NodeId;

use super::broken::{Broken, Slot, conflict, nothing, unreadable};
use super::fault::Fault;

impl Broken {
    fn is_claimable(&self, slot: &Slot, holder: &NodeId) -> bool {
        let is_own = |other: &NodeId| match self.fault {
            Fault::OwnClaimIsInTheWay => false,
            Fault::LivesAreOne => other.name == holder.name,
            _ => other == holder,
        };
        let is_free = self.holder(slot).is_none_or(is_own) || self.is(Fault::ClaimIsBlind);
        is_free && (slot.status().is_open() || !self.is(Fault::OnlyOpenIsClaimed))
    }

    fn claim_slot(&self, slot: &mut Slot, holder: &NodeId, term: Duration) -> RequestClaim {
        if !self.is(Fault::EpochStays) {
            slot.epoch += 1;
        }
        let is_own = slot.held.as_ref().is_some_and(|(node, _)| node == holder);
        slot.has_lapsed |= match self.fault {
            Fault::OwnClaimsDoNotLapse => slot.held.is_some() && !is_own,
            Fault::EveryClaimLapses => true,
            _ => slot.held.is_some(),
        };
        slot.held = Some((holder.clone(), self.end(term)));
        RequestClaim { key: slot.new.key.clone(), epoch: slot.epoch }
    }
}

#[async_trait]
impl RequestJournal for Broken {
    async fn record(
        &self,
        request: &NewRequest,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Recorded, StoreError> {
        let key = self.key(&request.key);
        let found = self.lock().get(&key).map(|slot| self.record(slot));
        self.later(Fault::LooksThenRecords).await;
        let mut slots = self.lock();
        let now = slots.get(&key).map(|slot| self.record(slot));
        let found = if self.is(Fault::LooksThenRecords) { found } else { now };
        match found {
            Some(found) if !self.is(Fault::RecordOverwrites) => {
                Ok(Recorded::Found(Box::new(found)))
            }
            _ => {
                let mut slot = Slot::new(&self.stored(request));
                slot.held = Some((holder.clone(), self.end(term)));
                slots.insert(key, slot);
                Ok(Recorded::New(RequestClaim { key: request.key.clone(), epoch: 1 }))
            }
        }
    }

    async fn note(
        &self,
        claim: &RequestClaim,
        append: &RequestAppend<'_>,
    ) -> Result<(), StoreError> {
        let RequestAppend { position, note, due, term, .. } = *append;
        let key = self.key(&claim.key);
        let after = |slot: &Slot| self.after(slot, claim.epoch, position, note);
        let early = self.lock().get(&key).and_then(after);
        self.later(Fault::LooksThenNotes).await;
        let mut slots = self.lock();
        if self.is(Fault::NothingTakesNotes) {
            slots.entry(key.clone()).or_insert_with(|| Slot::new(&nothing(&claim.key)));
        }
        let Some(slot) = slots.get_mut(&key) else { return conflict() };
        let state = if self.is(Fault::LooksThenNotes) { early } else { after(slot) };
        match state {
            Some(state) => self.add(slot, note, state, [due, term]),
            None if self.is(Fault::RepeatIsOk) && (position as usize) < slot.notes.len() => {}
            None => return conflict(),
        }
        Ok(())
    }

    async fn load(&self, key: &RequestKey) -> Result<Option<RequestRecord>, StoreError> {
        let slots = self.lock();
        if self.is(Fault::RecordsInTheProcess) && !self.is_first {
            return Ok(None);
        }
        match slots.get(&self.key(key)) {
            Some(slot) if slot.is_spoilt && self.is(Fault::SpoiltIsNothing) => Ok(None),
            Some(slot) if slot.is_spoilt => unreadable(),
            found => Ok(found.map(|slot| self.record(slot))),
        }
    }

    async fn claim(
        &self,
        key: &RequestKey,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Option<RequestClaim>, StoreError> {
        let text = self.key(key);
        let early = self.lock().get(&text).is_some_and(|slot| self.is_claimable(slot, holder));
        self.later(Fault::LooksThenClaims).await;
        let mut slots = self.lock();
        let Some(slot) = slots.get_mut(&text) else {
            let made_up = RequestClaim { key: key.clone(), epoch: 1 };
            return Ok(self.is(Fault::NothingIsClaimed).then_some(made_up));
        };
        let is_free =
            if self.is(Fault::LooksThenClaims) { early } else { self.is_claimable(slot, holder) };
        Ok(is_free.then(|| self.claim_slot(slot, holder, term)))
    }

    async fn take(
        &self,
        holder: &NodeId,
        limit: NonZeroUsize,
        term: Duration,
    ) -> Result<Vec<(RequestClaim, RequestRecord)>, StoreError> {
        let mut found: Vec<_> = {
            let slots = self.lock();
            if slots.values().any(|slot| slot.is_spoilt) && self.is(Fault::SpoiltStopsTakes) {
                return unreadable();
            }
            let due = slots.iter().filter(|(_, slot)| self.is_takeable(slot) && !slot.is_spoilt);
            due.map(|(key, slot)| (slot.due, key.clone())).collect()
        };
        if self.is(Fault::TakesByKey) {
            found.sort_by(|one, other| other.1.cmp(&one.1));
        } else {
            found.sort();
        }
        found.truncate(limit.get() + usize::from(self.is(Fault::TakesTooMany)));
        self.later(Fault::LooksThenTakes).await;
        let mut slots = self.lock();
        let mut taken = Vec::new();
        for (_, key) in found {
            let Some(slot) = slots.get_mut(&key) else { continue };
            if !self.is(Fault::LooksThenTakes) && !self.is_takeable(slot) {
                continue;
            }
            let claim = if self.is(Fault::TakesWithoutAClaim) {
                RequestClaim { key: slot.new.key.clone(), epoch: slot.epoch }
            } else {
                self.claim_slot(slot, holder, term)
            };
            taken.push((claim, self.record(slot)));
        }
        Ok(taken)
    }

    async fn list(
        &self,
        wanted: Shelf,
        after: Option<&RequestKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RequestRecord>, StoreError> {
        let slots = self.lock();
        let after = after.map(|after| self.key(after));
        let is_after = |key: &str| match &after {
            Some(after) if self.is(Fault::AfterIsIncluded) => key >= after.as_str(),
            Some(after) => key > after.as_str(),
            None => true,
        };
        let is_on = |slot: &Slot| {
            let own = slot.status().shelf();
            own == wanted || self.is(Fault::ShelvesAreOne) && own == Shelf::Parked
        };
        let found = slots.iter().filter(|(key, slot)| is_after(key) && is_on(slot));
        let mut found: Vec<_> = found.collect();
        if self.is(Fault::ListIsCollated) {
            found.sort_by_key(|(key, _)| key.to_lowercase());
        }
        if !self.is(Fault::SpoiltShortensPages) {
            found.retain(|(_, slot)| !slot.is_spoilt);
        }
        if !self.is(Fault::LimitIsIgnored) {
            found.truncate(limit.get());
        }
        found.retain(|(_, slot)| !slot.is_spoilt);
        let record = |slot: &Slot| {
            let mut record = self.record(slot);
            if self.is(Fault::ListsKnowNoNotes) {
                record.notes.clear();
            }
            record
        };
        Ok(found.into_iter().map(|(_, slot)| record(slot)).collect())
    }

    async fn purge(
        &self,
        retention: RequestRetention,
        limit: NonZeroUsize,
    ) -> Result<usize, StoreError> {
        let mut purged = 0;
        self.lock().retain(|_, slot| {
            if purged >= limit.get() && !self.is(Fault::PurgesAll) {
                return true;
            }
            let [empties, forgets] = self.purge(slot, retention);
            purged += usize::from(empties || forgets);
            if empties {
                self.empty(slot);
            }
            !forgets
        });
        Ok(purged)
    }
}
