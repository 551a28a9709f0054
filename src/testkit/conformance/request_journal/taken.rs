//! What is given to whoever looks for something to do.

use std::time::Duration;

use super::RequestJournalFixture;
use super::samples::{
    Came, LONG, LONGER, NOW, SHORT, answered, as_it_is, claimed, closed, decided, done, doubt,
    free, handle, handles, keys_taken, limit, loaded, new, node, note, noted, parked, recorded,
    recorded_for, refused, retried, taken, withdrawn,
};
use crate::gateway::dual::{RequestAppend, RequestNote, RequestStatus};
use crate::phase::Side;
use crate::testkit::conformance::pace::Overlap;

/// Contract 6: what is open, due and held by nobody.
pub(super) async fn what_is_due_and_free_is_taken<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    recorded(&*journal, "held").await;
    let later = recorded(&*journal, "later").await;
    answered(
        "noting",
        journal.note(&later, &RequestAppend::new(0, &doubt(), LONG).with_due(LONG)).await,
    );
    free(&*journal, "free").await;
    let half = recorded_for(&*journal, "half", NOW).await;
    answered(
        "noting",
        journal.note(&half, &RequestAppend::new(0, &done(Side::Legacy), NOW).with_due(LONG)).await,
    );
    closed(&*journal, "closed").await;
    parked(&*journal, "parked").await;
    withdrawn(&*journal, "withdrawn").await;
    recorded_for(&*journal, "left", NOW).await;
    let mut found = keys_taken(&*fixture.reopened().await, 2, 99).await;
    found.sort_unstable();
    assert_eq!(found, ["free", "half", "left"]);
    let nothing: [&str; 0] = [];
    assert_eq!(keys_taken(&*journal, 3, 99).await, nothing, "they are held now");
    assert_eq!(keys_taken(&*journal, 2, 99).await, nothing, "by whomever");
}

/// Contract 6.
pub(super) async fn what_has_been_due_longest_is_taken_first<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let pause = Duration::from_millis(30);
    for (text, due) in [("d", 400), ("b", 200), ("e", 600), ("a", 0), ("c", 300)] {
        let claim = recorded(&*journal, text).await;
        let due = Duration::from_millis(due);
        answered(
            "noting",
            journal.note(&claim, &RequestAppend::new(0, &doubt(), LONG).with_due(due)).await,
        );
    }
    tokio::time::sleep(pause + Duration::from_millis(700)).await;
    let mut order = keys_taken(&*fixture.reopened().await, 2, 3).await;
    order.extend(keys_taken(&*journal, 2, 1).await);
    order.extend(keys_taken(&*journal, 2, 9).await);
    assert_eq!(order, ["a", "b", "c", "d", "e"]);
}

/// Contract 6: at most so many, and no fewer.
pub(super) async fn no_more_is_taken_than_the_limit<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    for n in 0..5 {
        free(&*journal, &format!("pears-{n}")).await;
    }
    for expected in [2, 2, 1, 0] {
        assert_eq!(taken(&*journal, 2, 2).await.len(), expected);
    }
}

/// Contract 6: no request is given to two.
pub(super) async fn of_concurrent_takes_each_request_goes_to_one<F: RequestJournalFixture>(
    fixture: &F,
) {
    let handles = handles(fixture).await;
    for (round, overlap) in (0..4).zip(Overlap::alternating()) {
        for n in 0..6 {
            free(&*handles[0], &format!("pears-{round}-{n}")).await;
        }
        let calls = (0..6).map(|call| {
            let (journal, node) = (handle(&handles, call), node(call));
            async move { decided(|| journal.take(&node, limit(3), LONG)).await }
        });
        let came = overlap.race(calls.collect()).await;
        let mut keys = Vec::new();
        for came in came {
            match came {
                Came::Done(taken) => keys.extend(taken.into_iter().map(|(claim, _)| claim.key)),
                Came::Refused => panic!("there is nothing to be refused"),
                Came::InDoubt => {}
            }
        }
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all, "each was given to one");
    }
}

/// Contract 3.
pub(super) async fn what_is_put_off_is_due_when_its_time_has_come<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let claim = recorded(&*journal, "pears").await;
    answered(
        "noting",
        journal.note(&claim, &RequestAppend::new(0, &doubt(), LONG).with_due(SHORT)).await,
    );
    assert!(taken(&*journal, 2, 9).await.is_empty(), "it is put off");
    let due_in = as_it_is(&*journal, &claim.key).await.due_in;
    assert!(due_in > NOW && due_in <= SHORT, "it says that it is due in {due_in:?}");
    tokio::time::sleep(LONGER).await;
    assert_eq!(as_it_is(&*journal, &claim.key).await.due_in, NOW);
    assert_eq!(keys_taken(&*fixture.reopened().await, 2, 9).await, ["pears"]);
}

/// Contract 6: it is claimed, and answered as it is.
pub(super) async fn what_was_taken_is_held<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let first = free(&*journal, "pears").await;
    let taken = answered("taking", journal.take(&node(2), limit(9), SHORT).await);
    let [(claim, record)] = &taken[..] else { panic!("there is one: {taken:?}") };
    assert!(claim.epoch > first.epoch && claim.epoch == record.epoch, "{claim:?}");
    assert_eq!((&record.new, &record.notes[..]), (&new("pears"), &[doubt()][..]));
    assert_eq!(record.holder, Some(node(2)));
    refused(&*journal, &first, 1, &done(Side::Legacy), "another has taken it").await;
    assert_eq!(journal.claim(&claim.key, &node(3), LONG).await.ok(), Some(None), "it is held");
    note(&*journal, claim, 1, &done(Side::Legacy)).await;
    let other = free(&*journal, "plums").await;
    assert_eq!(answered("taking", journal.take(&node(2), limit(9), SHORT).await).len(), 1);
    tokio::time::sleep(LONGER).await;
    let left = super::samples::taken(&*journal, 3, 9).await;
    let [(claim, record)] = &left[..] else { panic!("the term of {other:?} is over: {left:?}") };
    assert!(claim.key == other.key && record.has_lapsed, "who takes it is told: {record:?}");
}

/// Contract 6: it begins anew.
pub(super) async fn what_is_released_is_taken_again<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = recorded(&*journal, "pears").await;
    let claim = noted(&*journal, claim, &[doubt(), RequestNote::Parked]).await;
    assert!(taken(&*journal, 2, 9).await.is_empty(), "an operator is to look at it");
    let claim = claimed(&*journal, &claim.key, 1).await;
    note(&*journal, &claim, 2, &retried()).await;
    let found = taken(&*fixture.reopened().await, 2, 9).await;
    let [(_, record)] = &found[..] else { panic!("there is one: {found:?}") };
    assert_eq!((record.state.status(), record.state.attempts()), (RequestStatus::Open, 0));
}

/// Contracts 6 to 8.
pub(super) async fn what_cannot_be_read_holds_up_no_other<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let bad = free(&*journal, "a-bad").await;
    free(&*journal, "good").await;
    if !fixture.spoil(&bad.key).await {
        return;
    }
    for (n, expected) in [(2, vec!["good".to_owned()]), (3, Vec::new())] {
        assert_eq!(keys_taken(&*fixture.reopened().await, n, 1).await, expected);
    }
    let _ = loaded(&*journal, &super::samples::key("good")).await;
}
