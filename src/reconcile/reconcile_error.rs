use super::ReconcileReport;
use crate::error::StoreError;

/// Why a reconciler ended. No key is lost by it: what was taken is due again.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::{InMemoryRepairQueue, InMemoryRepository, InMemoryStateService};
/// # use strangler_fig::phase::*;
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::reconcile::{ReconcileError, Reconciler};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// # let (name, node): (MigrationName, _) = ("users".parse()?, "node-1".parse()?);
/// # let service = Arc::new(InMemoryStateService::default());
/// # service.create(&MigrationState::new(name.clone())).await?;
/// # let tracker = PhaseTracker::start(service, name, node, TrackerConfig::default()).await?;
/// # let users = MigrationRepository::new(legacy, modern, tracker.clone())?;
/// # let queue = Arc::new(InMemoryRepairQueue::default());
/// tracker.release().await?; // this node has left the fleet
/// let ended = Reconciler::new(&users, queue).run(std::future::pending()).await;
/// assert!(matches!(ended, Err(ReconcileError::Closed { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReconcileError {
    /// This node was evicted, or has given its lease back: what it knows of the
    /// phase is too old to write by.
    #[error("this node has no part in the migration any more")]
    Closed {
        /// What was done before.
        report: Box<ReconcileReport>,
    },
    /// The queue failed every time, and there is an end to be reached.
    #[error("the repair queue failed {failures} times in a row")]
    Queue {
        /// How often.
        failures: u32,
        /// What it reported last.
        source: StoreError,
        /// What was done before.
        report: Box<ReconcileReport>,
    },
}

impl ReconcileError {
    /// What was done before it ended; nothing, of a dry run.
    ///
    /// ```
    /// use strangler_fig::reconcile::{ReconcileError, ReconcileReport};
    ///
    /// let error = ReconcileError::Closed { report: Box::new(ReconcileReport::default()) };
    /// assert_eq!(error.report().repaired(), 0);
    /// ```
    #[must_use]
    pub const fn report(&self) -> &ReconcileReport {
        match self {
            Self::Closed { report } | Self::Queue { report, .. } => report,
        }
    }

    /// Whether running again may succeed.
    ///
    /// ```
    /// use strangler_fig::reconcile::{ReconcileError, ReconcileReport};
    ///
    /// let error = ReconcileError::Closed { report: Box::new(ReconcileReport::default()) };
    /// assert!(!error.is_retryable());
    /// ```
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Closed { .. } => false,
            Self::Queue { source, .. } => source.is_retryable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_done_and_whether_to_go_on() {
        let report = ReconcileReport { copied: 7, ..ReconcileReport::default() };
        let queue = |source| ReconcileError::Queue {
            failures: 1,
            source,
            report: Box::new(report.clone()),
        };
        let away = queue(StoreError::unavailable("down"));
        assert!(away.is_retryable());
        assert_eq!(away.report().copied, 7);
        assert!(!queue(StoreError::rejected("no")).is_retryable());
        let closed = ReconcileError::Closed { report: Box::new(report.clone()) };
        assert!(!closed.is_retryable());
        assert_eq!(closed.report().copied, 7);
    }
}
