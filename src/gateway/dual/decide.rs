//! What is written down of a send, decided without I/O.

use super::answer::Outcome;
use super::{RequestNote, RequestState, RequestStatus, Trouble};
use crate::phase::Side;

/// The note of a send to `side`. `may_withdraw` is whether surely nobody else has sent the request, or will.
pub(super) fn note_of(
    state: &RequestState,
    side: Side,
    outcome: Outcome,
    may_withdraw: bool,
) -> RequestNote {
    let is_first = state.status() == RequestStatus::Open;
    let failed = |why: Trouble| {
        if is_first {
            RequestNote::Doubtful { side, why }
        } else {
            RequestNote::Failed { side, why }
        }
    };
    match outcome {
        Outcome::Done(status) => RequestNote::Answered { side, status },
        // The service may have forgotten the key; whoever is asked once more and refuses again is looked into.
        Outcome::RefusedAgain(status) if is_first && !state.is_in_doubt() => {
            RequestNote::Doubtful { side, why: Trouble::Status(status) }
        }
        Outcome::Refused(status) | Outcome::RefusedAgain(status) => {
            RequestNote::Refused { side, status }
        }
        Outcome::NotDone(_) if is_first && may_withdraw && !state.is_in_doubt() => {
            RequestNote::Withdrawn
        }
        Outcome::NotDone(why) | Outcome::Doubt(why) => failed(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::Stamp;

    const OUTCOMES: [Outcome; 5] = [
        Outcome::Done(201),
        Outcome::Refused(422),
        Outcome::NotDone(Trouble::Open),
        Outcome::Doubt(Trouble::Late),
        Outcome::RefusedAgain(422),
    ];

    fn states() -> Vec<RequestState> {
        let open = RequestState::new(Side::Legacy, Stamp::default());
        let mut doubtful = open;
        doubtful.apply(&note_of(&open, Side::Legacy, OUTCOMES[3], true)).unwrap();
        let mut half = open;
        half.apply(&note_of(&open, Side::Legacy, OUTCOMES[0], true)).unwrap();
        vec![open, doubtful, half]
    }

    #[test]
    fn every_note_of_a_send_can_be_written_down() {
        for state in states() {
            let side = match state.status() {
                RequestStatus::Open => Side::Legacy,
                _ => Side::Modern,
            };
            for outcome in OUTCOMES {
                for may_withdraw in [true, false] {
                    let note = note_of(&state, side, outcome, may_withdraw);
                    let mut after = state;
                    assert_eq!(after.apply(&note), Ok(()), "{state:?} {outcome:?}");
                }
            }
        }
    }

    #[test]
    fn only_what_nobody_can_have_sent_is_withdrawn() {
        let [open, doubtful, half] = states()[..] else { panic!("there are three") };
        let not_done = Outcome::NotDone(Trouble::Unsent);
        let noted = |state, may| note_of(&state, Side::Legacy, not_done, may).name();
        assert_eq!(noted(open, true), "withdrawn");
        assert_eq!(noted(open, false), "doubtful");
        assert_eq!(noted(doubtful, true), "doubtful");
        let refused =
            |state| note_of(state, Side::Legacy, Outcome::RefusedAgain(422), false).name();
        assert_eq!((refused(&open), refused(&doubtful)), ("doubtful", "refused"));
        assert_eq!(note_of(&half, Side::Modern, not_done, true).name(), "failed");
    }
}
