//! Which states moves lead to: what a document must not contradict.

use super::word::EPOCH_MAX;
use super::{Family, MigrationState, Part, PartName, Phase, Share};

impl MigrationState {
    /// What no sequence of moves leads to: the field of a state that was not made
    /// here.
    pub(super) fn impossible(&self) -> Option<&'static str> {
        let complete = self.legacy_complete_since;
        match () {
            () if self.epoch > EPOCH_MAX => Some("epoch"),
            () if !self.is_possible(self.base) => Some("base"),
            () if !self.cohort_is_possible() => Some("cohort"),
            () if complete > Some(self.epoch) => Some("legacy_complete_since"),
            // Complete from the start, until legacy was left; never from the start again.
            () if self.left_legacy == (complete == Some(0)) => Some("left_legacy"),
            () if self.base.phase.leaves_legacy() && complete.is_some() => Some("left_legacy"),
            () if !self.end_is_possible() => Some("decommissioned_since"),
            () if !self.steered_is_possible() => Some("steered"),
            () if !self.history_is_possible() => Some("history"),
            () if !self.cut_over_is_possible() => Some("cut_over"),
            () if !self.answers_queries() => Some("legacy_complete_since"),
            () => None,
        }
    }

    fn is_possible(&self, part: Part) -> bool {
        let from_modern = part.entered_from == Family::Modern;
        let facts = match part.phase.family() {
            Some(Family::Legacy) => !part.modern_complete && self.legacy_complete(),
            // A part goes forward once modern is complete of it, and keeps that until back.
            Some(Family::Modern) => part.modern_complete,
            None => part.modern_complete || !from_modern,
        };
        facts
            && part.phase.family().is_none_or(|family| family == part.entered_from)
            && (part.phase != Phase::Halted || from_modern && self.legacy_complete())
            && part.since_epoch <= self.epoch
            && (part.since_epoch > 0 || part.phase == Phase::LegacyOnly)
    }

    fn cohort_is_possible(&self) -> bool {
        self.cohort.is_none_or(|cohort| {
            self.is_possible(cohort.part)
                && self.parts().all(|part| !part.phase.leaves_legacy())
                && Share::NONE < cohort.share
                && cohort.share < Share::WHOLE
        })
    }

    /// Nothing that steers comes after the point of no return.
    fn end_is_possible(&self) -> bool {
        self.decommissioned_since.is_none_or(|since| {
            since == self.steered.epoch
                && since > self.base.since_epoch
                && self.base.phase == Phase::ModernOnly
                && self.cohort.is_none()
        })
    }

    fn history_is_possible(&self) -> bool {
        self.history.last().is_none_or(|last| last.epoch <= self.epoch)
            && self.history.made(self.epoch, self.move_id) != Some(false)
            && self.history.made(self.steered.epoch, self.steered.move_id) != Some(false)
            && self.history.iter().all(|record| record.epoch > 0)
    }

    fn steered_is_possible(&self) -> bool {
        (self.steered.epoch < self.epoch || self.steered == self.adopted())
            && self.parts().all(|part| part.since_epoch <= self.steered.epoch)
    }

    /// Whether the keys that are now in `Cutover`, or came through it, are said to.
    fn cut_over_is_possible(&self) -> bool {
        [PartName::Base, PartName::Cohort].into_iter().all(|name| {
            self.part(name).is_none_or(|part| {
                let is_over = part.phase == Phase::Cutover || part.entered_from == Family::Modern;
                !is_over || self.cut_over.covers(self.range(name))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::phase::{
        DocumentError, Fleet, MigrationName, MigrationState, Move, MoveId, MoveNote, NodeLease,
    };

    fn name() -> MigrationName {
        "airports".parse().unwrap()
    }

    fn settled(state: &MigrationState) -> Fleet {
        let name = "node-1".parse().unwrap();
        let node = crate::phase::NodeId { name, incarnation: crate::phase::Incarnation::fixed(1) };
        Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())])
    }

    /// The state after `steps`, each made by a fleet that has settled.
    fn after(steps: &[&str]) -> MigrationState {
        steps.iter().fold(MigrationState::new(name()), |state, step| {
            let fleet = settled(&state);
            let step = match *step {
                "sweep" => Move::Complete(state.begin_sweep(&fleet).finish(0, 0)),
                "decommission" => Move::Decommission,
                phase => Move::to(serde_json::from_value(phase.into()).unwrap()),
            };
            let id = MoveId::fixed(u128::from(state.epoch()) + 1);
            let next = state.transition(&step, id, &fleet).unwrap();
            next.with_record(&step, MoveNote::default())
        })
    }

    /// The field that `state` is refused for, with `value` at `path`.
    fn refused(state: &MigrationState, path: &str, value: Value) -> String {
        let mut document: Value = serde_json::from_str(&state.to_document()).unwrap();
        *document.pointer_mut(path).unwrap() = value;
        match MigrationState::from_document(&document.to_string(), &name()) {
            Err(DocumentError::Impossible { field }) => field.to_owned(),
            other => panic!("{path}: {other:?}"),
        }
    }

    const LIVE: [&str; 3] = ["cutover", "sweep", "live"];

    #[test]
    fn legacy_is_not_lost_before_it_was_left() {
        let state = after(&[]);
        assert_eq!(refused(&state, "/state/legacy_complete_since", Value::Null), "base");
        let live = after(&LIVE);
        assert_eq!(refused(&live, "/state/legacy_complete_since", Value::Null), "left_legacy");
        assert_eq!(refused(&live, "/state/legacy_complete_since", json!(1)), "left_legacy");
        assert_eq!(refused(&live, "/state/left_legacy", json!(true)), "left_legacy");
    }

    #[test]
    fn no_part_is_in_the_modern_family_with_modern_incomplete() {
        let (live, back) = (after(&LIVE), after(&[&LIVE[..], &["cutover"]].concat()));
        assert_eq!(refused(&live, "/state/base/modern_complete", json!(false)), "base");
        assert_eq!(refused(&back, "/state/base/modern_complete", json!(false)), "base");
    }

    #[test]
    fn only_legacy_only_is_where_one_begins() {
        let state = after(&["dual_write"]);
        assert_eq!(refused(&state, "/state/base/since_epoch", json!(0)), "base");
    }

    #[test]
    fn keys_in_cutover_or_beyond_were_cut_over() {
        let none = json!({ "below": 0, "from": 10_000 });
        let some = json!({ "below": 5_000, "from": 5_001 });
        for state in [after(&["cutover"]), after(&LIVE)] {
            for cut_over in [&none, &some] {
                assert_eq!(refused(&state, "/state/cut_over", cut_over.clone()), "cut_over");
            }
        }
    }

    #[test]
    fn one_epoch_was_made_by_one_move() {
        let state = after(&["dual_write", "shadow"]);
        let id = json!(MoveId::fixed(9));
        assert_eq!(refused(&state, "/state/steered/move_id", id.clone()), "steered");
        assert_eq!(refused(&state, "/state/history/1/move_id", id), "history");
        assert_eq!(refused(&state, "/state/history/0/epoch", json!(0)), "history");
    }

    #[test]
    fn nothing_steers_after_the_point_of_no_return() {
        let state = after(&[&LIVE[..], &["modern_only", "decommission"]].concat());
        for since in [1, 4] {
            let field = refused(&state, "/state/decommissioned_since", json!(since));
            assert_eq!(field, "decommissioned_since");
        }
    }
}

/// States twisted in one field, each named by it.
#[cfg(test)]
mod twisted {
    use std::num::NonZeroU32;

    use super::*;
    use crate::phase::{Cohort, Fleet, Incarnation, Move, MoveId, MoveNote, NodeId, NodeLease};

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
        let cases: [(MigrationState, Twist, &str); 21] = [
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
            (at(Phase::ModernOnly), |it| it.legacy_complete_since = Some(it.epoch), "left_legacy"),
            (
                at(Phase::Live),
                |it| it.legacy_complete_since = Some(it.epoch + 1),
                "legacy_complete_since",
            ),
            (
                taken(&at(Phase::RampDown), &Move::to(Phase::Cutover)),
                |it| {
                    let part = at(Phase::Cutover).base;
                    it.cohort = Some(Cohort { share: Share::percent(1), part });
                },
                "legacy_complete_since",
            ),
            (
                decommissioned(),
                |it| it.decommissioned_since = Some(it.epoch + 1),
                "decommissioned_since",
            ),
            (decommissioned(), |it| it.base.since_epoch = it.steered.epoch, "decommissioned_since"),
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
                "base",
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
