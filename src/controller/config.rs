use std::sync::Arc;
use std::time::Duration;

use super::READ_DEADLINE;
use crate::clock::{Clock, SystemClock};
use crate::observe::Observer;
use crate::phase::NodeName;

/// The limits of a [`MigrationController`](super::MigrationController).
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::controller::ControllerConfig;
///
/// let config = ControllerConfig::default()
///     .with_poll_interval(Duration::from_millis(200))
///     .with_settle_wait(Duration::from_secs(120))
///     .with_call_deadline(Duration::from_secs(2))
///     .with_gate_deadline(Duration::from_secs(20))
///     .with_drift_margin(Duration::from_secs(5))
///     .without_eviction_of_fenced();
/// ```
#[derive(Debug, Clone)]
pub struct ControllerConfig {
    pub(super) poll_interval: Duration,
    pub(super) settle_wait: Duration,
    pub(super) call_timeout: Duration,
    pub(super) gate_timeout: Duration,
    pub(super) drift_margin: Duration,
    pub(super) evicts_fenced: bool,
    pub(super) process_scope: Option<NodeName>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

impl Default for ControllerConfig {
    /// It looks again every half second, waits a minute at most for the fleet, five
    /// seconds for a call, ten for a gate, and evicts fenced nodes two seconds after their lease has
    /// run out.
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_millis(500),
            settle_wait: Duration::from_secs(60),
            call_timeout: Duration::from_secs(5),
            gate_timeout: READ_DEADLINE,
            drift_margin: Duration::from_secs(2),
            evicts_fenced: true,
            process_scope: None,
            clock: Arc::new(SystemClock),
            observer: None,
        }
    }
}

impl ControllerConfig {
    /// The pause between two looks while it waits for the fleet; at least a
    /// millisecond.
    #[must_use]
    pub fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// How long one step may wait for the fleet, a fenced node that has ended among it, or
    /// for the service to come back.
    #[must_use]
    pub fn with_settle_wait(mut self, wait: Duration) -> Self {
        self.settle_wait = wait;
        self
    }

    /// How long one call to the service may take; at least a millisecond.
    #[must_use]
    pub fn with_call_deadline(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout.max(Duration::from_millis(1));
        self
    }

    /// How long a gate may take before it counts as closed.
    #[must_use]
    pub fn with_gate_deadline(mut self, timeout: Duration) -> Self {
        self.gate_timeout = timeout;
        self
    }

    /// How much longer than its term a fenced node's lease is watched, unchanged,
    /// before the node is evicted: it covers two clocks that run at different speeds.
    #[must_use]
    pub fn with_drift_margin(mut self, margin: Duration) -> Self {
        self.drift_margin = margin;
        self
    }

    /// Leaves fenced nodes to their operators, instead of evicting them while it waits for them, or
    /// for a gate that may be closed by what they knew.
    #[must_use]
    pub fn without_eviction_of_fenced(mut self) -> Self {
        self.evicts_fenced = false;
        self
    }

    /// Accepts that the stamps of the one node `name` live in its process and are
    /// forgotten with it; see [`Fleet::accepting_process_scope`](crate::phase::Fleet::accepting_process_scope).
    ///
    /// ```
    /// use strangler_fig::controller::ControllerConfig;
    ///
    /// let config = ControllerConfig::default().accepting_process_scope("node-1".parse()?);
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    #[must_use]
    pub fn accepting_process_scope(mut self, name: NodeName) -> Self {
        self.process_scope = Some(name);
        self
    }

    /// The clock that dates the history, for people.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use strangler_fig::clock::ManualClock;
    /// use strangler_fig::controller::ControllerConfig;
    ///
    /// let config = ControllerConfig::default().with_clock(Arc::new(ManualClock::at(1_000)));
    /// ```
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Who is told of moves, and of what they wait for.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use strangler_fig::controller::ControllerConfig;
    /// use strangler_fig::observe::{Event, Observer};
    ///
    /// #[derive(Debug)]
    /// struct Chat;
    ///
    /// impl Observer for Chat {
    ///     fn on_event(&self, event: &Event) {
    ///         if let Event::Moved { epoch, .. } = event {
    ///             println!("the migration moved: epoch {epoch}");
    ///         }
    ///     }
    /// }
    ///
    /// let config = ControllerConfig::default().with_observer(Arc::new(Chat));
    /// ```
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_leaves_the_others_as_they_are() {
        let clock: Arc<dyn Clock> = Arc::new(crate::clock::ManualClock::at(7));
        let node: NodeName = "node-1".parse().unwrap();
        let config = ControllerConfig::default()
            .with_poll_interval(Duration::from_secs(1))
            .with_settle_wait(Duration::from_secs(2))
            .with_call_deadline(Duration::from_secs(3))
            .with_gate_deadline(Duration::from_secs(4))
            .with_drift_margin(Duration::from_secs(6))
            .without_eviction_of_fenced()
            .accepting_process_scope(node.clone())
            .with_clock(clock.clone());
        let expected = ControllerConfig {
            poll_interval: Duration::from_secs(1),
            settle_wait: Duration::from_secs(2),
            call_timeout: Duration::from_secs(3),
            gate_timeout: Duration::from_secs(4),
            drift_margin: Duration::from_secs(6),
            evicts_fenced: false,
            process_scope: Some(node),
            clock,
            observer: None,
        };
        assert_eq!(format!("{config:?}"), format!("{expected:?}"));
    }
}
