//! A plain repository whose stamps are remembered here: as the primary, whose
//! forgotten keys read as the start, and as the other side.

use std::future::ready;
use std::sync::Arc;

use strangler_fig::memory::{InMemoryPlainRepository, in_memory_tables};
use strangler_fig::phase::{MigrationState, PhaseTracker, Side};
use strangler_fig::repository::{Repository, Unstamped};
use strangler_fig::stamp::StampClock;
use strangler_fig::testkit::conformance::{StampedFixture, async_trait};

use crate::user::{User, id, user};

struct Fixture(Arc<Unstamped<InMemoryPlainRepository<u32, User>>>);

impl Fixture {
    fn open(side: Side) -> Self {
        let state = MigrationState::new("users".parse().unwrap());
        let (rows, _) = in_memory_tables(id);
        let (tracker, stamps) = (PhaseTracker::detached(state), StampClock::new().unwrap());
        Self(Arc::new(Unstamped::new(rows, side, tracker, &stamps)))
    }
}

#[async_trait]
impl StampedFixture for Fixture {
    type Repository = Unstamped<InMemoryPlainRepository<u32, User>>;

    fn repository(&self) -> Arc<Self::Repository> {
        Arc::clone(&self.0)
    }

    fn entity(&self, n: u32, variant: u32) -> User {
        user(n, variant)
    }

    async fn plant(&self, user: User) -> bool {
        self.0.inner().save(user).await.is_ok()
    }
}

mod primary {
    use super::{Fixture, Side, ready};

    strangler_fig::stamped_conformance!(ready(Fixture::open(Side::Legacy)));
    strangler_fig::scan_conformance!(ready(Fixture::open(Side::Legacy)));
}

mod other_side {
    use super::{Fixture, Side, ready};

    strangler_fig::stamped_conformance!(ready(Fixture::open(Side::Modern)));
    strangler_fig::scan_conformance!(ready(Fixture::open(Side::Modern)));
}
