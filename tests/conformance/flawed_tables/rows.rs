use std::num::NonZeroUsize;
use std::ops::Bound;

use strangler_fig::error::StoreError;
use strangler_fig::repository::{Access, Repository, TransactionalRepository};
use strangler_fig::stamp::Stamp;
use strangler_fig::testkit::conformance::async_trait;
use tokio::task::yield_now;

use super::{Flaw, FlawedTables, Transaction, forbidden};
use crate::user::User;

#[async_trait]
impl Repository for FlawedTables {
    type Key = u32;
    type Entity = User;

    fn key(&self, user: &User) -> u32 {
        user.0
    }

    async fn find(&self, key: &u32) -> Result<Option<User>, StoreError> {
        Ok(self.committed().users.get(key).cloned())
    }

    async fn save(&self, user: User) -> Result<(), StoreError> {
        let mut committed = self.committed();
        if self.is(Flaw::StampsEverySave) {
            committed.stamps.entry(user.0).or_insert(Stamp::BASE);
        }
        committed.users.insert(user.0, user);
        Ok(())
    }

    async fn delete(&self, key: &u32) -> Result<(), StoreError> {
        self.committed().users.remove(key);
        Ok(())
    }
}

#[async_trait]
impl TransactionalRepository for FlawedTables {
    type Transaction = Transaction;

    async fn begin(&self, access: Access) -> Result<Transaction, StoreError> {
        Ok(self.transaction(access).await)
    }

    async fn commit(&self, mut transaction: Transaction) -> Result<(), StoreError> {
        if transaction.is_spoiled {
            return Err(StoreError::unavailable("a call within it did not end well"));
        }
        transaction.commit();
        transaction.users.clear();
        transaction.stamps.clear();
        Ok(())
    }

    async fn find_in(
        &self,
        transaction: &mut Transaction,
        key: &u32,
    ) -> Result<Option<User>, StoreError> {
        Ok(transaction.view().users.get(key).cloned())
    }

    async fn save_in(&self, transaction: &mut Transaction, user: &User) -> Result<(), StoreError> {
        if *user == forbidden(user.0) {
            transaction.is_spoiled = !self.is(Flaw::CommitsAfterAFailure);
            return Err(StoreError::rejected("a constraint"));
        }
        let was_spoiled = transaction.is_spoiled;
        transaction.is_spoiled |= !self.is(Flaw::CommitsAfterADroppedCall);
        yield_now().await;
        transaction.is_spoiled = was_spoiled;
        transaction.users.insert(user.0, Some(user.clone()));
        transaction.changed();
        Ok(())
    }

    async fn delete_in(&self, transaction: &mut Transaction, key: &u32) -> Result<(), StoreError> {
        let is_there = transaction.view().users.contains_key(key);
        if self.is(Flaw::RefusesToDeleteNothing) && !is_there {
            return Err(StoreError::rejected("no such row"));
        }
        transaction.users.insert(*key, None);
        transaction.changed();
        Ok(())
    }

    async fn list_in(
        &self,
        transaction: &mut Transaction,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Vec<User>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let view = transaction.list_view();
        let rest = view.users.range((from, Bound::Unbounded));
        let mut page: Vec<_> = rest.map(|(_, user)| user.clone()).take(limit.get()).collect();
        match self.flaw {
            Flaw::ListsRowsBackwards => page.reverse(),
            Flaw::ListsOneRowTooFew => drop(page.pop()),
            _ => {}
        }
        Ok(page)
    }

    async fn last_key_in(&self, transaction: &mut Transaction) -> Result<Option<u32>, StoreError> {
        let view = transaction.last_view(Flaw::LastRowIsTheLastCommitted);
        Ok(view.users.last_key_value().map(|(key, _)| *key))
    }
}
