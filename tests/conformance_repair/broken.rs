//! A second, plain implementation of the queue, which breaks the contract in one
//! way of choice.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::fault::Fault;

#[derive(Debug, Clone)]
struct Row {
    entry: RepairEntry,
    came: Instant,
    /// `None` is parked.
    due: Option<(Instant, u64)>,
    until: Instant,
    /// Whose take it is, and the notes it saw.
    held: Option<(u64, u64)>,
}

/// What the handles share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    rows: Mutex<Vec<Row>>,
    count: Mutex<u64>,
    gone: Mutex<u64>,
}

/// A handle on a store that breaks the contract in one way.
#[derive(Debug)]
pub(crate) struct Broken {
    fault: Fault,
    shared: Arc<Shared>,
    own: Mutex<u64>,
    depth: Mutex<Option<(Instant, RepairDepth)>>,
}

enum Ending<'a> {
    Finish,
    Postpone(Duration, &'a str),
    Park(&'a str),
}

const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);

impl Broken {
    pub(crate) fn new(fault: Fault, shared: Arc<Shared>) -> Self {
        Self { fault, shared, own: Mutex::default(), depth: Mutex::default() }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn rows(&self) -> MutexGuard<'_, Vec<Row>> {
        self.shared.rows.lock().unwrap()
    }

    fn count(&self) -> u64 {
        let mut count = self.shared.count.lock().unwrap();
        *count += 1;
        *count
    }

    fn receipt(&self, entry: &RepairEntry) -> u64 {
        match self.fault {
            Fault::TheReceiptIsTheNotes => entry.notes,
            Fault::ReceiptsAreTheHandles => {
                let mut own = self.own.lock().unwrap();
                *own += 1;
                *own
            }
            _ => self.count(),
        }
    }

    fn key(&self, key: &[u8]) -> Vec<u8> {
        match self.fault {
            Fault::KeysEndAtZero => key.split(|byte| *byte == 0).next().unwrap().to_vec(),
            Fault::KeysIgnoreCase => key.to_ascii_lowercase(),
            _ => key.to_vec(),
        }
    }

    fn new_row(&self, key: Vec<u8>, now: Instant) -> Row {
        let notes = match self.fault {
            Fault::NotesOutliveTheEnd => *self.shared.gone.lock().unwrap(),
            _ => 0,
        };
        let mut entry = RepairEntry::new(key, "");
        entry.notes = notes;
        let due = Some((now, self.count()));
        Row { entry, came: now, due, until: now, held: None }
    }

    fn note_one(&self, note: &RepairNote, seen: Option<u64>, now: Instant) {
        let key = self.key(&note.key);
        let mut rows = self.rows();
        let found = rows.iter().position(|row| row.entry.key == key);
        let at = found.filter(|_| !self.is(Fault::EachNoteIsARow)).unwrap_or(rows.len());
        if at == rows.len() {
            rows.push(self.new_row(key, now));
        }
        let row = &mut rows[at];
        row.entry.notes = seen.unwrap_or(row.entry.notes) + 1;
        if row.entry.reason.is_empty() || !self.is(Fault::TheFirstReasonStays) {
            row.entry.reason.clone_from(&note.reason);
        }
        if self.is(Fault::ReasonIsLost) {
            row.entry.reason.clear();
        }
        if !self.is(Fault::ANoteKeepsAttempts) {
            (row.entry.attempts, row.entry.error) = (0, None);
        }
        if self.is(Fault::AgeIsOfTheLastNote) {
            row.came = now;
        }
        self.bring_out(row, now);
    }

    fn bring_out(&self, row: &mut Row, now: Instant) {
        let is_hidden = row.held.is_some() && row.until > now;
        let is_due = row.due.is_some_and(|(due, _)| due <= now);
        let moves = match self.fault {
            Fault::ANoteKeepsTheDelay => row.due.is_none(),
            Fault::ANoteLeavesParked => row.due.is_some() && !is_due && !is_hidden,
            Fault::ANoteBringsOut => !is_due,
            Fault::ANoteLosesThePlace => !is_hidden,
            _ => !is_due && !is_hidden,
        };
        if moves {
            row.due = Some((now, self.count()));
        }
    }

    /// The places of the keys that are due, in their order.
    fn due(&self, rows: &[Row], now: Instant) -> Vec<usize> {
        let is_due = |row: &Row| match row.due {
            Some((due, _)) => due <= now,
            None => self.is(Fault::ParkedAreTaken),
        };
        let mut due: Vec<_> = (0..rows.len()).filter(|at| is_due(&rows[*at])).collect();
        due.sort_by_key(|at| match self.fault {
            Fault::OldestFirst => Some((rows[*at].came, 0)),
            _ => rows[*at].due,
        });
        if self.is(Fault::NewestFirst) {
            due.reverse();
        }
        due
    }

    fn limited(&self, limit: NonZeroUsize) -> usize {
        match self.fault {
            Fault::TheLimitIsIgnored => usize::MAX,
            Fault::TheLimitIsAnInt => i32::try_from(limit.get()).map_or(0, |_| limit.get()),
            _ => limit.get(),
        }
    }

    fn hold(&self, key: &[u8], hidden_for: Duration, now: Instant) -> Option<RepairEntry> {
        let place = self.count();
        let mut rows = self.rows();
        let row = rows.iter_mut().find(|row| row.entry.key == key)?;
        let until = match self.fault {
            Fault::NeverHidden => now,
            Fault::HiddenForever => now + YEAR,
            _ => now + hidden_for,
        };
        (row.due, row.until) = (Some((until, place)), until);
        row.entry.attempts += u32::from(self.is(Fault::ATakeCounts));
        let receipt = self.receipt(&row.entry);
        row.held = Some((receipt, row.entry.notes));
        let mut taken = row.entry.clone();
        taken.receipt = receipt;
        Some(taken)
    }

    /// Whether this entry has a say, and whether it was noted meanwhile.
    fn say(&self, row: &Row, entry: &RepairEntry, now: Instant) -> Option<bool> {
        let noted_since = |seen: u64| row.entry.notes != seen;
        match (self.fault, row.held) {
            (Fault::ReceiptsAreIgnored, _) | (Fault::LivesAreMixed, None) => {
                Some(noted_since(entry.notes))
            }
            (Fault::ARepeatCounts, None) if row.due.is_some() => Some(false),
            (Fault::TheTermEndsIt, Some(_)) if row.until <= now => None,
            (_, Some((receipt, seen))) if receipt == entry.receipt => Some(noted_since(seen)),
            _ => None,
        }
    }

    async fn end(&self, entry: &RepairEntry, ending: Ending<'_>) -> Result<(), StoreError> {
        let now = Instant::now();
        let found = self.rows().iter().find(|row| row.entry.key == entry.key).cloned();
        let Some(mut row) = found else {
            let missing = || StoreError::conflict("there is no such key");
            return if self.is(Fault::TheMissingIsAnError) { Err(missing()) } else { Ok(()) };
        };
        let Some(is_noted) = self.say(&row, entry, now) else { return Ok(()) };
        if self.is(Fault::EndsInTwoSteps) {
            yield_now().await;
        }
        let ignores = match ending {
            Ending::Finish => Fault::FinishIgnoresNotes,
            Ending::Postpone(..) => Fault::PostponeIgnoresNotes,
            Ending::Park(_) => Fault::ParkIgnoresNotes,
        };
        row.held = None;
        let place = self.count();
        let mut remains = true;
        if is_noted && !self.is(ignores) {
            row.due = Some((now, place));
        } else {
            remains = self.ended(&mut row, &ending, (now, place));
        }
        let mut rows = self.rows();
        if let Some(at) = rows.iter().position(|row| row.entry.key == entry.key) {
            rows.remove(at);
        }
        if remains {
            rows.push(row);
        }
        if self.is(Fault::FinishTakesAll) && matches!(ending, Ending::Finish) {
            rows.clear();
        }
        Ok(())
    }

    /// Ends a key, and answers whether it is still there.
    fn ended(&self, row: &mut Row, ending: &Ending<'_>, (now, place): (Instant, u64)) -> bool {
        let mut failed = |error: &str| {
            let attempts = row.entry.attempts + 1;
            row.entry.attempts = if self.is(Fault::AttemptsAreOne) { 1 } else { attempts };
            row.entry.error = Some(error.to_owned());
        };
        match ending {
            Ending::Finish => {
                *self.shared.gone.lock().unwrap() = row.entry.notes;
                return self.is(Fault::FinishDoesNothing);
            }
            Ending::Postpone(delay, error) => {
                failed(error);
                let due = match self.fault {
                    Fault::PostponeAtOnce => now,
                    Fault::PostponeForever => now + YEAR,
                    _ => now + *delay,
                };
                row.due = Some((due, place));
            }
            Ending::Park(error) => {
                failed(error);
                row.due = None;
                return !self.is(Fault::ParkedAreForgotten);
            }
        }
        true
    }

    fn list(&self, parked: bool, after: Option<&[u8]>, limit: NonZeroUsize) -> Vec<RepairEntry> {
        let now = Instant::now();
        let mut rows = self.rows().clone();
        rows.sort_by(|one, other| match self.fault {
            Fault::ListsAreByAge => one.came.cmp(&other.came),
            _ => one.entry.key.cmp(&other.entry.key),
        });
        let is_shown = |row: &Row| match row.due {
            Some((due, _)) => !parked && (due <= now || !self.is(Fault::ListsAreOfTheDue)),
            None => parked,
        };
        let is_after = |row: &Row| {
            let key = row.entry.key.as_slice();
            after.is_none_or(|after| {
                key > after || (key == after && self.is(Fault::ListsBeginAtTheKey))
            })
        };
        let shown = rows.into_iter().filter(|row| is_shown(row) && is_after(row));
        shown.take(limit.get()).map(|row| row.entry).collect()
    }

    fn counted(&self) -> RepairDepth {
        let (now, rows) = (Instant::now(), self.rows());
        let parked = rows.iter().filter(|row| row.due.is_none()).count();
        let waits = |row: &&Row| match self.fault {
            Fault::DepthIsOfTheDue => row.due.is_some_and(|(due, _)| due <= now),
            Fault::DepthIsOfAll => true,
            _ => row.due.is_some(),
        };
        let oldest = rows.iter().filter(waits).map(|row| now - row.came).max();
        let waiting = rows.iter().filter(waits).count();
        RepairDepth::new(waiting as u64, parked as u64, oldest)
    }
}

#[async_trait]
impl RepairQueue for Broken {
    async fn note(&self, notes: &[RepairNote]) -> Result<(), StoreError> {
        if notes.is_empty() && self.is(Fault::AnEmptyNoteFails) {
            return Err(StoreError::rejected("no values to insert"));
        }
        for note in notes {
            let mut seen = None;
            if self.is(Fault::NotesInTwoSteps) {
                let found = self.rows().iter().find(|row| row.entry.key == note.key).cloned();
                seen = found.map(|row| row.entry.notes);
                yield_now().await;
            }
            self.note_one(note, seen, Instant::now());
        }
        Ok(())
    }

    async fn take(
        &self,
        limit: NonZeroUsize,
        hidden_for: Duration,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        let now = Instant::now();
        let keys: Vec<_> = {
            let rows = self.rows();
            let due = self.due(&rows, now).into_iter().take(self.limited(limit));
            due.map(|at| rows[at].entry.key.clone()).collect()
        };
        if self.is(Fault::TakesInTwoSteps) {
            yield_now().await;
        }
        Ok(keys.iter().filter_map(|key| self.hold(key, hidden_for, now)).collect())
    }

    async fn finish(&self, entry: &RepairEntry) -> Result<(), StoreError> {
        self.end(entry, Ending::Finish).await
    }

    async fn postpone(
        &self,
        entry: &RepairEntry,
        delay: Duration,
        error: &str,
    ) -> Result<(), StoreError> {
        self.end(entry, Ending::Postpone(delay, error)).await
    }

    async fn park(&self, entry: &RepairEntry, error: &str) -> Result<(), StoreError> {
        self.end(entry, Ending::Park(error)).await
    }

    async fn retry(&self, key: &[u8]) -> Result<bool, StoreError> {
        let place = self.count();
        let mut rows = self.rows();
        let takes_any = self.is(Fault::RetryTakesAny);
        let found = rows.iter_mut().find(|row| row.entry.key == key);
        let was_parked = match self.fault {
            Fault::RetryIsAlwaysOfAParkedOne => true,
            Fault::RetryIsNeverOfAParkedOne => false,
            _ => found.as_ref().is_some_and(|row| row.due.is_none()),
        };
        if let Some(row) = found.filter(|row| row.due.is_none() || takes_any) {
            row.due = Some((Instant::now(), place));
            if !self.is(Fault::RetryKeepsAttempts) {
                (row.entry.attempts, row.entry.error) = (0, None);
            }
        }
        Ok(was_parked)
    }

    async fn waiting(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        Ok(self.list(false, after, limit))
    }

    async fn parked(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        Ok(self.list(true, after, limit))
    }

    async fn depth(&self) -> Result<RepairDepth, StoreError> {
        let mut cached = self.depth.lock().unwrap();
        match *cached {
            Some((at, depth)) if self.is(Fault::DepthIsCached) && at.elapsed().as_secs() < 5 => {
                Ok(depth)
            }
            _ => Ok(cached.insert((Instant::now(), self.counted())).1),
        }
    }
}
