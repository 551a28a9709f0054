use std::num::NonZeroUsize;
use std::ops::Bound;

use strangler_fig::error::StoreError;
use strangler_fig::repository::{Access, StampStore};
use strangler_fig::stamp::Stamp;
use strangler_fig::testkit::conformance::async_trait;

use super::{Flaw, FlawedTables, Transaction};

#[async_trait]
impl StampStore for FlawedTables {
    type Key = u32;
    type Transaction = Transaction;

    async fn stamp(
        &self,
        transaction: &mut Transaction,
        key: &u32,
    ) -> Result<Option<Stamp>, StoreError> {
        let is_there = self.committed().stamps.contains_key(key);
        let locks = match self.flaw {
            Flaw::LocksAtTheStamp => true,
            Flaw::LocksOnlyStampsThatAreThere => is_there,
            _ => false,
        };
        if locks && transaction.access == Access::Write {
            transaction.lock().await;
        }
        Ok(transaction.view().stamps.get(key).copied())
    }

    async fn set(
        &self,
        transaction: &mut Transaction,
        key: &u32,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let old = transaction.view().stamps.get(key).copied();
        let kept = match self.flaw {
            Flaw::KeepsHalfOfTheStamp => {
                let mut bytes = stamp.to_bytes();
                bytes[..8].fill(0);
                Stamp::from_bytes(bytes)
            }
            Flaw::KeepsTheLargerStamp => stamp.max(old.unwrap_or_default()),
            _ => stamp,
        };
        transaction.stamps.insert(*key, kept);
        Ok(())
    }

    async fn list(
        &self,
        transaction: &mut Transaction,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Vec<(u32, Stamp)>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let view = transaction.list_view();
        let rest = view.stamps.range((from, Bound::Unbounded));
        let is_shown =
            |key: &u32| !self.is(Flaw::ListsStampsOfRowsOnly) || view.users.contains_key(key);
        let rest = rest.filter(|(key, _)| is_shown(key));
        let mut page: Vec<_> = rest.map(|(key, stamp)| (*key, *stamp)).take(limit.get()).collect();
        if self.is(Flaw::ListsStampsBackwards) {
            page.reverse();
        }
        Ok(page)
    }

    async fn last_key(&self, transaction: &mut Transaction) -> Result<Option<u32>, StoreError> {
        let mut view = transaction.last_view(Flaw::LastStampIsTheLastCommitted);
        if self.is(Flaw::LastStampIsOfARow) {
            view.stamps.retain(|key, _| view.users.contains_key(key));
        }
        Ok(view.stamps.last_key_value().map(|(key, _)| *key))
    }
}
