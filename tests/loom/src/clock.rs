//! Time that stands until a thread moves it, and is read like any shared number.

use std::time::Duration;

use loom::sync::atomic::AtomicU64;
use loom::sync::atomic::Ordering::{AcqRel, Acquire};

loom::lazy_static! {
    /// In seconds. Not from nothing, so that there are spans that no clock can add.
    static ref NOW: AtomicU64 = AtomicU64::new(1);
}

/// Moves time on.
pub fn pass(seconds: u64) {
    NOW.fetch_add(seconds, AcqRel);
}

/// What the breaker takes for `tokio::time::Instant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(Duration::from_secs(NOW.load(Acquire)))
    }

    pub(crate) fn checked_add(self, span: Duration) -> Option<Self> {
        self.0.checked_add(span).map(Self)
    }

    pub(crate) fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
