//! What a broken journal does when it is called.

use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::phase::NodeId;
use strangler_fig::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId, SagaJournal,
};

use super::broken::{Broken, Slot, conflict, node, nothing, unreadable};
use super::fault::Fault;

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
        slot.hold(runner, self.term(term));
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
        if slot.is_spoilt {
            return if self.is(Fault::SpoiltIsNothing) { Ok(None) } else { unreadable() };
        }
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
        slot.hold(runner, self.term(term));
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
            if slot.as_ref().is_some_and(|slot| slot.is_spoilt) {
                if self.is(Fault::SpoiltHoldsUpRenewal) {
                    return unreadable();
                }
                continue;
            }
            let is_newest = |slot: &&mut Slot| {
                let is_late = self.is(Fault::ExpiredIsNotRenewed) && self.holder(slot).is_none();
                (slot.epoch == claim.epoch || self.is(Fault::RenewIsBlind)) && !is_late
            };
            let is_held = |slot: &&mut Slot| slot.held.is_some() || self.is(Fault::RenewRevives);
            match slot.filter(is_newest).filter(is_held) {
                Some(slot) if !self.is(Fault::RenewDoesNothing) => {
                    let runner = slot.held.take().map_or_else(node, |(runner, _)| runner);
                    slot.hold(&runner, self.term(term));
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
        let is_spoilt = |id: &SagaId| slots.get(&self.key(id)).is_some_and(|slot| slot.is_spoilt);
        if self.is(Fault::SpoiltFailsTheList) && slots.values().any(|slot| slot.is_spoilt) {
            return unreadable();
        }
        let mut headers: Vec<_> = slots.values().map(|slot| self.header(slot)).collect();
        if !self.is(Fault::SpoiltShortensAPage) {
            headers.retain(|header| !is_spoilt(&header.id));
        }
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
        headers.retain(|header| !is_spoilt(&header.id));
        if self.is(Fault::ListedOutcomeIsLost) {
            for header in &mut headers {
                header.outcome = None;
            }
        }
        Ok(headers)
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        let key = self.key(saga);
        let was_over = self.lock().get(&key).is_some_and(|slot| slot.status.is_over());
        self.later(Fault::LooksThenPurges).await;
        let mut slots = self.lock();
        let Some(slot) = slots.get_mut(&key) else {
            return if self.is(Fault::PurgesNothing) { Ok(()) } else { conflict() };
        };
        let is_again = slot.purged.is_some();
        let is_over = match self.fault {
            Fault::LooksThenPurges => was_over,
            _ => slot.status.is_over(),
        };
        if !is_over && !self.is(Fault::PurgeIsBlind) || is_again && self.is(Fault::PurgesOnce) {
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
