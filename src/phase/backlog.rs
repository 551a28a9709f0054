use serde::{Deserialize, Serialize};

/// Keys known to differ that only one process knows of.
///
/// ```
/// use strangler_fig::phase::Backlog;
///
/// assert!(Backlog::default().is_empty());
/// assert!(!Backlog::new(0, true).is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Backlog {
    /// Keys in its divergence sinks, not yet in a durable queue.
    pub keys: u64,
    /// Whether a sink was full, and forgot which keys.
    #[serde(rename = "overflowed")]
    pub has_overflowed: bool,
}

impl Backlog {
    /// So many keys, and whether there were more than a sink could hold.
    #[must_use]
    pub const fn new(keys: u64, has_overflowed: bool) -> Self {
        Self { keys, has_overflowed }
    }

    /// Whether there is nothing to be done.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.keys == 0 && !self.has_overflowed
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            keys: self.keys.saturating_add(other.keys),
            has_overflowed: self.has_overflowed || other.has_overflowed,
        }
    }
}

/// Who keeps such keys.
pub(crate) trait KeepsBacklog: Send + Sync {
    fn backlog(&self) -> Backlog;
}
