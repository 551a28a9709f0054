use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::testkit::conformance::RepositoryFixture;

use crate::{Customer, Plain, Table};

/// An empty store, and what to put into it.
struct Empty(Arc<Plain<Table>>);

#[async_trait]
impl RepositoryFixture for Empty {
    type Repository = Plain<Table>;

    fn repository(&self) -> Arc<Plain<Table>> {
        self.0.clone()
    }

    fn entity(&self, n: u32, variant: u32) -> Customer {
        Customer { id: n.into(), name: format!("variant {variant}") }
    }
}

async fn empty() -> Empty {
    Empty(Arc::new(Plain(Table::default())))
}

strangler_fig::repository_conformance!(empty());
strangler_fig::list_conformance!(empty());
