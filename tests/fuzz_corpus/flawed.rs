//! Flawed subjects, each a mistake that somebody could make: were nothing found, the
//! corpus would be worth nothing.

use serde_json::Value;
use strangler_fig::key::{Key, KeyError, KeyExt};
use strangler_fig::phase::{
    DocumentError, Fleet, MigrationName, MigrationState, Move, MoveId, NodeId, NodeLease, NodeRole,
    Refused,
};
use strangler_fig::stamp::{Observed, Stamp, StampClock};
use strangler_fig::testkit::history::{History, Operation, OperationKind, Outcome, check};

use crate::corpus::found_out;
use crate::source::Source;
use crate::{canonical, documents, histories, keys, moves, stamps, states};

/// Text with its length in front: no longer in the order of texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Prefixed(Vec<u8>);

impl Key for Prefixed {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::try_from(self.0.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(&self.0);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        let length = usize::from(u8::decode(input)?);
        let (head, tail) = input.split_at_checked(length).ok_or(KeyError::Truncated("text"))?;
        *input = tail;
        Ok(Self(head.to_vec()))
    }
}

impl keys::Chosen for Prefixed {
    fn chosen(source: &mut Source<'_>) -> Self {
        Self(source.piece().to_vec())
    }
}

/// A flag that is also read from what it is never written as.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Lenient(bool);

impl Key for Lenient {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        u8::decode(input).map(|byte| Self(byte != 0))
    }
}

impl keys::Chosen for Lenient {
    fn chosen(source: &mut Source<'_>) -> Self {
        Self(source.flag())
    }
}

#[test]
fn a_key_out_of_order_is_found_out() {
    assert!(found_out("keys", |bytes| keys::obeys::<Prefixed>(&mut Source::new(bytes))) > 0);
}

#[test]
fn a_key_with_two_encodings_is_found_out() {
    assert!(found_out("keys", |bytes| keys::obeys::<Lenient>(&mut Source::new(bytes))) > 0);
    assert_eq!(Lenient(true).to_bytes(), [1]);
}

#[test]
fn a_stamp_with_two_texts_is_found_out() {
    let lenient = |text: &str| {
        let bits = u128::from_str_radix(text, 16).ok()?;
        Some(Stamp::from_bytes(bits.to_be_bytes()))
    };
    assert!(
        found_out("stamps", |bytes| stamps::check_with(lenient, StampClock::observe, bytes)) > 0
    );
}

#[test]
fn a_clock_that_ignores_what_it_saw_is_found_out() {
    let deaf = |_: &StampClock, _: Stamp| Observed::Passed;
    let parse = |text: &str| text.parse().ok();
    assert!(found_out("stamps", |bytes| stamps::check_with(parse, deaf, bytes)) > 0);
}

#[test]
fn a_reader_that_takes_impossible_states_is_found_out() {
    /// The fields, and not whether they fit together.
    fn lenient(text: &str, name: &MigrationName) -> Result<MigrationState, DocumentError> {
        let fields = serde_json::from_str::<Value>(text);
        let state = fields.ok().and_then(|mut it| serde_json::from_value(it["state"].take()).ok());
        match state {
            Some(state) => Ok(state),
            None => MigrationState::from_document(text, name),
        }
    }
    assert!(found_out("states", |bytes| states::check_with(lenient, bytes)) > 0);
}

#[test]
fn a_reader_that_mixes_nodes_up_is_found_out() {
    fn lenient(text: &str, expected: &NodeId) -> Result<NodeLease, DocumentError> {
        match NodeLease::from_document(text, expected) {
            Err(DocumentError::OtherNode { found, .. }) => NodeLease::from_document(text, &found),
            read => read,
        }
    }
    assert!(found_out("documents", |bytes| documents::check_with(lenient, bytes)) > 0);
}

/// Every move as if the whole fleet had settled.
fn impatient(
    state: &MigrationState,
    step: &Move,
    id: MoveId,
    fleet: &Fleet,
) -> Result<MigrationState, Refused> {
    let leases = fleet.leases().iter().cloned();
    let mut settled: Vec<_> = leases.map(|lease| lease.adopting(state.adopted())).collect();
    for lease in &mut settled {
        lease.role = NodeRole::Serving;
    }
    state.transition(step, id, &Fleet::new(settled))
}

/// Sweeps nothing, and says that it has.
fn hasty(
    state: &MigrationState,
    step: &Move,
    id: MoveId,
    fleet: &Fleet,
) -> Result<MigrationState, Refused> {
    state.transition(step, id, fleet).or_else(|refused| {
        if !matches!(refused, Refused::ModernIncomplete) {
            return Err(refused);
        }
        let swept = Move::Complete(state.begin_sweep(fleet).finish(0, 0));
        let Ok(next) = state.transition(&swept, id, fleet) else { return Err(refused) };
        let mut next = serde_json::to_value(next).expect("JSON");
        next["epoch"] = state.epoch().into();
        let next: MigrationState = serde_json::from_value(next).expect("it was a state");
        next.transition(step, id, fleet)
    })
}

#[test]
fn a_move_that_does_not_wait_for_the_fleet_is_found_out() {
    assert!(found_out("moves", |bytes| drop(moves::check_with(impatient, bytes))) > 0);
}

#[test]
fn a_crossing_without_a_sweep_is_found_out() {
    assert!(found_out("moves", |bytes| drop(moves::check_with(hasty, bytes))) > 0);
}

#[test]
fn a_judge_that_forgets_unknown_writes_is_found_out() {
    let forgetful = |history: &History<u8, u8>| {
        let is_unknown =
            |it: &&Operation<u8, u8>| it.kind == OperationKind::Write(Outcome::Unknown);
        let known = history.operations().iter().filter(|it| !is_unknown(it)).cloned();
        check(&History::new(known.collect()).expect("it was in order")).is_linearizable()
    };
    assert!(found_out("histories", |bytes| histories::check_with(forgetful, bytes)) > 0);
}

#[test]
fn a_text_that_drops_what_is_absent_is_found_out() {
    let folding = |tree: &crate::tree::Tree| {
        let text = strangler_fig::canonical::to_bytes(tree).expect("a tree refuses nothing");
        text.into_iter().map(|byte| if byte == b'n' { b'u' } else { byte }).collect()
    };
    assert!(found_out("canonical", |bytes| canonical::check_with(folding, bytes)) > 0);
}
