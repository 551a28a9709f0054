use std::fmt;

use crate::phase::Hold;

/// Why the two stores may differ in a key.
///
/// ```
/// use strangler_fig::repository::DivergenceReason;
///
/// assert_eq!(DivergenceReason::WriteUnknown.name(), "write_unknown");
/// assert_eq!(DivergenceReason::Mismatch.to_string(), "mismatch");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DivergenceReason {
    /// A write failed after a store may have taken it.
    WriteUnknown,
    /// A caller gave up on a write after a store may have been touched.
    WriteDropped,
    /// The lenient side of a write failed.
    LenientFailed,
    /// The lenient side of a write refused the content.
    LenientRejected,
    /// The lenient side's adapter panicked.
    LenientPanicked,
    /// The lenient side of a write was given up before its end: by its deadline,
    /// because too many were unfinished, or with its task.
    LenientUnfinished,
    /// The lenient side is ahead of a write that the primary still shows.
    Reversed,
    /// A shadow read differed, twice.
    Mismatch,
    /// A read in `Cutover` could not bring the lagging side up.
    BringUpFailed,
    /// Equal stamps with different contents: somebody wrote behind the crate.
    Conflict,
}

impl DivergenceReason {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WriteUnknown => "write_unknown",
            Self::WriteDropped => "write_dropped",
            Self::LenientFailed => "lenient_failed",
            Self::LenientRejected => "lenient_rejected",
            Self::LenientPanicked => "lenient_panicked",
            Self::LenientUnfinished => "lenient_unfinished",
            Self::Reversed => "reversed",
            Self::Mismatch => "mismatch",
            Self::BringUpFailed => "bring_up_failed",
            Self::Conflict => "conflict",
        }
    }
}

impl fmt::Display for DivergenceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A key known or suspected to differ.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::repository::{Divergence, DivergenceReason};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// let users = MigrationRepository::new(legacy, modern, tracker)?;
/// users.sink().note(1, DivergenceReason::Mismatch, Some(users.tracker().hold()));
///
/// users.drained().await; // nothing goes on aside
/// for found in users.sink().take(100) {
///     let Divergence { key, reason, count, .. } = &found;
///     println!("{key}: {reason}, {count} times");
///     if users.join(key).await.is_err() {
///         users.sink().put_back(vec![found]); // for another time
///     }
/// }
/// assert_eq!(users.tracker().holds(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Divergence<K> {
    /// Which key.
    pub key: K,
    /// The newest reason.
    pub reason: DivergenceReason,
    /// How often it was noted since it was last taken out.
    pub count: u64,
    /// While this lives, the node's lease forbids a first `Cutover`. Drop it
    /// when the key is repaired, or durable where somebody looks before crossing.
    pub hold: Option<Hold>,
    /// Which note was the last.
    pub(super) last_note: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_reads_as_its_name() {
        assert_eq!(DivergenceReason::BringUpFailed.to_string(), "bring_up_failed");
    }
}
