//! What has failed in a row, whose fault that was, and when it is tried again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use crate::error::StoreError;

/// After so many failures in a row a drain gives up.
pub(super) const FAILURES_MAX: u32 = 5;

/// Who has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Outbox,
    Bus,
}

/// Failures in a row.
#[derive(Debug)]
pub(super) struct Failing {
    pub(super) side: Side,
    pub(super) failures: u32,
    /// When it is tried again.
    pub(super) again_at: Instant,
    pub(super) last: StoreError,
}

/// What fails by now. Each is forgotten when it, and not another one, goes well.
#[derive(Debug, Default)]
pub(super) struct Failures {
    pub(super) claiming: Option<Failing>,
    pub(super) fetching: Option<Failing>,
    /// Groups that rest, since the bus or the outbox has failed them.
    pub(super) away: BTreeMap<usize, Failing>,
    /// Groups with messages that were put off without being refused, and when these are due: a drain waits for them.
    pub(super) put_off: BTreeMap<usize, Failing>,
    /// What a drain could not write down.
    pub(super) given_up: Option<Failing>,
}

impl Failures {
    /// Whether a group has to rest.
    pub(super) fn is_away(&self, group: usize, now: Instant) -> bool {
        self.away.get(&group).is_some_and(|failing| failing.again_at > now)
    }

    /// When the next group has something to do again, after `now`.
    pub(super) fn next_after(&self, now: Instant) -> Option<Instant> {
        let groups = self.away.values().chain(self.put_off.values());
        groups.map(|failing| failing.again_at).filter(|again_at| *again_at > now).min()
    }

    /// After a fetch at `now` that went well, of which these groups run: where nothing was left to be sent it is not known
    /// whether the bus is still away.
    pub(super) fn fetched(&mut self, running: &BTreeSet<usize>, now: Instant) {
        self.fetching = None;
        self.away.retain(|group, it| running.contains(group) || it.again_at > now);
        let away = &self.away;
        self.put_off.retain(|group, it| {
            running.contains(group) || away.contains_key(group) || it.again_at > now
        });
    }

    /// What has failed most often in a row, if that is too often; of several that of the outbox.
    pub(super) fn for_good(self) -> Option<Failing> {
        if self.given_up.is_some() {
            return self.given_up;
        }
        let outbox = self.claiming.into_iter().chain(self.fetching);
        let all = outbox.chain(self.away.into_values()).chain(self.put_off.into_values());
        all.filter(Failing::is_for_good).min_by_key(|it| Reverse(it.failures))
    }

    pub(super) fn are_for_good(&self) -> bool {
        let outbox = self.claiming.iter().chain(&self.fetching);
        let groups = self.away.values().chain(self.put_off.values());
        self.given_up.is_some() || outbox.chain(groups).any(Failing::is_for_good)
    }
}

impl Failing {
    fn is_for_good(&self) -> bool {
        self.failures >= FAILURES_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn failing(side: Side, failures: u32, again_at: Instant) -> Failing {
        Failing { side, failures, again_at, last: StoreError::unavailable("away") }
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_is_put_off_is_not_forgotten_while_its_group_rests_or_runs() {
        let now = Instant::now();
        let put_off = || {
            let mut failures = Failures::default();
            failures.put_off.insert(3, failing(Side::Bus, 2, now));
            failures
        };
        let mut rests = put_off();
        rests.away.insert(3, failing(Side::Bus, 2, now + SECOND));
        rests.fetched(&BTreeSet::new(), now);
        assert_eq!(rests.put_off.len(), 1);
        rests.fetched(&BTreeSet::new(), now + SECOND);
        assert!(rests.put_off.is_empty());
        let mut runs = put_off();
        runs.fetched(&BTreeSet::from([3]), now);
        assert_eq!(runs.put_off.len(), 1);
        let mut waits = put_off();
        waits.fetched(&BTreeSet::new(), now - SECOND);
        assert_eq!(waits.put_off.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_looked_for_at_a_time_that_has_passed() {
        let now = Instant::now();
        let mut failures = Failures::default();
        failures.away.insert(0, failing(Side::Bus, 1, now));
        assert_eq!(failures.next_after(now), None);
        failures.put_off.insert(1, failing(Side::Bus, 1, now + SECOND));
        assert_eq!(failures.next_after(now), Some(now + SECOND));
        assert!(!failures.is_away(0, now) && !failures.is_away(1, now));
    }

    #[tokio::test(start_paused = true)]
    async fn what_failed_most_often_is_told_if_that_is_too_often() {
        let now = Instant::now();
        let mut failures = Failures::default();
        failures.away.insert(0, failing(Side::Bus, FAILURES_MAX, now));
        failures.fetching = Some(failing(Side::Outbox, FAILURES_MAX - 1, now));
        assert!(failures.are_for_good());
        assert_eq!(failures.for_good().unwrap().side, Side::Bus);
        let mut failures = Failures::default();
        failures.put_off.insert(0, failing(Side::Bus, FAILURES_MAX, now));
        failures.claiming = Some(failing(Side::Outbox, FAILURES_MAX, now));
        assert_eq!(failures.for_good().unwrap().side, Side::Outbox);
        let claiming = Some(failing(Side::Outbox, FAILURES_MAX - 1, now));
        let few = Failures { claiming, ..Failures::default() };
        assert!(!few.are_for_good() && few.for_good().is_none());
        let given_up = Some(failing(Side::Outbox, 1, now));
        let given_up = Failures { given_up, ..Failures::default() };
        assert!(given_up.are_for_good() && given_up.for_good().is_some());
    }
}
