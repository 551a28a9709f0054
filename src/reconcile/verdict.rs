//! What becomes of an entry after a repair: a pure decision.

use std::num::NonZeroU32;

use super::attempt::{Left, Mended};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Finish(Mended),
    Postpone,
    Park(ParkReason),
}

/// Why a key is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParkReason {
    Attempts,
    Conflict,
    Undecodable,
}

impl ParkReason {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Conflict => "conflict",
            Self::Undecodable => "undecodable",
        }
    }
}

impl Verdict {
    /// After a repair of a key that failed `attempts` times before.
    pub(super) fn of(tried: &Result<Mended, Left>, attempts: u32, limit: NonZeroU32) -> Self {
        match tried {
            Ok(mended) => Self::Finish(*mended),
            Err(Left::Undecodable(_)) => Self::Park(ParkReason::Undecodable),
            Err(Left::Conflict) => Self::Park(ParkReason::Conflict),
            Err(_) if attempts.saturating_add(1) >= limit.get() => Self::Park(ParkReason::Attempts),
            Err(_) => Self::Postpone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StoreError;
    use crate::key::KeyError;

    const LIMIT: NonZeroU32 = NonZeroU32::new(3).unwrap();

    #[test]
    fn who_fails_is_put_off_until_the_limit_and_then_parked() {
        let failed = Err(Left::Failed(StoreError::unavailable("away")));
        let verdicts = [0, 1, 2, u32::MAX].map(|attempts| Verdict::of(&failed, attempts, LIMIT));
        let parked = Verdict::Park(ParkReason::Attempts);
        assert_eq!(verdicts, [Verdict::Postpone, Verdict::Postpone, parked, parked]);
    }

    #[test]
    fn what_no_attempt_can_mend_is_parked_at_once() {
        let undecodable = Err(Left::Undecodable(KeyError::Trailing(1)));
        let verdict = Verdict::of(&undecodable, 0, LIMIT);
        assert_eq!(verdict, Verdict::Park(ParkReason::Undecodable));
        let verdict = Verdict::of(&Err(Left::Conflict), 0, LIMIT);
        assert_eq!(verdict, Verdict::Park(ParkReason::Conflict));
    }

    #[test]
    fn a_conflict_under_the_reads_is_tried_again() {
        let restless = Err(Left::Failed(StoreError::conflict("it kept changing")));
        assert_eq!(Verdict::of(&restless, 0, LIMIT), Verdict::Postpone);
    }

    #[test]
    fn what_is_mended_is_finished_however_often_it_failed() {
        let verdict = Verdict::of(&Ok(Mended::Level), u32::MAX, LIMIT);
        assert_eq!(verdict, Verdict::Finish(Mended::Level));
    }
}
