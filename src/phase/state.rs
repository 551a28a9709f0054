use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::part::{CutOver, Range};
use super::{
    Adopted, Bucket, Cohort, Fleet, HashVersion, MigrationName, Move, MoveHistory, MoveId,
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
/// assert_eq!(next.adopted(), Adopted::new(epoch, move_id));
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
}
