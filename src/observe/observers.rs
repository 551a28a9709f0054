use std::sync::Arc;

use super::{Event, Observer};

/// Several observers, told of everything one after the other: live signals and
/// metrics of your own, say.
///
/// None shields the others: one that blocks or panics does so for all.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::controller::LiveSignals;
/// use strangler_fig::observe::{Event, Observer, Observers};
/// use strangler_fig::repository::MigrationConfig;
///
/// #[derive(Debug)]
/// struct Metrics;
///
/// impl Observer for Metrics {
///     fn on_event(&self, _event: &Event) {}
/// }
///
/// let signals = Arc::new(LiveSignals::default());
/// let both = Observers::default().with_observer(signals.clone()).with_observer(Arc::new(Metrics));
/// let config = MigrationConfig::default().with_observer(Arc::new(both));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    /// The same, and one more, told after the others.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.0.push(observer);
        self
    }
}

impl Observer for Observers {
    fn on_event(&self, event: &Event) {
        for observer in &self.0 {
            observer.on_event(event);
        }
    }
}
