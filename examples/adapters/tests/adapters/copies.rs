//! Batches that PostgreSQL takes by `COPY`: as one `apply` for each would.

use strangler_fig::repository::{Applied, ScanRepository, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::conformance::StampedFixture;

use crate::customers::{customer, refused};
use crate::postgres::Stamped;

const ROWS: u32 = 400;

type Records = Vec<(Vec<u8>, Record<adapters::customer::Customer>)>;

fn stamp(time: u8) -> Stamp {
    Stamp::from_bytes([time; 16])
}

/// Rows of every kind, tombstones among them, in no order.
fn records(time: u8) -> Records {
    let record = |n: u32| {
        let it = customer(n, n % 14);
        let record = match n % 10 {
            9 => Record::tombstone(stamp(time)),
            _ => Record::live(stamp(time), it.clone()),
        };
        (it.id, record)
    };
    (0..ROWS).rev().map(record).collect()
}

async fn held(
    side: &impl ScanRepository<Key = Vec<u8>, Entity = adapters::customer::Customer>,
) -> Records {
    side.scan(None, 10_000.try_into().expect("it is not zero")).await.expect("it scans").records
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_copied_comes_back() {
    let side = Stamped::fresh().await;
    let mut records = records(1);
    let answers = side.repository().apply_many(&records).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Applied::Stored))));
    records.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(held(&*side.repository()).await, records);
    let again = side.repository().apply_many(&records).await;
    let is_stale = |answer: &Result<Applied, _>| matches!(answer, Ok(Applied::Stale(held)) if *held == stamp(1));
    assert!(again.iter().all(is_stale), "the second time they are there");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_copies_at_once_the_larger_stamps_remain() {
    for _ in 0..5 {
        let side = Stamped::fresh().await;
        let (one, other) = (side.repository(), side.reopened().await);
        let (small, large) = (records(1), records(2));
        let (a, b) = tokio::join!(one.apply_many(&small), other.apply_many(&large));
        assert!(a.iter().chain(&b).all(Result::is_ok), "{a:?} {b:?}");
        let held = held(&*side.repository()).await;
        assert_eq!(held.len(), ROWS as usize);
        assert!(held.iter().all(|(_, record)| record.stamp == stamp(2)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_refused_fails_alone_in_a_copy() {
    let side = Stamped::fresh().await;
    let mut records = records(1);
    let wrong = refused(10_000);
    records.insert(200, (wrong.id.clone(), Record::live(stamp(1), wrong)));
    let answers = side.repository().apply_many(&records).await;
    let failed: Vec<_> = (0..answers.len()).filter(|&at| answers[at].is_err()).collect();
    assert_eq!(failed, [200]);
    assert_eq!(held(&*side.repository()).await.len(), ROWS as usize);
}
