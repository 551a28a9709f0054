use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How long a node that stops by itself may go on.
///
/// It counts from before a renewal was sent, so that whoever sees the renewed
/// lease later begins to count later; and on two clocks, tokio's and, on Linux, one
/// that goes on while the host is suspended: the lease has run out when it has by
/// either of them. Each is only compared with itself.
#[derive(Debug)]
pub(super) struct Fence {
    term: Duration,
    began: Instant,
    began_awake: Duration,
    /// Nanoseconds since it began, by tokio's clock and by that of the host.
    ends: [AtomicU64; 2],
}

/// When a renewal was sent, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent([u64; 2]);

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

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Fence {
    /// Closed until the first renewal.
    pub(super) fn new(term: Duration) -> Self {
        let ends = [AtomicU64::new(0), AtomicU64::new(0)];
        Self { term, began: Instant::now(), began_awake: since_boot(), ends }
    }

    fn now(&self) -> [u64; 2] {
        [self.began.elapsed(), since_boot().saturating_sub(self.began_awake)].map(nanos)
    }

    /// A renewal is about to be sent.
    pub(super) fn sending(&self) -> Sent {
        Sent(self.now())
    }

    /// It was acknowledged.
    pub(super) fn renewed(&self, Sent(sent): Sent) {
        for (ends, sent) in self.ends.iter().zip(sent) {
            ends.fetch_max(sent.saturating_add(nanos(self.term)), Ordering::SeqCst);
        }
    }

    /// Whether the lease has run out, or was never renewed.
    pub(super) fn has_run_out(&self) -> bool {
        let mut clocks = self.ends.iter().zip(self.now());
        clocks.any(|(ends, now)| now >= ends.load(Ordering::SeqCst))
    }

    /// For how long it may go on, if nothing renews it.
    pub(super) fn left(&self) -> Duration {
        let clocks = self.ends.iter().zip(self.now());
        let left = clocks.map(|(ends, now)| ends.load(Ordering::SeqCst).saturating_sub(now));
        Duration::from_nanos(left.min().unwrap_or(0))
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
        tokio::time::advance(Duration::from_millis(5_999)).await;
        assert!(!fence.has_run_out());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(fence.has_run_out());
        assert_eq!(fence.left(), Duration::ZERO);
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

    #[cfg(target_os = "linux")]
    #[test]
    fn the_clock_of_the_host_goes() {
        let before = since_boot();
        std::thread::sleep(Duration::from_millis(2));
        assert!(since_boot() > before);
    }
}
