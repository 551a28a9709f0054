//! The adapters for MariaDB.

use std::sync::Arc;

use adapters::customer::Customer;
use adapters::mariadb::{
    CUSTOMER_SCHEMA, MariadbCustomers, MariadbRepository, MariadbStamps, PLAIN_SCHEMA,
};
use mysql_async::prelude::Queryable;
use strangler_fig::repository::{Access, TransactionalRepository};
use strangler_fig::testkit::conformance::{
    RepositoryFixture, SideStampedFixture, StampedFixture, TablesFixture, async_trait,
};

use crate::customers::{customer, refused};
use crate::mariadb_schema::Schema;

/// A side with stamps in its rows.
pub(crate) struct Stamped {
    repository: Arc<MariadbRepository>,
    other: Arc<MariadbRepository>,
    pub(crate) schema: Schema,
}

impl Stamped {
    pub(crate) async fn fresh() -> Self {
        let schema = Schema::with(CUSTOMER_SCHEMA).await;
        let repository = || Arc::new(MariadbRepository::new(schema.database()));
        Self { repository: repository(), other: repository(), schema }
    }
}

#[async_trait]
impl StampedFixture for Stamped {
    type Repository = MariadbRepository;

    fn repository(&self) -> Arc<MariadbRepository> {
        Arc::clone(&self.repository)
    }

    async fn reopened(&self) -> Arc<MariadbRepository> {
        Arc::clone(&self.other)
    }

    fn entity(&self, n: u32, variant: u32) -> Customer {
        customer(n, variant)
    }

    /// As a writer that knows of no stamps: the schema gives it the smallest.
    async fn plant(&self, it: Customer) -> bool {
        let sql = "\
            INSERT INTO customer (id, name, email, balance, joined, visits, is_active, seal)
            VALUES (?, ?, ?, CAST(? AS DECIMAL(19, 0)) * 0.0001,
                TIMESTAMP '1970-01-01 00:00:00' + INTERVAL ? MICROSECOND, ?, ?, ?)";
        let row =
            (it.id, it.name, it.email, it.balance, it.joined, it.visits, it.is_active, it.seal);
        let mut conn = self.schema.conn.lock().await;
        conn.exec_drop(sql, row).await.expect("a row can be planted");
        true
    }

    fn rejected(&self, n: u32) -> Option<Customer> {
        Some(refused(n))
    }
}

/// A plain table with its stamps beside it.
struct Plain {
    customers: MariadbCustomers,
    other: MariadbCustomers,
    _schema: Schema,
}

impl Plain {
    async fn fresh() -> Self {
        let schema = Schema::with(PLAIN_SCHEMA).await;
        let customers = || MariadbCustomers::new(schema.database());
        Self { customers: customers(), other: customers(), _schema: schema }
    }
}

#[async_trait]
impl TablesFixture for Plain {
    type Repository = MariadbCustomers;
    type Stamps = MariadbStamps;

    fn tables(&self) -> (MariadbCustomers, MariadbStamps) {
        (self.customers.clone(), MariadbStamps)
    }

    async fn reopened(&self) -> (MariadbCustomers, MariadbStamps) {
        (self.other.clone(), MariadbStamps)
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
    type Repository = MariadbCustomers;

    fn repository(&self) -> Arc<MariadbCustomers> {
        Arc::new(self.customers.clone())
    }

    async fn reopened(&self) -> Arc<MariadbCustomers> {
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

/// A service ends in the middle of a transaction. Its connection is closed: whoever came by it next would commit what is open.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_dropped_while_its_runtime_ends_leaves_no_connection_in_the_pool() {
    let schema = Schema::with(PLAIN_SCHEMA).await;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let customers = MariadbCustomers::new(schema.database());
    let side = customers.clone();
    let open = runtime.spawn(async move {
        let mut open = side.begin(Access::Write).await.expect("it begins");
        side.save_in(&mut open, &customer(1, 0)).await.expect("it is saved");
        open
    });
    let open = open.await.expect("it is open");
    let holds = |count| format!("{customers:?}").contains(&format!("size: {count}"));
    assert!(holds(1), "{customers:?}");
    let handle = runtime.handle().clone();
    runtime.shutdown_background();
    let dropped = std::thread::spawn(move || {
        let _within = handle.enter();
        drop(open);
    });
    dropped.join().expect("it is dropped");
    assert!(holds(0), "{customers:?}");
}
