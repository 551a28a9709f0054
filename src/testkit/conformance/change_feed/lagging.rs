//! How far behind, and whether that is the end.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::ChangeFeedFixture;
use super::samples::{ALL, drained, lag, names, page, settle, written};
use crate::error::{StoreError, StoreErrorKind};
use crate::event::{ChangeFeed, LagSource};

/// Contract 9.
pub(super) async fn the_last_page_holds_all_of_before<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    for n in 0..7 {
        written(fixture, n, 1).await;
    }
    let mut seen = [false; 7];
    for _ in 0..7 {
        let page = page::<F>(&feed, 3).await;
        for (n, seen) in (0..).zip(&mut seen) {
            *seen |= names(fixture, &page, n);
        }
        let all = seen.iter().all(|seen| *seen);
        assert!(all || !page.is_last, "it is not the last: of seven there came {seen:?}");
        settle::<F>(&feed, &page).await;
    }
    assert_eq!(seen, [true; 7]);
}

/// Contract 9: or whoever waits for it would wait for ever.
pub(super) async fn a_feed_that_was_read_to_its_end_says_so<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    written(fixture, 1, 1).await;
    drained::<F>(&feed).await;
    assert!(page::<F>(&feed, ALL).await.is_last, "there is no more");
}

/// Contract 10.
pub(super) async fn the_lag_is_none_only_when_all_is_settled<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    for n in [1, 2] {
        written(fixture, n, 1).await;
    }
    assert!(lag::<F>(&feed).await.oldest.is_some(), "two wait");
    let first = page::<F>(&feed, 1).await;
    settle::<F>(&feed, &first).await;
    assert!(lag::<F>(&feed).await.oldest.is_some(), "one waits");
    drained::<F>(&feed).await;
    assert_eq!(lag::<F>(&feed).await.oldest, None, "none waits");
}

/// Contract 10.
pub(super) async fn the_lag_is_that_of_the_oldest<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    let pause = Duration::from_millis(200);
    written(fixture, 1, 1).await;
    tokio::time::sleep(pause).await;
    written(fixture, 2, 1).await;
    let waited = lag::<F>(&feed).await.oldest;
    // Clocks of a store may be coarse, and are not this one.
    let is_so = waited.is_some_and(|waited| waited + Duration::from_millis(50) >= pause);
    assert!(is_so, "the oldest waits for {pause:?} and longer, not for {waited:?}");
}

/// Contract 10, where they are counted.
pub(super) async fn what_is_pending_is_counted<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    for n in [1, 2, 3] {
        written(fixture, n, 1).await;
    }
    let pending = lag::<F>(&feed).await.pending;
    assert!(pending.is_none_or(|pending| pending >= 3), "three wait, not {pending:?}");
    drained::<F>(&feed).await;
    let pending = lag::<F>(&feed).await.pending;
    assert!(pending.is_none_or(|pending| pending == 0), "none waits, not {pending:?}");
}

/// Contract 11.
pub(super) async fn a_feed_that_misses_changes_says_so<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    if !fixture.detach().await {
        return;
    }
    for was_changed in [false, true] {
        if was_changed {
            written(fixture, 1, 1).await;
        }
        let page = feed.changes(NonZeroUsize::MIN).await.map(|page| page.is_last);
        assert!(is_lost(&page), "it does not know whether that is all: {page:?}");
        let lag = feed.lag().await;
        assert!(is_lost(&lag), "it does not know how far it is: {lag:?}");
    }
}

fn is_lost<T>(answer: &Result<T, StoreError>) -> bool {
    answer.as_ref().is_err_and(|error| error.kind() == StoreErrorKind::Rejected)
}
