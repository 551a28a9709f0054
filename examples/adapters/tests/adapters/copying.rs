//! From the monolith's MariaDB to the new PostgreSQL, and back.

use std::num::NonZeroUsize;

use adapters::customer::Customer;
use adapters::mariadb::{MariadbCustomers, PLAIN_SCHEMA};
use adapters::postgres::{CUSTOMER_SCHEMA, PostgresRepository};
use strangler_fig::repository::{
    Applied, Repository, ScanRepository, SideStamped, StampedRepository,
};
use strangler_fig::stamp::{Record, Stamp};

use crate::customers::{customer, id};
use crate::{mariadb_schema, postgres_schema};

const PAGE: NonZeroUsize = NonZeroUsize::new(7).expect("it is not zero");

type Legacy = SideStamped<MariadbCustomers, adapters::mariadb::MariadbStamps>;

struct Sides {
    legacy: Legacy,
    modern: PostgresRepository,
    _schemas: (mariadb_schema::Schema, postgres_schema::Schema),
}

async fn sides() -> Sides {
    let old = mariadb_schema::Schema::with(PLAIN_SCHEMA).await;
    let new = postgres_schema::Schema::with(CUSTOMER_SCHEMA).await;
    let legacy = MariadbCustomers::new(old.database()).stamped();
    let modern = PostgresRepository::new(new.database());
    Sides { legacy, modern, _schemas: (old, new) }
}

/// Copies page after page, and answers what is on them.
async fn copy<L, M>(from: &L, to: &M) -> Vec<(Vec<u8>, Record<Customer>)>
where
    L: ScanRepository<Key = Vec<u8>, Entity = Customer>,
    M: ScanRepository<Key = Vec<u8>, Entity = Customer>,
{
    let mut copied: Vec<(Vec<u8>, Record<Customer>)> = Vec::new();
    loop {
        let after = copied.last().map(|(key, _)| key.clone());
        let page = from.scan(after.as_ref(), PAGE).await.expect("it can be scanned");
        for answer in to.apply_many(&page.records).await {
            assert_eq!(answer.ok(), Some(Applied::Stored));
        }
        copied.extend(page.records);
        if page.is_last {
            return copied;
        }
    }
}

async fn all<S>(side: &S) -> Vec<(Vec<u8>, Record<Customer>)>
where
    S: ScanRepository<Key = Vec<u8>, Entity = Customer>,
{
    side.scan(None, NonZeroUsize::MAX).await.expect("it can be scanned").records
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_arrives_as_it_was() {
    let sides = sides().await;
    let mut saved: Vec<_> = (0..40).map(|n| customer(n, n)).collect();
    for customer in &saved {
        sides.legacy.inner().save(customer.clone()).await.expect("it can be saved");
    }
    copy(&sides.legacy, &sides.modern).await;
    saved.sort_by(|one, other| one.id.cmp(&other.id));
    let expected = saved.into_iter().map(|it| (it.id.clone(), Record::live(Stamp::BASE, it)));
    assert_eq!(all(&sides.modern).await, expected.collect::<Vec<_>>());
    assert_eq!(sides.modern.last_key().await.ok(), sides.legacy.last_key().await.ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_and_stamps_travel_both_ways() {
    let sides = sides().await;
    let stamp = |n: u32| Stamp::from_bytes((u128::from(n) << 64 | 7).to_be_bytes());
    for n in 1..20 {
        let record = match n % 3 {
            0 => Record::tombstone(stamp(n)),
            _ => Record::live(stamp(n), customer(n, n)),
        };
        let applied = sides.modern.apply(&id(n), &record).await;
        assert_eq!(applied.ok(), Some(Applied::Stored));
    }
    let copied = copy(&sides.modern, &sides.legacy).await;
    assert_eq!(copied.len(), 19);
    assert_eq!(all(&sides.legacy).await, copied);
    for (key, record) in copied {
        let again = sides.modern.apply(&key, &record).await;
        assert_eq!(again.ok(), Some(Applied::Stale(record.stamp)), "it is there already");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_and_empty_are_two_things() {
    let sides = sides().await;
    let missing = Customer { email: None, seal: None, ..customer(3, 0) };
    let empty = Customer {
        name: String::new(),
        email: Some(String::new()),
        seal: Some(Vec::new()),
        ..customer(4, 0)
    };
    for customer in [&missing, &empty] {
        sides.legacy.inner().save(customer.clone()).await.expect("it can be saved");
    }
    copy(&sides.legacy, &sides.modern).await;
    for customer in [missing, empty] {
        let found = sides.modern.read(&customer.id).await.expect("it can be read");
        assert_eq!(found.value, Some(customer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_collation_would_make_one_stay_apart() {
    let sides = sides().await;
    let keys = ["ada", "ADA", "Ada ", "ada ", "ada\0", "ädä", "a\u{308}da\u{308}"];
    for (n, key) in (0..).zip(keys) {
        let customer = Customer { id: key.into(), ..customer(n, n) };
        sides.legacy.inner().save(customer).await.expect("it can be saved");
    }
    let copied = copy(&sides.legacy, &sides.modern).await;
    let mut sorted: Vec<Vec<u8>> = keys.iter().map(|key| (*key).into()).collect();
    sorted.sort();
    let walked: Vec<_> = copied.into_iter().map(|(key, _)| key).collect();
    assert_eq!(walked, sorted, "each of them once, in the order of their bytes");
}
