//! How often somebody may try to sign in.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many attempts may fail from one address in such a time.
const FAILURES_MAX: u32 = 10;
pub const WINDOW: Duration = Duration::from_mins(1);
/// Of so many addresses is known how many failed; another one replaces the oldest.
const ADDRESSES_MAX: usize = 1_000;

/// The attempts that failed, by where they came from.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<IpAddr, Failed>>);

#[derive(Debug)]
struct Failed {
    times: u32,
    since: Instant,
}

impl Attempts {
    /// Whether somebody at this address may try.
    #[must_use]
    pub fn may(&self, from: IpAddr) -> bool {
        let failed = self.lock();
        let failed = failed.get(&network(from)).filter(|it| it.since.elapsed() < WINDOW);
        failed.is_none_or(|it| it.times < FAILURES_MAX)
    }

    /// Somebody there has tried in vain.
    pub fn failed(&self, from: IpAddr) {
        let mut all = self.lock();
        all.retain(|_, it| it.since.elapsed() < WINDOW);
        let from = network(from);
        if all.len() >= ADDRESSES_MAX && !all.contains_key(&from) {
            let oldest = all.iter().min_by_key(|(_, it)| it.since).map(|(from, _)| *from);
            oldest.map(|oldest| all.remove(&oldest));
        }
        let failed = all.entry(from).or_insert_with(|| Failed { times: 0, since: Instant::now() });
        failed.times += 1;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Failed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who has an address of IPv6 has 2^64 of them.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn who_fails_too_often_waits_and_nobody_else_does() {
        let attempts = Attempts::default();
        let from = address("192.0.2.1");
        for _ in 0..FAILURES_MAX {
            assert!(attempts.may(from));
            attempts.failed(from);
        }
        assert!(!attempts.may(from) && !attempts.may(address("::ffff:192.0.2.1")));
        assert!(attempts.may(address("192.0.2.2")));
        tokio::time::advance(WINDOW).await;
        assert!(attempts.may(from));
    }

    #[test]
    fn another_address_of_the_same_network_is_no_other_caller() {
        let attempts = Attempts::default();
        for host in 0..FAILURES_MAX {
            attempts.failed(address(&format!("2001:db8::{host:x}")));
        }
        assert!(!attempts.may(address("2001:db8::ffff")) && attempts.may(address("2001:db8:1::")));
    }

    #[test]
    fn no_more_addresses_are_kept_than_may_be() {
        let attempts = Attempts::default();
        for host in 0..5_000_u32 {
            attempts.failed(IpAddr::from(host.to_be_bytes()));
        }
        assert_eq!(attempts.lock().len(), ADDRESSES_MAX);
    }
}
