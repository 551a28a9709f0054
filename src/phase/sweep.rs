//! What makes a sweep count: when it began, and how it ended.

use serde::{Deserialize, Serialize};

use super::{Adopted, Fleet, MigrationState, PartName, Phase, Refused};

/// A sweep that is about to begin: the state it runs under, and which parts had
/// settled in `Cutover` by then. A move of a phase or a share ends its worth; evictions
/// and the like, which change no key's phase, do not.
///
/// ```
/// use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase};
///
/// # use strangler_fig::phase::{Incarnation, NodeId, NodeLease};
/// # let (name, incarnation) = ("node-1".parse()?, Incarnation::fixed(1));
/// # let node = NodeId { name, incarnation };
///
/// let nobody = Fleet::default();
/// let state = MigrationState::new("airports".parse()?);
/// let state = state.transition(&Move::to(Phase::Cutover), MoveId::random()?, &nobody)?;
/// assert!(!state.begin_sweep(&nobody).counts(), "nobody has settled");
///
/// let fleet = Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())]);
/// let ticket = state.begin_sweep(&fleet);
/// assert!(ticket.counts());
/// assert_eq!(ticket.steered(), state.steered());
///
/// let swept = Move::Complete(ticket.finish(0, 0)); // no failures, no conflicts
/// assert!(state.transition(&swept, MoveId::random()?, &fleet).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SweepTicket {
    steered: Adopted,
    base: bool,
    cohort: bool,
}

/// What a sweep over all keys in both directions has shown.
///
/// ```
/// use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase, Refused};
///
/// # use strangler_fig::phase::{Incarnation, NodeId, NodeLease};
/// # let (name, incarnation) = ("node-1".parse()?, Incarnation::fixed(1));
/// # let node = NodeId { name, incarnation };
///
/// let state = MigrationState::new("airports".parse()?);
/// let cutover = Move::to(Phase::Cutover);
/// let state = state.transition(&cutover, MoveId::random()?, &Fleet::default())?;
/// let fleet = Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())]);
///
/// let ticket = state.begin_sweep_in_cutover(&fleet)?;
/// let unclean = Move::Complete(ticket.finish(1, 0));
/// let refused = state.transition(&unclean, MoveId::random()?, &fleet);
/// assert_eq!(refused, Err(Refused::SweepUnclean { failures: 1, conflicts: 0 }));
///
/// let clean = Move::Complete(ticket.finish(0, 0));
/// let state = state.transition(&clean, MoveId::random()?, &fleet)?;
/// assert!(state.base().modern_complete);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SweepEvidence {
    steered: Adopted,
    base: bool,
    cohort: bool,
    failures: u64,
    conflicts: u64,
}

impl MigrationState {
    /// Takes down what holds before the first key of a sweep is read. Only parts
    /// that have settled in `Cutover` now can be complete by it.
    ///
    /// ```
    /// use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase};
    ///
    /// # use strangler_fig::phase::{Incarnation, NodeId, NodeLease};
    /// # let (name, incarnation) = ("node-1".parse()?, Incarnation::fixed(1));
    /// # let node = NodeId { name, incarnation };
    ///
    /// let state = MigrationState::new("airports".parse()?);
    /// let cutover = Move::to(Phase::Cutover);
    /// let state = state.transition(&cutover, MoveId::random()?, &Fleet::default())?;
    /// let fleet = Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())]);
    /// assert!(state.begin_sweep(&fleet).counts());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn begin_sweep(&self, fleet: &Fleet) -> SweepTicket {
        let ready = |name| {
            self.part(name).is_some_and(|part| part.phase == Phase::Cutover)
                && self.has_settled(name, fleet)
        };
        SweepTicket {
            steered: self.steered,
            base: ready(PartName::Base),
            cohort: ready(PartName::Cohort),
        }
    }

    /// The same for a sweep that is to make a part complete.
    ///
    /// ```
    /// use strangler_fig::phase::{Fleet, MigrationState, Refused};
    ///
    /// let state = MigrationState::new("airports".parse()?);
    /// let refused = state.begin_sweep_in_cutover(&Fleet::default());
    /// assert_eq!(refused, Err(Refused::SweepWithoutCutover));
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Refused`] when no part is in `Cutover`, or the fleet has not settled in
    /// one that is.
    pub fn begin_sweep_in_cutover(&self, fleet: &Fleet) -> Result<SweepTicket, Refused> {
        // One that began before a part had settled would have to be made again.
        for part in self.parts().filter(|part| part.phase == Phase::Cutover) {
            fleet.settled(part.since_epoch, self.nodes_expected)?;
        }
        let ticket = self.begin_sweep(fleet);
        if ticket.counts() { Ok(ticket) } else { Err(Refused::SweepWithoutCutover) }
    }
}

impl SweepTicket {
    /// The evidence of a sweep that has seen every key: how many could not be
    /// joined, and how many conflicts are left.
    #[must_use]
    pub const fn finish(self, failures: u64, conflicts: u64) -> SweepEvidence {
        let Self { steered, base, cohort } = self;
        SweepEvidence { steered, base, cohort, failures, conflicts }
    }

    /// Whether the sweep can make any part complete.
    #[must_use]
    pub const fn counts(self) -> bool {
        self.base || self.cohort
    }

    /// The state it runs under, and must not outlive:
    /// [`MigrationState::steered`].
    #[must_use]
    pub const fn steered(self) -> Adopted {
        self.steered
    }
}

impl SweepEvidence {
    /// Whether `state` would learn anything by it.
    pub(crate) fn tells_more_than(self, state: &MigrationState) -> bool {
        let cohort = state.cohort().map(|cohort| cohort.part);
        let of_base = self.base && !state.base().modern_complete;
        let of_cohort = self.cohort && cohort.is_some_and(|part| !part.modern_complete);
        let is_whole = self.base && (self.cohort || cohort.is_none());
        of_base || of_cohort || is_whole && !state.legacy_complete()
    }

    pub(super) const fn base(self) -> bool {
        self.base
    }

    pub(super) const fn cohort(self) -> bool {
        self.cohort
    }

    pub(super) fn stands_for(self, state: &MigrationState) -> Result<(), Refused> {
        if self.steered != state.steered {
            let (began, epoch) = (self.steered.epoch, state.steered.epoch);
            return Err(Refused::SweepOutdated { began, epoch });
        }
        if !self.base && !self.cohort {
            return Err(Refused::SweepWithoutCutover);
        }
        match (self.failures, self.conflicts) {
            (0, 0) => Ok(()),
            (failures, conflicts) => Err(Refused::SweepUnclean { failures, conflicts }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::{Cohort, Part, Share};

    #[test]
    fn a_sweep_tells_only_of_the_parts_it_saw_in_cutover() {
        let told = |base: bool, cohort: bool| SweepEvidence {
            steered: MigrationState::new("m".parse().unwrap()).steered,
            base,
            cohort,
            failures: 0,
            conflicts: 0,
        };
        // Complete: modern of the base, modern of the cohort, legacy.
        let state = |base: bool, cohort: Option<bool>, legacy: bool| {
            let mut state = MigrationState::new("m".parse().unwrap());
            state.base.modern_complete = base;
            state.cohort = cohort.map(|modern_complete| Cohort {
                share: Share::percent(1),
                part: Part { modern_complete, ..Part::first() },
            });
            state.legacy_complete_since = legacy.then_some(0);
            state
        };
        let cases = [
            (told(true, false), state(false, None, true), true),
            (told(true, false), state(true, None, true), false),
            (told(true, false), state(true, None, false), true),
            // With a cohort, legacy is complete only by a sweep that saw both.
            (told(true, false), state(true, Some(true), false), false),
            (told(false, true), state(true, Some(true), false), false),
            (told(true, true), state(true, Some(true), false), true),
            (told(true, true), state(true, Some(true), true), false),
            // What it did not see, it does not tell of.
            (told(true, false), state(true, Some(false), true), false),
            (told(false, true), state(false, Some(true), true), false),
            (told(false, true), state(true, Some(false), true), true),
            (told(false, true), state(true, None, true), false),
        ];
        for (at, (evidence, state, expected)) in cases.into_iter().enumerate() {
            assert_eq!(evidence.tells_more_than(&state), expected, "case {at}");
        }
    }
}
