//! Whether a history is one of lawful moves, each made once.

use std::collections::BTreeSet;

use strangler_fig::phase::{MigrationState, Move, MoveId, MoveNote, MoveRecord, Phase};

use crate::support::{after, obliging, state_in};

/// Replays what was recorded since `first`, on a fleet that is never in the way, and
/// says what is wrong with it.
pub(crate) fn replay(first: &MigrationState, last: &MigrationState) -> Result<(), String> {
    let records = last.history().iter().filter(|record| record.epoch > first.epoch());
    let records: Vec<&MoveRecord> = records.collect();
    let (mut state, mut ids) = (first.clone(), BTreeSet::new());
    for (number, record) in records.iter().enumerate() {
        let MoveRecord { epoch, move_id, step, .. } = record;
        if *epoch != state.epoch() + 1 {
            return Err(format!("epoch {epoch} follows {}", state.epoch()));
        }
        if !ids.insert(*move_id) || number > 0 && records[number - 1].step == *step {
            return Err(format!("\"{step}\" was made twice"));
        }
        let next = state.transition(step, *move_id, &obliging(&state, Some(step)));
        let next = next.map_err(|refused| format!("\"{step}\": {refused}"))?;
        state = next.with_record(step, note(record));
    }
    if state == *last { Ok(()) } else { Err(format!("the history ends in {state:?}")) }
}

fn note(record: &MoveRecord) -> MoveNote {
    let mut note = MoveNote::default();
    (note.actor, note.reason) = (record.actor.clone(), record.reason.clone());
    (note.at_unix_ms, note.evidence) = (record.at_unix_ms, record.evidence.clone());
    note
}

#[test]
fn a_history_of_lawful_moves_is_accepted() {
    let (first, last) = (state_in(Phase::LegacyOnly), state_in(Phase::ModernOnly));
    assert_eq!(replay(&first, &last), Ok(()));
}

#[test]
fn a_move_made_twice_is_noticed_even_where_the_rules_allow_it() {
    let first = state_in(Phase::LegacyOnly);
    let two = Move::ExpectNodes(2.try_into().unwrap());
    let last = after(&after(&first, &two), &two);
    assert_eq!(replay(&first, &last).unwrap_err(), "\"2 nodes are expected\" was made twice");
}

#[test]
fn a_move_recorded_twice_is_noticed() {
    let first = state_in(Phase::DualWrite);
    let (shadow, back) = (Move::to(Phase::Shadow), Move::to(Phase::DualWrite));
    let once = after(&first, &shadow);
    let id = MoveId::random().unwrap();
    let other = once.transition(&back, id, &obliging(&once, None)).unwrap();
    let forged = other.with_record(&shadow, MoveNote::default());
    assert_eq!(replay(&first, &forged).unwrap_err(), "\"to shadow\" was made twice");
}

#[test]
fn a_move_that_nobody_recorded_is_noticed() {
    let first = state_in(Phase::LegacyOnly);
    let id = MoveId::random().unwrap();
    let silent = first.transition(&Move::to(Phase::DualWrite), id, &obliging(&first, None));
    let last = after(&silent.unwrap(), &Move::to(Phase::Shadow));
    assert_eq!(replay(&first, &last).unwrap_err(), "epoch 2 follows 0");
}

#[test]
fn an_unlawful_move_is_noticed() {
    let first = state_in(Phase::Cutover);
    let there = after(&first, &swept(&first));
    let live = Move::to(Phase::Live);
    let id = MoveId::random().unwrap();
    let next = there.transition(&Move::to(Phase::Shadow), id, &obliging(&there, None)).unwrap();
    let forged = next.with_record(&live, MoveNote::default());
    assert!(replay(&first, &forged).unwrap_err().starts_with("the history ends in"));
    let direct = state_in(Phase::LegacyOnly);
    let next = direct.transition(&Move::to(Phase::Shadow), id, &obliging(&direct, None)).unwrap();
    let forged = next.with_record(&live, MoveNote::default());
    assert!(replay(&direct, &forged).unwrap_err().contains("does not lead to live"));
}

use crate::support::swept;
