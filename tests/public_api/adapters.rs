//! The lines of `docs/ADAPTERS.md` that wrap two repositories, their own trait
//! and one query; at work.

use std::collections::BTreeMap;
use std::sync::Mutex;

use std::sync::Arc;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::phase::{MigrationState, Scopes, TrackerConfig};
use strangler_fig::phase::{PhaseTracker, Side};
use strangler_fig::repository::{
    BuildError, MigrationConfig, MigrationRepository, Repository, Unstamped,
};
use strangler_fig::stamp::StampClock;
use strangler_fig::stamp::StampScope;

#[derive(Clone, PartialEq, Debug)]
struct User {
    id: u64,
    email: String,
}
#[async_trait]
trait Users: Send + Sync + 'static {
    async fn find(&self, id: u64) -> Result<Option<User>, StoreError>;
    async fn save(&self, user: User) -> Result<(), StoreError>;
    async fn delete(&self, id: u64) -> Result<(), StoreError>;
    async fn find_by_email(&self, email: &str) -> Result<Option<User>, StoreError>;
}

#[rustfmt::skip]
mod wrapped {
use super::*;

// As the page shows it.
struct Plain<U>(U); // your repository, as the crate asks for one
#[async_trait]
impl<U: Users> Repository for Plain<U> {
    type Key = u64;
    type Entity = User;

    fn key(&self, user: &User) -> u64 { user.id }
    async fn find(&self, id: &u64) -> Result<Option<User>, StoreError> { self.0.find(*id).await }
    async fn save(&self, user: User) -> Result<(), StoreError> { self.0.save(user).await }
    async fn delete(&self, id: &u64) -> Result<(), StoreError> { self.0.delete(*id).await }
}

type Migrating<O, N> = MigrationRepository<Unstamped<Plain<O>>, Unstamped<Plain<N>>>;

fn wrap<O: Users, N: Users>(
    old: O,
    new: N,
    tracker: Arc<PhaseTracker>,
) -> Result<Migrating<O, N>, BuildError> {
    let stamps = Arc::new(StampClock::new()?);
    let legacy = Unstamped::new(Plain(old), Side::Legacy, tracker.clone(), &stamps);
    let modern = Unstamped::new(Plain(new), Side::Modern, tracker.clone(), &stamps);
    MigrationRepository::with_parts(legacy, modern, tracker, stamps, MigrationConfig::default())
}

#[async_trait]
impl<O: Users, N: Users> Users for Migrating<O, N> {
    async fn find(&self, id: u64) -> Result<Option<User>, StoreError> { self.find(&id).await }
    async fn save(&self, user: User) -> Result<(), StoreError> { self.save(user).await }
    async fn delete(&self, id: u64) -> Result<(), StoreError> { self.delete(&id).await }
    async fn find_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let legacy = |side: Arc<Unstamped<_>>| async move { find_in(&*side, email).await };
        let modern = |side: Arc<Unstamped<_>>| async move { find_in(&*side, email).await };
        self.query(legacy, modern).await
    }
}

async fn find_in<U: Users>(side: &Unstamped<Plain<U>>, email: &str) -> Result<Option<User>, StoreError> {
    side.inner().0.find_by_email(email).await
}

pub(super) fn wrapped<O: Users, N: Users>(
    old: O,
    new: N,
    tracker: Arc<PhaseTracker>,
) -> impl Users {
    wrap(old, new, tracker).unwrap()
}
}

#[derive(Default)]
struct Old(Mutex<BTreeMap<u64, User>>);

#[async_trait]
impl Users for Old {
    async fn find(&self, id: u64) -> Result<Option<User>, StoreError> {
        Ok(self.0.lock().unwrap().get(&id).cloned())
    }

    async fn save(&self, user: User) -> Result<(), StoreError> {
        self.0.lock().unwrap().insert(user.id, user);
        Ok(())
    }

    async fn delete(&self, id: u64) -> Result<(), StoreError> {
        self.0.lock().unwrap().remove(&id);
        Ok(())
    }

    async fn find_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let users = self.0.lock().unwrap();
        Ok(users.values().find(|user| user.email == email).cloned())
    }
}

#[tokio::test]
async fn two_wrapped_repositories_keep_their_trait() {
    let scopes = Scopes { legacy: StampScope::Process, modern: StampScope::Process };
    let config = TrackerConfig::default().with_scopes(scopes);
    let state = MigrationState::new("users".parse().unwrap());
    let tracker = PhaseTracker::detached_with(state, config);
    let users = wrapped::wrapped(Old::default(), Old::default(), tracker);

    let ada = User { id: 1, email: "ada@example.org".to_owned() };
    users.save(ada.clone()).await.unwrap();
    assert_eq!(users.find(1).await.unwrap(), Some(ada.clone()));
    assert_eq!(users.find_by_email(&ada.email).await.unwrap(), Some(ada));
    users.delete(1).await.unwrap();
    assert_eq!(users.find(1).await.unwrap(), None);
}

#[test]
fn the_page_shows_these_lines_and_no_more_than_forty() {
    let page = include_str!("../../docs/ADAPTERS.md");
    let after = page.split("You have a trait, two implementations").nth(1).unwrap();
    let shown = after.split("```").nth(1).unwrap().trim_start_matches("rust,ignore").trim();
    assert!(include_str!("adapters.rs").contains(shown), "the page and this file differ");
    assert!((30..=40).contains(&shown.lines().count()), "{} lines", shown.lines().count());
}
