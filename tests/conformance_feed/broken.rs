//! A change feed in memory that breaks the contract in one way.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{ChangeFeed, ChangePage, Changed, FeedLag, FeedMark, LagSource};
use strangler_fig::key::KeyExt;
use strangler_fig::stamp::Record;
use strangler_fig::testkit::conformance::ChangeFeedFixture;
use tokio::time::Instant;

use super::{Row, next};

/// One way to break the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Sound,
    /// What was read once is gone.
    GetsInsteadOfPeeks,
    /// It goes on after the largest number it has settled.
    CursorByNumber,
    /// Changes are told outside of their transactions.
    WritesAtOnce,
    /// What is open is told; what is rolled back is not.
    ShowsWhatIsOpen,
    /// A page holds everything.
    LimitIsIgnored,
    /// The newest comes first.
    NewestFirst,
    /// The mark of an empty page settles everything.
    NothingSettlesAll,
    /// Settling does nothing.
    SettlesNothing,
    /// Settling settles all there is.
    SettlesAll,
    /// Settling settles as many as were in the page, whichever.
    SettlesByCount,
    /// A page is in the order of its rows' contents.
    SortsByContent,
    /// Nobody tells of a deletion.
    NoDeletions,
    /// A change of the key is one of the new key.
    RenameIsOne,
    /// A record is stamped when it is read.
    StampsAtReading,
    /// Every record has the same stamp.
    StampsStandStill,
    /// What cannot be read is an error of the call.
    FailsOnUnreadable,
    /// What cannot be read is left out.
    SkipsUnreadable,
    /// A page ends before what cannot be read.
    StopsAtUnreadable,
    /// Every page is the last.
    AlwaysLast,
    /// No page is.
    NeverLast,
    /// There is no lag.
    LagIsNone,
    /// The lag is that of the newest.
    LagOfTheNewest,
    /// The lag goes on when all is settled.
    LagStays,
    /// Nothing is pending.
    NothingIsPending,
    /// What is settled is counted too.
    CountsSettled,
    /// One that is not attached any more has nothing to tell.
    DetachedIsEmpty,
    /// One that is not attached any more has no lag.
    DetachedHasNoLag,
}

#[derive(Debug, Clone)]
struct Entry {
    number: u64,
    at: Instant,
    is_committed: bool,
    change: Changed<u32, Row>,
}

#[derive(Debug, Default)]
struct Log {
    entries: Vec<Entry>,
    settled: u64,
    cursor: Option<u64>,
    numbers: u64,
    last: Option<Instant>,
    is_detached: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Broken {
    fault: Fault,
    log: Arc<Mutex<Log>>,
    stamps: Arc<AtomicU64>,
}

/// A transaction, by the numbers it has drawn.
pub(crate) struct Open {
    broken: Broken,
    entries: Vec<Entry>,
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.broken.is(Fault::ShowsWhatIsOpen) {
            let drawn: Vec<_> = self.entries.iter().map(|entry| entry.number).collect();
            self.broken
                .lock()
                .entries
                .retain(|entry| entry.is_committed || !drawn.contains(&entry.number));
        }
    }
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, log: Arc::default(), stamps: Arc::new(AtomicU64::new(100)) }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether changes still come, or it is the fault not to tell that they do not.
    fn attached(&self, fault: Fault) -> Result<MutexGuard<'_, Log>, StoreError> {
        let log = self.lock();
        if log.is_detached && !self.is(fault) {
            return Err(StoreError::rejected("the slot was dropped"));
        }
        Ok(log)
    }

    fn draw(&self, open: &mut Open, change: Changed<u32, Row>) {
        let mut log = self.lock();
        log.numbers += 1;
        let mut entry =
            Entry { number: log.numbers, at: Instant::now(), is_committed: false, change };
        if self.is(Fault::WritesAtOnce) {
            entry.is_committed = true;
            log.entries.push(entry);
            return;
        }
        if self.is(Fault::ShowsWhatIsOpen) {
            log.entries.push(entry.clone());
        }
        open.entries.push(entry);
    }

    fn record(&self, open: &mut Open, n: u32, value: Option<Row>) {
        let stamp = next(&self.stamps);
        let stamp = if self.is(Fault::StampsStandStill) { stamp_of(7) } else { stamp };
        self.draw(open, Changed::Record(n, Record { stamp, value }));
    }
}

fn stamp_of(n: u128) -> strangler_fig::stamp::Stamp {
    strangler_fig::stamp::Stamp::from_bytes(n.to_be_bytes())
}

fn content(entry: &Entry) -> Option<u32> {
    match &entry.change {
        Changed::Record(_, record) => record.value.map(|row| row.1),
        _ => None,
    }
}

fn is_unreadable(entry: &Entry) -> bool {
    matches!(entry.change, Changed::Unreadable { .. })
}

#[async_trait]
impl LagSource for Broken {
    async fn lag(&self) -> Result<FeedLag, StoreError> {
        let log = self.attached(Fault::DetachedHasNoLag)?;
        let oldest = match self.fault {
            Fault::LagIsNone => None,
            Fault::LagOfTheNewest => log.entries.last().map(|entry| entry.at.elapsed()),
            Fault::LagStays => log.last.map(|at| at.elapsed()).or(Some(std::time::Duration::ZERO)),
            _ => log.entries.first().map(|entry| entry.at.elapsed()),
        };
        let waiting = u64::try_from(log.entries.len()).unwrap_or(u64::MAX);
        let pending = match self.fault {
            Fault::NothingIsPending => 0,
            Fault::CountsSettled => waiting + log.settled,
            _ => waiting,
        };
        Ok(FeedLag::new(oldest, Some(pending)))
    }
}

#[async_trait]
impl ChangeFeed for Broken {
    type Key = u32;
    type Entity = Row;

    async fn changes(&self, limit: NonZeroUsize) -> Result<ChangePage<u32, Row>, StoreError> {
        let mut log = self.attached(Fault::DetachedIsEmpty)?;
        let mut found = log.entries.clone();
        match self.fault {
            Fault::NewestFirst => found.reverse(),
            Fault::CursorByNumber => found.retain(|entry| Some(entry.number) > log.cursor),
            Fault::SkipsUnreadable => found.retain(|entry| !is_unreadable(entry)),
            Fault::FailsOnUnreadable if found.iter().any(is_unreadable) => {
                return Err(StoreError::rejected("no such column"));
            }
            Fault::StopsAtUnreadable => {
                let at = found.iter().position(is_unreadable).unwrap_or(found.len());
                found.truncate(at);
            }
            _ => {}
        }
        let all = found.len();
        if !self.is(Fault::LimitIsIgnored) {
            found.truncate(limit.get());
        }
        if self.is(Fault::SortsByContent) {
            found.sort_by_key(content);
        }
        let is_last = match self.fault {
            Fault::AlwaysLast => true,
            Fault::NeverLast => false,
            _ => found.len() == all,
        };
        let numbers: Vec<u64> = found.iter().map(|entry| entry.number).collect();
        if self.is(Fault::GetsInsteadOfPeeks) {
            log.entries.retain(|entry| !numbers.contains(&entry.number));
        }
        let stamped = |change| match change {
            Changed::Record(key, record) if self.is(Fault::StampsAtReading) => {
                Changed::Record(key, Record { stamp: next(&self.stamps), ..record })
            }
            change => change,
        };
        let changes = found.into_iter().map(|entry| stamped(entry.change)).collect();
        let mark = FeedMark(numbers.iter().flat_map(|number| number.to_be_bytes()).collect());
        Ok(ChangePage::new(changes, mark, is_last))
    }

    async fn settle(&self, mark: &FeedMark) -> Result<(), StoreError> {
        let numbers: Vec<u64> = mark
            .0
            .chunks_exact(8)
            .map(|bytes| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
            .collect();
        let mut log = self.lock();
        let before = log.entries.len();
        match self.fault {
            Fault::SettlesNothing => {}
            Fault::SettlesAll if !numbers.is_empty() => log.entries.clear(),
            Fault::NothingSettlesAll if numbers.is_empty() => log.entries.clear(),
            Fault::SettlesByCount => drop(log.entries.drain(..numbers.len().min(before))),
            _ => log.entries.retain(|entry| !numbers.contains(&entry.number)),
        }
        log.cursor = log.cursor.max(numbers.into_iter().max());
        log.settled += u64::try_from(before - log.entries.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

#[async_trait]
impl ChangeFeedFixture for Broken {
    type Feed = Self;
    type Transaction = Open;

    fn feed(&self) -> Arc<Self> {
        Arc::new(self.clone())
    }

    fn key(&self, n: u32) -> u32 {
        n
    }

    fn entity(&self, n: u32, variant: u32) -> Row {
        (n, variant)
    }

    async fn begin(&self) -> Open {
        Open { broken: self.clone(), entries: Vec::new() }
    }

    async fn write(&self, open: &mut Open, n: u32, variant: u32) {
        self.record(open, n, Some((n, variant)));
    }

    async fn delete(&self, open: &mut Open, n: u32) {
        if !self.is(Fault::NoDeletions) {
            self.record(open, n, None);
        }
    }

    async fn rename(&self, open: &mut Open, from: u32, to: u32) {
        if !self.is(Fault::RenameIsOne) {
            self.record(open, from, None);
        }
        self.record(open, to, Some((to, 1)));
    }

    async fn commit(&self, mut open: Open) {
        let mut log = self.lock();
        if log.is_detached {
            return;
        }
        let drawn: Vec<_> = open.entries.iter().map(|entry| entry.number).collect();
        log.entries.retain(|entry| !drawn.contains(&entry.number));
        log.last = Some(Instant::now());
        for mut entry in open.entries.drain(..) {
            (entry.at, entry.is_committed) = (Instant::now(), true);
            log.entries.push(entry);
        }
    }

    async fn spoil(&self, open: &mut Open, n: u32) -> bool {
        self.draw(
            open,
            Changed::Unreadable { key: n.to_bytes(), why: "no such column".to_owned() },
        );
        true
    }

    async fn detach(&self) -> bool {
        self.lock().is_detached = true;
        true
    }
}
