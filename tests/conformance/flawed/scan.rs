use std::num::NonZeroUsize;
use std::ops::Bound;

use strangler_fig::error::StoreError;
use strangler_fig::repository::{Page, ScanRepository};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::conformance::async_trait;
use tokio::task::yield_now;

use super::{Flaw, Flawed};
use crate::user::User;

#[async_trait]
impl ScanRepository for Flawed {
    async fn scan(
        &self,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Page<u32, User>, StoreError> {
        if self.is(Flaw::ScansCountInThirtyTwoBits) {
            i32::try_from(limit.get()).map_err(StoreError::unavailable)?;
        }
        let mut rows = self.store.rows().clone();
        if self.is(Flaw::ScansReadAReplica) {
            rows = self.store.replica();
        }
        if self.is(Flaw::ScansInTwoSteps) {
            yield_now().await;
            for (key, row) in &mut rows {
                row.value.clone_from(&self.store.rows()[key].value);
            }
        }
        rows.retain(|_, row| self.shows(row));
        if self.is(Flaw::ScansShowBaseAlways) {
            for row in rows.values_mut() {
                row.stamp = Stamp::BASE;
            }
        }
        let after = after
            .filter(|after| !self.is(Flaw::ScansNeedAfterToBeThere) || rows.contains_key(after));
        let from = match after {
            Some(after) if self.is(Flaw::ScansRepeatAfter) => Bound::Included(after),
            Some(after) => Bound::Excluded(after),
            None => Bound::Unbounded,
        };
        let mut rest: Vec<_> = rows.range((from, Bound::Unbounded)).map(owned).collect();
        if rest.is_empty() && self.is(Flaw::ScansShowAfterTheEnd) {
            rest = rows.iter().map(owned).collect();
        }
        Ok(self.page(rest, limit.get()))
    }

    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        let mut rows = match self.flaw {
            Flaw::LastKeyFromAReplica => self.store.replica(),
            _ => self.store.rows().clone(),
        };
        rows.retain(|_, row| match self.flaw {
            Flaw::LastKeyIsOfTheLiving => row.value.is_some(),
            Flaw::LastKeyIsOfTheStamped => row.stamp != Stamp::BASE,
            _ => true,
        });
        let of_nothing = self.is(Flaw::LastKeyOfNothing).then_some(0);
        Ok(rows.last_key_value().map(|(key, _)| *key).or(of_nothing))
    }
}

fn owned((key, record): (&u32, &Record<User>)) -> (u32, Record<User>) {
    (*key, record.clone())
}

impl Flawed {
    fn shows(&self, row: &Record<User>) -> bool {
        match self.flaw {
            Flaw::ScansLeaveOutTombstones => row.value.is_some(),
            Flaw::ScansLeaveOutUnstampedRows => row.stamp != Stamp::BASE,
            _ => true,
        }
    }

    fn page(&self, mut rest: Vec<(u32, Record<User>)>, limit: usize) -> Page<u32, User> {
        let is_empty = rest.is_empty();
        let is_full = rest.len() >= limit;
        let is_last = match self.flaw {
            Flaw::ScansEndTooEarly => true,
            Flaw::ScansGoOnAfterTheEnd => is_full || is_empty,
            Flaw::ScansAnEmptyStoreForEver if self.store.rows().is_empty() => false,
            _ => rest.len() <= limit,
        };
        match self.flaw {
            Flaw::ScansBackwards => rest.reverse(),
            Flaw::ScansSkipARow if rest.len() > limit && limit > 1 => drop(rest.remove(1)),
            _ => {}
        }
        rest.truncate(match self.flaw {
            Flaw::ScansHoldOneTooMany => limit.saturating_add(1),
            _ => limit,
        });
        Page::new(rest, is_last)
    }
}
