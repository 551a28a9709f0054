//! How two records of one key become one: a pure decision.

use std::cmp::Ordering;

use crate::phase::{Bucket, MigrationState, Scopes, Side, primary};
use crate::stamp::{Record, Stamp, StampScope};

/// Whose content counts where two records differ.
///
/// ```
/// use strangler_fig::phase::{Bucket, MigrationState, Scopes, Side};
/// use strangler_fig::repository::JoinRule;
///
/// // On the way forward, legacy wins.
/// let state = MigrationState::new("users".parse()?);
/// let rule = JoinRule::of(&state, Bucket::FIRST, Scopes::default());
/// assert_eq!(rule, JoinRule::Wins { winner: Side::Legacy, outright: true });
///
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinRule {
    /// The larger stamp; under equal stamps, the content of `tie`.
    Larger {
        /// The primary, or in `Cutover` the side it was entered from.
        tie: Side,
    },
    /// This side, and nothing is joined into it: legacy while it is the primary and
    /// was never left behind, and a primary that forgets its stamps.
    Wins {
        /// Whose content counts.
        winner: Side,
        /// Whether it wins against a larger stamp too. Not where writes reach
        /// the other side first: the larger stamp may be one on its way.
        outright: bool,
    },
}

/// What makes two records one.
///
/// ```
/// use strangler_fig::phase::Side;
/// use strangler_fig::repository::{Join, JoinRule};
/// use strangler_fig::stamp::{Record, Stamp};
///
/// let rule = JoinRule::Larger { tie: Side::Legacy };
/// let (legacy, modern) = (Record::live(Stamp::BASE, "a"), Record::live(Stamp::BASE, "b"));
/// assert_eq!(rule.decide(&legacy, &legacy), Join::Level);
/// assert!(matches!(
///     rule.decide(&legacy, &modern),
///     Join::Settle { from: Side::Legacy, both: true, .. }
/// ));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Join {
    /// They are: nothing is to be done.
    Level,
    /// The other side applies the record of this one as it is.
    Copy {
        /// Where it comes from.
        from: Side,
    },
    /// A conflict: the content of `from` wins under `stamp`, the successor of
    /// what it beats, so that no concurrent write is beaten with it.
    Settle {
        /// Whose content wins.
        from: Side,
        /// The stamp it takes.
        stamp: Stamp,
        /// Whether the winner takes the stamp too.
        both: bool,
    },
    /// They differ and stay so: a write may be on its way, or nothing can beat
    /// the largest stamp there is.
    Stuck,
}

/// What joining a key came to.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::repository::Joined;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// let users = MigrationRepository::new(legacy, modern, tracker)?;
/// users.legacy().plant((1, "Ada".to_owned()));
/// assert_eq!(users.join(&1).await?, Joined::Copied);
/// assert_eq!(users.join(&1).await?, Joined::Level);
/// assert_eq!(users.modern().records(), users.legacy().records());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Joined {
    /// Both sides held the same.
    Level,
    /// The lagging side took the other's record, or had got a later one.
    Copied,
    /// A conflict was settled: the winner's content, or what both were merged to,
    /// took the next stamp.
    Settled,
    /// A conflict that the [`ConflictPolicy`](super::ConflictPolicy) leaves to
    /// somebody; nothing was written.
    Conflict,
    /// The sides differ and stay so for now.
    Stuck,
}

impl JoinRule {
    /// The rule for the keys of `bucket`. While legacy is their primary, and as
    /// long as it was never left behind, it holds whatever modern shows: so it
    /// wins. Else the larger stamp does, unless the primary's stamps are forgotten
    /// with the process.
    #[must_use]
    pub fn of(state: &MigrationState, bucket: Bucket, scopes: Scopes) -> Self {
        let part = state.part_of(bucket);
        let tie = primary(part.phase, part.entered_from);
        let scope = match tie {
            Side::Legacy => scopes.legacy,
            Side::Modern => scopes.modern,
        };
        match (tie, scope) {
            (Side::Legacy, StampScope::Process) => Self::Wins { winner: tie, outright: true },
            (Side::Legacy, _) if !state.has_left_legacy() => {
                Self::Wins { winner: tie, outright: true }
            }
            (_, StampScope::Store) => Self::Larger { tie },
            // Also where writes no longer reach legacy first: one that was planned where
            // they did may be on its way.
            (_, StampScope::Process) => Self::Wins { winner: tie, outright: false },
        }
    }

    /// What to do with these records.
    ///
    /// Under [`Wins`](Self::Wins), the other side must have been read before the
    /// winner: a write on its way then shows the winner ahead, never behind.
    ///
    /// ```
    /// use strangler_fig::phase::Side;
    /// use strangler_fig::repository::{Join, JoinRule};
    /// use strangler_fig::stamp::{Record, Stamp};
    ///
    /// let rule = JoinRule::Larger { tie: Side::Legacy };
    /// let (old, new) = (Record::live(Stamp::BASE, "old"), Record::live(Stamp::MAX, "new"));
    /// assert_eq!(rule.decide(&old, &new), Join::Copy { from: Side::Modern });
    /// ```
    #[must_use]
    pub fn decide<E: PartialEq>(self, legacy: &Record<E>, modern: &Record<E>) -> Join {
        let (ahead, behind) = match legacy.stamp.cmp(&modern.stamp) {
            Ordering::Greater => (Some(Side::Legacy), modern.stamp),
            Ordering::Less => (Some(Side::Modern), legacy.stamp),
            Ordering::Equal => (None, legacy.stamp),
        };
        let same = legacy.value == modern.value;
        match (self, ahead) {
            (_, None) if same => Join::Level,
            (Self::Larger { .. }, Some(from)) => Join::Copy { from },
            (Self::Larger { tie }, None) => settle(tie, behind, true),
            (Self::Wins { winner, .. }, Some(from)) if from == winner => Join::Copy { from },
            (Self::Wins { .. }, _) if same => Join::Level,
            (Self::Wins { outright: false, .. }, Some(_)) => Join::Stuck,
            (Self::Wins { winner, .. }, _) => settle(winner, legacy.stamp.max(modern.stamp), false),
        }
    }

    /// The side whose content counts where stamps do not tell.
    #[must_use]
    pub const fn winner(self) -> Side {
        match self {
            Self::Larger { tie } => tie,
            Self::Wins { winner, .. } => winner,
        }
    }
}

fn settle(from: Side, beaten: Stamp, both: bool) -> Join {
    match beaten.successor() {
        Some(stamp) => Join::Settle { from, stamp, both },
        None => Join::Stuck,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::{Fleet, Incarnation, Move, MoveId, NodeId, NodeLease, Phase};

    const LOW: Stamp = Stamp::BASE;
    const LEGACY_TIE: JoinRule = JoinRule::Larger { tie: Side::Legacy };
    const LEGACY_WINS: JoinRule = JoinRule::Wins { winner: Side::Legacy, outright: true };

    fn high() -> Stamp {
        LOW.successor().unwrap()
    }

    #[test]
    fn the_larger_stamp_is_copied_deletions_too() {
        let (live, gone) = (Record::live(LOW, 1), Record::tombstone(high()));
        assert_eq!(LEGACY_TIE.decide(&live, &gone), Join::Copy { from: Side::Modern });
        assert_eq!(LEGACY_TIE.decide(&gone, &live), Join::Copy { from: Side::Legacy });
    }

    #[test]
    fn equal_stamps_with_other_content_are_a_conflict() {
        let (a, b) = (Record::live(LOW, 1), Record::live(LOW, 2));
        let settled = Join::Settle { from: Side::Legacy, stamp: high(), both: true };
        assert_eq!(LEGACY_TIE.decide(&a, &b), settled);
        assert_eq!(LEGACY_TIE.decide(&a, &a), Join::Level);
    }

    #[test]
    fn before_the_first_cutover_legacy_wins_also_against_a_larger_stamp() {
        let (legacy, modern) = (Record::live(LOW, 1), Record::live(high(), 2));
        let stamp = high().successor().unwrap();
        let settled = Join::Settle { from: Side::Legacy, stamp, both: false };
        assert_eq!(LEGACY_WINS.decide(&legacy, &modern), settled);
        assert_eq!(LEGACY_WINS.decide(&Record::absent(), &modern), settled, "a bypassing delete");
    }

    #[test]
    fn before_the_first_cutover_equal_content_is_level_whatever_modern_s_stamp() {
        let (legacy, modern) = (Record::live(LOW, 1), Record::live(high(), 1));
        assert_eq!(LEGACY_WINS.decide(&legacy, &modern), Join::Level);
    }

    #[test]
    fn under_wins_nothing_is_copied_into_the_winner() {
        for (l, m) in [(LOW, high()), (high(), LOW), (LOW, LOW)] {
            let join = LEGACY_WINS.decide(&Record::live(l, 1), &Record::live(m, 2));
            assert!(
                matches!(
                    join,
                    Join::Copy { from: Side::Legacy }
                        | Join::Settle { from: Side::Legacy, both: false, .. }
                ),
                "{join:?}"
            );
        }
    }

    #[test]
    fn a_larger_stamp_that_may_be_a_write_on_its_way_is_left_alone() {
        let rule = JoinRule::Wins { winner: Side::Modern, outright: false };
        let (legacy, modern) = (Record::live(high(), 1), Record::live(LOW, 2));
        assert_eq!(rule.decide(&legacy, &modern), Join::Stuck);
        let settled = Join::Settle { from: Side::Modern, stamp: high(), both: false };
        assert_eq!(rule.decide(&Record::live(LOW, 1), &modern), settled);
    }

    #[test]
    fn nothing_beats_the_largest_stamp() {
        let (a, b) = (Record::live(Stamp::MAX, 1), Record::live(Stamp::MAX, 2));
        assert_eq!(LEGACY_TIE.decide(&a, &b), Join::Stuck);
    }

    fn taken(state: &MigrationState, step: &Move) -> MigrationState {
        let fleet = settled(state);
        state.transition(step, MoveId::random().unwrap(), &fleet).unwrap()
    }

    fn settled(state: &MigrationState) -> Fleet {
        let node = NodeId { name: "node-1".parse().unwrap(), incarnation: Incarnation::fixed(1) };
        Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())])
    }

    fn swept(state: &MigrationState) -> MigrationState {
        taken(state, &Move::Complete(state.begin_sweep(&settled(state)).finish(0, 0)))
    }

    #[test]
    fn legacy_wins_until_it_was_left_behind_and_then_the_larger_stamp_does() {
        let rule = |state| JoinRule::of(state, Bucket::FIRST, Scopes::default());
        let state = taken(&MigrationState::new("m".parse().unwrap()), &Move::to(Phase::DualWrite));
        assert_eq!(rule(&state), LEGACY_WINS);
        let state = swept(&taken(&state, &Move::to(Phase::Cutover)));
        assert_eq!(rule(&state), LEGACY_WINS);
        let state = taken(&taken(&state, &Move::to(Phase::Live)), &Move::to(Phase::RampDown));
        assert_eq!(rule(&state), JoinRule::Larger { tie: Side::Modern });
        let back = swept(&taken(&state, &Move::to(Phase::Cutover)));
        let back = taken(&back, &Move::to(Phase::DualWrite));
        assert_eq!(rule(&back), LEGACY_TIE);
    }
}
