use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::part::{CutOver, Range};
use super::word::EPOCH_MAX;
use super::{
    Adopted, Bucket, Cohort, Family, Fleet, HashVersion, MigrationName, Move, MoveHistory, MoveId,
    MoveNote, Part, PartName, Phase, Salt, Share, Side, StateWord,
};

/// Where a migration stands: a base and at most one cohort ahead of it, and the
/// two facts that decide every crossing.
///
/// A value. It changes only through [`transition`](Self::transition), which
/// holds the rules; services store it, trackers spread it.
///
/// ```
/// use strangler_fig::phase::{
///     Adopted, Bucket, Fleet, HashVersion, MigrationState, Move, MoveId, PartName, Phase,
/// };
///
/// let state = MigrationState::new("airports".parse()?).with_nodes_expected(3.try_into()?);
/// assert_eq!((state.name().as_str(), state.epoch()), ("airports", 0));
/// assert_eq!((state.base().phase, state.cohort()), (Phase::LegacyOnly, None));
/// assert!(state.legacy_complete() && state.nodes_expected().get() == 3);
///
/// let (epoch, move_id) = (1, MoveId::random()?);
/// let next = state.transition(&Move::to(Phase::Cutover), move_id, &Fleet::default())?;
/// assert_eq!((next.epoch(), next.move_id()), (epoch, move_id));
/// assert_eq!(next.adopted(), Adopted { epoch, move_id });
///
/// assert_eq!(next.hash_version(), HashVersion::Xxh3V1);
/// let berlin = Bucket::of(&"EDDB".to_owned(), next.salt());
/// assert_eq!(next.part(PartName::Base), Some(next.part_of(berlin)));
/// assert_eq!(next.word().phase_of(berlin), Phase::Cutover);
/// assert!(next.cut_over().holds(berlin) && !state.cut_over().holds(berlin));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigrationState {
    pub(super) name: MigrationName,
    pub(super) epoch: u64,
    pub(super) move_id: MoveId,
    /// The last move of a phase or a share: what a sweep must not span.
    pub(super) steered: Adopted,
    pub(super) hash: HashVersion,
    pub(super) base: Part,
    pub(super) cohort: Option<Cohort>,
    /// The epoch since which legacy is complete.
    pub(super) legacy_complete_since: Option<u64>,
    /// Whether `RampDown` or `ModernOnly` was ever entered.
    pub(super) left_legacy: bool,
    pub(super) cut_over: CutOver,
    pub(super) nodes_expected: NonZeroU32,
    /// The epoch that gave the way back up.
    #[serde(default)]
    pub(super) decommissioned_since: Option<u64>,
    #[serde(default)]
    pub(super) history: MoveHistory,
}

impl MigrationState {
    /// A migration that has not begun: `LegacyOnly`, legacy complete.
    #[must_use]
    pub fn new(name: MigrationName) -> Self {
        Self {
            name,
            epoch: 0,
            move_id: MoveId::fixed(0),
            steered: Adopted { epoch: 0, move_id: MoveId::fixed(0) },
            hash: HashVersion::Xxh3V1,
            base: Part::first(),
            cohort: None,
            legacy_complete_since: Some(0),
            left_legacy: false,
            cut_over: CutOver::NONE,
            nodes_expected: NonZeroU32::MIN,
            decommissioned_since: None,
            history: MoveHistory::default(),
        }
    }

    /// The same, with the number of nodes that must hold a lease before
    /// anything that waits for the fleet is allowed (1 unless said otherwise).
    #[must_use]
    pub fn with_nodes_expected(mut self, nodes: NonZeroU32) -> Self {
        self.nodes_expected = nodes;
        self
    }

    /// Which migration.
    #[must_use]
    pub const fn name(&self) -> &MigrationName {
        &self.name
    }

    /// Grows by one with every move.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The move that made this state.
    #[must_use]
    pub const fn move_id(&self) -> MoveId {
        self.move_id
    }

    /// The epoch and move a node adopts with this state.
    #[must_use]
    pub const fn adopted(&self) -> Adopted {
        Adopted { epoch: self.epoch, move_id: self.move_id }
    }

    /// The last state that a move of a phase or a share has made: what came since,
    /// evictions and clean sweeps say, left every key where it was.
    ///
    /// ```
    /// use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase};
    ///
    /// let nobody = Fleet::default();
    /// let state = MigrationState::new("airports".parse()?);
    /// let moved = state.transition(&Move::to(Phase::Cutover), MoveId::random()?, &nobody)?;
    /// let more = Move::ExpectNodes(3.try_into()?);
    /// let later = moved.transition(&more, MoveId::random()?, &nobody)?;
    /// assert_eq!((later.epoch(), later.steered().epoch), (2, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn steered(&self) -> Adopted {
        self.steered
    }

    /// The part of every key that is in no cohort.
    #[must_use]
    pub const fn base(&self) -> Part {
        self.base
    }

    /// The keys ahead of the base, if any.
    #[must_use]
    pub const fn cohort(&self) -> Option<Cohort> {
        self.cohort
    }

    /// Whether legacy holds every record that may be read anywhere.
    #[must_use]
    pub const fn legacy_complete(&self) -> bool {
        self.legacy_complete_since.is_some()
    }

    /// Whether `RampDown` or `ModernOnly` was ever entered. Until then every write
    /// goes to legacy first, so that legacy holds whatever modern shows.
    ///
    /// ```
    /// use strangler_fig::phase::MigrationState;
    ///
    /// assert!(!MigrationState::new("airports".parse()?).has_left_legacy());
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    #[must_use]
    pub const fn has_left_legacy(&self) -> bool {
        self.left_legacy
    }

    /// Which keys have ever been in `Cutover`.
    #[must_use]
    pub const fn cut_over(&self) -> CutOver {
        self.cut_over
    }

    /// How many nodes must hold a lease.
    #[must_use]
    pub const fn nodes_expected(&self) -> NonZeroU32 {
        self.nodes_expected
    }

    /// Whether the way back was given up.
    #[must_use]
    pub const fn is_decommissioned(&self) -> bool {
        self.decommissioned_since.is_some()
    }

    /// The last moves, as far as they were [recorded](Self::with_record).
    #[must_use]
    pub const fn history(&self) -> &MoveHistory {
        &self.history
    }

    /// The same, with a record of the move that made it. [`MoveNote`] shows it.
    #[must_use]
    pub fn with_record(mut self, step: &Move, note: MoveNote) -> Self {
        if self.history.newest_epoch() < self.epoch {
            self.history.push(self.epoch, self.move_id, step.clone(), note);
        }
        self
    }

    /// How keys are spread over buckets.
    #[must_use]
    pub const fn hash_version(&self) -> HashVersion {
        self.hash
    }

    /// The salt of this migration's buckets.
    #[must_use]
    pub fn salt(&self) -> Salt {
        Salt::of(self.name.as_str())
    }

    /// The part that keys of `bucket` follow.
    ///
    /// ```
    /// use strangler_fig::phase::{Bucket, Fleet, MigrationState, Move, MoveId, Phase, Share};
    ///
    /// let fleet = Fleet::default();
    /// let state = MigrationState::new("airports".parse()?);
    /// let start = Move::StartCohort { share: Share::percent(5) };
    /// let state = state.transition(&start, MoveId::random()?, &fleet)?;
    /// let state = state.transition(&Move::cohort_to(Phase::DualWrite), MoveId::random()?, &fleet)?;
    ///
    /// let (first, later) = (Bucket::FIRST, Bucket::of(&"EDDB".to_owned(), state.salt()));
    /// assert_eq!(state.part_of(first).phase, Phase::DualWrite);
    /// assert_eq!(state.part_of(later).phase, Phase::LegacyOnly);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn part_of(&self, bucket: Bucket) -> Part {
        match self.cohort {
            Some(cohort) if cohort.share.holds(bucket) => cohort.part,
            _ => self.base,
        }
    }

    /// The part of this name, if there is one.
    #[must_use]
    pub fn part(&self, name: PartName) -> Option<Part> {
        match name {
            PartName::Base => Some(self.base),
            PartName::Cohort => self.cohort.map(|cohort| cohort.part),
        }
    }

    /// The state as operations read it: one word.
    #[must_use]
    pub fn word(&self) -> StateWord {
        StateWord::pack(self)
    }

    /// The store that answers queries over all keys; `None` while any part is
    /// `Halted`. Modern where all parts are in its family, else legacy if it is
    /// complete, else modern.
    ///
    /// ```
    /// use strangler_fig::phase::{MigrationState, Side};
    ///
    /// let state = MigrationState::new("airports".parse()?);
    /// assert_eq!(state.query_side(), Some(Side::Legacy));
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    #[must_use]
    pub fn query_side(&self) -> Option<Side> {
        self.word().query_side()
    }

    /// Whether the fleet has settled in this part: every node works by it.
    ///
    /// ```
    /// use strangler_fig::phase::{Fleet, MigrationState, PartName};
    /// # use strangler_fig::phase::{Incarnation, NodeId, NodeLease};
    /// # let (name, incarnation) = ("node-1".parse()?, Incarnation::fixed(1));
    /// # let node = NodeId { name, incarnation };
    ///
    /// let state = MigrationState::new("airports".parse()?);
    /// assert!(!state.has_settled(PartName::Base, &Fleet::default()), "one node is expected");
    /// let fleet = Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())]);
    /// assert!(state.has_settled(PartName::Base, &fleet));
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    #[must_use]
    pub fn has_settled(&self, name: PartName, fleet: &Fleet) -> bool {
        self.part(name)
            .is_some_and(|part| fleet.settled(part.since_epoch, self.nodes_expected).is_ok())
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        [Some(self.base), self.cohort.map(|cohort| cohort.part)].into_iter().flatten()
    }

    pub(super) fn share(&self) -> Share {
        self.cohort.map_or(Share::NONE, |cohort| cohort.share)
    }

    pub(super) fn range(&self, name: PartName) -> Range {
        match name {
            PartName::Base => Range { from: self.share(), to: Share::WHOLE },
            PartName::Cohort => Range { from: Share::NONE, to: self.share() },
        }
    }

    /// Whether some store can answer queries over all keys.
    pub(super) fn answers_queries(&self) -> bool {
        let complete = self.legacy_complete();
        let halted = self.parts().any(|part| part.phase == Phase::Halted);
        halted
            || self.parts().all(|part| part.legacy_answers(complete))
            || self.parts().all(Part::modern_answers)
    }

    /// What no sequence of moves leads to: a state that was not made here.
    pub(super) fn impossible(&self) -> Option<&'static str> {
        let part = |part: Part| {
            let family = part.phase.family();
            let from_modern = part.entered_from == Family::Modern;
            family.is_none_or(|family| family == part.entered_from)
                && (part.phase != Phase::Halted || from_modern && self.legacy_complete())
                && !(part.modern_complete && family == Some(Family::Legacy))
                && part.since_epoch <= self.epoch
        };
        let cohort = self.cohort.map(|cohort| (cohort.share, cohort.part.phase));
        let left = self.base.phase.leaves_legacy();
        match () {
            () if self.epoch > EPOCH_MAX => Some("epoch"),
            () if !part(self.base) => Some("base"),
            () if self.cohort.is_some_and(|cohort| !part(cohort.part)) => Some("cohort"),
            () if cohort.is_some_and(|(share, phase)| {
                left || phase.leaves_legacy() || share == Share::NONE || share == Share::WHOLE
            }) =>
            {
                Some("cohort")
            }
            () if left && (self.legacy_complete() || !self.left_legacy) => Some("left_legacy"),
            () if self.legacy_complete_since > Some(self.epoch) => Some("legacy_complete_since"),
            () if self.decommissioned_since.is_some_and(|since| {
                since > self.epoch || self.base.phase != Phase::ModernOnly || self.cohort.is_some()
            }) =>
            {
                Some("decommissioned_since")
            }
            () if self.history.newest_epoch() > self.epoch => Some("history"),
            () if self.steered.epoch > self.epoch
                || self.parts().any(|part| part.since_epoch > self.steered.epoch) =>
            {
                Some("steered")
            }
            () if !self.answers_queries() => Some("legacy_complete_since"),
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::{Incarnation, NodeId, NodeLease};

    fn settled(state: &MigrationState) -> Fleet {
        let node = NodeId { name: "node-1".parse().unwrap(), incarnation: Incarnation::fixed(1) };
        Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())])
    }

    fn taken(state: &MigrationState, step: &Move) -> MigrationState {
        let id = MoveId::fixed(u128::from(state.epoch) + 1);
        state.transition(step, id, &settled(state)).unwrap()
    }

    /// A whole migration, by lawful moves.
    fn at(goal: Phase) -> MigrationState {
        if goal == Phase::Halted {
            return taken(&at(Phase::Live), &Move::to(goal));
        }
        let mut state = MigrationState::new("airports".parse().unwrap());
        for phase in [Phase::Cutover, Phase::Live, Phase::RampDown, Phase::ModernOnly] {
            if state.base.phase == goal {
                break;
            }
            if phase == Phase::Live {
                let clean = state.begin_sweep(&settled(&state)).finish(0, 0);
                state = taken(&state, &Move::Complete(clean));
            }
            state = taken(&state, &Move::to(phase));
        }
        state
    }

    fn with_cohort() -> MigrationState {
        taken(&at(Phase::LegacyOnly), &Move::StartCohort { share: Share::percent(10) })
    }

    fn cohort(state: &mut MigrationState) -> &mut Cohort {
        state.cohort.as_mut().unwrap()
    }

    fn decommissioned() -> MigrationState {
        taken(&at(Phase::ModernOnly), &Move::Decommission)
    }

    fn expecting_one_more(state: &MigrationState) -> MigrationState {
        taken(state, &Move::ExpectNodes(NonZeroU32::MIN))
    }

    #[test]
    fn what_moves_lead_to_is_possible() {
        let walked = [Phase::LegacyOnly, Phase::Cutover, Phase::Live, Phase::RampDown];
        let mut all: Vec<_> = walked.map(at).to_vec();
        all.extend([at(Phase::ModernOnly), at(Phase::Halted), with_cohort(), decommissioned()]);
        all.extend(all.clone().iter().map(expecting_one_more));
        all.push(MigrationState { epoch: EPOCH_MAX, ..with_cohort() });
        all.push(MigrationState { legacy_complete_since: Some(3), ..at(Phase::Live) });
        for state in all {
            assert_eq!(state.impossible(), None, "{state:?}");
        }
    }

    #[test]
    fn what_no_move_leads_to_is_named_by_its_field() {
        type Twist = fn(&mut MigrationState);
        let ahead = |state: &mut MigrationState| {
            let note = MoveNote::default();
            state.history.push(state.epoch + 1, MoveId::fixed(9), Move::EndCohort, note);
        };
        let cases: [(MigrationState, Twist, &str); 18] = [
            (at(Phase::Live), |it| it.epoch = EPOCH_MAX + 1, "epoch"),
            (at(Phase::Live), |it| it.base.since_epoch = it.epoch + 1, "base"),
            (at(Phase::Halted), |it| it.legacy_complete_since = None, "base"),
            (at(Phase::Halted), |it| it.base.entered_from = Family::Legacy, "base"),
            (with_cohort(), |it| cohort(it).part.since_epoch = 9, "cohort"),
            (with_cohort(), |it| cohort(it).share = Share::NONE, "cohort"),
            (with_cohort(), |it| cohort(it).share = Share::WHOLE, "cohort"),
            (with_cohort(), |it| cohort(it).part = at(Phase::RampDown).base, "cohort"),
            (
                at(Phase::RampDown),
                |it| {
                    let part = at(Phase::Live).base;
                    it.cohort = Some(Cohort { share: Share::percent(1), part });
                },
                "cohort",
            ),
            (at(Phase::RampDown), |it| it.left_legacy = false, "left_legacy"),
            (at(Phase::ModernOnly), |it| it.legacy_complete_since = Some(0), "left_legacy"),
            (
                at(Phase::Live),
                |it| it.legacy_complete_since = Some(it.epoch + 1),
                "legacy_complete_since",
            ),
            (
                decommissioned(),
                |it| it.decommissioned_since = Some(it.epoch + 1),
                "decommissioned_since",
            ),
            (
                at(Phase::Live),
                |it| it.decommissioned_since = Some(it.epoch),
                "decommissioned_since",
            ),
            (at(Phase::Live), ahead, "history"),
            (at(Phase::Live), |it| it.steered.epoch = it.epoch + 1, "steered"),
            (expecting_one_more(&at(Phase::Live)), |it| it.base.since_epoch = it.epoch, "steered"),
            (
                with_cohort(),
                |it| {
                    cohort(it).part = Part { since_epoch: 0, ..at(Phase::Live).base };
                    it.legacy_complete_since = None;
                },
                "legacy_complete_since",
            ),
        ];
        for (at, (mut state, twist, field)) in cases.into_iter().enumerate() {
            assert_eq!(state.impossible(), None);
            twist(&mut state);
            assert_eq!(state.impossible(), Some(field), "case {at}: {state:?}");
        }
    }

    #[test]
    fn legacy_has_been_left_from_ramp_down_on() {
        for phase in [Phase::LegacyOnly, Phase::Cutover, Phase::Live] {
            assert!(!at(phase).has_left_legacy(), "{phase}");
        }
        let back = taken(&at(Phase::RampDown), &Move::to(Phase::Cutover));
        for state in [at(Phase::RampDown), at(Phase::ModernOnly), back] {
            assert!(state.has_left_legacy(), "{state:?}");
        }
    }

    #[test]
    fn a_move_is_recorded_once() {
        let step = Move::to(Phase::DualWrite);
        let state = taken(&at(Phase::LegacyOnly), &step);
        let once = state.with_record(&step, MoveNote::default());
        let twice = once.clone().with_record(&step, MoveNote::default());
        assert_eq!((once.history.iter().len(), twice.history.iter().len()), (1, 1));
    }
}
