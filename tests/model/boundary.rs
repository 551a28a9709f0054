//! What moves the border between base and cohort, with a rule left out.

use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Refused, Share};

use crate::ablation::{Ablation, edited};
use crate::spec;

/// The state after `step` without `rule`, where that makes a difference. `legal` is
/// what the step leads to by the rules.
pub(crate) fn moved(
    rule: Ablation,
    state: &MigrationState,
    step: &Move,
    fleet: &Fleet,
    legal: Option<&MigrationState>,
) -> Option<MigrationState> {
    let cohort = state.cohort();
    let refused = || state.transition(step, MoveId::fixed(0), fleet).err();
    let moves_the_border = matches!(step, Move::GrowCohort { .. } | Move::EndCohort);
    match rule {
        Ablation::GrowthIsAMove
            if moves_the_border
                && matches!(
                    refused(),
                    Some(Refused::NotAMove { .. } | Refused::ModernIncomplete)
                ) =>
        {
            taken(state, step)
        }
        Ablation::OneOrigin if refused() == Some(Refused::EnteredFromDiffers) => taken(state, step),
        Ablation::StoreForQueries if refused() == Some(Refused::NoStoreForQueries) => {
            let whole = edited(state, |it| it["left_legacy"] = false.into());
            let next = spec::moved(&whole, step, fleet)?;
            Some(edited(&next, |it| {
                it["left_legacy"] = true.into();
                it["legacy_complete_since"] = serde_json::Value::Null;
            }))
        }
        Ablation::GrowthSettlesAnew if moves_the_border => {
            let since = match step {
                Move::EndCohort => state.base().since_epoch,
                _ => cohort?.part.since_epoch,
            };
            Some(edited(legal?, |it| taker(it, step)["since_epoch"] = since.into()))
        }
        Ablation::CompleteIfBothWere if moves_the_border => {
            let is_complete = match step {
                Move::EndCohort => state.base().modern_complete,
                _ => cohort?.part.modern_complete,
            };
            Some(edited(legal?, |it| taker(it, step)["modern_complete"] = is_complete.into()))
        }
        _ => None,
    }
}

/// The part that takes keys.
fn taker<'a>(state: &'a mut serde_json::Value, step: &Move) -> &'a mut serde_json::Value {
    let is_base = state["cohort"].is_null() || *step == Move::EndCohort;
    if is_base { &mut state["base"] } else { &mut state["cohort"]["part"] }
}

/// The border moves, whatever the keys come from.
fn taken(state: &MigrationState, step: &Move) -> Option<MigrationState> {
    let cohort = state.cohort()?;
    let as_it_is = Move::ExpectNodes(state.nodes_expected());
    let next = spec::moved(state, &as_it_is, &spec::settled(state))?;
    let is_complete = state.base().modern_complete && cohort.part.modern_complete;
    Some(edited(&next, |it| {
        it["steered"]["epoch"] = it["epoch"].clone();
        it["steered"]["move_id"] = it["move_id"].clone();
        match step {
            Move::GrowCohort { share } if *share != Share::WHOLE => {
                it["cohort"]["share"] = share.basis_points().into();
            }
            Move::GrowCohort { .. } => it["base"] = it["cohort"]["part"].clone(),
            _ => {}
        }
        if !matches!(step, Move::GrowCohort { share } if *share != Share::WHOLE) {
            it["cohort"] = serde_json::Value::Null;
        }
        let epoch = it["epoch"].clone();
        let taker = taker(it, step);
        taker["since_epoch"] = epoch;
        taker["modern_complete"] = is_complete.into();
    }))
}
