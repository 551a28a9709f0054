//! What is left of a request that has long been closed.

use super::RequestJournalFixture;
use super::samples::{
    LONG, LONGER, NOW, SHORT, answered, claimed, closed, free, kept, key, listed, loaded, new,
    node, parked, purged, recorded, steady, withdrawn,
};
use crate::gateway::dual::{NewRequest, Recorded, RecordedRequest, Shelf};

/// Contract 9: its key still finds it.
pub(super) async fn a_purged_request_keeps_all_but_its_content<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    closed(&*journal, "pears").await;
    let before = loaded(&*journal, &key("pears")).await;
    assert_eq!(purged(&*journal, NOW, LONG, 9).await, 1);
    let after = loaded(&*fixture.reopened().await, &key("pears")).await;
    let new = NewRequest { request: RecordedRequest::default(), ..before.new.clone() };
    assert!(after.is_purged);
    assert_eq!(after.new, new);
    assert_eq!(
        (after.notes.clone(), after.state, after.epoch),
        (before.notes, before.state, before.epoch)
    );
    assert_eq!(listed(&*journal, Shelf::Closed, None, 9).await, ["pears"]);
    let again = journal.record(&super::samples::new("pears"), &node(2), LONG).await;
    let Recorded::Found(found) = answered("recording", again) else { panic!("it was there") };
    assert_eq!(steady(*found), after);
    assert_eq!(purged(&*journal, NOW, LONG, 9).await, 0, "there is nothing left to be purged");
}

/// Contract 9.
pub(super) async fn what_is_not_closed_is_not_purged<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    recorded(&*journal, "held").await;
    free(&*journal, "free").await;
    parked(&*journal, "parked").await;
    assert_eq!(purged(&*journal, NOW, NOW, 9).await, 0);
    for text in ["held", "free", "parked"] {
        let found = loaded(&*fixture.reopened().await, &key(text)).await;
        assert_eq!((found.new, found.is_purged), (new(text), false));
    }
}

/// Contract 9: since its last note.
pub(super) async fn what_was_closed_lately_is_not_purged<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    closed(&*journal, "early").await;
    withdrawn(&*journal, "withdrawn").await;
    tokio::time::sleep(LONGER).await;
    closed(&*journal, "late").await;
    assert_eq!(purged(&*journal, SHORT, LONG, 9).await, 2);
    assert!(loaded(&*journal, &key("early")).await.is_purged);
    assert!(!loaded(&*journal, &key("late")).await.is_purged);
}

/// Contract 9: whether it was emptied before or not.
pub(super) async fn what_was_closed_for_long_is_forgotten<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    closed(&*journal, "pears").await;
    closed(&*journal, "plums").await;
    assert_eq!(purged(&*journal, NOW, LONG, 1).await, 1);
    tokio::time::sleep(LONGER).await;
    closed(&*journal, "late").await;
    assert_eq!(purged(&*journal, SHORT, SHORT, 9).await, 2);
    for text in ["pears", "plums"] {
        assert_eq!(kept(&*fixture.reopened().await, &key(text)).await, None);
        recorded(&*journal, text).await;
    }
    assert!(!loaded(&*journal, &key("late")).await.is_purged);
}

/// Contract 9: each by its own time.
pub(super) async fn what_is_kept_for_less_than_the_idle_time_is_forgotten<
    F: RequestJournalFixture,
>(
    fixture: &F,
) {
    let journal = fixture.journal();
    closed(&*journal, "early").await;
    tokio::time::sleep(LONGER).await;
    closed(&*journal, "late").await;
    assert_eq!(purged(&*journal, LONG, SHORT, 9).await, 1);
    assert_eq!(kept(&*fixture.reopened().await, &key("early")).await, None);
    assert!(!loaded(&*journal, &key("late")).await.is_purged);
}

/// Contract 9: it has had no effect that a second one could double.
pub(super) async fn what_was_withdrawn_is_forgotten<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    withdrawn(&*journal, "pears").await;
    assert_eq!(purged(&*journal, NOW, LONG, 9).await, 1);
    assert_eq!(kept(&*fixture.reopened().await, &key("pears")).await, None);
    recorded(&*journal, "pears").await;
}

/// Contract 9.
pub(super) async fn a_purge_counts_and_has_a_limit<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    for n in 0..5 {
        closed(&*journal, &format!("pears-{n}")).await;
    }
    for expected in [2, 2, 1, 0] {
        assert_eq!(purged(&*journal, NOW, LONG, 2).await, expected);
    }
    for expected in [3, 2, 0] {
        assert_eq!(purged(&*journal, NOW, NOW, 3).await, expected);
    }
}

/// Contract 9: somebody is about to begin it anew.
pub(super) async fn what_is_held_is_not_purged<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = withdrawn(&*journal, "pears").await;
    claimed(&*journal, &claim.key, 2).await;
    assert_eq!(purged(&*fixture.reopened().await, NOW, NOW, 9).await, 0);
    assert!(kept(&*journal, &claim.key).await.is_some());
}
