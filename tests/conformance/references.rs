use std::sync::Arc;

use strangler_fig::memory::{
    InMemoryPlainRepository, InMemoryRepository, InMemoryStampStore, in_memory_tables,
};
use strangler_fig::testkit::conformance::{
    RepositoryFixture, SideStampedFixture, StampedFixture, TablesFixture, async_trait,
};
use strangler_fig::testkit::faults::FaultyRepository;

use crate::user::{User, id, user};

pub(crate) struct InMemory(InMemoryRepository<u32, User>);

impl InMemory {
    fn open() -> Self {
        Self(InMemoryRepository::new(id))
    }
}

#[async_trait]
impl StampedFixture for InMemory {
    type Repository = InMemoryRepository<u32, User>;

    fn repository(&self) -> Arc<Self::Repository> {
        Arc::new(self.0.clone())
    }

    fn entity(&self, n: u32, variant: u32) -> User {
        user(n, variant)
    }

    async fn plant(&self, user: User) -> bool {
        self.0.plant(user);
        true
    }
}

pub(crate) struct InMemoryTables(InMemoryPlainRepository<u32, User>, InMemoryStampStore<u32, User>);

impl InMemoryTables {
    fn open() -> Self {
        let (rows, stamps) = in_memory_tables(id);
        Self(rows, stamps)
    }
}

impl TablesFixture for InMemoryTables {
    type Repository = InMemoryPlainRepository<u32, User>;
    type Stamps = InMemoryStampStore<u32, User>;

    fn tables(&self) -> (Self::Repository, Self::Stamps) {
        (self.0.clone(), self.1.clone())
    }

    fn entity(&self, n: u32, variant: u32) -> User {
        user(n, variant)
    }
}

/// The same behind a shared pointer, as callers hold them.
pub(crate) struct SharedTables(InMemoryTables);

impl TablesFixture for SharedTables {
    type Repository = Arc<InMemoryPlainRepository<u32, User>>;
    type Stamps = Arc<InMemoryStampStore<u32, User>>;

    fn tables(&self) -> (Self::Repository, Self::Stamps) {
        let InMemoryTables(rows, stamps) = &self.0;
        (Arc::new(rows.clone()), Arc::new(stamps.clone()))
    }

    fn entity(&self, n: u32, variant: u32) -> User {
        user(n, variant)
    }
}

impl RepositoryFixture for InMemoryTables {
    type Repository = InMemoryPlainRepository<u32, User>;

    fn repository(&self) -> Arc<Self::Repository> {
        Arc::new(self.0.clone())
    }

    fn entity(&self, n: u32, variant: u32) -> User {
        user(n, variant)
    }
}

/// The wrapper of `testkit::faults`, without a fault.
pub(crate) struct Faultless(InMemory, Arc<FaultyRepository<InMemoryRepository<u32, User>>>);

impl Faultless {
    fn open() -> Self {
        let inner = InMemory::open();
        let faultless = FaultyRepository::new(inner.0.clone());
        Self(inner, Arc::new(faultless))
    }
}

#[async_trait]
impl StampedFixture for Faultless {
    type Repository = FaultyRepository<InMemoryRepository<u32, User>>;

    fn repository(&self) -> Arc<Self::Repository> {
        Arc::clone(&self.1)
    }

    fn entity(&self, n: u32, variant: u32) -> User {
        user(n, variant)
    }

    async fn plant(&self, user: User) -> bool {
        self.0.plant(user).await
    }
}

mod in_memory {
    use std::future::ready;

    use super::InMemory;

    strangler_fig::stamped_conformance!(ready(InMemory::open()));
    strangler_fig::scan_conformance!(ready(InMemory::open()));
    strangler_fig::digest_conformance!(ready(InMemory::open()));
}

mod in_memory_tables {
    use std::future::ready;

    use super::InMemoryTables;

    strangler_fig::repository_conformance!(ready(InMemoryTables::open()));
    strangler_fig::list_conformance!(ready(InMemoryTables::open()));
    strangler_fig::tables_conformance!(ready(InMemoryTables::open()));
}

mod shared_tables {
    use std::future::ready;

    use super::{InMemoryTables, SharedTables};

    strangler_fig::tables_conformance!(ready(SharedTables(InMemoryTables::open())));
}

mod side_stamped {
    use std::future::ready;

    use super::{InMemoryTables, SideStampedFixture};

    fn open() -> SideStampedFixture<InMemoryTables> {
        SideStampedFixture::new(InMemoryTables::open())
    }

    strangler_fig::stamped_conformance!(ready(open()));
    strangler_fig::scan_conformance!(ready(open()));
}

mod faultless {
    use std::future::ready;

    use super::Faultless;

    strangler_fig::stamped_conformance!(ready(Faultless::open()));
    strangler_fig::scan_conformance!(ready(Faultless::open()));
}
