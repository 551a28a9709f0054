//! Tables with a unique index besides the key: who brings what another row has is
//! refused, and that row stays as it is.

use std::sync::Arc;

use adapters::customer::Customer;
use adapters::mariadb::{self, MariadbCustomers, MariadbRepository};
use adapters::postgres::{self, PostgresCustomers, PostgresRepository};
use futures::future::join_all;
use strangler_fig::error::StoreError;
use strangler_fig::error::StoreErrorKind::Rejected;
use strangler_fig::repository::{Applied, Repository, ScanRepository};
use strangler_fig::stamp::{Record, Stamp};

use crate::customers::customer;
use crate::{mariadb_schema, postgres_schema};

trait Store: ScanRepository<Key = Vec<u8>, Entity = Customer> + 'static {}
impl<R: ScanRepository<Key = Vec<u8>, Entity = Customer> + 'static> Store for R {}

fn by_email(schema: &str, table: &str) -> String {
    format!("{schema} CREATE UNIQUE INDEX by_email ON {table} (email)")
}

/// The `n`-th customer, at the address of another.
fn at(n: u32, of: u32) -> Customer {
    let email = Some(format!("{of}@example.org"));
    Customer { id: n.to_be_bytes().to_vec(), email, ..customer(n, 0) }
}

fn record(customer: Customer, stamp: u32) -> (Vec<u8>, Record<Customer>) {
    let stamp = Stamp::from_bytes((u128::from(stamp) << 80).to_be_bytes());
    (customer.id.clone(), Record::live(stamp, customer))
}

async fn applied(
    store: &impl Store,
    (key, record): &(Vec<u8>, Record<Customer>),
) -> Result<Applied, StoreError> {
    loop {
        match store.apply(key, record).await {
            // A deadlock of writers that meet at the index: the server ended one.
            Err(error) if error.is_retryable() => {}
            answer => return answer,
        }
    }
}

async fn held(store: &impl Store, key: u32) -> Record<Customer> {
    store.read(&key.to_be_bytes().to_vec()).await.expect("it can be read")
}

/// One by one, and in a batch.
async fn another_row_is_never_taken(store: &impl Store) {
    let stored = Some(Applied::Stored);
    let ada = record(at(1, 1), 1);
    assert_eq!(applied(store, &ada).await.ok(), stored);
    for (n, stamp) in [(2, 1), (0, 2)] {
        let refused = applied(store, &record(at(n, 1), stamp)).await;
        assert_eq!(refused.expect_err("the address is taken").kind(), Rejected);
        assert_eq!(held(store, 1).await, ada.1);
        assert_eq!(held(store, n).await, Record::absent());
    }

    // A batch that PostgreSQL copies, and one behind it that finds rows.
    for stamp in [3, 4] {
        let of = |n| if n == 40 { at(n, 1) } else { at(n, n) };
        let offered: Vec<_> = (10..130).map(|n| record(of(n), stamp)).collect();
        let answers = store.apply_many(&offered).await.into_iter();
        let kinds: Vec<_> = answers.map(|answer| answer.map_err(|e| e.kind())).collect();
        let expected = (10..130).map(|n| if n == 40 { Err(Rejected) } else { Ok(Applied::Stored) });
        assert_eq!(kinds, expected.collect::<Vec<_>>());
        assert_eq!(held(store, 1).await, ada.1);
        assert_eq!(held(store, 40).await, Record::absent());
        assert_eq!(held(store, 41).await, offered[31].1);
    }
    let alone = store.apply_many(&[record(at(2, 1), 9)]).await.remove(0);
    assert_eq!(alone.expect_err("the address is taken").kind(), Rejected);

    // A row that is there, too: refused if it is newer, stale as ever if not.
    let bob = record(at(2, 2), 5);
    assert_eq!(applied(store, &bob).await.ok(), stored);
    let refused = applied(store, &record(at(2, 1), 6)).await;
    assert_eq!(refused.expect_err("the address is taken").kind(), Rejected);
    let stale = applied(store, &record(at(2, 1), 4)).await;
    assert_eq!(stale.ok(), Some(Applied::Stale(bob.1.stamp)));
    assert_eq!([held(store, 1).await, held(store, 2).await], [ada.1, bob.1]);

    // Who is gone holds no address.
    let gone = (ada.0, Record::tombstone(record(at(1, 1), 7).1.stamp));
    assert_eq!(applied(store, &gone).await.ok(), stored);
    let bob = record(at(2, 1), 8);
    assert_eq!(applied(store, &bob).await.ok(), stored);
    assert_eq!([held(store, 1).await, held(store, 2).await], [gone.1, bob.1]);
}

/// Of writers that bring one address at once, one has it; of those that bring one
/// row, the largest stamp counts.
async fn writers_that_meet(store: Arc<impl Store>) {
    for round in 200..210 {
        let offers = (0..8).map(|n| {
            let (store, offer) = (Arc::clone(&store), record(at(1_000 * round + n, round), 1));
            tokio::spawn(async move { (applied(&*store, &offer).await, offer) })
        });
        let answers = join_all(offers).await.into_iter().map(|answer| answer.expect("no panic"));
        let mut taken = 0;
        for (answer, (key, offered)) in answers {
            let found = store.read(&key).await.ok();
            match answer.map_err(|error| error.kind()) {
                Ok(Applied::Stored) => assert_eq!(found, Some(offered)),
                refused => {
                    assert_eq!(refused, Err(Rejected));
                    assert_eq!(found, Some(Record::absent()));
                }
            }
            taken += u32::from(found.is_some_and(|found| found.value.is_some()));
        }
        assert_eq!(taken, 1, "of round {round}");

        let key = 1_000 * round + 999;
        let offers = (1..=8).map(|stamp| {
            let (store, offer) = (Arc::clone(&store), record(at(key, key), stamp));
            tokio::spawn(async move { applied(&*store, &offer).await })
        });
        for answer in join_all(offers).await {
            answer.expect("no panic").expect("they join");
        }
        assert_eq!(held(&*store, key).await, record(at(key, key), 8).1);
    }
}

/// The table itself, as the monolith knows it.
async fn saved_beside(customers: &impl Repository<Key = Vec<u8>, Entity = Customer>) {
    customers.save(at(500, 500)).await.expect("it can be saved");
    let refused = customers.save(at(501, 500)).await;
    assert_eq!(refused.expect_err("the address is taken").kind(), Rejected);
    let found = [500_u32, 501].map(|key| key.to_be_bytes().to_vec());
    assert_eq!(customers.find(&found[0]).await.ok(), Some(Some(at(500, 500))));
    assert_eq!(customers.find(&found[1]).await.ok(), Some(None));
    for of in [500, 502] {
        customers.save(at(500, of)).await.expect("it is there already, and is saved again");
        assert_eq!(customers.find(&found[0]).await.ok(), Some(Some(at(500, of))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_never_takes_another_row_for_the_one_with_the_key() {
    let sql = by_email(mariadb::CUSTOMER_SCHEMA, "customer");
    let schema = mariadb_schema::Schema::with(&sql).await;
    let store = Arc::new(MariadbRepository::new(schema.database()));
    another_row_is_never_taken(&*store).await;
    writers_that_meet(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_never_takes_another_row_of_a_plain_table() {
    let sql = by_email(mariadb::PLAIN_SCHEMA, "plain_customer");
    let schema = mariadb_schema::Schema::with(&sql).await;
    let store = Arc::new(MariadbCustomers::new(schema.database()).stamped());
    another_row_is_never_taken(&*store).await;
    saved_beside(store.inner()).await;
    writers_that_meet(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_never_takes_another_row_for_the_one_with_the_key() {
    let sql = by_email(postgres::CUSTOMER_SCHEMA, "customer");
    let schema = postgres_schema::Schema::with(&sql).await;
    let store = Arc::new(PostgresRepository::new(schema.database()));
    another_row_is_never_taken(&*store).await;
    writers_that_meet(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_never_takes_another_row_of_a_plain_table() {
    let sql = by_email(postgres::PLAIN_SCHEMA, "plain_customer");
    let schema = postgres_schema::Schema::with(&sql).await;
    let store = Arc::new(PostgresCustomers::new(schema.database()).stamped());
    another_row_is_never_taken(&*store).await;
    saved_beside(store.inner()).await;
    writers_that_meet(store).await;
}
