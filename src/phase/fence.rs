use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How long a node that stops by itself may go on.
///
/// It counts from before a renewal was sent, so that whoever sees the renewed
/// lease later begins to count later; and on the slower to be trusted of two
/// clocks, tokio's and, on Linux, one that goes on while the host is suspended.
#[derive(Debug)]
pub(super) struct Fence {
    term: Duration,
    began: Instant,
    began_awake: Duration,
    /// Nanoseconds since it began.
    ends: AtomicU64,
}

/// When a renewal was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent(u64);

/// Time since the host was started, suspension included.
#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}

/// Elsewhere there is no such clock to be had: a suspended host counts too little.
#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    Duration::ZERO
}

impl Fence {
    /// Closed until the first renewal.
    pub(super) fn new(term: Duration) -> Self {
        Self { term, began: Instant::now(), began_awake: since_boot(), ends: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        let elapsed = self.began.elapsed().max(since_boot().saturating_sub(self.began_awake));
        u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
    }

    /// A renewal is about to be sent.
    pub(super) fn sending(&self) -> Sent {
        Sent(self.now())
    }

    /// It was acknowledged.
    pub(super) fn renewed(&self, Sent(sent): Sent) {
        let term = u64::try_from(self.term.as_nanos()).unwrap_or(u64::MAX);
        self.ends.fetch_max(sent.saturating_add(term), Ordering::SeqCst);
    }

    /// Whether the lease has run out, or was never renewed.
    pub(super) fn has_run_out(&self) -> bool {
        self.now() >= self.ends.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn it_counts_from_before_the_renewal_was_sent() {
        let fence = Fence::new(SECOND * 10);
        assert!(fence.has_run_out(), "nothing was renewed");
        let sent = fence.sending();
        tokio::time::advance(SECOND * 4).await;
        fence.renewed(sent);
        assert!(!fence.has_run_out());
        tokio::time::advance(SECOND * 6 + Duration::from_millis(1)).await;
        assert!(fence.has_run_out());
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_answer_to_an_early_renewal_takes_nothing_back() {
        let fence = Fence::new(SECOND * 10);
        let early = fence.sending();
        tokio::time::advance(SECOND * 4).await;
        fence.renewed(fence.sending());
        fence.renewed(early);
        tokio::time::advance(SECOND * 9).await;
        assert!(!fence.has_run_out());
    }
}
