use std::num::NonZeroU32;
use std::time::Duration;

use crate::error::{StoreError, StoreErrorKind, with_causes};
use crate::event::{CloudEventError, Settlement, UpcastError};

/// How long an event waits that is of a newer form than is read here.
const NEWER_PAUSE: Duration = Duration::from_secs(30);

/// How an attempt to handle a delivery has ended.
#[derive(Debug)]
pub(super) enum Tried {
    Handled,
    Failed(StoreError),
    Panicked,
    TimedOut(Duration),
    /// It is no event.
    Unreadable(CloudEventError),
    /// It is of a form that cannot be read here, or not yet.
    NotRead(UpcastError),
}

/// What becomes of the delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    Ack,
    GiveUp {
        reason: String,
    },
    /// It is handled again here; not before the time that the handler has asked for.
    Retry {
        at_least: Duration,
    },
}

impl Next {
    /// Its name, for observers.
    pub(super) const fn outcome(&self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Retry { .. } => "retry",
            Self::GiveUp { .. } => "dead_letter",
        }
    }

    /// What the bus is told, if this is the end of it here.
    pub(super) fn settlement(&self) -> Option<Settlement> {
        match self {
            Self::Ack => Some(Settlement::Ack),
            Self::GiveUp { reason } => Some(Settlement::DeadLetter { reason: reason.clone() }),
            Self::Retry { .. } => None,
        }
    }
}

/// After the attempt `attempt`, counted from 1, of at most `attempts_max`.
pub(super) fn after(tried: &Tried, attempt: u32, attempts_max: Option<NonZeroU32>) -> Next {
    let is_last = attempts_max.is_some_and(|most| attempt >= most.get());
    match tried {
        Tried::Handled => Next::Ack,
        Tried::Unreadable(error) => Next::GiveUp { reason: error.to_string() },
        Tried::NotRead(error) if error.is_retryable() => Next::Retry { at_least: NEWER_PAUSE },
        Tried::NotRead(error) => Next::GiveUp { reason: with_causes(error) },
        Tried::Failed(error) if error.kind() == StoreErrorKind::Rejected => {
            Next::GiveUp { reason: error.with_causes() }
        }
        Tried::Failed(error) if is_last => {
            Next::GiveUp { reason: format!("after {attempt} attempts: {}", error.with_causes()) }
        }
        Tried::Panicked if is_last => {
            Next::GiveUp { reason: format!("after {attempt} attempts: its handler panicked") }
        }
        Tried::TimedOut(deadline) if is_last => {
            let why = format!("its handler was not done within {deadline:?}");
            Next::GiveUp { reason: format!("after {attempt} attempts: {why}") }
        }
        Tried::Failed(error) => Next::Retry { at_least: error.retry_after().unwrap_or_default() },
        Tried::Panicked | Tried::TimedOut(_) => Next::Retry { at_least: Duration::ZERO },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(tried: &Tried, attempt: u32, most: u32) -> Next {
        after(tried, attempt, NonZeroU32::new(most))
    }

    fn failed(kind: StoreErrorKind) -> Tried {
        Tried::Failed(StoreError::new(kind, "why"))
    }

    #[test]
    fn what_was_handled_is_acknowledged_and_what_is_hopeless_given_up_at_once() {
        assert_eq!(decided(&Tried::Handled, 9, 3), Next::Ack);
        let reason = "the store rejected it: why";
        assert_eq!(
            decided(&failed(StoreErrorKind::Rejected), 1, 0),
            Next::GiveUp { reason: reason.into() }
        );
        let unreadable = Tried::Unreadable(CloudEventError::new("id", "it is missing"));
        let reason = "no event: id: it is missing";
        assert_eq!(decided(&unreadable, 1, 9), Next::GiveUp { reason: reason.into() });
    }

    #[test]
    fn what_may_pass_is_tried_again_for_ever_unless_there_is_a_most() {
        let now = Next::Retry { at_least: Duration::ZERO };
        let late = Tried::TimedOut(Duration::from_secs(3));
        for tried in [
            failed(StoreErrorKind::Unavailable),
            failed(StoreErrorKind::Unknown),
            failed(StoreErrorKind::Conflict),
            Tried::Panicked,
            late,
        ] {
            assert_eq!(decided(&tried, u32::MAX, 0), now);
            assert_eq!(decided(&tried, 2, 3), now);
            assert_eq!(decided(&tried, 3, 3).outcome(), "dead_letter");
        }
        let reason = "after 3 attempts: its handler was not done within 3s".to_owned();
        assert_eq!(
            decided(&Tried::TimedOut(Duration::from_secs(3)), 3, 3),
            Next::GiveUp { reason }
        );
    }

    #[test]
    fn who_asks_for_time_is_given_it() {
        let pause = Duration::from_secs(7);
        let busy = Tried::Failed(StoreError::unavailable("busy").with_retry_after(pause));
        assert_eq!(decided(&busy, 1, 0), Next::Retry { at_least: pause });
    }
}
