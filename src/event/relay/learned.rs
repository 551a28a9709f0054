//! What a group has learned about its bus, from one look to the next.

use std::time::Duration;

use tokio::time::Instant;

use super::call_size::CallSize;
use super::suspects::Suspects;
use crate::error::{StoreError, StoreErrorKind};
use crate::event::OutboxPosition;

#[derive(Debug, Default)]
pub(super) struct Learned {
    pub(super) size: CallSize,
    pub(super) suspects: Suspects,
}

/// Whose fault it may be that nothing of a call was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The bus's, or that of one of several: the next call is half as large.
    Several,
    /// The bus's, or that of the one message.
    OneOrTheBus,
    /// That of the one message, as before: others go on.
    One,
}

impl Learned {
    /// After a call of these messages of which nothing was taken, that took so long.
    pub(super) fn nothing_taken(
        &mut self,
        messages: &[OutboxPosition],
        error: &StoreError,
        took: Duration,
        now: Instant,
    ) -> Fault {
        let [alone] = messages else {
            self.size.nothing_taken(messages.len());
            return Fault::Several;
        };
        self.size.culprit_found();
        let is_known = self.suspects.add(*alone, took, now);
        // A bus that says that it is away is.
        let is_said = error.kind() != StoreErrorKind::Unknown;
        if is_known && !is_said { Fault::One } else { Fault::OneOrTheBus }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_of_several_is_looked_for_until_it_is_alone() {
        let (mut learned, now) = (Learned::default(), Instant::now());
        let unknown = StoreError::unknown("cut");
        let mut after = |positions: &[u64], error: &StoreError| {
            let positions: Vec<_> = positions.iter().copied().map(OutboxPosition).collect();
            learned.nothing_taken(&positions, error, Duration::ZERO, now)
        };
        assert_eq!(after(&[1, 2, 3], &unknown), Fault::Several);
        assert_eq!(after(&[1], &unknown), Fault::OneOrTheBus);
        assert_eq!(after(&[1], &unknown), Fault::One);
        assert_eq!(after(&[1], &StoreError::unavailable("away")), Fault::OneOrTheBus);
        assert_eq!(after(&[2], &unknown), Fault::OneOrTheBus);
        assert_eq!(learned.size.most(), 1);
    }
}
