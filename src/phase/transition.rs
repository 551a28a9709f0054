//! The rules of moving (R1 to R4 of `docs/PROTOCOL.md`), in one place.
//!
//! Every path to another state runs through [`MigrationState::transition`]; no
//! flag waives a rule here.

use super::part::Range;
use super::word::EPOCH_MAX;
use super::{
    Adopted, Cohort, Family, Fleet, MigrationState, Move, MoveId, Part, PartName, Phase, Refused,
    Share, SweepEvidence,
};

impl MigrationState {
    /// The state after `step`, if the rules allow it to this fleet now.
    ///
    /// Read `fleet` after the state, and store the answer by
    /// `compare_and_set` on the state's revision.
    ///
    /// ```
    /// use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase};
    ///
    /// let state = MigrationState::new("airports".parse()?);
    /// let next = state.transition(&Move::to(Phase::DualWrite), MoveId::random()?, &Fleet::default())?;
    /// assert_eq!(next.base().phase, Phase::DualWrite);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Refused`], naming the rule and what is missing.
    pub fn transition(&self, step: &Move, id: MoveId, fleet: &Fleet) -> Result<Self, Refused> {
        self.not_behind(fleet)?;
        self.not_over(step)?;
        let epoch = self.epoch.checked_add(1).filter(|epoch| *epoch <= EPOCH_MAX);
        let epoch = epoch.ok_or(Refused::EpochExhausted)?;
        let mut next = Self { epoch, move_id: id, ..self.clone() };
        if step.steers() {
            next.steered = next.adopted();
        }
        match step {
            Move::Phase { part, to } => self.move_part(&mut next, *part, *to, fleet)?,
            Move::StartCohort { share } => self.start_cohort(&mut next, *share)?,
            Move::GrowCohort { share } => self.grow_cohort(&mut next, *share, fleet)?,
            Move::EndCohort => self.end_cohort(&mut next, fleet)?,
            Move::Complete(evidence) => self.complete(&mut next, *evidence)?,
            Move::ExpectNodes(nodes) => next.nodes_expected = *nodes,
            Move::Evict { node, .. } => fleet.may_lose(node)?,
            Move::Decommission => self.decommission(&mut next, fleet)?,
        }
        if next.answers_queries() { Ok(next) } else { Err(Refused::NoStoreForQueries) }
    }

    /// A store that lost a state it had acknowledged must move nothing: no node may
    /// work by a later state, nor by one that is none of this one's past.
    pub(crate) fn not_behind(&self, fleet: &Fleet) -> Result<(), Refused> {
        let ahead = fleet.leases().iter().find(|lease| {
            lease.adopted.is_some_and(|Adopted { epoch, move_id }| {
                epoch > self.epoch
                    || epoch == self.epoch && move_id != self.move_id
                    || self.history.made(epoch, move_id) == Some(false)
            })
        });
        match ahead {
            None => Ok(()),
            Some(lease) => {
                Err(Refused::StateWentBack { node: lease.node.clone(), epoch: self.epoch })
            }
        }
    }

    /// Without a way back nothing moves; the fleet may still change.
    fn not_over(&self, step: &Move) -> Result<(), Refused> {
        match step {
            Move::Evict { .. } | Move::ExpectNodes(_) => Ok(()),
            _ if self.is_decommissioned() => Err(Refused::Decommissioned),
            _ => Ok(()),
        }
    }

    fn decommission(&self, next: &mut Self, fleet: &Fleet) -> Result<(), Refused> {
        if self.cohort.is_some() {
            return Err(Refused::CohortExists);
        }
        if self.base.phase != Phase::ModernOnly {
            return Err(Refused::NotModernOnly { phase: self.base.phase });
        }
        fleet.settled(self.base.since_epoch, self.nodes_expected)?;
        fleet.without_workers()?;
        next.decommissioned_since = Some(next.epoch);
        Ok(())
    }

    /// Whether tombstones may be purged from modern: legacy was decommissioned, every
    /// node works by that, and nobody copies. Writes that were under way before may
    /// still land: wait for longer than any of them can take.
    ///
    /// ```
    /// use strangler_fig::phase::{Fleet, MigrationState, Refused};
    ///
    /// let state = MigrationState::new("airports".parse()?);
    /// let refused = state.tombstones_may_go(&Fleet::default());
    /// assert_eq!(refused, Err(Refused::NotDecommissioned));
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Refused`], naming what is missing.
    pub fn tombstones_may_go(&self, fleet: &Fleet) -> Result<(), Refused> {
        let since = self.decommissioned_since.ok_or(Refused::NotDecommissioned)?;
        self.not_behind(fleet)?;
        fleet.settled(since, self.nodes_expected)?;
        fleet.without_workers()
    }

    fn move_part(
        &self,
        next: &mut Self,
        name: PartName,
        to: Phase,
        fleet: &Fleet,
    ) -> Result<(), Refused> {
        let part = self.part(name).ok_or(Refused::NoCohort)?;
        if to.leaves_legacy() && self.cohort.is_some() {
            return Err(Refused::CohortExists);
        }
        self.may_move(part, to, self.range(name), fleet)?;
        let moved = part.moved(to, next.epoch);
        match &mut next.cohort {
            Some(cohort) if name == PartName::Cohort => cohort.part = moved,
            _ => next.base = moved,
        }
        next.note_move(part, moved, self.range(name));
        Ok(())
    }

    /// R1 to R4 for the keys of `range`, which are those of `part` or some of them.
    fn may_move(&self, part: Part, to: Phase, range: Range, fleet: &Fleet) -> Result<(), Refused> {
        let settled = |since| fleet.settled(since, self.nodes_expected);
        let not_a_move = Err(Refused::NotAMove { from: part.phase, to });
        match (part.phase, to) {
            (from, to) if from == to => not_a_move,
            // R4: away from a modern store that is gone, and back.
            (Phase::Live, Phase::Halted) => self.legacy_holds(),
            (Phase::Halted, Phase::Live) => Ok(()),
            (Phase::Halted, Phase::DualWrite | Phase::LegacyOnly) => {
                settled(part.since_epoch).and_then(|()| fleet.shares_stamps())
            }
            (Phase::Halted, _) | (_, Phase::Halted) => not_a_move,
            // R1, the exception: a node still in `Cutover` answers queries from legacy.
            (Phase::Live | Phase::RampDown | Phase::ModernOnly, to) if to.leaves_legacy() => {
                settled(part.since_epoch)
            }
            (_, to) if to.leaves_legacy() => not_a_move,
            (_, Phase::Cutover) => self.may_cut_over(range, fleet),
            // R1: inside a family, and from `Cutover` the way it came.
            (_, to) if to.family() == Some(part.entered_from) => self.may_return(part, to, fleet),
            (Phase::Cutover, _) => {
                fleet.shares_stamps()?;
                match part.entered_from {
                    Family::Legacy => self.may_go_forward(part, fleet),
                    Family::Modern => self.may_go_back(part, fleet),
                }
            }
            _ => not_a_move,
        }
    }

    /// R1, at once. But where legacy became complete again while the part was here, which
    /// takes another part that was `Live`, a node that does not know it yet answers
    /// queries from modern: what goes on in legacy alone, it would miss.
    fn may_return(&self, part: Part, to: Phase, fleet: &Fleet) -> Result<(), Refused> {
        match self.legacy_complete_since {
            Some(complete)
                if to.family() == Some(Family::Legacy) && complete > part.since_epoch =>
            {
                fleet.settled(complete, self.nodes_expected)
            }
            _ => Ok(()),
        }
    }

    /// R2.
    fn may_go_forward(&self, part: Part, fleet: &Fleet) -> Result<(), Refused> {
        fleet.settled(part.since_epoch, self.nodes_expected)?;
        if part.modern_complete { Ok(()) } else { Err(Refused::ModernIncomplete) }
    }

    /// R3: the fleet works by a state that says legacy is complete.
    fn may_go_back(&self, part: Part, fleet: &Fleet) -> Result<(), Refused> {
        let complete = self.legacy_complete_since.ok_or(Refused::LegacyIncomplete)?;
        fleet.settled(part.since_epoch.max(complete), self.nodes_expected)
    }

    /// Stamps begin to decide: they must be shared, and no key may be known
    /// where modern is ahead of legacy without having been read.
    fn may_cut_over(&self, range: Range, fleet: &Fleet) -> Result<(), Refused> {
        fleet.shares_stamps()?;
        if self.cut_over.covers(range) { Ok(()) } else { fleet.unheld() }
    }

    fn legacy_holds(&self) -> Result<(), Refused> {
        if self.legacy_complete() { Ok(()) } else { Err(Refused::LegacyIncomplete) }
    }

    /// What a move of some keys does to the facts of the whole.
    fn note_move(&mut self, from: Part, to: Part, range: Range) {
        if to.phase.leaves_legacy() {
            self.left_legacy = true;
        }
        let forward = from.phase == Phase::Cutover && to.phase == Phase::Live;
        if to.phase.leaves_legacy() || self.left_legacy && forward {
            self.legacy_complete_since = None;
        }
        if to.phase == Phase::Cutover || to.entered_from == Family::Modern {
            self.cut_over = self.cut_over.with(range);
        }
    }

    fn start_cohort(&self, next: &mut Self, share: Share) -> Result<(), Refused> {
        if self.cohort.is_some() {
            return Err(Refused::CohortExists);
        }
        if self.base.phase.leaves_legacy() {
            return Err(Refused::CohortForbidden { phase: self.base.phase });
        }
        if share == Share::NONE || share == Share::WHOLE {
            return Err(Refused::ShareOutOfRange { share });
        }
        next.cohort = Some(Cohort { share, part: self.base });
        Ok(())
    }

    fn grow_cohort(&self, next: &mut Self, share: Share, fleet: &Fleet) -> Result<(), Refused> {
        let cohort = self.cohort.ok_or(Refused::NoCohort)?;
        if share <= cohort.share {
            return Err(Refused::ShareOutOfRange { share });
        }
        let range = Range { from: cohort.share, to: share };
        let part = self.merge(next, self.base, cohort.part, range, fleet)?;
        if share == Share::WHOLE {
            (next.base, next.cohort) = (part, None);
        } else {
            next.cohort = Some(Cohort { share, part });
        }
        Ok(())
    }

    fn end_cohort(&self, next: &mut Self, fleet: &Fleet) -> Result<(), Refused> {
        let cohort = self.cohort.ok_or(Refused::NoCohort)?;
        let range = self.range(PartName::Cohort);
        next.base = self.merge(next, cohort.part, self.base, range, fleet)?;
        next.cohort = None;
        Ok(())
    }

    /// `taker` after the keys of `range` have moved to it from `giver`.
    fn merge(
        &self,
        next: &mut Self,
        giver: Part,
        taker: Part,
        range: Range,
        fleet: &Fleet,
    ) -> Result<Part, Refused> {
        let moved = if giver.phase == taker.phase {
            giver
        } else {
            self.may_move(giver, taker.phase, range, fleet)?;
            giver.moved(taker.phase, next.epoch)
        };
        if moved.entered_from != taker.entered_from {
            return Err(Refused::EnteredFromDiffers);
        }
        next.note_move(giver, moved, range);
        Ok(taker.joined_by(moved, next.epoch))
    }

    fn complete(&self, next: &mut Self, evidence: SweepEvidence) -> Result<(), Refused> {
        evidence.stands_for(self)?;
        next.base.modern_complete |= evidence.base();
        if let Some(cohort) = &mut next.cohort {
            cohort.part.modern_complete |= evidence.cohort();
        }
        if evidence.base() && (evidence.cohort() || self.cohort.is_none()) {
            next.legacy_complete_since = self.legacy_complete_since.or(Some(next.epoch));
        }
        Ok(())
    }
}
