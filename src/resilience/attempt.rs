//! One try of a call under a policy.

use std::future::Future;
use std::panic::resume_unwind;
use std::time::Duration;

use tokio::time::Instant;

use super::caught::caught;
use super::deadline::{earlier, moment, within};
use super::tries::Tried;
use super::{Health, Judgement, Permit, Place, Policy, Refused};
use crate::observe::Event;

/// How a call stands to a breaker and a bulkhead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Refused while the breaker is open, and when the queue is full.
    Ordinary,
    /// Beside what callers ask: it takes a place only while half of them are free, and
    /// never queues.
    Spare,
    /// It waits for a place as long as its deadline allows, and with others of its kind
    /// has at most half of them: something else bounds how many do.
    Patient,
    /// The rest of what has begun, which no breaker may leave half done. It waits, too.
    Committed,
}

/// When a try began, and until when it may go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Try {
    /// The call, with all of its tries.
    pub(super) began: Instant,
    /// This one.
    pub(super) now: Instant,
    pub(super) limit: Option<Instant>,
    /// How long it may take from when it has a place.
    pub(super) deadline: Option<Duration>,
    pub(super) is_first: bool,
    /// What is to be made of it if it is given up.
    pub(super) late: Judgement,
}

impl Policy {
    /// One try: past the breaker, into the bulkhead, within its deadline.
    pub(super) async fn attempt<T, E, J, F, Fut>(
        &self,
        this: Try,
        admission: Admission,
        judge: &J,
        call: &mut F,
    ) -> Tried<T, E>
    where
        J: Fn(&Result<T, E>) -> Judgement,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let mut now = this.now;
        let (mut permit, place) = match self.admit(&mut now, this.limit, admission).await {
            Ok(admitted) => admitted,
            Err(refused) if admission == Admission::Spare => return Tried::refused(refused),
            Err(refused) => return self.refused(refused),
        };
        if let Some(permit) = &mut permit {
            permit.begin(now);
        }
        let own = this.deadline.and_then(|deadline| moment(now, deadline));
        let answer = within(earlier(own, this.limit), caught(call)).await;
        drop(place);
        let answer = match answer {
            Some(Ok(answer)) => answer,
            Some(Err(panic)) => {
                settle(permit, Health::Sick);
                resume_unwind(panic)
            }
            None => {
                let by_own = own.is_some_and(|own| this.limit.is_none_or(|limit| own <= limit));
                // What the deadline of the whole cut short, after a pause or a queue,
                // says little of the side.
                if by_own || this.is_first && now == this.now {
                    settle(permit, Health::Sick);
                }
                self.tell(|| Event::CallTimedOut { policy: self.name });
                let since = if by_own { now } else { this.began };
                return Tried::given_up(since.elapsed(), this.late);
            }
        };
        let tried = Tried::answered(answer, judge);
        settle(permit, tried.judgement.health());
        tried
    }

    /// Leave and a place for a try; `now` is moved on by the wait for it.
    async fn admit(
        &self,
        now: &mut Instant,
        limit: Option<Instant>,
        admission: Admission,
    ) -> Result<(Option<Permit<'_>>, Option<Place<'_>>), Refused> {
        let permit = self.permit(*now, admission)?;
        let Some(bulkhead) = &self.bulkhead else { return Ok((permit, None)) };
        let place = match admission {
            Admission::Spare => Some(bulkhead.try_acquire_spare().ok_or(bulkhead.full())?),
            Admission::Patient => bulkhead.try_acquire_aside(),
            Admission::Ordinary | Admission::Committed => bulkhead.try_acquire(),
        };
        if place.is_some() {
            return Ok((permit, place));
        }
        // Who queues keeps nobody from probing; the breaker is asked again when it is
        // their turn.
        drop(permit);
        let place = match admission {
            Admission::Patient => bulkhead.acquire_aside(limit).await?,
            Admission::Committed => bulkhead.acquire_patiently(limit).await?,
            Admission::Ordinary | Admission::Spare => bulkhead.acquire_until(limit).await?,
        };
        *now = Instant::now();
        Ok((self.permit(*now, admission)?, Some(place)))
    }

    fn permit(&self, now: Instant, admission: Admission) -> Result<Option<Permit<'_>>, Refused> {
        let Some(breaker) = &self.breaker else { return Ok(None) };
        match breaker.acquire_at(now) {
            Ok(permit) => Ok(Some(permit)),
            Err(_) if admission == Admission::Committed => Ok(None),
            Err(refused) => Err(refused),
        }
    }

    #[cold]
    fn refused<T, E>(&self, refused: Refused) -> Tried<T, E> {
        self.tell(|| Event::CallRefused { policy: self.name, reason: refused.reason() });
        Tried::refused(refused)
    }
}

fn settle(permit: Option<Permit<'_>>, health: Health) {
    if let Some(permit) = permit {
        permit.settle(health);
    }
}
