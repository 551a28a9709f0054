//! The wall clock of a host: wrong, and set anew now and then.

use std::sync::atomic::{AtomicI64, Ordering};

use strangler_fig::clock::Clock;
use tokio::time::Instant;

/// When every run begins, in Unix milliseconds.
const BEGAN: i64 = 1_700_000_000_000;

/// The wall clock of one process.
#[derive(Debug)]
pub(crate) struct Wall {
    began: Instant,
    off: AtomicI64,
}

impl Wall {
    pub(crate) fn new(began: Instant, off: i64) -> Self {
        Self { began, off: AtomicI64::new(off) }
    }

    pub(crate) fn set(&self, off: i64) {
        self.off.store(off, Ordering::SeqCst);
    }
}

impl Clock for Wall {
    fn unix_millis(&self) -> u64 {
        let since = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let now = BEGAN.saturating_add(since).saturating_add(self.off.load(Ordering::SeqCst));
        u64::try_from(now).unwrap_or(0)
    }
}
