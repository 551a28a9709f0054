use std::fmt;

use serde::{Deserialize, Serialize};

/// What an [`OutboxRelay`](super::OutboxRelay) has done.
///
/// ```
/// use strangler_fig::event::RelayReport;
///
/// let mut report = RelayReport::default();
/// report.parked = 1;
/// assert_eq!(report.ended(), 1);
/// assert!(report.to_string().starts_with("0 sent, 0 put off, 1 parked;"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RelayReport {
    /// Messages that the bus has taken, and that is written down.
    pub sent: u64,
    /// How often a message was put off: it was refused, or may be the one that the bus could not take.
    pub put_off: u64,
    /// Messages that were given up, until an operator looks.
    pub parked: u64,
    /// How often the bus was away, so that lanes had to pause.
    pub pauses: u64,
    /// Lanes that another relay has taken over, or whose messages' ends could not be written down in time.
    pub lanes_lost: u64,
    /// Lanes that it did not hold at its end: another relay has them, or one has died and its terms are not over. Of what is
    /// in them it knows nothing. 0 also if the outbox has never said how many there are.
    pub lanes_not_held: u64,
    /// Failed calls of the outbox.
    pub store_errors: u64,
    /// Rows that were removed, having been sent long ago.
    pub purged: u64,
}

impl RelayReport {
    /// How many messages need nothing more from a relay.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.sent + self.parked
    }
}

impl fmt::Display for RelayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sent,
            put_off,
            parked,
            pauses,
            lanes_lost,
            lanes_not_held,
            store_errors,
            purged,
        } = self;
        write!(
            f,
            "{sent} sent, {put_off} put off, {parked} parked; {pauses} pauses, {lanes_lost} lanes lost, \
             {lanes_not_held} not held; {store_errors} calls of the outbox failed, {purged} rows purged"
        )
    }
}
