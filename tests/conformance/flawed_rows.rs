//! A plain repository with one flaw, chosen by name.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use strangler_fig::error::StoreError;
use strangler_fig::repository::{ListRepository, Repository};
use strangler_fig::testkit::conformance::{RepositoryFixture, async_trait};
use tokio::task::yield_now;

use crate::user::{User, user};

/// One mistake each, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    KeyOfTheWholeEntity,
    FindsADefault,
    TrimsText,
    InsertsOnly,
    DeletesNothing,
    BarsTheDead,
    RefusesToDeleteNothing,
    KeysAreCutShort,
    RejectsTooLate,
    CallsARejectionUnavailable,
    CachesFinds,
    SavesInTwoSteps,
    StaysLockedWhenDropped,
    ListsADefaultWhenEmpty,
    ListsBackwards,
    ListsCountInThirtyTwoBits,
    ListsNeedAfterToBeThere,
    ListsRepeatAfter,
    ListsOneTooFew,
    ListsFromACache,
    LastKeyFromACache,
    LastKeyNeverFallsBack,
}

#[derive(Debug, Default)]
struct Rows {
    users: BTreeMap<u32, User>,
    dead: BTreeSet<u32>,
    busy: BTreeSet<u32>,
}

/// A handle to the rows, as a process opens one.
#[derive(Debug)]
pub(crate) struct FlawedRows {
    flaw: Flaw,
    rows: Arc<Mutex<Rows>>,
    cache: Mutex<BTreeMap<u32, Option<User>>>,
    listed: Mutex<Option<BTreeMap<u32, User>>>,
}

impl FlawedRows {
    fn open(flaw: Flaw, rows: Arc<Mutex<Rows>>) -> Self {
        let (cache, listed) = (Mutex::default(), Mutex::default());
        Self { flaw, rows, cache, listed }
    }

    fn slot(&self, key: u32) -> u32 {
        match self.flaw {
            Flaw::KeysAreCutShort => key % 32,
            _ => key,
        }
    }

    fn put(&self, key: u32, mut user: User) {
        let mut rows = self.rows.lock().unwrap();
        match self.flaw {
            Flaw::InsertsOnly if rows.users.contains_key(&key) => return,
            Flaw::BarsTheDead if rows.dead.contains(&key) => return,
            Flaw::TrimsText => user.1 = user.1.trim().into(),
            _ => {}
        }
        rows.users.insert(key, user);
    }

    fn refuse(&self, key: u32, user: User) -> StoreError {
        match self.flaw {
            Flaw::CallsARejectionUnavailable => return StoreError::unavailable("a constraint"),
            Flaw::RejectsTooLate => self.put(key, user),
            _ => {}
        }
        StoreError::rejected("a constraint")
    }

    /// A column and then another.
    async fn put_in_steps(&self, key: u32, user: User) {
        let (first, rest) = user.1.split_at(user.1.len().min(1));
        self.put(key, (user.0, first.to_owned()));
        yield_now().await;
        if let Some(row) = self.rows.lock().unwrap().users.get_mut(&key) {
            row.1.push_str(rest);
        }
    }

    /// Marks the row, and leaves the mark behind when it is dropped.
    async fn put_when_free(&self, key: u32, user: User) -> Result<(), StoreError> {
        if !self.rows.lock().unwrap().busy.insert(key) {
            return Err(StoreError::unavailable("busy"));
        }
        yield_now().await;
        self.rows.lock().unwrap().busy.remove(&key);
        self.put(key, user);
        Ok(())
    }
}

fn forbidden(n: u32) -> User {
    (n, "forbidden".to_owned())
}

#[async_trait]
impl Repository for FlawedRows {
    type Key = u32;
    type Entity = User;

    fn key(&self, user: &User) -> u32 {
        match self.flaw {
            Flaw::KeyOfTheWholeEntity => user.0 * 100 + u32::try_from(user.1.len()).unwrap(),
            _ => user.0,
        }
    }

    async fn find(&self, key: &u32) -> Result<Option<User>, StoreError> {
        let key = self.slot(*key);
        let found = self.rows.lock().unwrap().users.get(&key).cloned();
        Ok(match self.flaw {
            Flaw::FindsADefault => Some(found.unwrap_or_default()),
            Flaw::CachesFinds => self.cache.lock().unwrap().entry(key).or_insert(found).clone(),
            _ => found,
        })
    }

    async fn save(&self, user: User) -> Result<(), StoreError> {
        let key = self.slot(user.0);
        self.cache.lock().unwrap().remove(&key);
        if user == forbidden(user.0) {
            return Err(self.refuse(key, user));
        }
        match self.flaw {
            Flaw::SavesInTwoSteps => self.put_in_steps(key, user).await,
            Flaw::StaysLockedWhenDropped => return self.put_when_free(key, user).await,
            _ => self.put(key, user),
        }
        Ok(())
    }

    async fn delete(&self, key: &u32) -> Result<(), StoreError> {
        let key = self.slot(*key);
        self.cache.lock().unwrap().remove(&key);
        let mut rows = self.rows.lock().unwrap();
        rows.dead.insert(key);
        let is_there = match self.flaw {
            Flaw::DeletesNothing => true,
            _ => rows.users.remove(&key).is_some(),
        };
        match self.flaw {
            Flaw::RefusesToDeleteNothing if !is_there => Err(StoreError::rejected("no such row")),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl ListRepository for FlawedRows {
    async fn list(
        &self,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Vec<User>, StoreError> {
        if self.flaw == Flaw::ListsCountInThirtyTwoBits {
            i32::try_from(limit.get()).map_err(StoreError::unavailable)?;
        }
        let mut users = self.rows.lock().unwrap().users.clone();
        if self.flaw == Flaw::ListsFromACache {
            users.clone_from(self.listed.lock().unwrap().get_or_insert(users.clone()));
        }
        if self.flaw == Flaw::ListsADefaultWhenEmpty && users.is_empty() {
            return Ok(vec![User::default()]);
        }
        let is_lost =
            |after: &&u32| self.flaw == Flaw::ListsNeedAfterToBeThere && !users.contains_key(after);
        let from = match after.filter(|after| !is_lost(after)) {
            Some(after) if self.flaw == Flaw::ListsRepeatAfter => Bound::Included(after),
            Some(after) => Bound::Excluded(after),
            None => Bound::Unbounded,
        };
        let rest = users.range((from, Bound::Unbounded));
        let mut listed: Vec<_> = rest.map(|(_, user)| user.clone()).take(limit.get()).collect();
        match self.flaw {
            Flaw::ListsBackwards => listed.reverse(),
            Flaw::ListsOneTooFew if listed.len() > 1 => drop(listed.pop()),
            _ => {}
        }
        Ok(listed)
    }

    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let mut users = rows.users.clone();
        if self.flaw == Flaw::LastKeyFromACache {
            users.clone_from(self.listed.lock().unwrap().get_or_insert(users.clone()));
        }
        let last = users.last_key_value().map(|(key, _)| *key);
        let is_stuck = self.flaw == Flaw::LastKeyNeverFallsBack;
        Ok(if is_stuck { last.max(rows.dead.last().copied()) } else { last })
    }
}

/// An empty store with a flaw.
pub(crate) struct FlawedRowsFixture(Arc<FlawedRows>);

impl FlawedRowsFixture {
    pub(crate) fn open(flaw: Flaw) -> Self {
        Self(Arc::new(FlawedRows::open(flaw, Arc::default())))
    }
}

#[async_trait]
impl RepositoryFixture for FlawedRowsFixture {
    type Repository = FlawedRows;

    fn repository(&self) -> Arc<FlawedRows> {
        Arc::clone(&self.0)
    }

    async fn reopened(&self) -> Arc<FlawedRows> {
        Arc::new(FlawedRows::open(self.0.flaw, Arc::clone(&self.0.rows)))
    }

    fn entity(&self, n: u32, variant: u32) -> User {
        user(n, variant)
    }

    fn key(&self, n: u32) -> u32 {
        n
    }

    fn rejected(&self, n: u32) -> Option<User> {
        Some(forbidden(n))
    }
}
