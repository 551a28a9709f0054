//! What becomes of a row after the answer of the bus, and of a lane after that of its outbox.

use std::error::Error;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::error::{StoreError, StoreErrorKind, with_causes};
use crate::event::{CloudEventError, RowEnd};

/// How long a message is put off that was put off so often before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delays {
    /// After a refusal.
    pub(super) refused: Duration,
    /// After anything else.
    pub(super) failed: Duration,
}

/// Why the bus is away after a call, if it is: it has taken nothing, and refused nothing either.
pub(super) fn away(answers: &[Result<(), StoreError>]) -> Option<&StoreError> {
    let is_said = |answer: &Result<(), StoreError>| match answer {
        Ok(()) => true,
        Err(error) => error.kind() == StoreErrorKind::Rejected,
    };
    if answers.iter().any(is_said) { None } else { answers.first()?.as_ref().err() }
}

/// The end of a row that was refused `refusals` times before, by its answer; `None`: that is not its fault, and it stays as
/// it is. `is_suspect` is whether it may be this message that the bus cannot take, as the only one of a call of which
/// nothing was taken, or one beside others that were.
pub(super) fn after_answer(
    refusals: u32,
    answer: &Result<(), StoreError>,
    is_suspect: bool,
    refusals_max: NonZeroU32,
    delays: Delays,
) -> Option<RowEnd> {
    let Err(error) = answer else { return Some(RowEnd::Sent) };
    let why = why(error);
    match error.kind() {
        StoreErrorKind::Rejected if refusals.saturating_add(1) >= refusals_max.get() => {
            Some(RowEnd::Parked { reason: format!("rejected: {why}") })
        }
        StoreErrorKind::Rejected => Some(RowEnd::Refused { delay: delays.refused, error: why }),
        // Its key waits, and so it keeps no other waiting.
        _ if is_suspect => Some(RowEnd::Retry { delay: delays.failed, error: why }),
        _ => None,
    }
}

/// What the bus has said, without the kind, which the end says.
fn why(error: &StoreError) -> String {
    error.source().map_or_else(|| error.to_string(), with_causes)
}

/// The end of a row that cannot be read: nobody else can read it either.
pub(super) fn unreadable(error: &CloudEventError) -> RowEnd {
    RowEnd::Parked { reason: format!("unreadable: {error}") }
}

/// What becomes of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterSettle {
    /// It goes on.
    GoesOn,
    /// Another relay has it.
    IsLost,
    /// Its rows must not be fetched before they are settled: they would be published again and again.
    SettlesAgain,
}

pub(super) fn after_settle(answer: &Result<(), StoreError>) -> AfterSettle {
    match answer {
        Ok(()) => AfterSettle::GoesOn,
        Err(error) if error.kind() == StoreErrorKind::Conflict => AfterSettle::IsLost,
        Err(_) => AfterSettle::SettlesAgain,
    }
}

/// The name of a failure of the bus.
pub(super) fn reason(error: &StoreError) -> &'static str {
    match error.kind() {
        StoreErrorKind::Rejected => "rejected",
        StoreErrorKind::Unknown => "unknown",
        _ => "unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: NonZeroU32 = NonZeroU32::new(3).unwrap();

    const DELAYS: Delays =
        Delays { refused: Duration::from_secs(7), failed: Duration::from_secs(3) };

    fn after(refusals: u32, answer: &Result<(), StoreError>, is_suspect: bool) -> Option<RowEnd> {
        after_answer(refusals, answer, is_suspect, MAX, DELAYS)
    }

    #[test]
    fn what_was_taken_is_sent() {
        assert_eq!(after(7, &Ok(()), true), Some(RowEnd::Sent));
    }

    #[test]
    fn what_is_refused_is_put_off_and_parked_at_last() {
        let refused = || Err(StoreError::rejected("too large"));
        for is_suspect in [false, true] {
            for refusals in [0, 1] {
                let end = RowEnd::Refused { delay: DELAYS.refused, error: "too large".to_owned() };
                assert_eq!(after(refusals, &refused(), is_suspect), Some(end));
            }
            for refusals in [2, 3, u32::MAX] {
                let end = RowEnd::Parked { reason: "rejected: too large".to_owned() };
                assert_eq!(after(refusals, &refused(), is_suspect), Some(end));
            }
        }
    }

    #[test]
    fn what_is_not_known_is_never_parked() {
        for refusals in [0, 2, u32::MAX] {
            for error in [StoreError::unavailable, StoreError::conflict, StoreError::unknown] {
                let answer = || Err(error("away"));
                assert_eq!(after(refusals, &answer(), false), None);
                let end = RowEnd::Retry { delay: DELAYS.failed, error: "away".to_owned() };
                assert_eq!(after(refusals, &answer(), true), Some(end));
            }
        }
    }

    #[test]
    fn a_bus_that_takes_or_refuses_anything_is_there() {
        let failed = || Err(StoreError::unavailable("away"));
        assert!(away(&[]).is_none());
        assert!(away(&[failed()]).is_some() && away(&[failed(), failed()]).is_some());
        assert!(away(&[failed(), Ok(())]).is_none());
        assert!(away(&[failed(), Err(StoreError::rejected("too large"))]).is_none());
    }

    #[test]
    fn what_cannot_be_read_is_parked_at_once() {
        let end = unreadable(&CloudEventError::new("time", "it is none"));
        let reason = "unreadable: no event: time: it is none".to_owned();
        assert_eq!(end, RowEnd::Parked { reason });
    }

    #[test]
    fn a_lane_is_lost_by_a_conflict_only() {
        assert_eq!(after_settle(&Ok(())), AfterSettle::GoesOn);
        let lost = after_settle(&Err(StoreError::conflict("a newer claim")));
        assert_eq!(lost, AfterSettle::IsLost);
        for error in [
            StoreError::unavailable("away"),
            StoreError::unknown("cut"),
            StoreError::rejected("never seen"),
        ] {
            assert_eq!(after_settle(&Err(error)), AfterSettle::SettlesAgain);
        }
    }

    #[test]
    fn failures_have_names() {
        assert_eq!(reason(&StoreError::rejected("")), "rejected");
        assert_eq!(reason(&StoreError::unknown("")), "unknown");
        assert_eq!(reason(&StoreError::unavailable("")), "unavailable");
        assert_eq!(reason(&StoreError::conflict("")), "unavailable");
    }
}
