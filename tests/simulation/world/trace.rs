//! What happened, as a hash of it all, and in words if somebody wants to read it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// Everything that happened, in order. Two runs of one seed end with the same hash.
#[derive(Debug)]
pub(crate) struct Trace {
    began: Instant,
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    hash: u64,
    counts: BTreeMap<String, u64>,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// A trace that begins now; with `in_words` it keeps every line.
    pub(crate) fn new(in_words: bool) -> Self {
        let lines = in_words.then(Vec::new);
        let told = Mutex::new(Told { hash: 0xcbf2_9ce4_8422_2325, counts: BTreeMap::new(), lines });
        Self { began: Instant::now(), told }
    }

    /// Between `who` (the number of a life) and `whom`, this: cheap, for what happens often.
    pub(crate) fn event(
        &self,
        who: u64,
        whom: &'static str,
        what: &'static str,
        about: u64,
        value: u64,
    ) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut told = self.lock();
        for word in [millis, who, about, value] {
            told.fold(&word.to_le_bytes());
        }
        told.fold(whom.as_bytes());
        told.fold(what.as_bytes());
        if let Some(lines) = &mut told.lines {
            lines.push(format!("{millis:>8} ms  life {who:<3} {whom} {what} {about} {value}"));
        }
    }

    /// A line for readers, which the hash takes in as well.
    pub(crate) fn say(&self, who: u64, what: impl fmt::Display) {
        let millis = self.began.elapsed().as_millis();
        let line = format!("{millis:>8} ms  life {who:<3} {what}");
        let mut told = self.lock();
        told.fold(line.as_bytes());
        if let Some(lines) = &mut told.lines {
            lines.push(line);
        }
    }

    /// One more of what a run is asked for afterwards.
    pub(crate) fn count(&self, what: &str) {
        let mut told = self.lock();
        match told.counts.get_mut(what) {
            Some(count) => *count += 1,
            None => drop(told.counts.insert(what.to_owned(), 1)),
        }
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.lock().counts.clone()
    }

    pub(crate) fn hash(&self) -> u64 {
        self.lock().hash
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().lines.clone().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    /// FNV-1a.
    fn fold(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
