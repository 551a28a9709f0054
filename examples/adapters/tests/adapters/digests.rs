//! Digests that two servers compute, and the crate.

use std::num::NonZeroUsize;

use adapters::customer::Customer;
use adapters::mariadb::{CUSTOMER_SCHEMA as MARIADB_SCHEMA, MariadbRepository};
use adapters::postgres::{CUSTOMER_SCHEMA as POSTGRES_SCHEMA, PostgresRepository};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::repository::{
    DigestRepository, DigestSalt, KeyRange, RangeDigest, StampedRepository,
};
use strangler_fig::stamp::{Record, Stamp};

use crate::customers::{customer, id};
use crate::{mariadb_schema, postgres_schema};

const SALT: DigestSalt = DigestSalt::from_bytes([0xA7; 16]);
const ROWS: u32 = 60;

/// Fills a side, and compares what it says with what is on its pages.
async fn hashes_what_it_holds<S>(side: &S) -> Vec<RangeDigest>
where
    S: DigestRepository<Key = Vec<u8>, Entity = Customer>,
{
    let stamp = |n: u32| Stamp::from_bytes((u128::MAX - u128::from(n)).to_be_bytes());
    let filled: Vec<_> = (0..ROWS)
        .map(|n| match n % 7 {
            6 => (id(n), Record::tombstone(stamp(n))),
            _ => (id(n), Record::live(stamp(n), customer(n, n))),
        })
        .collect();
    assert!(side.apply_many(&filled).await.iter().all(Result::is_ok), "it can be filled");

    let records = side.scan(None, NonZeroUsize::MAX).await.expect("it can be scanned").records;
    let hashed = side.hashes(SALT, &KeyRange::all(), NonZeroUsize::MAX).await;
    for (found, (key, record)) in hashed.expect("it hashes").iter().zip(&records) {
        let expected = side.hash(SALT, key, record).expect("it hashes");
        assert_eq!((&found.key, found.stamp), (key, record.stamp));
        assert_eq!(found.hash, expected, "of {record:?}");
    }

    let (low, high) = (records[7].0.clone(), records[30].0.clone());
    let ranges = [
        KeyRange::all(),
        KeyRange::new(None, Some(low.clone())),
        KeyRange::new(Some(low.clone()), Some(high.clone())),
        KeyRange::new(Some(high), None),
        KeyRange::new(Some(low.clone()), Some(low)),
    ];
    let digests = side.digests(SALT, &ranges).await.expect("it digests");
    let mut expected = [RangeDigest::default(); 5];
    for (range, digest) in ranges.iter().zip(&mut expected) {
        for (key, record) in records.iter().filter(|(key, _)| range.contains(key)) {
            digest.add(side.hash(SALT, key, record).expect("it hashes"));
        }
    }
    assert_eq!(digests, expected);
    assert_eq!(digests[0].rows, u64::from(ROWS));
    assert_eq!(side.digests(SALT, &[]).await.ok(), Some(Vec::new()), "no ranges");
    divides(side, &records).await;
    digests
}

async fn divides<S>(side: &S, records: &[(Vec<u8>, Record<Customer>)])
where
    S: DigestRepository<Key = Vec<u8>, Entity = Customer>,
{
    for rows in [1, 7, 59, 60, usize::MAX] {
        let rows = NonZeroUsize::new(rows).expect("it is not zero");
        let ends = side.split(&KeyRange::all(), rows).await.expect("it can be divided");
        let each = records.chunks(rows.get()).filter_map(|part| part.last());
        let expected: Vec<_> = each.map(|(key, _)| key.clone()).collect();
        assert_eq!(ends, expected[..expected.len() - 1], "parts of {rows}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_and_the_crate_have_one_digest() {
    let new = postgres_schema::Schema::with(POSTGRES_SCHEMA).await;
    let modern = hashes_what_it_holds(&PostgresRepository::new(new.database())).await;
    drop(new);
    let old = mariadb_schema::Schema::with(MARIADB_SCHEMA).await;
    let legacy = hashes_what_it_holds(&MariadbRepository::new(old.database())).await;
    assert_eq!(legacy, modern);
}

/// Its text is longer than the server's largest packet, and it has no hash.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_too_long_to_be_hashed_has_no_digest() {
    let schema = mariadb_schema::Schema::with(MARIADB_SCHEMA).await;
    let store = MariadbRepository::new(schema.database());
    let long = Customer { seal: Some(vec![7; 9 << 20]), ..customer(3, 0) };
    let (key, record) = (long.id.clone(), Record::live(Stamp::MAX, long));
    store.apply(&key, &record).await.expect("it can be stored");
    assert_eq!(store.read(&key).await.ok(), Some(record));
    let refused = store.digests(SALT, &[KeyRange::all()]).await;
    assert_eq!(refused.map_err(|error| error.kind()), Err(StoreErrorKind::Rejected));
}

/// An amount that other code wrote and no `i64` holds is not cut to the largest.
#[tokio::test(flavor = "multi_thread")]
async fn amounts_beyond_what_can_be_read_have_digests_of_their_own() {
    use mysql_async::prelude::Queryable;

    let schema = mariadb_schema::Schema::with(MARIADB_SCHEMA).await;
    let store = MariadbRepository::new(schema.database());
    let mut digests = Vec::new();
    for balance in [930_000_000_000_000_u64, 940_000_000_000_000] {
        let sql = "REPLACE customer (id, name, balance, joined, visits, is_active)
            VALUES ('ada', 'Ada', ?, '2000-01-01', 0, true)";
        schema.conn.lock().await.exec_drop(sql, (balance,)).await.expect("it can be planted");
        digests.push(store.digests(SALT, &[KeyRange::all()]).await.expect("it digests"));
    }
    assert_ne!(digests[0], digests[1]);
}
