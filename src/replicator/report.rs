use std::fmt;

use serde::{Deserialize, Serialize};

/// What a [`Replicator`](super::Replicator) has done.
///
/// ```
/// use strangler_fig::replicator::ReplicatorReport;
///
/// let report = ReplicatorReport::default();
/// let text = "0 changes in 0 pages: 0 copied, 0 level, 0 noted; 0 pages came again";
/// assert_eq!(report.to_string(), text);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReplicatorReport {
    /// Pages that were settled.
    pub pages: u64,
    /// Changes of these.
    pub changes: u64,
    /// Keys of which modern took a record.
    pub copied: u64,
    /// Keys of which there was nothing to take.
    pub level: u64,
    /// Keys noted in the repair queue, those that could not be read included.
    pub noted: u64,
    /// Of the noted: those that could not be read.
    pub unreadable: u64,
    /// How often a page was given up, to come again: a store, the feed or the repair queue was away.
    pub held: u64,
    /// How often writers were registered again that were said to be off.
    pub outside_writes: u64,
    /// Whether the feed was read to its end, and all of it settled.
    pub is_caught_up: bool,
}

impl fmt::Display for ReplicatorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pages, changes, copied, level, noted, held, .. } = self;
        write!(
            f,
            "{changes} changes in {pages} pages: {copied} copied, {level} level, {noted} noted; \
             {held} pages came again"
        )
    }
}
