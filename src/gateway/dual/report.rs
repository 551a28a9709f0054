use std::fmt;

use serde::{Deserialize, Serialize};

/// What a [`RequestReplayer`](super::RequestReplayer) has done.
///
/// ```
/// use strangler_fig::gateway::dual::ReplayReport;
///
/// let mut report = ReplayReport::default();
/// report.parked = 1;
/// assert_eq!(report.ended(), 1);
/// assert!(report.to_string().starts_with("0 done, 0 refused, 1 parked, 0 put off"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReplayReport {
    /// Requests that both sides have done now.
    pub done: u64,
    /// Requests that the first side will not do.
    pub refused: u64,
    /// Requests that were given up, until an operator looks.
    pub parked: u64,
    /// Attempts after which a request was put off.
    pub put_off: u64,
    /// Requests that somebody else has taken over, or of which it could not be written down what became of them.
    pub lost: u64,
    /// Requests that were emptied or forgotten.
    pub purged: u64,
    /// Failed calls of the journal that were to find requests.
    pub journal_errors: u64,
}

impl ReplayReport {
    /// How many requests need nothing more from a replayer.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.done + self.refused + self.parked
    }
}

impl fmt::Display for ReplayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { done, refused, parked, put_off, lost, purged, journal_errors } = self;
        write!(
            f,
            "{done} done, {refused} refused, {parked} parked, {put_off} put off, {lost} lost, {purged} purged; \
             {journal_errors} calls of the journal failed"
        )
    }
}
