use std::fmt;

use super::Event;

/// Listens to what happens; metrics and alarms hang here.
///
/// Called on the path of operations: it must neither block nor panic. Without
/// an observer no time is measured and no event is made.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use strangler_fig::observe::{Event, Observer};
///
/// /// Counts the keys that are noted as differing.
/// #[derive(Debug, Default)]
/// struct Divergences(AtomicU64);
///
/// impl Observer for Divergences {
///     fn on_event(&self, event: &Event) {
///         if let Event::Diverged { .. } = event {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let divergences = Divergences::default();
/// divergences.on_event(&Event::Diverged { reason: "mismatch" });
/// divergences.on_event(&Event::StampDrifted);
/// assert_eq!(divergences.0.into_inner(), 1);
/// ```
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Something happened.
    fn on_event(&self, event: &Event);
}
