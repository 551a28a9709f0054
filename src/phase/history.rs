//! What was moved, by whom and why: a bounded list inside the state, so that a
//! move and its record are stored by one `compare_and_set`.

use std::collections::{VecDeque, vec_deque};
use std::fmt;

use serde::{Deserialize, Serialize};

use smol_str::SmolStr;

use super::name::text_type;
use super::{Move, MoveId};

/// How many moves a state remembers.
const RECORDS_MAX: usize = 32;
/// How many gates a record keeps.
const EVIDENCE_MAX: usize = 16;
/// The longest gate name, and the longest account of what it saw, in characters.
const GATE_MAX: usize = 64;
const SAW_MAX: usize = 200;

/// A text that cannot stand in a history.
///
/// ```
/// use strangler_fig::phase::{Actor, NoteError};
///
/// let refused: NoteError = "a\nb".parse::<Actor>().unwrap_err();
/// assert_eq!(refused.to_string(), "an actor takes 1 to 128 characters, none of them a control character");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} takes 1 to {max} characters, none of them a control character")]
pub struct NoteError {
    what: &'static str,
    max: usize,
}

/// The text, if it has 1 to `max` characters, none of them a control character.
fn checked(text: &str, what: &'static str, max: usize) -> Result<SmolStr, NoteError> {
    let length = text.chars().count();
    if length == 0 || length > max || text.chars().any(char::is_control) {
        return Err(NoteError { what, max });
    }
    Ok(text.into())
}

text_type! {
    /// Who asked for a move: a person, or a program that moves by itself. 1 to 128
    /// characters, none of them a control character.
    ///
    /// ```
    /// use strangler_fig::phase::Actor;
    ///
    /// let actor: Actor = "ann@example.org".parse()?;
    /// assert_eq!(actor.as_str(), "ann@example.org");
    /// # Ok::<(), strangler_fig::phase::NoteError>(())
    /// ```
    Actor, NoteError, |text| checked(text, "an actor", 128)
}

text_type! {
    /// Why a move was asked for, in the words of its actor. 1 to 500 characters,
    /// none of them a control character.
    ///
    /// ```
    /// use strangler_fig::phase::Reason;
    ///
    /// assert!("OPS-12: the backfill is done".parse::<Reason>().is_ok());
    /// assert!("".parse::<Reason>().is_err());
    /// ```
    Reason, NoteError, |text| checked(text, "a reason", 500)
}

/// What a gate saw when a move was made.
///
/// ```
/// use strangler_fig::phase::Evidence;
///
/// let evidence = Evidence::new("repair_queue_empty", "3 keys wait", true);
/// assert_eq!(evidence.to_string(), "repair_queue_empty: 3 keys wait (forced)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Evidence {
    /// Which gate.
    pub gate: String,
    /// What it saw.
    pub saw: String,
    /// Whether it was closed, and the actor went through all the same.
    #[serde(default)]
    #[serde(rename = "forced")]
    pub is_forced: bool,
}

impl Evidence {
    /// Evidence of one gate. Long texts are cut, control characters replaced.
    #[must_use]
    pub fn new(gate: &str, saw: &str, is_forced: bool) -> Self {
        Self { gate: plain(gate, GATE_MAX), saw: plain(saw, SAW_MAX), is_forced }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.gate, self.saw)?;
        if self.is_forced { f.write_str(" (forced)") } else { Ok(()) }
    }
}

fn plain(text: &str, max: usize) -> String {
    text.chars().take(max).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What is written down with a move.
///
/// ```
/// use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, MoveNote, Phase};
///
/// let state = MigrationState::new("airports".parse()?);
/// let step = Move::to(Phase::DualWrite);
/// let note = MoveNote::of("ann".parse()?, "OPS-12".parse()?);
/// let next = state.transition(&step, MoveId::random()?, &Fleet::default())?;
/// let next = next.with_record(&step, note);
/// let record = next.history().last().expect("it was recorded");
/// assert_eq!((record.epoch, &record.step), (1, &step));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MoveNote {
    /// Who; `None`: nobody said.
    pub actor: Option<Actor>,
    /// Why.
    pub reason: Option<Reason>,
    /// When, by the wall clock of whoever moved, in Unix milliseconds. For people:
    /// no rule reads it.
    pub at_unix_ms: u64,
    /// What the gates saw; the first 16 are kept.
    pub evidence: Vec<Evidence>,
}

impl MoveNote {
    /// By whom, and why.
    #[must_use]
    pub fn of(actor: Actor, reason: Reason) -> Self {
        Self { actor: Some(actor), reason: Some(reason), ..Self::default() }
    }
}

/// A move that was made.
///
/// ```
/// use strangler_fig::phase::MoveRecord;
///
/// fn line(record: &MoveRecord) -> String {
///     let actor = record.actor.as_ref().map_or("somebody", |actor| actor.as_str());
///     format!("epoch {}: {}, by {actor}", record.epoch, record.step)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MoveRecord {
    /// The epoch it made.
    pub epoch: u64,
    /// Its id.
    pub move_id: MoveId,
    /// What was done.
    pub step: Move,
    /// Who; `None`: nobody said.
    pub actor: Option<Actor>,
    /// Why.
    pub reason: Option<Reason>,
    /// When, by the wall clock of whoever moved, in Unix milliseconds.
    pub at_unix_ms: u64,
    /// What the gates saw.
    pub evidence: Vec<Evidence>,
}

/// The last moves of a migration, the newest last: at most 32.
///
/// ```
/// use strangler_fig::phase::MigrationState;
///
/// let state = MigrationState::new("airports".parse()?);
/// assert!(state.history().is_empty());
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "VecDeque<MoveRecord>")]
pub struct MoveHistory(VecDeque<MoveRecord>);

impl TryFrom<VecDeque<MoveRecord>> for MoveHistory {
    type Error = String;

    fn try_from(records: VecDeque<MoveRecord>) -> Result<Self, String> {
        let in_order =
            || records.iter().zip(records.iter().skip(1)).all(|(a, b)| a.epoch < b.epoch);
        if records.len() > RECORDS_MAX {
            return Err(format!("a history holds at most {RECORDS_MAX} moves"));
        }
        if in_order() { Ok(Self(records)) } else { Err("a history is in order of epochs".into()) }
    }
}

impl<'a> IntoIterator for &'a MoveHistory {
    type Item = &'a MoveRecord;
    type IntoIter = vec_deque::Iter<'a, MoveRecord>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl MoveHistory {
    /// The moves, the oldest first.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &MoveRecord> + ExactSizeIterator {
        self.0.iter()
    }

    /// How many moves are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The newest.
    #[must_use]
    pub fn last(&self) -> Option<&MoveRecord> {
        self.0.back()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the move `id` made `epoch`; `None` if that is not remembered.
    pub(super) fn made(&self, epoch: u64, id: MoveId) -> Option<bool> {
        let record = self.0.iter().find(|record| record.epoch == epoch)?;
        Some(record.move_id == id)
    }

    pub(super) fn newest_epoch(&self) -> u64 {
        self.last().map_or(0, |record| record.epoch)
    }

    pub(super) fn push(&mut self, epoch: u64, move_id: MoveId, step: Move, note: MoveNote) {
        if self.0.len() == RECORDS_MAX {
            self.0.pop_front();
        }
        let MoveNote { actor, reason, at_unix_ms, mut evidence } = note;
        evidence.truncate(EVIDENCE_MAX);
        self.0.push_back(MoveRecord { epoch, move_id, step, actor, reason, at_unix_ms, evidence });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::{Fleet, MigrationState};

    #[test]
    fn the_oldest_move_is_forgotten_first_and_the_document_stays_readable() {
        let mut state = MigrationState::new("m".parse().unwrap());
        for id in 0..100 {
            let step = Move::ExpectNodes(std::num::NonZeroU32::MIN);
            let next = state.transition(&step, MoveId::fixed(id), &Fleet::default()).unwrap();
            let evidence = vec![Evidence::new(&"g".repeat(100), &"ö\n".repeat(400), true); 40];
            state = next.with_record(&step, MoveNote { evidence, ..MoveNote::default() });
        }
        let epochs: Vec<_> = state.history().iter().map(|record| record.epoch).collect();
        assert_eq!(epochs, (69..=100).collect::<Vec<_>>());
        let document = state.to_document();
        assert!(document.len() < 250_000, "{}", document.len());
        assert_eq!(MigrationState::from_document(&document, state.name()).unwrap(), state);
    }

    #[test]
    fn what_was_made_is_told_from_what_is_not_remembered() {
        let mut history = MoveHistory::default();
        for epoch in 1..=2 {
            let step = Move::ExpectNodes(std::num::NonZeroU32::MIN);
            history.push(epoch, MoveId::fixed(epoch.into()), step, MoveNote::default());
        }
        let made = [1, 2, 3].map(|epoch| history.made(epoch, MoveId::fixed(1)));
        assert_eq!(made, [Some(true), Some(false), None]);
    }

    #[test]
    fn names_and_reasons_are_bounded() {
        assert!("x".repeat(129).parse::<Actor>().is_err());
        assert!("ä".repeat(500).parse::<Reason>().is_ok());
        assert!("a\u{0}b".parse::<Reason>().is_err());
    }

    fn of_epochs(epochs: impl IntoIterator<Item = u64>) -> Result<MoveHistory, String> {
        let mut history = MoveHistory::default();
        for epoch in epochs {
            history.push(epoch, MoveId::fixed(0), Move::EndCohort, MoveNote::default());
        }
        MoveHistory::try_from(history.0)
    }

    #[test]
    fn a_history_is_read_only_if_it_is_one() {
        assert!(of_epochs([]).unwrap().is_empty());
        assert!(!of_epochs([1, 2, 9]).unwrap().is_empty());
        for wrong in [vec![2, 1], vec![1, 2, 2]] {
            assert!(of_epochs(wrong).is_err());
        }
        let mut long = of_epochs(0..32).unwrap().0;
        long.push_back(MoveRecord { epoch: 32, ..long[0].clone() });
        assert!(MoveHistory::try_from(long).unwrap_err().contains("at most"));
    }
}
