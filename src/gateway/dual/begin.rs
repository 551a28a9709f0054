use std::sync::Arc;

use crate::observe::field;
use tokio::time::{Duration, Instant, sleep};
use tracing::warn;

use super::answer::Told;
use super::head::Sendable;
use super::inner::{Held, Inner};
use super::noting::Noted;
use super::{
    NewRequest, Recorded, RequestClaim, RequestNote, RequestRecord, RequestState, RequestStatus,
};
use crate::error::StoreErrorKind;

/// How often a request is tried to be written down.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(50);

/// What a request begins with.
#[derive(Debug)]
pub(super) enum Begun {
    /// It is written down, and this call's to send.
    Held(Box<Held>),
    /// It was done before: who answered is asked again.
    Again(Box<RequestRecord>),
    Told(Told),
}

impl Inner {
    /// Writes a request down, or finds that it was. Who `is_gone` may have asked again and been told that
    /// it was withdrawn: then it is not begun anew.
    pub(super) async fn begin(
        &self,
        new: &Arc<NewRequest>,
        sendable: &Sendable,
        is_gone: impl Fn() -> bool + Send + Sync,
    ) -> Begun {
        let term = self.config.claim_term();
        let until = Instant::now() + term;
        let mut is_doubtful = false;
        for attempt in 0..TRIES {
            if attempt > 0 {
                sleep(PAUSE * attempt).await;
            }
            match self.within(self.journal.record(new, &self.node, term)).await {
                Ok(Recorded::New(claim)) => return fresh(claim, new, sendable, until),
                // The call before had its effect, and no answer.
                Ok(Recorded::Found(found)) if found.new.stamp == new.stamp => {
                    if found.epoch != 1 || !found.notes.is_empty() {
                        return Begun::Told(Told::Unknown);
                    }
                    let claim = RequestClaim { key: new.key.clone(), epoch: found.epoch };
                    return fresh(claim, new, sendable, until);
                }
                Ok(Recorded::Found(found)) => {
                    self.seen(&found);
                    let is_withdrawn = found.state.status() == RequestStatus::Withdrawn;
                    if is_withdrawn && is_gone() {
                        return Begun::Told(Told::NotSent);
                    }
                    return self.found(*found, new, sendable, &is_gone).await;
                }
                Err(error) if error.kind() == StoreErrorKind::Rejected && !is_doubtful => {
                    return Begun::Told(self.rejected(new).await);
                }
                Err(error) => is_doubtful |= error.kind() == StoreErrorKind::Unknown,
            }
            if !is_doubtful {
                return Begun::Told(Told::NotSent);
            }
        }
        Begun::Told(Told::Unknown)
    }

    /// Why the journal will not have a request: what it holds of its key cannot be read, or it is too long.
    async fn rejected(&self, new: &NewRequest) -> Told {
        match self.within(self.journal.load(&new.key)).await {
            Err(error) if error.kind() == StoreErrorKind::Rejected => {
                let error = error.with_causes();
                warn!(
                    { field::ERROR } = error,
                    "what was written down of a request cannot be read"
                );
                Told::WithOperator
            }
            Ok(None) => Told::TooLong,
            Ok(Some(_)) | Err(_) => Told::NotSent,
        }
    }

    /// What becomes of a request whose key is known.
    async fn found(
        &self,
        found: RequestRecord,
        new: &NewRequest,
        sendable: &Sendable,
        is_gone: &(impl Fn() -> bool + Send + Sync),
    ) -> Begun {
        if found.new.fingerprint != new.fingerprint {
            return Begun::Told(Told::OtherRequest);
        }
        match found.state.status() {
            RequestStatus::Done => Begun::Again(Box::new(found)),
            RequestStatus::Open | RequestStatus::HalfDone | RequestStatus::Withdrawn
                if found.holder.is_none() =>
            {
                // What is closed is not due at any time, whatever the journal says.
                if found.state.status().is_open() && found.due_in > Duration::ZERO {
                    return Begun::Told(Told::NotYet(found.due_in));
                }
                self.claimed(new, sendable, is_gone).await
            }
            status => Begun::Told(Told::of(status)),
        }
    }

    /// Goes on with what nobody holds.
    async fn claimed(
        &self,
        new: &NewRequest,
        sendable: &Sendable,
        is_gone: &(impl Fn() -> bool + Send + Sync),
    ) -> Begun {
        let term = self.config.claim_term();
        let until = Instant::now() + term;
        let claim = self.within(self.journal.claim(&new.key, &self.node, term)).await;
        let Ok(Some(claim)) = claim else { return Begun::Told(Told::UnderWay) };
        let record = match self.within(self.journal.load(&new.key)).await {
            Ok(Some(record)) if record.epoch == claim.epoch => record,
            _ => return Begun::Told(Told::UnderWay),
        };
        let status = record.state.status();
        if status == RequestStatus::Done {
            return Begun::Again(Box::new(record));
        }
        let sendable = sendable.resumed(&record.new.request, &self.config);
        let mut held = Held::of(claim, record, Some(sendable), until);
        match status {
            RequestStatus::Open | RequestStatus::HalfDone => Begun::Held(Box::new(held)),
            RequestStatus::Withdrawn if is_gone() => Begun::Told(Told::NotSent),
            RequestStatus::Withdrawn => match self.reopened(&mut held).await {
                Ok(()) => Begun::Held(Box::new(held)),
                Err(told) => Begun::Told(told),
            },
            status => Begun::Told(Told::of(status)),
        }
    }

    /// Begins anew what surely nobody was sent.
    async fn reopened(&self, held: &mut Held) -> Result<(), Told> {
        let stamp = self.stamps.above(held.state.stamp()).map_err(|_| Told::NotSent)?;
        match self.note(held, &RequestNote::Reopened { stamp }).await {
            Noted::Yes => held.is_fresh = true,
            Noted::Lost => return Err(Told::UnderWay),
            Noted::Unsure => return Err(Told::Unknown),
        }
        Ok(())
    }
}

fn fresh(claim: RequestClaim, new: &Arc<NewRequest>, sendable: &Sendable, until: Instant) -> Begun {
    Begun::Held(Box::new(Held {
        claim,
        state: RequestState::new(new.first, new.stamp),
        new: Arc::clone(new),
        position: 0,
        is_fresh: true,
        has_lapsed: false,
        idle: Duration::ZERO,
        sendable: Some(sendable.clone()),
        until,
        is_replay: false,
    }))
}
