use std::sync::Arc;

use async_trait::async_trait;

use super::{EntityOf, TablesFixture};
use crate::repository::{Repository, SideStamped};
use crate::testkit::conformance::StampedFixture;

/// A [`SideStamped`] over the tables of a fixture, as a fixture itself: rows
/// are planted by saving them without a stamp.
///
/// ```
/// # use strangler_fig::memory::{InMemoryPlainRepository, InMemoryStampStore, in_memory_tables};
/// use strangler_fig::testkit::conformance::{SideStampedFixture, TablesFixture};
///
/// # type Row = (u32, u32);
/// # struct Tables(InMemoryPlainRepository<u32, Row>, InMemoryStampStore<u32, Row>);
/// # impl TablesFixture for Tables {
/// #     type Repository = InMemoryPlainRepository<u32, Row>;
/// #     type Stamps = InMemoryStampStore<u32, Row>;
/// #     fn tables(&self) -> (Self::Repository, Self::Stamps) { (self.0.clone(), self.1.clone()) }
/// #     fn entity(&self, n: u32, variant: u32) -> Row { (n, variant) }
/// # }
/// # async fn tables() -> Tables {
/// #     let (rows, stamps) = in_memory_tables(|row: &Row| row.0);
/// #     Tables(rows, stamps)
/// # }
/// async fn side() -> SideStampedFixture<impl TablesFixture> {
///     SideStampedFixture::new(tables().await)
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::tables_conformance!(tables());
///     strangler_fig::stamped_conformance!(side());
///     strangler_fig::scan_conformance!(side());
/// }
/// ```
#[derive(Debug)]
pub struct SideStampedFixture<F>(F);

impl<F: TablesFixture> SideStampedFixture<F> {
    /// A side over these tables.
    pub const fn new(tables: F) -> Self {
        Self(tables)
    }
}

#[async_trait]
impl<F: TablesFixture> StampedFixture for SideStampedFixture<F> {
    type Repository = SideStamped<F::Repository, F::Stamps>;

    fn repository(&self) -> Arc<Self::Repository> {
        let (rows, stamps) = self.0.tables();
        Arc::new(SideStamped::new(rows, stamps))
    }

    async fn reopened(&self) -> Arc<Self::Repository> {
        let (rows, stamps) = self.0.reopened().await;
        Arc::new(SideStamped::new(rows, stamps))
    }

    fn entity(&self, n: u32, variant: u32) -> EntityOf<F> {
        self.0.entity(n, variant)
    }

    async fn plant(&self, entity: EntityOf<F>) -> bool {
        self.0.tables().0.save(entity).await.is_ok()
    }

    fn rejected(&self, n: u32) -> Option<EntityOf<F>> {
        self.0.rejected(n)
    }
}
