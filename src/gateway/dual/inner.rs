use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::FutureExt;
use http_body_util::{BodyExt, Limited};
use tokio::time::{Duration, Instant, timeout};
use tracing::warn;

use super::answer::Outcome;
use super::head::Sendable;
use super::parked::TellsOfParked;
use super::{
    DualWriteConfig, NewRequest, RequestClaim, RequestJournal, RequestRecord, RequestState,
    SideAnswer, Step, Trouble, Verdict,
};
use crate::error::{StoreError, StoreErrorKind};
use crate::gateway::{Body, Request, Response, Upstream, mark};
use crate::observe::{Event, field};
use crate::phase::{NodeId, Side};
use crate::resilience::{Admission, Aside, CallError, Judged, Judgement, Policy, Refused};
use crate::stamp::{Stamp, StampClock};

/// How much of a response that nobody wants is read, so that its connection can be used again.
const UNWANTED_MAX: usize = 64 << 10;
const UNWANTED_WAIT: Duration = Duration::from_secs(1);

/// What a writer and its replayers share.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) journal: Arc<dyn RequestJournal>,
    pub(super) node: NodeId,
    pub(super) stamps: Arc<StampClock>,
    pub(super) legacy: SideLink,
    pub(super) modern: SideLink,
    pub(super) config: DualWriteConfig,
    /// Writes under way.
    pub(super) writes: Aside,
    /// Those whose callers were answered.
    pub(super) asides: Aside,
    pub(super) told: TellsOfParked,
}

/// The way to one side.
#[derive(Debug, Clone)]
pub(super) struct SideLink {
    pub(super) upstream: Arc<dyn Upstream>,
    pub(super) policy: Policy,
}

/// A request that is held, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) claim: RequestClaim,
    pub(super) new: Arc<NewRequest>,
    pub(super) state: RequestState,
    pub(super) position: u32,
    /// Whether surely nobody has sent it before this claim.
    pub(super) is_fresh: bool,
    /// Whether a claim before this one may have sent the side that is next what it did not note.
    pub(super) has_lapsed: bool,
    /// How long it had not changed when it was found.
    pub(super) idle: Duration,
    /// What is sent; none if what was written down is no request.
    pub(super) sendable: Option<Sendable>,
    pub(super) until: Instant,
    /// Whether only what was written down is sent.
    pub(super) is_replay: bool,
}

impl Held {
    /// What was found, under a claim of it that began at `began`.
    pub(super) fn of(
        claim: RequestClaim,
        record: RequestRecord,
        sendable: Option<Sendable>,
        until: Instant,
    ) -> Self {
        let (state, position) = (record.state, record.position());
        let (has_lapsed, idle) = (record.has_lapsed, record.idle);
        Self {
            claim,
            new: Arc::new(record.new),
            state,
            position,
            is_fresh: false,
            has_lapsed,
            idle,
            sendable,
            until,
            is_replay: false,
        }
    }

    /// How it is to be asked.
    fn asking(&self) -> Asking {
        Asking { is_repeat: self.is_repeat(), is_replay: self.is_replay }
    }

    /// Whether the side that is next may have been sent it.
    fn is_repeat(&self) -> bool {
        !self.is_fresh || self.state.failures() > 0
    }
}

/// What there is to know of a send, for who judges the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking {
    pub(super) is_repeat: bool,
    pub(super) is_replay: bool,
}

/// What came of a send.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) outcome: Outcome,
    pub(super) response: Option<Response>,
}

impl Sent {
    const fn none(outcome: Outcome) -> Self {
        Self { outcome, response: None }
    }
}

impl Inner {
    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        let Some(observer) = &self.config.observer else { return };
        if catch_unwind(AssertUnwindSafe(|| observer.on_event(&event()))).is_err() {
            warn!("an observer has panicked");
        }
    }

    /// What is to be done next. What a side was sent so long ago that it may have forgotten the key is not sent again.
    pub(super) fn next(&self, held: &Held) -> Step {
        let (state, attempts_max) = (&held.state, self.config.attempts_max.get());
        if self.is_old(state.stamp(), held.idle) {
            state.next_once(attempts_max, held.has_lapsed)
        } else {
            state.next(attempts_max)
        }
    }

    /// Whether a service may have forgotten the key of a request, by its stamp or by how long it has not changed.
    pub(super) fn is_old(&self, stamp: Stamp, idle: Duration) -> bool {
        let now = self.stamps.now().unix_millis();
        let age = Duration::from_millis(now.saturating_sub(stamp.unix_millis()));
        age.max(idle) >= self.config.old()
    }

    /// Later stamps of this process are larger than that of a record of another's.
    pub(super) fn seen(&self, record: &RequestRecord) {
        // What is too far ahead is left to the services, which refuse what is stale.
        let _ = self.stamps.observe(record.state.stamp());
    }

    /// A call of the journal that ends.
    pub(super) async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        timeout(self.config.journal_deadline, call).await.unwrap_or_else(|_| Err(late()))
    }

    pub(super) const fn link(&self, side: Side) -> &SideLink {
        match side {
            Side::Legacy => &self.legacy,
            Side::Modern => &self.modern,
        }
    }

    /// Sends a side what is held, unless the claim of it is over.
    pub(super) async fn send(&self, held: &Held, side: Side, admission: Admission) -> Sent {
        let Some(sendable) = &held.sendable else {
            return Sent::none(Outcome::NotDone(Trouble::NoRequest));
        };
        if Instant::now() >= held.until {
            // Another may hold it by now. If not, it was not sent by anybody.
            return Sent::none(Outcome::NotDone(Trouble::Late));
        }
        let request = || sendable.marked(&held.new, held.state.stamp());
        self.ask(side, request, held.asking(), admission).await
    }

    pub(super) async fn ask(
        &self,
        side: Side,
        request: impl Fn() -> Request + Send + Sync,
        asking: Asking,
        admission: Admission,
    ) -> Sent {
        let SideLink { upstream, policy } = self.link(side);
        let deadline = self.config.deadline;
        let policy = policy.clone().with_deadline(deadline).with_try_deadline(deadline);
        let mut tries = 0_u32;
        let call = policy.call_as(judgement, Judgement::failed(), admission, || {
            tries = tries.saturating_add(1);
            upstream.send(request())
        });
        let ended = AssertUnwindSafe(call).catch_unwind().await;
        // What was tried again may have had its effect the time before.
        let is_repeat = asking.is_repeat || tries > 1;
        let asking = Asking { is_repeat, ..asking };
        match ended {
            Ok(Ok(response)) => {
                let outcome = self.outcome(side, &response, asking);
                Sent { outcome, response: Some(response) }
            }
            Ok(Err(error)) => Sent::none(match outcome_of(&error) {
                Outcome::NotDone(why) if tries > 1 => Outcome::Doubt(why),
                outcome => outcome,
            }),
            Err(_) => Sent::none(Outcome::Doubt(Trouble::Panicked)),
        }
    }

    fn outcome(&self, side: Side, response: &Response, asking: Asking) -> Outcome {
        let Asking { is_repeat, is_replay } = asking;
        let (status, headers) = (response.status(), response.headers());
        // The newest write that the service knows of may be of a gateway whose clock is ahead.
        let stamp = headers.get(mark::STAMP).and_then(|stamp| stamp.to_str().ok()?.parse().ok());
        if let Some(stamp) = stamp {
            let _ = self.stamps.observe(stamp);
        }
        let answer = SideAnswer { side, status, headers, is_repeat, is_replay };
        let verdict = catch_unwind(AssertUnwindSafe(|| self.config.judge.judge(&answer)));
        let Ok(verdict) = verdict else {
            warn!({ field::SIDE } = side.name(), "the judge of a side's answers has panicked");
            return Outcome::Doubt(Trouble::Panicked);
        };
        let status = status.as_u16();
        match verdict {
            Verdict::Done => Outcome::Done(status),
            Verdict::Refused if is_repeat => Outcome::RefusedAgain(status),
            Verdict::Refused => Outcome::Refused(status),
            Verdict::NotNow if is_repeat => Outcome::Doubt(Trouble::Status(status)),
            Verdict::NotNow => Outcome::NotDone(Trouble::Status(status)),
            Verdict::Unclear => Outcome::Doubt(Trouble::Status(status)),
        }
    }
}

/// A call of the journal has had its time.
pub(super) fn late() -> StoreError {
    StoreError::unknown("the journal has not answered in time")
}

/// What a side's answer says of the side.
fn judgement(answer: &Result<Response, StoreError>) -> Judgement {
    match answer {
        Ok(response) => match response.status().as_u16() {
            500.. => Judgement::failed(),
            429 => Judgement::failed().definite(),
            400.. => Judgement::refused(),
            _ => Judgement::success(),
        },
        Err(error) => error.judgement(),
    }
}

fn outcome_of(error: &CallError<StoreError>) -> Outcome {
    match error {
        CallError::Refused(Refused::Open { .. }) => Outcome::NotDone(Trouble::Open),
        CallError::Refused(_) => Outcome::NotDone(Trouble::Full),
        CallError::TimedOut(_) => Outcome::Doubt(Trouble::Late),
        CallError::Failed(error) => match error.kind() {
            StoreErrorKind::Unavailable | StoreErrorKind::Rejected => {
                Outcome::NotDone(Trouble::Unsent)
            }
            // A conflict is none of what an upstream may say: who says it has heard it from somebody.
            _ => Outcome::Doubt(Trouble::Broken),
        },
    }
}

/// Reads what nobody wants of a response, aside and not for long.
pub(super) fn discard(response: Option<Response>) {
    let Some(body) = response.map(Response::into_body) else { return };
    if !http_body::Body::is_end_stream(&body) {
        let read = |body: Body| Limited::new(body, UNWANTED_MAX).collect();
        tokio::spawn(async move { drop(timeout(UNWANTED_WAIT, read(body)).await) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_sent_is_in_doubt() {
        let failed = |error| outcome_of(&CallError::Failed(error));
        assert_eq!(failed(StoreError::unknown("reset")), Outcome::Doubt(Trouble::Broken));
        assert_eq!(failed(StoreError::conflict("409")), Outcome::Doubt(Trouble::Broken));
        assert_eq!(failed(StoreError::unavailable("refused")), Outcome::NotDone(Trouble::Unsent));
        assert_eq!(failed(StoreError::rejected("no host")), Outcome::NotDone(Trouble::Unsent));
        let open = Refused::Open { breaker: "modern", retry_after: None };
        assert_eq!(outcome_of(&open.into()), Outcome::NotDone(Trouble::Open));
    }
}
