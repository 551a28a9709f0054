//! What the queue holds, and what each call makes of it at a given moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::time::Duration;

use tokio::time::Instant;

use crate::reconcile::{RepairDepth, RepairEntry, RepairNote};

/// No delay is longer: an instant has its end.
const DELAY_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

/// When a key is due, and its place among those due at one instant.
type Turn = (Instant, u64);

#[derive(Default)]
pub(super) struct State {
    rows: BTreeMap<Vec<u8>, Row>,
    /// The keys that wait, by their turn.
    turns: BTreeSet<(Turn, Vec<u8>)>,
    /// Counts turns and receipts.
    counter: u64,
}

/// How many there are only.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, waiting) = (self.rows.len(), self.turns.len());
        write!(f, "{keys} keys, {waiting} of them waiting")
    }
}

struct Row {
    reason: String,
    notes: u64,
    attempts: u32,
    error: Option<String>,
    came: Instant,
    /// `None` is parked.
    turn: Option<Turn>,
    held: Option<Held>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    receipt: u64,
    /// The notes when it was taken.
    notes: u64,
    until: Instant,
}

/// How a taken entry ends.
pub(super) enum Ending {
    Finished,
    Postponed(Duration, String),
    Parked(String),
}

/// Which keys a list shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shelf {
    Waiting,
    Parked,
}

impl Row {
    fn new(now: Instant) -> Self {
        let reason = String::new();
        Self { reason, notes: 0, attempts: 0, error: None, came: now, turn: None, held: None }
    }

    fn is_hidden(&self, now: Instant) -> bool {
        self.held.is_some_and(|held| held.until > now)
    }

    fn forget(&mut self) {
        (self.attempts, self.error) = (0, None);
    }

    fn fail(&mut self, error: String) {
        (self.attempts, self.error) = (self.attempts.saturating_add(1), Some(error));
    }

    fn shelf(&self) -> Shelf {
        if self.turn.is_some() { Shelf::Waiting } else { Shelf::Parked }
    }

    fn entry(&self, key: &[u8], receipt: u64) -> RepairEntry {
        RepairEntry {
            key: key.to_vec(),
            reason: self.reason.clone(),
            notes: self.notes,
            attempts: self.attempts,
            error: self.error.clone(),
            receipt,
        }
    }
}

fn after(now: Instant, delay: Duration) -> Instant {
    now + delay.min(DELAY_MAX)
}

impl State {
    pub(super) fn note(&mut self, note: &RepairNote, now: Instant) {
        let row = self.rows.entry(note.key.clone()).or_insert_with(|| Row::new(now));
        row.notes += 1;
        row.reason.clone_from(&note.reason);
        row.forget();
        let is_due = row.turn.is_some_and(|(due, _)| due <= now);
        if !is_due && !row.is_hidden(now) {
            self.turn(&note.key, Some(now));
        }
    }

    pub(super) fn take(
        &mut self,
        limit: usize,
        hidden_for: Duration,
        now: Instant,
    ) -> Vec<RepairEntry> {
        let due = self.turns.iter().take_while(|((due, _), _)| *due <= now).take(limit);
        let keys: Vec<_> = due.map(|(_, key)| key.clone()).collect();
        let until = after(now, hidden_for);
        keys.into_iter().filter_map(|key| self.hold(&key, until)).collect()
    }

    fn hold(&mut self, key: &[u8], until: Instant) -> Option<RepairEntry> {
        self.turn(key, Some(until));
        let receipt = self.count();
        let row = self.rows.get_mut(key)?;
        row.held = Some(Held { receipt, notes: row.notes, until });
        Some(row.entry(key, receipt))
    }

    pub(super) fn end(&mut self, key: &[u8], receipt: u64, ending: Ending, now: Instant) {
        let Some(row) = self.rows.get_mut(key) else { return };
        let Some(held) = row.held.take_if(|held| held.receipt == receipt) else { return };
        if row.notes != held.notes {
            return self.turn(key, Some(now));
        }
        match ending {
            Ending::Finished => {
                self.turn(key, None);
                self.rows.remove(key);
            }
            Ending::Postponed(delay, error) => {
                row.fail(error);
                self.turn(key, Some(after(now, delay)));
            }
            Ending::Parked(error) => {
                row.fail(error);
                self.turn(key, None);
            }
        }
    }

    pub(super) fn retry(&mut self, key: &[u8], now: Instant) -> bool {
        let parked = self.rows.get_mut(key).filter(|row| row.shelf() == Shelf::Parked);
        let Some(row) = parked else { return false };
        row.forget();
        self.turn(key, Some(now));
        true
    }

    pub(super) fn list(&self, on: Shelf, after: Option<&[u8]>, limit: usize) -> Vec<RepairEntry> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = self.rows.range::<[u8], _>((from, Bound::Unbounded));
        let shown = rest.filter(|(_, row)| row.shelf() == on).take(limit);
        shown.map(|(key, row)| row.entry(key, 0)).collect()
    }

    pub(super) fn depth(&self, now: Instant) -> RepairDepth {
        let waiting = self.rows.values().filter(|row| row.shelf() == Shelf::Waiting);
        let oldest = waiting.map(|row| row.came).min();
        let count = |kept: usize| u64::try_from(kept).unwrap_or(u64::MAX);
        RepairDepth {
            waiting: count(self.turns.len()),
            parked: count(self.rows.len() - self.turns.len()),
            oldest: oldest.map(|came| now.saturating_duration_since(came)),
        }
    }

    /// Gives a key another turn, or none.
    fn turn(&mut self, key: &[u8], due: Option<Instant>) {
        let place = self.count();
        let Some(row) = self.rows.get_mut(key) else { return };
        let next = due.map(|due| (due, place));
        if let Some(before) = std::mem::replace(&mut row.turn, next) {
            self.turns.remove(&(before, key.to_vec()));
        }
        if let Some(next) = next {
            self.turns.insert((next, key.to_vec()));
        }
    }

    fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }
}
