use std::sync::Arc;
use std::time::Duration;

use super::{Incarnation, NodeRole, Scopes};
use crate::observe::Observer;

/// What a node does that cannot renew its lease.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::phase::{OutagePolicy, TrackerConfig};
///
/// let term = Duration::from_secs(30);
/// let config = TrackerConfig::default().with_outage_policy(OutagePolicy::Fenced { term });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OutagePolicy {
    /// It keeps its phase and goes on: an outage of the state store is none of the
    /// application. Nothing crosses meanwhile, until it is back or an operator
    /// evicts it, saying that its process has ended.
    #[default]
    FailStatic,
    /// It answers nothing once its lease has run out, counted from before the last
    /// renewal was sent, and serves again after the next one. A controller that has
    /// watched the lease unchanged for longer than the term may evict it by itself.
    ///
    /// Every look at the phase then asks two clocks besides, twice an operation: some 90 ns
    /// each time (`docs/BENCHMARKS.md`).
    ///
    /// Workers of such a node join nothing meanwhile: a reconciler waits for the lease, a
    /// sweep or a backfill ends with an error that may be tried again.
    ///
    /// On Linux the time counts while the host is suspended. A virtual machine that
    /// its host stops and continues does not notice: do not fence those.
    Fenced {
        /// How long a renewal is good for; at least twice the poll interval. An
        /// outage of the state store that is longer is one of the application, and so
        /// is a single call that hangs, if its timeout is longer.
        term: Duration,
    },
}

/// How a [`PhaseTracker`](super::PhaseTracker) follows the state.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::phase::{Scopes, TrackerConfig};
/// use strangler_fig::stamp::StampScope;
///
/// // Legacy is wrapped in `Unstamped`: its stamps live in this process.
/// let scopes = Scopes { legacy: StampScope::Process, ..Scopes::default() };
/// let config = TrackerConfig::default()
///     .with_scopes(scopes)
///     .with_poll_interval(Duration::from_millis(200))
///     .with_call_deadline(Duration::from_secs(2));
/// ```
#[derive(Debug, Clone)]
pub struct TrackerConfig {
    pub(super) poll_interval: Duration,
    pub(super) call_timeout: Duration,
    pub(super) scopes: Scopes,
    pub(super) role: NodeRole,
    pub(super) outage: OutagePolicy,
    pub(super) incarnation: Option<Incarnation>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

impl Default for TrackerConfig {
    /// A poll a second, five seconds for a call to the service, stamps in the
    /// stores; a node that serves, and goes on while the service is away.
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_secs(1),
            call_timeout: Duration::from_secs(5),
            scopes: Scopes::default(),
            role: NodeRole::Serving,
            outage: OutagePolicy::FailStatic,
            incarnation: None,
            observer: None,
        }
    }
}

impl TrackerConfig {
    /// The pause between two polls; at least a millisecond.
    #[must_use]
    pub fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// How long one call to the service may take; at least a millisecond.
    #[must_use]
    pub fn with_call_deadline(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout.max(Duration::from_millis(1));
        self
    }

    /// Where the stamps of both sides live; it stands in the node's lease from
    /// the start, and a migration repository that differs is not built.
    #[must_use]
    pub fn with_scopes(mut self, scopes: Scopes) -> Self {
        self.scopes = scopes;
        self
    }

    /// What this process does: a backfill, a check, a repair or a sweep that runs by
    /// itself registers as a [`Worker`](NodeRole::Worker).
    #[must_use]
    pub fn with_role(mut self, role: NodeRole) -> Self {
        self.role = role;
        self
    }

    /// What to do while the lease cannot be renewed.
    #[must_use]
    pub fn with_outage_policy(mut self, policy: OutagePolicy) -> Self {
        self.outage = policy;
        self
    }

    /// How long a renewal is good for, if the node stops then.
    pub(super) fn term(&self) -> Option<Duration> {
        match self.outage {
            OutagePolicy::FailStatic => None,
            // Whole milliseconds, as it stands in the lease.
            OutagePolicy::Fenced { term } => {
                let millis = term.max(self.poll_interval.saturating_mul(2)).as_millis();
                Some(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
            }
        }
    }

    /// A chosen incarnation, for tests that must repeat.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::InMemoryStateService;
    /// # use strangler_fig::phase::{MigrationState, MigrationStateService};
    /// use strangler_fig::phase::{Incarnation, PhaseTracker, TrackerConfig};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let service = Arc::new(InMemoryStateService::default());
    /// # service.create(&MigrationState::new("airports".parse()?)).await?;
    /// # let (name, node) = ("airports".parse()?, "node-1".parse()?);
    /// let config = TrackerConfig::default().with_incarnation(Incarnation::fixed(1));
    /// let tracker = PhaseTracker::start(service, name, node, config).await?;
    /// assert_eq!(tracker.node().map(|id| id.incarnation), Some(Incarnation::fixed(1)));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_incarnation(mut self, incarnation: Incarnation) -> Self {
        self.incarnation = Some(incarnation);
        self
    }

    /// Who is told of adoptions and of an unreachable service.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::sync::atomic::{AtomicU64, Ordering};
    /// # use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase};
    /// use strangler_fig::observe::{Event, Observer};
    /// use strangler_fig::phase::{PhaseTracker, TrackerConfig};
    ///
    /// #[derive(Debug, Default)]
    /// struct NewestEpoch(AtomicU64);
    ///
    /// impl Observer for NewestEpoch {
    ///     fn on_event(&self, event: &Event) {
    ///         if let Event::PhaseAdopted { epoch, .. } = event {
    ///             self.0.store(*epoch, Ordering::Relaxed);
    ///         }
    ///     }
    /// }
    ///
    /// # let state = MigrationState::new("airports".parse()?);
    /// # let next = state.transition(&Move::to(Phase::Shadow), MoveId::random()?, &Fleet::default())?;
    /// let newest = Arc::new(NewestEpoch::default());
    /// let config = TrackerConfig::default().with_observer(newest.clone());
    /// PhaseTracker::detached_with(state, config).adopt(next);
    /// assert_eq!(newest.0.load(Ordering::Relaxed), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
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
    use crate::stamp::StampScope;

    #[test]
    fn an_option_leaves_the_others_as_they_are() {
        let scopes = Scopes { legacy: StampScope::Process, modern: StampScope::Store };
        let outage = OutagePolicy::Fenced { term: Duration::from_secs(9) };
        let config = TrackerConfig::default()
            .with_poll_interval(Duration::from_secs(2))
            .with_call_deadline(Duration::from_secs(3))
            .with_scopes(scopes)
            .with_role(NodeRole::Worker)
            .with_outage_policy(outage)
            .with_incarnation(Incarnation::fixed(4));
        let expected = TrackerConfig {
            poll_interval: Duration::from_secs(2),
            call_timeout: Duration::from_secs(3),
            scopes,
            role: NodeRole::Worker,
            outage,
            incarnation: Some(Incarnation::fixed(4)),
            observer: None,
        };
        assert_eq!(format!("{config:?}"), format!("{expected:?}"));
    }

    #[test]
    fn waits_are_at_least_a_millisecond() {
        let config = TrackerConfig::default()
            .with_poll_interval(Duration::ZERO)
            .with_call_deadline(Duration::ZERO);
        let milli = Duration::from_millis(1);
        assert_eq!((config.poll_interval, config.call_timeout), (milli, milli));
    }
}
