use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Forbids a first `Cutover` for as long as it lives: modern is known to be
/// ahead of what legacy shows.
///
/// ```
/// use strangler_fig::phase::{MigrationState, PhaseTracker};
///
/// let tracker = PhaseTracker::detached(MigrationState::new("airports".parse()?));
/// let hold = tracker.hold();
/// assert_eq!(tracker.holds(), 1);
/// drop(hold); // the key is repaired
/// assert_eq!(tracker.holds(), 0);
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
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
