//! What a record says, and what cannot be read.

use std::time::Duration;

use super::ChangeFeedFixture;
use super::samples::{ALL, deleted, holds, key_of, page, records, settle, written};
use crate::event::Changed;
use crate::stamp::Stamp;

/// Contract 7: not of the moment at which it is read.
pub(super) async fn a_record_has_the_stamp_of_its_row<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    written(fixture, 1, 7).await;
    let first = page::<F>(&feed, ALL).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let again = page::<F>(&feed, ALL).await;
    holds(fixture, &again, &[1], "it is unsettled");
    let [first, again] = [first, again].map(|page| records(fixture, &page, 1));
    assert!(first == again, "the row was not changed meanwhile");
    for record in first {
        assert!(record.value == Some(fixture.entity(1, 7)), "its content is that of the row");
        assert!(record.stamp > Stamp::BASE, "the store stamps what is changed");
    }
}

/// Contract 7: deletions too, and what is written again.
pub(super) async fn a_later_record_has_a_larger_stamp<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    let mut before = Stamp::ZERO;
    for step in 0..6 {
        match step % 3 {
            2 => deleted(fixture, 1).await,
            variant => written(fixture, 1, variant).await,
        }
        let page = page::<F>(&feed, ALL).await;
        holds(fixture, &page, &[1], "it was changed");
        for record in records(fixture, &page, 1) {
            assert!(record.stamp > before, "{} follows {before}", record.stamp);
            before = record.stamp;
        }
        settle::<F>(&feed, &page).await;
    }
}

/// Contract 8.
pub(super) async fn what_cannot_be_read_comes_as_such_and_holds_up_no_other<
    F: ChangeFeedFixture,
>(
    fixture: &F,
) {
    let feed = fixture.feed();
    written(fixture, 1, 1).await;
    let mut open = fixture.begin().await;
    if !fixture.spoil(&mut open, 2).await {
        return;
    }
    fixture.commit(open).await;
    written(fixture, 3, 1).await;
    let page = page::<F>(&feed, ALL).await;
    holds(fixture, &page, &[1, 2, 3], "each is there");
    let unreadable: Vec<_> = page
        .changes
        .iter()
        .filter_map(|change| match change {
            Changed::Unreadable { key, why } => Some((key.clone(), !why.is_empty())),
            _ => None,
        })
        .collect();
    let spoilt = (key_of(fixture, 2), true);
    assert!(!unreadable.is_empty(), "it comes as what it is");
    assert!(unreadable.iter().all(|it| *it == spoilt), "the others can be read: {unreadable:?}");
    settle::<F>(&feed, &page).await;
    let left = super::samples::page::<F>(&feed, ALL).await;
    holds(fixture, &left, &[], "it is settled as any other");
}
