//! What a relay holds by now, as the work on its lanes sees it.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::later;
use crate::event::LaneClaim;

#[derive(Debug, Clone)]
pub(super) struct Holding {
    pub(super) claims: BTreeSet<LaneClaim>,
    /// When the terms end that were begun last, by the time before they were asked for.
    pub(super) until: Instant,
    /// Whether work is to end with the call in hand: at a shutdown, or when another relay is to have lanes.
    pub(super) is_yielding: bool,
}

impl Holding {
    pub(super) fn nothing() -> Self {
        Self { claims: BTreeSet::new(), until: Instant::now(), is_yielding: false }
    }

    /// Whether a call for a lane that takes so long at most is over before its term is.
    pub(super) fn has_time_for(&self, claim: &LaneClaim, call: Duration) -> bool {
        self.claims.contains(claim) && later(Instant::now(), call) <= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Lane;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_begun_that_would_outlast_the_term() {
        let [held, lost] = [1, 2].map(|epoch| LaneClaim { lane: Lane(7), epoch });
        let second = Duration::from_secs(1);
        let mut holding = Holding::nothing();
        holding.claims.insert(held);
        assert!(!holding.has_time_for(&held, second));
        holding.until += 3 * second;
        tokio::time::advance(2 * second).await;
        assert!(holding.has_time_for(&held, second) && !holding.has_time_for(&lost, second));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!holding.has_time_for(&held, second));
    }
}
