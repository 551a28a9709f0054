//! Every request as whoever made it saw it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use storefront::stage::{Answer, Outcome};

/// What people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Read,
    List,
    Write,
    Delete,
    Letter,
    Order,
    Look,
    Purchase,
    Browse,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Read,
        Self::List,
        Self::Write,
        Self::Delete,
        Self::Letter,
        Self::Order,
        Self::Look,
        Self::Purchase,
        Self::Browse,
    ];

    /// Whether it asks for users, which are what moves.
    pub(crate) const fn is_of_users(self) -> bool {
        matches!(self, Self::Read | Self::List | Self::Write | Self::Delete)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read a user",
            Self::List => "read several users",
            Self::Write => "write a user",
            Self::Delete => "delete a user",
            Self::Letter => "newsletter",
            Self::Order => "order",
            Self::Look => "look at an order",
            Self::Purchase => "old checkout",
            Self::Browse => "browse",
        }
    }
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) kind: Kind,
    pub(crate) stage: usize,
    /// None: there was no answer.
    pub(crate) status: Option<u16>,
    pub(crate) outcome: Outcome,
    pub(crate) waited: Duration,
}

impl Call {
    /// As if it had been answered so.
    pub(crate) const fn turn_into(&mut self, status: u16) {
        self.status = Some(status);
        self.outcome = Outcome::of(self.status);
    }
}

/// All of them. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stage: AtomicUsize,
    calls: Mutex<Vec<Call>>,
}

impl Tally {
    /// From now on requests are of this stage.
    pub(crate) fn enter(&self, stage: usize) {
        self.0.stage.store(stage, Ordering::Relaxed);
    }

    /// The stage that requests are of which begin now.
    pub(crate) fn stage(&self) -> usize {
        self.0.stage.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, kind: Kind, stage: usize, answer: &Answer) {
        let (status, outcome, waited) = (answer.status, answer.outcome(), answer.waited);
        let call = Call { kind, stage, status, outcome, waited };
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The smallest of these that so many per cent do not exceed; nothing of nothing. They are sorted.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(from: u64, to: u64) -> Vec<Duration> {
        (from..=to).map(Duration::from_millis).collect()
    }

    #[test]
    fn of_a_hundred_the_nth_is_the_nth() {
        let all = millis(1, 100);
        for percent in [1, 50, 95, 99, 100] {
            let wanted = Duration::from_millis(percent as u64);
            assert_eq!(percentile(&all, percent), Some(wanted));
        }
    }

    #[test]
    fn few_have_percentiles_too() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&millis(7, 7), 99), Some(Duration::from_millis(7)));
        assert_eq!(percentile(&millis(1, 2), 50), Some(Duration::from_millis(1)));
        assert_eq!(percentile(&millis(1, 2), 51), Some(Duration::from_millis(2)));
    }
}
