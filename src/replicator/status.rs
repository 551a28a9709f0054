use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::FeedLag;
use crate::reconcile::RepairDepth;
use crate::worker::Progress;

/// How far a [`Replicator`](super::Replicator) is. [`Replicator::status`](super::Replicator::status) shows it.
///
/// A feed has no position but what is unsettled in it: that is its lag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReplicatorStatus {
    /// How old the oldest unsettled change is, by the feed's clock, and how many there are.
    pub lag: FeedLag,
    /// How many keys wait in the repair queue, and how many were parked; whoever noted them.
    pub repairs: RepairDepth,
    /// How many changes this replicator has carried over since it began, how fast, and why it waits, if it does.
    pub progress: Progress,
}

impl ReplicatorStatus {
    /// Whether every change is settled: carried over, or noted.
    #[must_use]
    pub const fn is_caught_up(&self) -> bool {
        self.lag.oldest.is_none()
    }
}

impl fmt::Display for ReplicatorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lag, repairs, progress } = self;
        match lag.oldest {
            Some(oldest) => write!(f, "behind by {:.1} s", oldest.as_secs_f64())?,
            None => write!(f, "caught up")?,
        }
        if let Some(pending) = lag.pending.filter(|pending| *pending > 0) {
            write!(f, ", {pending} changes unsettled")?;
        }
        write!(f, "; {} keys wait for repair, {} are parked; ", repairs.waiting, repairs.parked)?;
        write!(f, "{progress}")
    }
}
