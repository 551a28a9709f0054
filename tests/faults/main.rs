//! An adapter that fails as it is told.

#![expect(clippy::unwrap_used, reason = "tests and their helpers")]

mod chance;
mod gates;
mod script;

use std::time::Duration;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::repository::{Applied, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::faults::FaultyRepository;

type User = (u32, &'static str);
type Users = FaultyRepository<InMemoryRepository<u32, User>>;

const SECOND: Duration = Duration::from_secs(1);

fn users() -> Users {
    FaultyRepository::new(InMemoryRepository::new(|user| user.0))
}

fn ada() -> Record<User> {
    Record::live(Stamp::BASE, (1, "Ada"))
}

async fn apply(users: &Users) -> Result<Applied, StoreErrorKind> {
    let answer = users.apply(&1, &ada()).await;
    answer.map_err(|error| error.kind())
}

async fn read(users: &Users) -> Result<Record<User>, StoreErrorKind> {
    users.read(&1).await.map_err(|error: StoreError| error.kind())
}

/// What the store holds, faults aside.
async fn held(users: &Users) -> Option<User> {
    users.inner().read(&1).await.unwrap().value
}
