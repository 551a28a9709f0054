//! What becomes of a row after the answer of the bus, and of a lane after that of its outbox.

use std::error::Error;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::error::{StoreError, StoreErrorKind, with_causes};
use crate::event::{CloudEventError, RowEnd};

/// What becomes of a row, and of its lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AfterRow {
    /// This is to be written down.
    Ends(RowEnd),
    /// It is not its fault: it stays as it is.
    Stays,
}

/// How a message is put off that was put off so often before.
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

/// After an answer to a row that was put off `attempts` times before; `is_suspect` is whether it may be this message that
/// the bus cannot take, as the first of a call of which nothing was taken, or one beside others that were.
pub(super) fn after_answer(
    attempts: u32,
    answer: &Result<(), StoreError>,
    is_suspect: bool,
    refusals_max: NonZeroU32,
    delays: Delays,
) -> AfterRow {
    let Err(error) = answer else { return AfterRow::Ends(RowEnd::Sent) };
    let why = why(error);
    match error.kind() {
        StoreErrorKind::Rejected if attempts.saturating_add(1) >= refusals_max.get() => {
            AfterRow::Ends(RowEnd::Parked { reason: format!("rejected: {why}") })
        }
        StoreErrorKind::Rejected => {
            AfterRow::Ends(RowEnd::Retry { delay: delays.refused, error: why })
        }
        // Its key waits, and so it keeps no other waiting.
        _ if is_suspect => AfterRow::Ends(RowEnd::Retry { delay: delays.failed, error: why }),
        _ => AfterRow::Stays,
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

    fn after(attempts: u32, answer: &Result<(), StoreError>, is_suspect: bool) -> AfterRow {
        after_answer(attempts, answer, is_suspect, MAX, DELAYS)
    }

    #[test]
    fn what_was_taken_is_sent() {
        assert_eq!(after(7, &Ok(()), true), AfterRow::Ends(RowEnd::Sent));
    }

    #[test]
    fn what_is_refused_is_put_off_and_parked_at_last() {
        let refused = || Err(StoreError::rejected("too large"));
        for is_suspect in [false, true] {
            for attempts in [0, 1] {
                let end = RowEnd::Retry { delay: DELAYS.refused, error: "too large".to_owned() };
                assert_eq!(after(attempts, &refused(), is_suspect), AfterRow::Ends(end));
            }
            for attempts in [2, 3, u32::MAX] {
                let end = RowEnd::Parked { reason: "rejected: too large".to_owned() };
                assert_eq!(after(attempts, &refused(), is_suspect), AfterRow::Ends(end));
            }
        }
    }

    #[test]
    fn what_is_not_known_is_never_parked() {
        for attempts in [0, 2, u32::MAX] {
            for error in [StoreError::unavailable, StoreError::conflict, StoreError::unknown] {
                let answer = || Err(error("away"));
                assert_eq!(after(attempts, &answer(), false), AfterRow::Stays);
                let end = RowEnd::Retry { delay: DELAYS.failed, error: "away".to_owned() };
                assert_eq!(after(attempts, &answer(), true), AfterRow::Ends(end));
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
