//! What becomes of a call after each try: the rules of [`Retry`], without a wait.

use std::time::Duration;

use tokio::time::Instant;

use super::{CallError, Judged, Judgement, Refused, Retry, TimedOut};

/// How one try ended.
pub(super) struct Tried<T, E> {
    pub(super) answer: Result<T, CallError<E>>,
    pub(super) judgement: Judgement,
}

impl<T, E> Tried<T, E> {
    pub(super) fn answered(
        answer: Result<T, E>,
        judge: &impl Fn(&Result<T, E>) -> Judgement,
    ) -> Self {
        let judgement = judge(&answer);
        Self { answer: answer.map_err(CallError::Failed), judgement }
    }

    pub(super) fn refused(refused: Refused) -> Self {
        Self { answer: Err(refused.into()), judgement: refused.judgement() }
    }

    /// It was made, and given up after so long.
    pub(super) fn given_up(after: Duration, judgement: Judgement) -> Self {
        Self { answer: Err(TimedOut { after }.into()), judgement }
    }
}

/// What is to be done after a try.
pub(super) enum Next<T, E> {
    /// This is the answer.
    End(Result<T, CallError<E>>),
    /// Another try, after so long.
    Pause(Duration),
}

/// The tries of one call.
pub(super) struct Tries<'a, T, E> {
    retry: Option<&'a Retry>,
    delays: Option<Box<dyn Iterator<Item = Duration> + Send>>,
    retried: u32,
    /// What the call answers if no later try says better.
    kept: Option<Tried<T, E>>,
}

impl<'a, T, E> Tries<'a, T, E> {
    pub(super) const fn begin(retry: Option<&'a Retry>) -> Self {
        Self { retry, delays: None, retried: 0, kept: None }
    }

    /// How many tries there were before this one.
    pub(super) fn retried(&self) -> u32 {
        self.retried
    }

    pub(super) fn after(&mut self, tried: Tried<T, E>, limit: Option<Instant>) -> Next<T, E> {
        if self.retried == 0 && tried.judgement.was_made() {
            self.retry.and_then(Retry::budget).inspect(|budget| budget.deposit());
        }
        if tried.judgement.is_success() {
            return Next::End(tried.answer);
        }
        let pause = self.pause(tried.judgement, limit);
        let told = match self.kept.take() {
            Some(kept) if tells_more(&kept, &tried) => kept,
            _ => tried,
        };
        match pause {
            Some(pause) => {
                self.kept = Some(told);
                self.retried += 1;
                Next::Pause(pause)
            }
            None => Next::End(told.answer),
        }
    }

    /// The pause before another try, if there is to be one.
    fn pause(&mut self, judgement: Judgement, limit: Option<Instant>) -> Option<Duration> {
        let retry = self.retry?;
        let hint = judgement.retry_after().unwrap_or_default();
        if !judgement.is_retryable() || !retry.allows(self.retried, hint) {
            return None;
        }
        let delays = self.delays.get_or_insert_with(|| retry.delays());
        let pause = delays.next()?.max(hint);
        let in_time = limit.is_none_or(|limit| {
            Instant::now().checked_add(pause).is_some_and(|again| again < limit)
        });
        (in_time && retry.budget().is_none_or(super::RetryBudget::withdraw)).then_some(pause)
    }
}

/// Whether a caller must learn of the earlier try rather than of the later one: a
/// doubt does not go away because the next try was refused.
fn tells_more<T, E>(earlier: &Tried<T, E>, later: &Tried<T, E>) -> bool {
    !later.judgement.was_made()
        || (earlier.judgement.is_in_doubt() && !later.judgement.is_in_doubt())
}
