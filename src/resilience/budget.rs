use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::phase::Share;

/// One retry, in basis points.
const RETRY: u64 = 10_000;

/// How many retries a caller may make in all: a share of its calls, and a few a
/// second besides, so that little traffic may retry too. Clones are one budget.
///
/// A limit on the tries of each call does not hold a crowd back: when everything
/// fails, three tries are three times the load, just when it is least wanted. The
/// idea, and both parts of it, are from Finagle's `RetryBudget`.
///
/// ```
/// use strangler_fig::phase::Share;
/// use strangler_fig::resilience::{Exponential, Retry, RetryBudget};
///
/// let budget = RetryBudget::new(Share::percent(20)).with_reserve(0);
/// let retry = Retry::new(Exponential::default()).with_budget(budget.clone());
///
/// for _ in 0..5 {
///     budget.deposit(); // a call; `retry` does this itself
/// }
/// assert!(budget.withdraw() && !budget.withdraw(), "one retry for five calls");
/// # drop(retry);
/// ```
#[derive(Debug, Clone)]
pub struct RetryBudget(Arc<Account>);

#[derive(Debug)]
struct Account {
    share: Share,
    capacity: u64,
    /// What calls have paid in, in basis points of a retry.
    balance: AtomicU64,
    reserve: u32,
    /// When the reserve is whole again; none while it is.
    whole_at: Mutex<Option<Instant>>,
}

impl Default for RetryBudget {
    /// A fifth of the calls, and ten a second besides; at most 100 unspent.
    fn default() -> Self {
        Self::new(Share::percent(20))
    }
}

impl RetryBudget {
    /// Retries of this share of all calls, ten a second besides, at most 100 unspent.
    #[must_use]
    pub fn new(share: Share) -> Self {
        Self::of(share, 100 * RETRY, 10)
    }

    fn of(share: Share, capacity: u64, reserve: u32) -> Self {
        let (balance, whole_at) = (AtomicU64::new(0), Mutex::new(None));
        Self(Arc::new(Account { share, capacity, balance, reserve, whole_at }))
    }

    /// Another budget, with so many a second besides, unused ones lost.
    #[must_use]
    pub fn with_reserve(self, per_second: u32) -> Self {
        Self::of(self.0.share, self.0.capacity, per_second)
    }

    /// Another budget, which keeps at most so many retries for later.
    #[must_use]
    pub fn with_capacity(self, retries: NonZeroU32) -> Self {
        Self::of(self.0.share, u64::from(retries.get()) * RETRY, self.0.reserve)
    }

    /// Counts a call.
    pub fn deposit(&self) {
        let paid = u64::from(self.0.share.basis_points());
        let more = |balance: u64| {
            (balance < self.0.capacity).then(|| (balance + paid).min(self.0.capacity))
        };
        // A full balance is left as it is.
        let _ = self.0.balance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Takes one retry, if there is one.
    #[must_use]
    pub fn withdraw(&self) -> bool {
        let less = |balance: u64| balance.checked_sub(RETRY);
        let taken = self.0.balance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.is_ok() || self.withdraw_from_reserve(Instant::now())
    }

    /// A token bucket that holds a second's worth, by the moment at which it is full.
    fn withdraw_from_reserve(&self, now: Instant) -> bool {
        let Some(each) = Duration::from_secs(1).checked_div(self.0.reserve) else { return false };
        let mut whole_at = self.0.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = whole_at.map_or(now, |at| at.max(now)) + each;
        let is_there = next - now <= Duration::from_secs(1);
        if is_there {
            *whole_at = Some(next);
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn withdrawn(budget: &RetryBudget, tries: usize) -> usize {
        (0..tries).filter(|_| budget.withdraw()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn retries_are_a_share_of_the_calls() {
        let budget = RetryBudget::new(Share::percent(20)).with_reserve(0);
        (0..50).for_each(|_| budget.deposit());
        assert_eq!(withdrawn(&budget, 100), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_traffic_has_its_reserve_each_second_and_no_more() {
        let budget = RetryBudget::new(Share::NONE).with_reserve(4);
        assert_eq!(withdrawn(&budget, 100), 4);
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(withdrawn(&budget, 100), 2);
        tokio::time::advance(Duration::from_secs(3_600)).await;
        assert_eq!(withdrawn(&budget, 100), 4, "what was not used is lost");
    }

    #[tokio::test(start_paused = true)]
    async fn a_good_day_saves_up_no_storm() {
        let budget = RetryBudget::new(Share::WHOLE).with_capacity(NonZeroU32::MIN).with_reserve(0);
        (0..1_000).for_each(|_| budget.deposit());
        assert_eq!(withdrawn(&budget, 100), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_absurd_reserve_overflows_nothing() {
        let budget = RetryBudget::new(Share::WHOLE).with_capacity(NonZeroU32::MAX);
        assert_eq!(withdrawn(&budget.with_reserve(u32::MAX), 1_000), 1_000);
    }
}
