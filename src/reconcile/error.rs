use crate::phase::MoveError;
use crate::worker::ScanError;

/// Why a sweep ended before it had seen every key, or did not count.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{Fleet, MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::reconcile::{Sweep, SweepError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// # let users = MigrationRepository::new(legacy, modern, tracker)?;
/// # let ticket = users.tracker().state().begin_sweep(&Fleet::default());
/// let shutdown = std::future::ready(()); // it has come already
/// let stopped = Sweep::new(&users).run(ticket, shutdown).await;
/// assert!(matches!(stopped, Err(SweepError::Stopped)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A side could not be walked.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The state moved while the sweep ran, or this node does not work by it: not
    /// yet, or, being evicted or fenced, no more.
    #[error(
        "the sweep stands for the move of epoch {began}; this node works by that of {now}, or by none"
    )]
    Interrupted {
        /// The epoch of the move it began under.
        began: u64,
        /// That of the move this node works by.
        now: u64,
    },
    /// Legacy was decommissioned: there is nothing to join any more.
    #[error("legacy was decommissioned: nothing is copied any more")]
    Decommissioned,
    /// It was told to stop.
    #[error("the sweep was stopped")]
    Stopped,
    /// The state could not be read, or did not take the evidence.
    #[error("the sweep was not recorded")]
    Step(#[from] MoveError),
}

impl SweepError {
    /// Whether sweeping again may succeed.
    ///
    /// ```
    /// use strangler_fig::phase::Side;
    /// use strangler_fig::reconcile::SweepError;
    /// use strangler_fig::worker::ScanError;
    ///
    /// assert!(SweepError::Interrupted { began: 3, now: 4 }.is_retryable());
    /// assert!(SweepError::Stopped.is_retryable());
    /// let wrong = ScanError::OutOfOrder { side: Side::Legacy };
    /// assert!(!SweepError::from(wrong).is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Scan(error) => error.is_retryable(),
            Self::Interrupted { .. } | Self::Stopped => true,
            Self::Decommissioned => false,
            Self::Step(error) => error.is_retryable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeping_again_helps_where_time_or_the_operator_may() {
        use crate::phase::Side;
        assert!(SweepError::Stopped.is_retryable());
        assert!(SweepError::Interrupted { began: 1, now: 2 }.is_retryable());
        assert!(!SweepError::Decommissioned.is_retryable());
        let out_of_order = ScanError::OutOfOrder { side: Side::Legacy };
        assert!(!SweepError::from(out_of_order).is_retryable());
        assert!(
            SweepError::from(MoveError::Overtaken { migration: "m".parse().unwrap() })
                .is_retryable()
        );
    }
}
