//! Courses of dual-written requests: any notes, in any order, on a state beside plain facts that are counted along.

use std::fmt;
use std::str::FromStr;

use strangler_fig::gateway::dual::{
    NoteOutOfOrder, ParkReason, RequestNote, RequestState, RequestStatus, Shelf, Step, Trouble,
};
use strangler_fig::phase::Side;
use strangler_fig::stamp::Stamp;

use crate::source::Source;

/// How a note changes a state.
pub type Apply = fn(&mut RequestState, &RequestNote) -> Result<(), NoteOutOfOrder>;

/// How it is decided what is next.
pub type Decide = fn(&RequestState, u32) -> Step;

const NOTES: usize = 64;

/// Checks the course that the bytes draw.
pub fn check(bytes: &[u8]) {
    check_with(RequestState::apply, RequestState::next, bytes);
}

/// The same of another fold, or of other decisions; answers the states that it came through.
pub fn check_with(apply: Apply, next: Decide, bytes: &[u8]) -> Vec<RequestState> {
    let mut source = Source::new(bytes);
    let first = if source.flag() { Side::Modern } else { Side::Legacy };
    let began = stamp(&mut source);
    let attempts_max = u32::from(source.byte() % 4) + 1;
    let (mut state, mut facts) = (RequestState::new(first, began), Facts::default());
    let (mut notes, mut states) = (Vec::new(), vec![state]);
    while !source.is_empty() && notes.len() < NOTES {
        let note = note(&mut source, &state);
        comes_back(&note);
        let before = state;
        match apply(&mut state, &note) {
            Ok(()) => {
                may_follow(&before, &note, &state);
                facts.add(&note, first);
                notes.push(note);
                states.push(state);
            }
            Err(error) => {
                assert_eq!(state, before, "a note that was refused has changed it");
                let NoteOutOfOrder { status, note: name, .. } = error;
                assert_eq!((status, name), (before.status(), note.name()));
            }
        }
        facts.agree_with(&state);
        is_sound(&state);
        decides(next, &state, &facts, attempts_max);
    }
    assert_eq!(RequestState::of(first, began, &notes), Ok(state), "it is what its notes add up to");
    states
}

/// What has happened, since it was begun for the last time.
#[derive(Debug, Default)]
struct Facts {
    /// The first side has done it, and the other.
    done: [bool; 2],
    was_in_doubt: bool,
    /// Whether the side that is next may have been sent it, and no operator has looked into that.
    was_sent: bool,
    attempts: u32,
}

impl Facts {
    fn add(&mut self, note: &RequestNote, first: Side) {
        match note {
            RequestNote::Answered { side, .. } => {
                self.done[usize::from(*side != first)] = true;
                if *side == first {
                    (self.was_sent, self.attempts) = (false, 0);
                }
            }
            RequestNote::Doubtful { why, .. } => {
                self.was_in_doubt = true;
                self.tried(*why);
            }
            RequestNote::Failed { why, .. } => self.tried(*why),
            RequestNote::Retried { however_old, .. } => {
                (self.was_sent, self.attempts) = (!however_old, 0);
            }
            RequestNote::Reopened { .. } => *self = Self::default(),
            _ => {}
        }
    }

    fn tried(&mut self, why: Trouble) {
        let is_sure = matches!(why, Trouble::Unsent | Trouble::Open | Trouble::Full);
        self.was_sent |= !is_sure;
        self.attempts += u32::from(!is_sure);
    }

    fn agree_with(&self, state: &RequestState) {
        let status = state.status();
        let is_possible = match status {
            RequestStatus::Done => self.done == [true, true],
            RequestStatus::HalfDone | RequestStatus::Parked(ParkReason::Refused(_)) => {
                self.done == [true, false]
            }
            RequestStatus::Open => self.done == [false, false],
            RequestStatus::Withdrawn | RequestStatus::Refused(_) => {
                self.done == [false, false] && !self.was_in_doubt
            }
            RequestStatus::Parked(ParkReason::Doubtful(_)) => {
                self.done == [false, false] && self.was_in_doubt
            }
            _ => self.done[0] || !self.done[1],
        };
        assert!(is_possible, "it is {status:?} after {self:?}");
        let told = (state.is_in_doubt(), state.was_sent(), state.attempts());
        assert_eq!(told, (self.was_in_doubt, self.was_sent, self.attempts), "{state:?}");
    }
}

fn is_sound(state: &RequestState) {
    let status = state.status();
    assert!(state.attempts() <= state.failures(), "{state:?}");
    assert!(state.attempts() == 0 || state.was_sent(), "{state:?}");
    let shelf = match (status.is_open(), status.is_closed()) {
        (true, false) => Shelf::Open,
        (false, true) => Shelf::Closed,
        (is_open, _) => {
            assert!(!is_open, "it is open and closed: {status:?}");
            Shelf::Parked
        }
    };
    assert_eq!(status.shelf(), shelf, "{status:?}");
}

/// What no note may change, and which notes may change something.
fn may_follow(before: &RequestState, note: &RequestNote, after: &RequestState) {
    let (from, to) = (before.status(), after.status());
    assert_eq!(after.first(), before.first());
    if let RequestNote::Reopened { stamp } = note {
        assert_eq!((from, to), (RequestStatus::Withdrawn, RequestStatus::Open));
        assert!(*stamp > before.stamp(), "it was begun anew before it was withdrawn");
        assert_eq!(*after, RequestState::new(before.first(), *stamp));
        return;
    }
    assert_eq!(after.stamp(), before.stamp());
    assert!(!from.is_closed(), "{from:?} was over, and is {to:?} after {note:?}");
    let is_parked = matches!(from, RequestStatus::Parked(_));
    let is_operators = matches!(note, RequestNote::Retried { .. } | RequestNote::Resolved { .. });
    assert_eq!(is_parked, is_operators, "{from:?} is {to:?} after {note:?}");
    if note.keeps_claim() && to.is_open() {
        assert!(note.begins_anew(), "who goes on has sent nothing yet: {note:?}");
    }
}

fn decides(next: Decide, state: &RequestState, facts: &Facts, attempts_max: u32) {
    let step = next(state, attempts_max);
    let is_open = state.status().is_open();
    match step {
        Step::Send(side) => {
            let is_other = side != state.first();
            assert!(is_open && !facts.done[usize::from(is_other)], "{side:?} is done: {state:?}");
            assert_eq!(is_other, facts.done[0], "the first side is first: {state:?}");
            assert!(facts.attempts < attempts_max, "it was tried often enough: {state:?}");
        }
        Step::Park => {
            assert!(is_open && facts.attempts >= attempts_max, "{state:?}");
            let mut parked = *state;
            assert_eq!(parked.apply(&RequestNote::Parked), Ok(()), "what is to be parked can be");
        }
        Step::Rest => assert!(!is_open, "{state:?}"),
        _ => unreachable!("there are no others"),
    }
}

fn comes_back(note: &RequestNote) {
    let text = serde_json::to_string(note).expect("a note is JSON");
    let read: RequestNote = serde_json::from_str(&text).expect("its own text");
    assert_eq!(read, *note, "{text}");
}

fn stamp(source: &mut Source<'_>) -> Stamp {
    Stamp::from_bytes([source.byte(); 16])
}

/// An actor, or a reason.
fn plain<T: FromStr<Err: fmt::Debug>>(source: &mut Source<'_>) -> T {
    let text = source.text().replace(char::is_control, " ");
    let text = text.chars().take(128).collect::<String>();
    let text = if text.is_empty() { "x" } else { &text };
    text.parse().expect("it is plain")
}

/// A note; its side is mostly the one that is next.
fn note(source: &mut Source<'_>, state: &RequestState) -> RequestNote {
    let kind = source.byte();
    let next = match state.status() {
        RequestStatus::HalfDone => state.first().other(),
        _ => state.first(),
    };
    let side = if kind < 0xE0 { next } else { next.other() };
    match kind % 10 {
        0 | 1 => RequestNote::Answered { side, status: status(source) },
        2 => RequestNote::Refused { side, status: status(source) },
        3 => RequestNote::Withdrawn,
        4 => RequestNote::Doubtful { side, why: trouble(source) },
        5 => RequestNote::Failed { side, why: trouble(source) },
        6 => RequestNote::Parked,
        7 => {
            let (actor, reason) = (plain(source), plain(source));
            RequestNote::Retried { actor, reason, however_old: source.flag() }
        }
        8 => RequestNote::Resolved { actor: plain(source), reason: plain(source) },
        _ => RequestNote::Reopened { stamp: stamp(source) },
    }
}

fn status(source: &mut Source<'_>) -> u16 {
    source.one_of(&[200, 201, 303, 409, 422, 0, u16::MAX])
}

fn trouble(source: &mut Source<'_>) -> Trouble {
    let own = Trouble::Status(status(source));
    source.one_of(&[
        Trouble::Unsent,
        Trouble::Open,
        Trouble::Full,
        Trouble::Late,
        Trouble::Broken,
        own,
        Trouble::Panicked,
        Trouble::NoRequest,
        Trouble::Saturated,
    ])
}
