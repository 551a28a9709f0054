//! Flawed folds of the notes about dual-written requests, and flawed decisions, each a mistake that somebody could
//! make.

use proptest::collection::vec;
use proptest::prelude::*;
use strangler_fig::gateway::dual::{
    NoteOutOfOrder, ParkReason, RequestNote, RequestState, RequestStatus, Step,
};

use crate::corpus::found_out;
use crate::dual_notes::{Apply, Decide, check, check_with};

fn folds(apply: Apply) -> usize {
    found_out("dual_notes", |bytes| drop(check_with(apply, RequestState::next, bytes)))
}

fn decides(next: Decide) -> usize {
    found_out("dual_notes", |bytes| drop(check_with(RequestState::apply, next, bytes)))
}

/// A state of the same side and stamp with these notes.
fn made(state: &RequestState, notes: &[RequestNote]) -> RequestState {
    RequestState::of(state.first(), state.stamp(), notes).expect("they come in order")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_course_is_sound(bytes in vec(any::<u8>(), 0..512)) {
        check(&bytes);
    }
}

#[test]
fn a_fold_that_is_done_with_one_side_is_found_out() {
    fn hasty(state: &mut RequestState, note: &RequestNote) -> Result<(), NoteOutOfOrder> {
        state.apply(note)?;
        if let (RequestStatus::HalfDone, RequestNote::Answered { side, status }) =
            (state.status(), note)
        {
            state.apply(&RequestNote::Answered { side: side.other(), status: *status })?;
        }
        Ok(())
    }
    assert!(folds(hasty) > 0);
}

#[test]
fn a_fold_that_opens_what_is_over_is_found_out() {
    fn lenient(state: &mut RequestState, note: &RequestNote) -> Result<(), NoteOutOfOrder> {
        match note {
            RequestNote::Reopened { stamp } if state.status().is_closed() => {
                *state = RequestState::new(state.first(), *stamp);
                Ok(())
            }
            note => state.apply(note),
        }
    }
    assert!(folds(lenient) > 0);
}

#[test]
fn a_fold_that_begins_anew_under_an_old_stamp_is_found_out() {
    fn backwards(state: &mut RequestState, note: &RequestNote) -> Result<(), NoteOutOfOrder> {
        match note {
            RequestNote::Reopened { stamp } if state.status() == RequestStatus::Withdrawn => {
                *state = RequestState::new(state.first(), *stamp);
                Ok(())
            }
            note => state.apply(note),
        }
    }
    assert!(folds(backwards) > 0);
}

#[test]
fn a_fold_that_withdraws_in_doubt_is_found_out() {
    fn careless(state: &mut RequestState, note: &RequestNote) -> Result<(), NoteOutOfOrder> {
        match note {
            RequestNote::Withdrawn if state.status() == RequestStatus::Open => {
                *state = made(state, &[RequestNote::Withdrawn]);
                Ok(())
            }
            note => state.apply(note),
        }
    }
    assert!(folds(careless) > 0);
}

#[test]
fn a_fold_that_parks_what_is_over_is_found_out() {
    fn eager(state: &mut RequestState, note: &RequestNote) -> Result<(), NoteOutOfOrder> {
        match (state.status(), note) {
            (RequestStatus::Done | RequestStatus::Refused(_), RequestNote::Parked) => {
                *state = made(state, &[RequestNote::Parked]);
                Ok(())
            }
            (_, note) => state.apply(note),
        }
    }
    assert!(folds(eager) > 0);
}

#[test]
fn a_fold_for_which_every_release_is_however_old_is_found_out() {
    fn forgets(state: &mut RequestState, note: &RequestNote) -> Result<(), NoteOutOfOrder> {
        let mut note = note.clone();
        if let RequestNote::Retried { however_old, .. } = &mut note {
            *however_old = true;
        }
        state.apply(&note)
    }
    assert!(folds(forgets) > 0);
}

#[test]
fn a_fold_that_changes_what_it_refuses_is_found_out() {
    fn leaks(state: &mut RequestState, note: &RequestNote) -> Result<(), NoteOutOfOrder> {
        let refused = state.apply(note);
        if refused.is_err() && state.status() == RequestStatus::Open {
            *state = made(state, &[RequestNote::Parked]);
        }
        refused
    }
    assert!(folds(leaks) > 0);
}

#[test]
fn a_decision_that_sends_what_is_done_is_found_out() {
    let again = |state: &RequestState, attempts_max| match state.next(attempts_max) {
        Step::Send(side) => Step::Send(if side == state.first() { side } else { side.other() }),
        step => step,
    };
    assert!(decides(again) > 0);
    let rests = |state: &RequestState, attempts_max| match state.status() {
        RequestStatus::HalfDone => Step::Rest,
        _ => state.next(attempts_max),
    };
    assert!(decides(rests) > 0);
}

#[test]
fn a_decision_that_never_parks_or_sends_what_is_parked_is_found_out() {
    assert!(decides(|state, _| state.next(u32::MAX)) > 0);
    let sends = |state: &RequestState, attempts_max| match state.status() {
        RequestStatus::Parked(ParkReason::Attempts) => Step::Send(state.first()),
        _ => state.next(attempts_max),
    };
    assert!(decides(sends) > 0);
}

/// Or the courses would be of little worth.
#[test]
fn the_courses_kept_go_everywhere() {
    let mut seen = Vec::new();
    let every = |bytes: &[u8]| check_with(RequestState::apply, RequestState::next, bytes);
    for bytes in crate::corpus::inputs("dual_notes") {
        seen.extend(every(&bytes).iter().map(|state| state.status().name()));
        seen.extend(every(&bytes).iter().filter_map(|state| match state.status() {
            RequestStatus::Parked(reason) => Some(reason.name()),
            _ => None,
        }));
    }
    let all = [
        "open",
        "half_done",
        "done",
        "refused",
        "withdrawn",
        "parked",
        "resolved",
        "attempts",
        "doubtful",
    ];
    for name in all {
        assert!(seen.contains(&name), "no course comes to {name}");
    }
}
