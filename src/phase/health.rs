use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Adopted, Backlog, NodeId};
use crate::clock::seconds;

/// How a node stands to the migration-state service.
///
/// ```
/// use strangler_fig::phase::Standing;
///
/// assert!(Standing::CutOff.serves() && !Standing::Evicted.serves());
/// assert_eq!(Standing::WentBack.to_string(), "the state store went back");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Standing {
    /// It follows no service.
    Detached,
    /// The last round went well.
    Following,
    /// The service could not be asked, or what it holds cannot be read: the phase is
    /// kept.
    CutOff,
    /// The service shows an older state, or one with another past: the phase is
    /// kept, and nothing may be moved.
    WentBack,
    /// Its lease has run out, and it was told to stop then: it serves again after the
    /// next round that goes well.
    Fenced,
    /// It was evicted: only a restart brings it back.
    Evicted,
    /// It has given its lease back, or its work is over.
    Closed,
}

impl Standing {
    /// Whether the node answers operations.
    #[must_use]
    pub const fn serves(self) -> bool {
        matches!(self, Self::Detached | Self::Following | Self::CutOff | Self::WentBack)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Detached => "follows no service",
            Self::Following => "follows",
            Self::CutOff => "cut off from the state service",
            Self::WentBack => "the state store went back",
            Self::Fenced => "its lease has run out",
            Self::Evicted => "evicted",
            Self::Closed => "closed",
        })
    }
}

/// What a [`PhaseTracker`](super::PhaseTracker) says of itself: for a readiness
/// probe, or a page of the node's own.
///
/// ```
/// use strangler_fig::phase::{MigrationState, PhaseTracker, Standing};
///
/// let tracker = PhaseTracker::detached(MigrationState::new("airports".parse()?));
/// let health = tracker.health();
/// assert_eq!((health.standing, health.adopted.epoch), (Standing::Detached, 0));
/// assert!(health.standing.serves());
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TrackerHealth {
    /// The key of its lease, if it follows a service.
    pub node: Option<NodeId>,
    /// How it stands.
    pub standing: Standing,
    /// The state it works by.
    pub adopted: Adopted,
    /// How long ago the last round went well; `None`: none did.
    #[serde(rename = "followed_ago_seconds", with = "seconds::or_null")]
    pub followed_ago: Option<Duration>,
    /// How many rounds have failed since.
    pub failures: u32,
    /// What the last of them reported, with its causes.
    pub error: Option<String>,
    /// Keys that forbid a first `Cutover`.
    pub holds: u64,
    /// Keys that only this process knows to differ.
    pub backlog: Backlog,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_reads_as_words() {
        let told = [
            (Standing::Detached, "follows no service"),
            (Standing::Following, "follows"),
            (Standing::CutOff, "cut off from the state service"),
            (Standing::WentBack, "the state store went back"),
            (Standing::Fenced, "its lease has run out"),
            (Standing::Evicted, "evicted"),
            (Standing::Closed, "closed"),
        ];
        for (standing, text) in told {
            assert_eq!(standing.to_string(), text);
        }
    }
}
