//! What becomes of a key: pure decisions.

use crate::error::{StoreError, StoreErrorKind};
use crate::repository::{Applied, Joined};
use crate::stamp::Stamp;

/// What became of a key of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Modern took it.
    Copied,
    /// There was nothing to take.
    Level,
    /// To the repair queue, for this reason.
    Noted(&'static str),
    /// A record that met a later stamp, or its own: the key is joined.
    Join,
    /// It may go better later.
    Away,
}

/// After a join.
pub(super) fn after_join(joined: &Result<Joined, StoreError>) -> Fate {
    match joined {
        Ok(Joined::Level) => Fate::Level,
        Ok(Joined::Copied | Joined::Settled) => Fate::Copied,
        Ok(Joined::Conflict) => Fate::Noted("conflict"),
        Ok(Joined::Stuck) => Fate::Noted("stuck"),
        Err(error) => after_error(error, "restless"),
    }
}

/// After a record, with the stamp that legacy has given it, was applied to modern.
pub(super) fn after_apply(stamp: Stamp, applied: &Result<Applied, StoreError>) -> Fate {
    match applied {
        Ok(Applied::Stored) => Fate::Copied,
        // What does not keep the contract of a side is looked at by somebody.
        Ok(Applied::Stale(found)) if *found < stamp => Fate::Noted("stuck"),
        // It was overtaken; or it is there, or another of its stamp: a join sees which.
        Ok(Applied::Stale(_)) => Fate::Join,
        Err(error) => after_error(error, "rejected"),
    }
}

fn after_error(error: &StoreError, conflict: &'static str) -> Fate {
    match error.kind() {
        StoreErrorKind::Rejected => Fate::Noted("rejected"),
        StoreErrorKind::Conflict => Fate::Noted(conflict),
        StoreErrorKind::Unavailable | StoreErrorKind::Unknown => Fate::Away,
    }
}

/// A stable name, fit for a label.
pub(super) const fn named(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::Rejected => "rejected",
        StoreErrorKind::Conflict => "conflict",
        StoreErrorKind::Unavailable => "unavailable",
        StoreErrorKind::Unknown => "unknown",
    }
}

/// What is done about the keys that did not go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// There are none.
    Settle,
    /// They are tried again, if a try is left.
    Again,
    /// They are noted: the others went, so it is not the stores that are away.
    Note,
    /// Nothing went: a store is away, nothing is settled, and the page comes again.
    Hold,
    /// Nothing went, again and again: whether the stores are away is asked of another key. If they answer, the keys are
    /// noted; if not, the page is held.
    Ask,
}

/// How often in a row a page is held before it is asked why.
const HOLDS_MAX: u32 = 3;

/// After a try, by how many keys the stores have answered so far, and how many they have not; `held` so often in a row
/// before.
pub(super) const fn after_try(answered: u64, away: usize, is_last_try: bool, held: u32) -> After {
    match (answered, away, is_last_try) {
        (_, 0, _) => After::Settle,
        (0, _, _) if held < HOLDS_MAX => After::Hold,
        (0, _, _) => After::Ask,
        (_, _, false) => After::Again,
        (_, _, true) => After::Note,
    }
}

/// After another key was asked for.
pub(super) const fn after_asking(stores_answer: bool) -> After {
    if stores_answer { After::Note } else { After::Hold }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(n: u8) -> Stamp {
        Stamp::from_bytes([n; 16])
    }

    fn errors() -> [(StoreError, &'static str); 4] {
        [
            (StoreError::rejected("no"), "rejected"),
            (StoreError::conflict("moving"), "conflict"),
            (StoreError::unavailable("down"), "away"),
            (StoreError::unknown("late"), "away"),
        ]
    }

    #[test]
    fn a_join_that_made_both_sides_one_is_counted() {
        assert_eq!(after_join(&Ok(Joined::Level)), Fate::Level);
        assert_eq!(after_join(&Ok(Joined::Copied)), Fate::Copied);
        assert_eq!(after_join(&Ok(Joined::Settled)), Fate::Copied);
    }

    #[test]
    fn a_join_that_left_them_different_is_noted() {
        assert_eq!(after_join(&Ok(Joined::Conflict)), Fate::Noted("conflict"));
        assert_eq!(after_join(&Ok(Joined::Stuck)), Fate::Noted("stuck"));
        for (error, what) in errors() {
            let expected = match what {
                "away" => Fate::Away,
                "conflict" => Fate::Noted("restless"),
                reason => Fate::Noted(reason),
            };
            assert_eq!(after_join(&Err(error)), expected);
        }
    }

    #[test]
    fn a_record_that_was_overtaken_is_joined_and_never_stamped_again() {
        let own = stamp(5);
        assert_eq!(after_apply(own, &Ok(Applied::Stored)), Fate::Copied);
        assert_eq!(after_apply(own, &Ok(Applied::Stale(stamp(9)))), Fate::Join);
        assert_eq!(
            after_apply(own, &Ok(Applied::Stale(own))),
            Fate::Join,
            "perhaps with other content"
        );
        assert_eq!(after_apply(own, &Ok(Applied::Stale(stamp(1)))), Fate::Noted("stuck"));
        for (error, what) in errors() {
            let expected = if what == "away" { Fate::Away } else { Fate::Noted("rejected") };
            assert_eq!(after_apply(own, &Err(error)), expected);
        }
    }

    #[test]
    fn a_page_is_held_only_if_no_key_of_it_was_answered() {
        for (is_last_try, held) in [(false, 0), (true, HOLDS_MAX - 1), (true, u32::MAX)] {
            assert_eq!(after_try(0, 0, is_last_try, held), After::Settle);
            assert_eq!(after_try(9, 0, is_last_try, held), After::Settle);
            let expected = if held < HOLDS_MAX { After::Hold } else { After::Ask };
            assert_eq!(after_try(0, 3, is_last_try, held), expected);
        }
        assert_eq!(after_try(1, 3, false, 0), After::Again);
        assert_eq!(after_try(1, 3, true, u32::MAX), After::Note);
    }

    #[test]
    fn keys_are_to_blame_only_if_the_stores_answer_for_others() {
        assert_eq!(after_asking(true), After::Note);
        assert_eq!(after_asking(false), After::Hold);
    }
}
