use std::fmt;

use super::{Bucket, Family, MigrationState, Part, Phase, Share, Side};

/// The state as an operation reads it: one 64-bit word, so that reading it is
/// one atomic load and never a mix of two states.
///
/// From the lowest bit: 3 phase of the base, 3 of the cohort, 14 share (0 = no
/// cohort), 1 each entered-from-modern of base and cohort, 1 legacy complete,
/// 1 closed, 40 epoch.
///
/// ```
/// use strangler_fig::phase::{
///     Bucket, Family, Fleet, MigrationState, Move, MoveId, Phase, Share, Side,
/// };
///
/// let (nobody, share) = (Fleet::default(), Share::percent(5));
/// let state = MigrationState::new("airports".parse()?);
/// let state = state.transition(&Move::StartCohort { share }, MoveId::random()?, &nobody)?;
/// let state = state.transition(&Move::cohort_to(Phase::Cutover), MoveId::random()?, &nobody)?;
///
/// let word = state.word();
/// assert_eq!((word.base(), word.cohort()), (Phase::LegacyOnly, Some(Phase::Cutover)));
/// assert!(word.has_cohort() && word.share() == share && word.epoch() == 2);
/// assert_eq!(word.phase_of(Bucket::FIRST), Phase::Cutover);
/// assert_eq!(word.entered_from(Bucket::FIRST), Family::Legacy);
/// assert_eq!(word.query_side(), Some(Side::Legacy));
/// assert!(!word.is_closed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StateWord(u64);

const COHORT_AT: u32 = 3;
const SHARE_AT: u32 = 6;
const BASE_FROM_AT: u32 = 20;
const COHORT_FROM_AT: u32 = 21;
const COMPLETE_AT: u32 = 22;
const CLOSED_AT: u32 = 23;
const EPOCH_AT: u32 = 24;
/// The largest epoch that fits; a move a second does not get there in 30,000 years.
pub(super) const EPOCH_MAX: u64 = u64::MAX >> EPOCH_AT;

const fn phase_bits(phase: Phase) -> u64 {
    phase as u64
}

const fn phase_at(word: u64, at: u32) -> Phase {
    Phase::ALL[(word >> at & 0b111) as usize]
}

const fn family_at(word: u64, at: u32) -> Family {
    if word >> at & 1 == 1 { Family::Modern } else { Family::Legacy }
}

impl StateWord {
    pub(super) fn pack(state: &MigrationState) -> Self {
        let part = |part: Part, at: u32, from_at: u32| {
            let from_modern = u64::from(part.entered_from == Family::Modern);
            phase_bits(part.phase) << at | from_modern << from_at
        };
        let cohort = state.cohort.map_or(0, |cohort| {
            let share = u64::from(cohort.share.basis_points());
            part(cohort.part, COHORT_AT, COHORT_FROM_AT) | share << SHARE_AT
        });
        let complete = u64::from(state.legacy_complete()) << COMPLETE_AT;
        Self(part(state.base, 0, BASE_FROM_AT) | cohort | complete | state.epoch << EPOCH_AT)
    }

    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) const fn to_bits(self) -> u64 {
        self.0
    }

    /// The same, for a node that must refuse every operation.
    pub(super) const fn closed(self) -> Self {
        Self(self.0 | 1 << CLOSED_AT)
    }

    /// Whether the node must refuse every operation: it was evicted, has given its
    /// lease back, is fenced, or is a worker whose work is over.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        self.0 >> CLOSED_AT & 1 == 1
    }

    /// The share of keys in the cohort; none if there is no cohort.
    #[must_use]
    pub const fn share(self) -> Share {
        match Share::new((self.0 >> SHARE_AT & 0x3FFF) as u16) {
            Some(share) => share,
            None => Share::WHOLE,
        }
    }

    /// Whether a key's phase depends on its bucket.
    #[must_use]
    pub const fn has_cohort(self) -> bool {
        self.share().basis_points() > 0
    }

    /// The phase of the base.
    #[must_use]
    pub const fn base(self) -> Phase {
        phase_at(self.0, 0)
    }

    /// The phase of the cohort, if there is one.
    #[must_use]
    pub const fn cohort(self) -> Option<Phase> {
        if self.has_cohort() { Some(phase_at(self.0, COHORT_AT)) } else { None }
    }

    /// The phase of the keys of `bucket`.
    #[must_use]
    pub fn phase_of(self, bucket: Bucket) -> Phase {
        if self.share().holds(bucket) { phase_at(self.0, COHORT_AT) } else { self.base() }
    }

    /// The family that `bucket` is in, or came to `Cutover` or `Halted` from.
    #[must_use]
    pub fn entered_from(self, bucket: Bucket) -> Family {
        let at = if self.share().holds(bucket) { COHORT_FROM_AT } else { BASE_FROM_AT };
        family_at(self.0, at)
    }

    /// See [`MigrationState::query_side`].
    #[must_use]
    pub fn query_side(self) -> Option<Side> {
        let family = self.common_family();
        match (self.any(Phase::Halted), family, self.0 >> COMPLETE_AT & 1 == 1) {
            (true, _, _) => None,
            (false, Some(family), _) => Some(family.side()),
            (false, None, true) => Some(Side::Legacy),
            (false, None, false) => Some(Side::Modern),
        }
    }

    /// The epoch, modulo 2⁴⁰.
    #[must_use]
    pub const fn epoch(self) -> u64 {
        self.0 >> EPOCH_AT
    }

    fn phases(self) -> impl Iterator<Item = Phase> {
        [Some(self.base()), self.cohort()].into_iter().flatten()
    }

    fn any(self, phase: Phase) -> bool {
        self.phases().any(|of_part| of_part == phase)
    }

    /// The one family all parts are in.
    fn common_family(self) -> Option<Family> {
        let family = self.base().family();
        family.filter(|_| self.phases().all(|phase| phase.family() == family))
    }

    /// The end check of a query planned under `self`, now that `now` holds.
    ///
    /// ```
    /// use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase};
    ///
    /// let state = MigrationState::new("airports".parse()?);
    /// let fleet = Fleet::default();
    /// let dual = state.transition(&Move::to(Phase::DualWrite), MoveId::random()?, &fleet)?;
    /// let cutover = dual.transition(&Move::to(Phase::Cutover), MoveId::random()?, &fleet)?;
    /// assert!(!state.word().query_must_rerun(dual.word()), "legacy answers in both");
    /// assert!(dual.word().query_must_rerun(cutover.word()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn query_must_rerun(self, now: Self) -> bool {
        let same = |word: Self| word.0 & ((1 << EPOCH_AT) - 1);
        let family = self.common_family();
        !(same(self) == same(now)
            || self.phases().all(|phase| phase == Phase::Cutover)
            || family.is_some() && family == now.common_family())
    }
}

impl fmt::Debug for StateWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateWord")
            .field("base", &self.base())
            .field("cohort", &self.cohort())
            .field("share", &self.share())
            .field("query_side", &self.query_side())
            .field("closed", &self.is_closed())
            .field("epoch", &self.epoch())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::Cohort;

    fn part(phase: Phase, entered_from: Family) -> Part {
        Part { phase, entered_from, ..Part::first() }
    }

    fn state(base: Part, cohort: Option<Cohort>, complete: bool) -> MigrationState {
        let mut state = MigrationState::new("m".parse().unwrap());
        state.epoch = 77;
        (state.base, state.cohort) = (base, cohort);
        state.legacy_complete_since = complete.then_some(0);
        state
    }

    #[test]
    fn what_is_packed_is_read_back() {
        for base in Phase::ALL {
            for ahead in Phase::ALL {
                for from in [Family::Legacy, Family::Modern] {
                    let share = Share::new(1).unwrap();
                    let cohort = Cohort { share, part: part(ahead, from) };
                    let word = state(part(base, Family::Legacy), Some(cohort), true).word();
                    let (first, second) = (Bucket::FIRST, Bucket::new(1).unwrap());
                    assert_eq!((word.base(), word.cohort()), (base, Some(ahead)));
                    assert_eq!((word.phase_of(first), word.phase_of(second)), (ahead, base));
                    assert_eq!(word.entered_from(first), from);
                    assert_eq!(word.entered_from(second), Family::Legacy);
                    assert_eq!((word.epoch(), word.is_closed()), (77, false));
                    assert!(word.closed().is_closed());
                }
            }
        }
    }

    #[test]
    fn queries_go_where_everything_is() {
        let whole = |phase, complete| state(part(phase, Family::Legacy), None, complete).word();
        assert_eq!(whole(Phase::Shadow, true).query_side(), Some(Side::Legacy));
        assert_eq!(whole(Phase::Cutover, true).query_side(), Some(Side::Legacy));
        assert_eq!(whole(Phase::Cutover, false).query_side(), Some(Side::Modern));
        assert_eq!(whole(Phase::Live, true).query_side(), Some(Side::Modern));
        assert_eq!(whole(Phase::Halted, true).query_side(), None);
    }

    #[test]
    fn a_query_over_a_base_and_a_live_cohort_asks_legacy() {
        let cohort = Cohort { share: Share::percent(5), part: part(Phase::Live, Family::Modern) };
        let mixed = state(part(Phase::DualWrite, Family::Legacy), Some(cohort), true);
        assert_eq!(mixed.word().query_side(), Some(Side::Legacy));
    }

    #[test]
    fn a_query_runs_again_when_a_part_has_crossed() {
        let word = |phase| state(part(phase, Family::Legacy), None, true).word();
        assert!(!word(Phase::DualWrite).query_must_rerun(word(Phase::Shadow)));
        assert!(word(Phase::DualWrite).query_must_rerun(word(Phase::Cutover)));
        assert!(!word(Phase::Cutover).query_must_rerun(word(Phase::Live)));
        assert!(word(Phase::Live).query_must_rerun(word(Phase::Halted)));
    }

    #[test]
    fn a_query_over_both_families_is_asked_again_only_if_more_than_the_epoch_moved() {
        let cohort = Cohort { share: Share::percent(10), part: part(Phase::Live, Family::Modern) };
        let mut mixed = state(part(Phase::LegacyOnly, Family::Legacy), Some(cohort), true);
        let before = mixed.word();
        mixed.epoch += 1;
        assert!(!before.query_must_rerun(mixed.word()), "a node was evicted, say");
        mixed.cohort = Some(Cohort { share: Share::percent(11), ..cohort });
        assert!(before.query_must_rerun(mixed.word()));
    }

    #[test]
    fn an_epoch_has_forty_bits() {
        assert_eq!(EPOCH_MAX, (1 << 40) - 1);
        let mut last = state(part(Phase::Live, Family::Modern), None, true);
        last.epoch = EPOCH_MAX;
        assert_eq!((last.word().epoch(), last.word().base()), (EPOCH_MAX, Phase::Live));
    }
}
