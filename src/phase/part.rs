use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Bucket, Family, Phase, Share};

/// The keys that move together: the base, or the cohort ahead of it.
///
/// ```
/// use strangler_fig::phase::{Family, MigrationState, Phase};
///
/// let base = MigrationState::new("airports".parse()?).base();
/// assert_eq!((base.phase, base.entered_from), (Phase::LegacyOnly, Family::Legacy));
/// assert_eq!((base.since_epoch, base.modern_complete), (0, false));
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Part {
    /// Where it stands.
    pub phase: Phase,
    /// The family it is in, or was in before `Cutover` or `Halted`: the way
    /// back that is open at once.
    pub entered_from: Family,
    /// The epoch that brought it here; a node has settled when it adopted it.
    pub since_epoch: u64,
    /// Whether modern holds every record of the part, as a sweep has shown.
    pub modern_complete: bool,
}

impl Part {
    pub(super) const fn first() -> Self {
        Self {
            phase: Phase::LegacyOnly,
            entered_from: Family::Legacy,
            since_epoch: 0,
            modern_complete: false,
        }
    }

    /// The part after a legal move at `epoch`.
    pub(super) fn moved(self, to: Phase, epoch: u64) -> Self {
        let entered_from = to.family().unwrap_or(self.entered_from);
        let modern_complete = self.modern_complete && to.family() != Some(Family::Legacy);
        Self { phase: to, entered_from, since_epoch: epoch, modern_complete }
    }

    /// The part after it has taken keys of `giver`, moved into it.
    pub(super) fn joined_by(self, giver: Self, epoch: u64) -> Self {
        let modern_complete = self.modern_complete && giver.modern_complete;
        Self { since_epoch: epoch, modern_complete, ..self }
    }

    /// Whether a query of its keys may be answered by legacy.
    pub(super) fn legacy_answers(self, legacy_complete: bool) -> bool {
        legacy_complete || self.phase.family() == Some(Family::Legacy)
    }

    /// Whether a query of its keys may be answered by modern.
    pub(crate) fn modern_answers(self) -> bool {
        match self.phase {
            Phase::Cutover => self.modern_complete || self.entered_from == Family::Modern,
            phase => phase.family() == Some(Family::Modern),
        }
    }
}

/// Keys that a rollout has moved ahead of the base.
///
/// ```
/// use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase, Share};
///
/// let fleet = Fleet::default();
/// let state = MigrationState::new("airports".parse()?);
/// let state = state.transition(&Move::to(Phase::DualWrite), MoveId::random()?, &fleet)?;
/// let start = Move::StartCohort { share: Share::percent(5) };
/// let state = state.transition(&start, MoveId::random()?, &fleet)?;
/// let state = state.transition(&Move::cohort_to(Phase::Shadow), MoveId::random()?, &fleet)?;
/// assert_eq!(state.cohort().map(|cohort| cohort.part.phase), Some(Phase::Shadow));
/// assert_eq!(state.base().phase, Phase::DualWrite);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Cohort {
    /// How many.
    pub share: Share,
    /// Where they stand.
    pub part: Part,
}

/// Which part, in a move.
///
/// ```
/// use strangler_fig::phase::{MigrationState, PartName};
///
/// let state = MigrationState::new("airports".parse()?);
/// assert_eq!(state.part(PartName::Base), Some(state.base()));
/// assert_eq!(state.part(PartName::Cohort), None);
/// assert_eq!(PartName::Base.to_string(), "base");
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartName {
    /// Every key that is in no cohort.
    Base,
    /// The keys of the cohort.
    Cohort,
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "base",
            Self::Cohort => "cohort",
        })
    }
}

/// The buckets from `from` to below `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: Share,
    pub(super) to: Share,
}

/// The keys that have ever been in `Cutover`. Before that, other code may still
/// write legacy behind the crate.
///
/// ```
/// use strangler_fig::phase::{Bucket, Fleet, MigrationState, Move, MoveId, Phase};
///
/// let state = MigrationState::new("airports".parse()?);
/// assert!(!state.cut_over().holds(Bucket::FIRST));
///
/// let cutover = Move::to(Phase::Cutover);
/// let state = state.transition(&cutover, MoveId::random()?, &Fleet::default())?;
/// assert!(state.cut_over().holds(Bucket::FIRST));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutOver {
    /// As a cohort: every bucket below this.
    below: Share,
    /// As the base: every bucket from this on.
    from: Share,
}

impl CutOver {
    pub(super) const NONE: Self = Self { below: Share::NONE, from: Share::WHOLE };

    /// Whether this bucket has ever been in `Cutover`.
    #[must_use]
    pub fn holds(self, bucket: Bucket) -> bool {
        self.below.holds(bucket) || !self.from.holds(bucket)
    }

    pub(super) fn covers(self, range: Range) -> bool {
        self.from <= self.below || range.to <= self.below || range.from >= self.from
    }

    pub(super) fn with(self, range: Range) -> Self {
        if range.from <= self.below {
            Self { below: self.below.max(range.to), ..self }
        } else if range.to >= self.from {
            Self { from: self.from.min(range.from), ..self }
        } else {
            // A base or a cohort reaches an end of the whole; growth, the border.
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: u16, to: u16) -> Range {
        Range { from: Share::new(from).unwrap(), to: Share::new(to).unwrap() }
    }

    #[test]
    fn what_was_cut_over_is_remembered_per_bucket() {
        let cut_over = CutOver::NONE.with(range(0, 100)).with(range(400, 10_000));
        let held = [0, 99, 100, 399, 400, 9_999].map(|n| cut_over.holds(Bucket::new(n).unwrap()));
        assert_eq!(held, [true, true, false, false, true, true]);
    }

    #[test]
    fn a_range_is_covered_when_all_its_buckets_are() {
        let cut_over = CutOver::NONE.with(range(0, 100)).with(range(400, 10_000));
        assert!(cut_over.covers(range(0, 100)) && cut_over.covers(range(400, 10_000)));
        assert!(!cut_over.covers(range(0, 101)) && !cut_over.covers(range(399, 10_000)));
        assert!(cut_over.with(range(0, 400)).covers(range(0, 10_000)));
    }
}
