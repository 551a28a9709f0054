//! What records say of their key: pure decisions.

use std::sync::Arc;

use super::Comparator;
use super::comparator::same_or_not;
use crate::error::{StoreError, StoreErrorKind};
use crate::key::Key;
use crate::phase::{Bucket, MigrationState, Scopes, Side};
use crate::repository::{Join, JoinRule};
use crate::stamp::Record;

/// What reading a key came to.
pub(super) type Reading<E> = Result<Record<E>, StoreError>;

/// The rules under which keys are level.
#[derive(Debug, Clone)]
pub(super) enum Rules {
    /// One for all: nothing needs to be hashed.
    One(JoinRule),
    /// That of each key's part.
    Each { state: Arc<MigrationState>, scopes: Scopes },
}

impl Rules {
    pub(super) fn of(state: Arc<MigrationState>, scopes: Scopes) -> Self {
        // A cohort holds the first bucket if any, and the base the last.
        let last = Bucket::new(9_999).unwrap_or(Bucket::FIRST);
        let [cohort, base] =
            [Bucket::FIRST, last].map(|bucket| JoinRule::of(&state, bucket, scopes));
        if cohort == base { Self::One(base) } else { Self::Each { state, scopes } }
    }

    #[inline]
    pub(super) fn of_key<K: Key>(&self, key: &K) -> JoinRule {
        match self {
            Self::One(rule) => *rule,
            Self::Each { state, scopes } => {
                JoinRule::of(state, Bucket::of(key, state.salt()), *scopes)
            }
        }
    }
}

/// How the two records of a key compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// Nothing is to be done.
    Level,
    /// Nothing is to be done if the comparator is right.
    Tolerated,
    /// One would be changed.
    Differ,
}

#[inline]
pub(super) fn compared<E: PartialEq + 'static>(
    rule: JoinRule,
    comparator: &dyn Comparator<E>,
    legacy: &Record<E>,
    modern: &Record<E>,
) -> Compared {
    if rule.decide(legacy, modern) == Join::Level {
        return Compared::Level;
    }
    tolerated(rule, comparator, legacy, modern)
}

/// The rule once more, of contents that only the comparator calls the same.
#[cold]
fn tolerated<E: PartialEq + 'static>(
    rule: JoinRule,
    comparator: &dyn Comparator<E>,
    legacy: &Record<E>,
    modern: &Record<E>,
) -> Compared {
    let (Some(of_legacy), Some(of_modern)) = (&legacy.value, &modern.value) else {
        return Compared::Differ;
    };
    let same = [legacy.stamp, modern.stamp].map(|stamp| Record::live(stamp, ()));
    let level = rule.decide(&same[0], &same[1]) == Join::Level;
    if level && same_or_not(comparator, of_legacy, of_modern) {
        Compared::Tolerated
    } else {
        Compared::Differ
    }
}

/// What three readings of a mismatch come to.
#[derive(Debug)]
pub(super) enum Finding {
    /// The sides are one, or were when looked at.
    Level { tolerated: bool },
    /// The source stood still, the target too if it may lead, and they differ.
    Different,
    /// A side refuses to show the record.
    Rejected(Side),
    /// The source moved: nothing is known.
    Moved,
    /// A side could not be read: nothing is known.
    Failed(StoreError),
}

/// Whether a write may reach the target before the source, as where both sides
/// must take it. What the target shows may then be on its way to the source.
pub(super) const fn target_may_lead(rule: JoinRule) -> bool {
    !matches!(rule, JoinRule::Wins { outright: true, .. })
}

/// The source before and after the target, and the target before both.
#[derive(Debug)]
pub(super) struct Readings<'a, E> {
    pub(super) held: Option<&'a Reading<E>>,
    pub(super) before: &'a Reading<E>,
    pub(super) target: &'a Reading<E>,
    pub(super) after: &'a Reading<E>,
}

impl<E: PartialEq + 'static> Readings<'_, E> {
    pub(super) fn judge(&self, rule: JoinRule, comparator: &dyn Comparator<E>) -> Finding {
        let source = rule.winner();
        let readings = [self.before, self.target, self.after];
        if let Some(error) = readings.into_iter().find_map(failure) {
            return Finding::Failed(error);
        }
        match (self.before, self.target, self.after) {
            (Err(_), _, Err(_)) => Finding::Rejected(source),
            (_, Err(_), _) => Finding::Rejected(source.other()),
            (before, Ok(target), after) => {
                let seen = [before, after].into_iter().filter_map(|it| it.as_ref().ok());
                let seen = seen.map(|record| in_order(source, record, target));
                let found = seen.map(|(legacy, modern)| compared(rule, comparator, legacy, modern));
                still(found, self.stood_still(rule))
            }
        }
    }

    fn stood_still(&self, rule: JoinRule) -> bool {
        let source = unchanged(self.before, self.after);
        let target = || self.held.is_some_and(|held| unchanged(held, self.target));
        source && (!target_may_lead(rule) || target())
    }
}

fn unchanged<E: PartialEq>(before: &Reading<E>, after: &Reading<E>) -> bool {
    matches!((before, after), (Ok(before), Ok(after)) if before == after)
}

/// Level with either reading is level: the target has followed that far.
fn still(found: impl Iterator<Item = Compared>, stood_still: bool) -> Finding {
    let found: Vec<_> = found.collect();
    if found.contains(&Compared::Level) {
        Finding::Level { tolerated: false }
    } else if found.contains(&Compared::Tolerated) {
        Finding::Level { tolerated: true }
    } else if stood_still {
        Finding::Different
    } else {
        Finding::Moved
    }
}

/// A failure that tells nothing of the record; a refusal does.
fn failure<E>(reading: &Reading<E>) -> Option<StoreError> {
    let error = reading.as_ref().err()?;
    (error.kind() != StoreErrorKind::Rejected).then(|| error.clone())
}

/// Legacy's first.
pub(super) const fn in_order<T>(source: Side, of_source: T, of_target: T) -> (T, T)
where
    T: Copy,
{
    match source {
        Side::Legacy => (of_source, of_target),
        Side::Modern => (of_target, of_source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consistency::Exact;
    use crate::stamp::Stamp;

    const RULE: JoinRule = JoinRule::Larger { tie: Side::Modern };

    #[expect(clippy::unnecessary_wraps, reason = "beside readings that failed")]
    fn record(value: u32) -> Reading<u32> {
        Ok(Record::live(Stamp::BASE, value))
    }

    fn judged(before: &Reading<u32>, target: &Reading<u32>, after: &Reading<u32>) -> String {
        judged_by(RULE, target, before, target, after)
    }

    fn judged_by(
        rule: JoinRule,
        held: &Reading<u32>,
        before: &Reading<u32>,
        target: &Reading<u32>,
        after: &Reading<u32>,
    ) -> String {
        let readings = Readings { held: Some(held), before, target, after };
        match readings.judge(rule, &Exact) {
            Finding::Failed(_) => "Failed".to_owned(),
            finding => format!("{finding:?}"),
        }
    }

    #[test]
    fn only_a_source_that_stood_still_confirms_a_difference() {
        assert_eq!(judged(&record(1), &record(2), &record(1)), "Different");
        assert_eq!(judged(&record(1), &record(2), &record(3)), "Moved");
    }

    #[test]
    fn a_target_that_may_lead_must_have_stood_still_too() {
        let by = |rule| judged_by(rule, &record(1), &record(1), &record(2), &record(1));
        assert_eq!(by(RULE), "Moved", "a write that the source has yet to take");
        assert_eq!(by(JoinRule::Wins { winner: Side::Modern, outright: false }), "Moved");
        assert_eq!(by(JoinRule::Wins { winner: Side::Legacy, outright: true }), "Different");
    }

    #[test]
    fn level_with_either_reading_is_level() {
        assert_eq!(judged(&record(1), &record(1), &record(2)), "Level { tolerated: false }");
        assert_eq!(judged(&record(2), &record(1), &record(1)), "Level { tolerated: false }");
    }

    #[test]
    fn what_cannot_be_read_is_neither_level_nor_different() {
        let lost = || Err(StoreError::unavailable("gone"));
        for (before, target, after) in [
            (lost(), record(1), record(1)),
            (record(1), lost(), record(1)),
            (record(1), record(1), lost()),
            (Err(StoreError::rejected("bad")), lost(), Err(StoreError::rejected("bad"))),
        ] {
            assert_eq!(judged(&before, &target, &after), "Failed");
        }
    }

    #[test]
    fn a_refusal_is_a_difference_of_the_side_that_refuses() {
        let bad = || Err(StoreError::rejected("bad"));
        assert_eq!(judged(&record(1), &bad(), &record(1)), "Rejected(Legacy)");
        assert_eq!(judged(&bad(), &record(1), &bad()), "Rejected(Modern)");
        assert_eq!(judged(&bad(), &record(1), &record(2)), "Moved");
        assert_eq!(judged(&bad(), &record(1), &record(1)), "Level { tolerated: false }");
    }

    #[test]
    fn contents_that_are_tolerated_are_level_where_the_stamps_allow_it() {
        #[derive(Debug)]
        struct Anything;
        impl Comparator<u32> for Anything {
            fn differences(&self, _: &u32, _: &u32) -> Vec<crate::consistency::FieldDifference> {
                Vec::new()
            }
        }
        let wins = JoinRule::Wins { winner: Side::Legacy, outright: true };
        let (old, new) = (Record::live(Stamp::BASE, 1), Record::live(Stamp::MAX, 2));
        let other = Record::live(Stamp::BASE, 2);
        assert_eq!(compared(RULE, &Anything, &old, &other), Compared::Tolerated);
        assert_eq!(compared(RULE, &Anything, &old, &new), Compared::Differ);
        assert_eq!(compared(wins, &Anything, &old, &new), Compared::Tolerated);
        assert_eq!(compared(wins, &Anything, &new, &old), Compared::Differ);
        assert_eq!(compared(RULE, &Anything, &old, &Record::absent()), Compared::Differ);
    }
}
