//! What a settled page leaves.

use super::ChangeFeedFixture;
use super::samples::{ALL, drained, holds, page, settle, written};

/// Contract 3.
pub(super) async fn nothing_is_an_empty_page<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    let nothing = page::<F>(&feed, ALL).await;
    holds(fixture, &nothing, &[], "nothing was changed");
    settle::<F>(&feed, &nothing).await;
    written(fixture, 1, 1).await;
    settle::<F>(&feed, &nothing).await;
    let page = page::<F>(&feed, ALL).await;
    holds(fixture, &page, &[1], "the mark of nothing settles nothing");
}

/// Contract 4.
pub(super) async fn a_settled_page_does_not_come_again<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    for n in [1, 2] {
        written(fixture, n, 1).await;
    }
    let both = page::<F>(&feed, ALL).await;
    settle::<F>(&feed, &both).await;
    let page = page::<F>(&feed, ALL).await;
    holds(fixture, &page, &[], "both are settled");
}

/// Contract 4: neither what was left out of it, nor what was committed since.
pub(super) async fn only_that_page_is_settled<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    for n in [1, 2, 3] {
        written(fixture, n, 1).await;
    }
    let first = page::<F>(&feed, 1).await;
    written(fixture, 4, 1).await;
    written(fixture, 1, 2).await;
    settle::<F>(&feed, &first).await;
    let page = page::<F>(&feed, ALL).await;
    holds(fixture, &page, &[1, 2, 3, 4], "of the first row another change came since");
}

/// Contract 4.
pub(super) async fn settling_again_changes_nothing<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    for n in [1, 2, 3] {
        written(fixture, n, 1).await;
    }
    let first = page::<F>(&feed, 1).await;
    for _ in 0..3 {
        settle::<F>(&feed, &first).await;
        let page = page::<F>(&feed, ALL).await;
        holds(fixture, &page, &[2, 3], "only the first is settled, however often");
    }
    drained::<F>(&feed).await;
    settle::<F>(&feed, &first).await;
    written(fixture, 4, 1).await;
    let page = page::<F>(&feed, ALL).await;
    holds(fixture, &page, &[4], "an old mark settles nothing later");
}
