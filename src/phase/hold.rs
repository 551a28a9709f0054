use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Forbids a first `Cutover` for as long as it lives: modern is known to be
/// ahead of what legacy shows.
#[derive(Debug)]
#[must_use]
pub struct Hold(Arc<AtomicU64>);

impl Hold {
    pub(super) fn new(holds: &Arc<AtomicU64>) -> Self {
        holds.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(holds))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
