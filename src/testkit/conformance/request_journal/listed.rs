//! What a list shows.

use super::RequestJournalFixture;
use super::samples::{
    answered, closed, done, free, handles, key, limit, listed, loaded, noted, parked, recorded,
    steady, withdrawn,
};
use crate::error::StoreErrorKind;
use crate::gateway::dual::{RequestNote, Shelf};
use crate::phase::Side;
use crate::testkit::conformance::request_journal::samples::{doubt, refusal, resolved};

/// Contract 8.
pub(super) async fn a_list_shows_each_shelf<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    recorded(&*journal, "open").await;
    let half = recorded(&*journal, "half").await;
    noted(&*journal, half, &[done(Side::Legacy)]).await;
    parked(&*journal, "differs").await;
    let spent = recorded(&*journal, "spent").await;
    noted(&*journal, spent, &[doubt(), RequestNote::Parked]).await;
    closed(&*journal, "done").await;
    withdrawn(&*journal, "withdrawn").await;
    let refused = recorded(&*journal, "refused").await;
    noted(&*journal, refused, &[refusal(Side::Legacy)]).await;
    let by_hand = recorded(&*journal, "resolved").await;
    noted(&*journal, by_hand, &[doubt(), RequestNote::Parked, resolved()]).await;
    for journal in handles(fixture).await {
        let shelf = async |shelf| listed(&*journal, shelf, None, 99).await;
        assert_eq!(shelf(Shelf::Open).await, ["half", "open"]);
        assert_eq!(shelf(Shelf::Parked).await, ["differs", "spent"]);
        assert_eq!(shelf(Shelf::Closed).await, ["done", "refused", "resolved", "withdrawn"]);
    }
}

/// Contract 8.
pub(super) async fn a_list_shows_what_a_load_shows<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    closed(&*journal, "pears").await;
    let found = answered("listing", journal.list(Shelf::Closed, None, limit(9)).await);
    let found: Vec<_> = found.into_iter().map(steady).collect();
    assert_eq!(found, [loaded(&*journal, &key("pears")).await]);
}

/// Contract 8.
pub(super) async fn a_list_is_in_the_order_of_the_keys_bytes<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    for text in ["b", "B", "ab", "a", "~", "10", "9", "!", "_"] {
        free(&*journal, text).await;
    }
    let found = listed(&*fixture.reopened().await, Shelf::Open, None, 99).await;
    assert_eq!(found, ["!", "10", "9", "B", "_", "a", "ab", "b", "~"]);
}

/// Contract 8: also after one that is not there.
pub(super) async fn a_list_goes_on_after_a_key<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    for text in ["a", "b", "d", "e"] {
        closed(&*journal, text).await;
    }
    let after = async |text| listed(&*journal, Shelf::Closed, Some(&key(text)), 99).await;
    assert_eq!(after("b").await, ["d", "e"]);
    assert_eq!(after("c").await, ["d", "e"]);
    assert!(after("e").await.is_empty());
}

/// Contract 8: as many, or all there are.
pub(super) async fn a_list_holds_no_more_than_its_limit<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    for text in ["a", "b", "c"] {
        closed(&*journal, text).await;
        parked(&*journal, &format!("{text}-parked")).await;
    }
    for most in 1..=4_usize {
        let found = listed(&*journal, Shelf::Closed, None, most).await;
        assert_eq!(found, ["a", "b", "c"][..most.min(3)]);
    }
}

/// Contract 8: a page that is not full is the last one.
pub(super) async fn a_list_leaves_out_what_cannot_be_read<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let mut is_spoilt = true;
    for text in ["a", "b", "c", "d"] {
        free(&*journal, text).await;
        is_spoilt &= text != "a" && text != "c" || fixture.spoil(&key(text)).await;
    }
    if !is_spoilt {
        return;
    }
    for journal in handles(fixture).await {
        assert_eq!(listed(&*journal, Shelf::Open, None, 99).await, ["b", "d"]);
        assert_eq!(listed(&*journal, Shelf::Open, None, 2).await, ["b", "d"]);
        assert_eq!(listed(&*journal, Shelf::Open, None, 1).await, ["b"]);
    }
}

/// Contract 7: it is not taken for nothing.
pub(super) async fn what_cannot_be_read_is_rejected<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    free(&*journal, "pears").await;
    if !fixture.spoil(&key("pears")).await {
        return;
    }
    for journal in handles(fixture).await {
        let found = journal.load(&key("pears")).await;
        let kind = found.map_err(|error| error.kind());
        assert_eq!(kind, Err(StoreErrorKind::Rejected));
    }
}
