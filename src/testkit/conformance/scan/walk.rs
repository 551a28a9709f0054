//! Page after page, also under writes.

use std::collections::BTreeSet;

use tokio::task::yield_now;

use super::rewrites::{AtOnce, Rewrites};
use super::{Shelf, StampedFixture};
use crate::repository::{ScanRepository, StampedRepository};
use crate::testkit::conformance::pace::Overlap;
use crate::testkit::conformance::stamped::Subject;

const KEYS: u32 = 13;
/// Pages, or walks over all keys, while records are applied.
const STEPS: u32 = 50;

/// Contracts 1 to 3: pages of any size, one after the other, hold every record
/// once and in order.
pub(super) async fn pages_of_any_size_hold_every_record_once<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    let shelf = Shelf::filled(fixture, KEYS).await;
    let expected = shelf.expected(fixture, KEYS).await;
    let expected = shelf.comparable(expected);
    for limit in 1..=KEYS as usize + 1 {
        let walked = shelf.comparable(shelf.walk(limit).await);
        assert_eq!(walked, expected, "a walk by pages of {limit}");
    }
}

/// Contract 4: a page shows what was acknowledged before the call.
pub(super) async fn a_page_shows_what_was_applied_before<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    for step in 1..=STEPS {
        let record = subject.live(step);
        let answer = subject.other.apply(&subject.key, &record).await;
        assert!(answer.is_ok(), "applying failed: {answer:?}");
        let page = Shelf::of(fixture).page(None, 5).await;
        let expected = [(subject.key.clone(), record)];
        assert_eq!(page.records, expected, "the page after an apply");
    }
}

/// Contract 1: a page shows a value and the stamp it was applied with.
pub(super) async fn a_page_never_mixes_two_records<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    for overlap in Overlap::BOTH {
        let (pages, rewrites) = (AtOnce::default(), Rewrites::of(fixture, 1).await);
        let records = rewrites.records.clone();
        let seen = pages.until_done(async {
            let mut seen = Vec::new();
            for _ in 0..STEPS {
                seen.extend(Shelf::of(fixture).page(None, 5).await.records);
                yield_now().await;
            }
            seen
        });
        let (seen, ()) = overlap.both(seen, rewrites.until(pages.clone())).await;
        for found in seen {
            let is_whole = records.contains(&found);
            assert!(is_whole, "a page held {found:?}, never applied so");
        }
    }
}

/// Contract 1: a key that is there from beginning to end is met once, whatever
/// is applied meanwhile.
pub(super) async fn a_walk_under_writes_leaves_no_key_out<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    for overlap in Overlap::BOTH {
        let (walks, rewrites) = (AtOnce::default(), Rewrites::of(fixture, KEYS).await);
        let keys: BTreeSet<_> = (0..KEYS).map(|n| fixture.key(n)).collect();
        let seen = walks.until_done(async {
            for _ in 0..STEPS {
                let walked = Shelf::of(fixture).walk(3).await;
                let walked: BTreeSet<_> = walked.into_iter().map(|(key, _)| key).collect();
                let missed: Vec<_> = keys.difference(&walked).collect();
                assert!(missed.is_empty(), "a walk left out {missed:?}");
                yield_now().await;
            }
        });
        overlap.both(seen, rewrites.until(walks.clone())).await;
    }
}
