//! The adapters for PostgreSQL.

use std::sync::Arc;

use adapters::customer::Customer;
use adapters::postgres::{
    CUSTOMER_SCHEMA, PLAIN_SCHEMA, PostgresCustomers, PostgresDatabase, PostgresRepository,
    PostgresStamps,
};
use strangler_fig::testkit::conformance::{
    RepositoryFixture, SideStampedFixture, StampedFixture, TablesFixture, async_trait,
};

use crate::customers::{customer, refused};
use crate::postgres_schema::Schema;

/// A side with stamps in its rows.
pub(crate) struct Stamped {
    repository: Arc<PostgresRepository>,
    other: Arc<PostgresRepository>,
    pub(crate) schema: Schema,
}

impl Stamped {
    pub(crate) async fn fresh() -> Self {
        Self::of(PostgresRepository::new).await
    }

    async fn native() -> Self {
        Self::of(|database| PostgresRepository::new(database).with_native_digests()).await
    }

    async fn of(made: impl Fn(PostgresDatabase) -> PostgresRepository) -> Self {
        let schema = Schema::with(CUSTOMER_SCHEMA).await;
        let repository = || Arc::new(made(schema.database()));
        Self { repository: repository(), other: repository(), schema }
    }
}

#[async_trait]
impl StampedFixture for Stamped {
    type Repository = PostgresRepository;

    fn repository(&self) -> Arc<PostgresRepository> {
        Arc::clone(&self.repository)
    }

    async fn reopened(&self) -> Arc<PostgresRepository> {
        Arc::clone(&self.other)
    }

    fn entity(&self, n: u32, variant: u32) -> Customer {
        customer(n, variant)
    }

    /// As a writer that knows of no stamps: the schema gives it the smallest.
    async fn plant(&self, it: Customer) -> bool {
        let sql = "\
            INSERT INTO customer (id, name, email, balance, joined, visits, is_active, seal)
            VALUES ($1, $2, $3, $4, timestamptz 'epoch' + $5::bigint / 1000000 * interval '1 s'
                + $5 % 1000000 * interval '1 us', $6, $7, $8)";
        let row: [&(dyn tokio_postgres::types::ToSql + Sync); 8] = [
            &it.id,
            &it.name,
            &it.email,
            &it.balance,
            &it.joined,
            &it.visits,
            &it.is_active,
            &it.seal,
        ];
        let planted = self.schema.client.execute(sql, &row).await;
        planted.expect("a row can be planted") == 1
    }

    fn rejected(&self, n: u32) -> Option<Customer> {
        Some(refused(n))
    }
}

/// A plain table with its stamps beside it.
struct Plain {
    customers: PostgresCustomers,
    other: PostgresCustomers,
    _schema: Schema,
}

impl Plain {
    async fn fresh() -> Self {
        let schema = Schema::with(PLAIN_SCHEMA).await;
        let customers = || PostgresCustomers::new(schema.database());
        Self { customers: customers(), other: customers(), _schema: schema }
    }
}

#[async_trait]
impl TablesFixture for Plain {
    type Repository = PostgresCustomers;
    type Stamps = PostgresStamps;

    fn tables(&self) -> (PostgresCustomers, PostgresStamps) {
        (self.customers.clone(), PostgresStamps)
    }

    async fn reopened(&self) -> (PostgresCustomers, PostgresStamps) {
        (self.other.clone(), PostgresStamps)
    }

    fn entity(&self, n: u32, variant: u32) -> Customer {
        customer(n, variant)
    }

    fn rejected(&self, n: u32) -> Option<Customer> {
        Some(refused(n))
    }
}

#[async_trait]
impl RepositoryFixture for Plain {
    type Repository = PostgresCustomers;

    fn repository(&self) -> Arc<PostgresCustomers> {
        Arc::new(self.customers.clone())
    }

    async fn reopened(&self) -> Arc<PostgresCustomers> {
        Arc::new(self.other.clone())
    }

    fn entity(&self, n: u32, variant: u32) -> Customer {
        customer(n, variant)
    }

    fn rejected(&self, n: u32) -> Option<Customer> {
        Some(refused(n))
    }
}

mod stamped {
    use super::*;

    strangler_fig::stamped_conformance!(Stamped::fresh());
    strangler_fig::scan_conformance!(Stamped::fresh());
}

mod digests {
    use super::*;

    strangler_fig::digest_conformance!(Stamped::fresh());
}

mod native_digests {
    use super::*;

    strangler_fig::digest_conformance!(Stamped::native());
}

mod plain {
    use super::*;

    strangler_fig::repository_conformance!(Plain::fresh());
    strangler_fig::tables_conformance!(Plain::fresh());
}

mod side_stamped {
    use super::*;

    async fn side() -> SideStampedFixture<Plain> {
        SideStampedFixture::new(Plain::fresh().await)
    }

    strangler_fig::stamped_conformance!(side());
    strangler_fig::scan_conformance!(side());
}
