use tokio::time::{Duration, Instant, sleep};
use tracing::warn;

use super::inner::{Held, Inner};
use super::{RequestAppend, RequestNote, RequestState, RequestStatus, Trouble};
use crate::error::StoreErrorKind;
use crate::observe::field;

/// How often a note is tried.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(50);

/// What came of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    /// It is written down.
    Yes,
    /// Somebody else holds the request.
    Lost,
    /// It may be, or become so.
    Unsure,
}

/// What a request is found to be after a note without an answer.
enum Found {
    Noted,
    Lost,
    NotYet,
}

impl Inner {
    /// Writes down what has become of a request. A call without an answer is looked into.
    pub(super) async fn note(&self, held: &mut Held, note: &RequestNote) -> Noted {
        let mut state = held.state;
        if let Err(error) = state.apply(note) {
            debug_assert!(false, "{error}");
            return Noted::Unsure;
        }
        let due = self.due(&state, note);
        let term = self.config.claim_term();
        let mut is_doubtful = false;
        for attempt in 0..TRIES {
            if attempt > 0 {
                sleep(PAUSE * attempt).await;
            }
            let until = Instant::now() + term;
            let append = RequestAppend::new(held.position, note, term).with_due(due);
            let call = self.journal.note(&held.claim, &append);
            let Err(error) = self.within(call).await else {
                return self.noted(held, state, note, until);
            };
            match error.kind() {
                StoreErrorKind::Conflict if !is_doubtful => return Noted::Lost,
                StoreErrorKind::Unknown | StoreErrorKind::Conflict => is_doubtful = true,
                StoreErrorKind::Unavailable => {}
                StoreErrorKind::Rejected => break,
            }
            if is_doubtful {
                match self.read_back(held, note).await {
                    Some(Found::Noted) => return self.noted(held, state, note, until),
                    Some(Found::Lost) => return Noted::Lost,
                    Some(Found::NotYet) | None => {}
                }
            }
        }
        warn!(
            { field::NOTE } = note.name(),
            "what has become of a request could not be written down"
        );
        Noted::Unsure
    }

    fn noted(
        &self,
        held: &mut Held,
        state: RequestState,
        note: &RequestNote,
        until: Instant,
    ) -> Noted {
        (held.state, held.position) = (state, held.position + 1);
        held.has_lapsed &= !note.begins_anew();
        if note.keeps_claim() {
            held.until = until;
        }
        if let RequestStatus::Parked(reason) = state.status() {
            self.parked(&held.claim.key, &held.new.rule, reason);
        }
        Noted::Yes
    }

    /// What the journal has; `None` if that is not to be had.
    async fn read_back(&self, held: &Held, note: &RequestNote) -> Option<Found> {
        let record = self.within(self.journal.load(&held.claim.key)).await.ok()?;
        let Some(record) = record else { return Some(Found::Lost) };
        let position = held.position as usize;
        Some(if record.notes.get(position) == Some(note) {
            Found::Noted
        } else if record.epoch == held.claim.epoch && record.notes.len() == position {
            Found::NotYet
        } else {
            Found::Lost
        })
    }

    /// When it is tried again.
    fn due(&self, state: &RequestState, note: &RequestNote) -> Duration {
        match note {
            RequestNote::Doubtful { why, .. } | RequestNote::Failed { why, .. } => {
                let is_spent = state.attempts() >= self.config.attempts_max.get();
                if is_spent || *why == Trouble::Saturated {
                    return Duration::ZERO;
                }
                self.config.backoff.delay(state.failures().saturating_sub(1))
            }
            _ => Duration::ZERO,
        }
    }
}
