//! Who may write about a request, and for how long.

use super::RequestJournalFixture;
use super::samples::{
    Came, LONG, LONGER, NOW, SHORT, answered, claimed, closed, decided, done, doubt, free, handle,
    handles, holder, loaded, node, note, parked, recorded, recorded_for, refused, retried, stamp,
    try_claim, withdrawn,
};
use crate::gateway::dual::{RequestAppend, RequestNote};
use crate::phase::{Incarnation, NodeId, Side};
use crate::testkit::conformance::pace::Overlap;

/// Contract 4.
pub(super) async fn a_held_request_is_not_claimed_by_another<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let claim = recorded(&*journal, "pears").await;
    assert_eq!(try_claim(&*fixture.reopened().await, &claim.key, 2).await, None);
    note(&*journal, &claim, 0, &done(Side::Legacy)).await;
    assert_eq!(try_claim(&*fixture.reopened().await, &claim.key, 2).await, None);
}

/// Contract 4: the answer to its last claim was lost.
pub(super) async fn the_holder_may_claim_it_anew<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let first = recorded(&*journal, "pears").await;
    let again = claimed(&*fixture.reopened().await, &first.key, 1).await;
    assert!(again.epoch > first.epoch);
    refused(&*journal, &first, 0, &done(Side::Legacy), "there is a newer claim").await;
    note(&*journal, &again, 0, &done(Side::Legacy)).await;
}

/// Contract 5: what died and came back does not know what its former life was about.
pub(super) async fn a_holder_in_another_life_is_another<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = recorded(&*journal, "pears").await;
    let reborn = NodeId { incarnation: Incarnation::fixed(77), ..node(1) };
    assert_eq!(answered("claiming", journal.claim(&claim.key, &reborn, LONG).await), None);
}

/// Contract 5.
pub(super) async fn an_expired_claim_gives_way<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = recorded_for(&*journal, "pears", SHORT).await;
    assert_eq!(try_claim(&*journal, &claim.key, 2).await, None, "its term is not over");
    tokio::time::sleep(LONGER).await;
    assert_eq!(holder(&*journal, &claim.key).await, None, "its term is over");
    let second = journal.claim(&claim.key, &node(2), SHORT).await;
    assert!(answered("claiming", second).is_some());
    assert_eq!(holder(&*fixture.reopened().await, &claim.key).await, Some(node(2)));
    tokio::time::sleep(LONGER).await;
    claimed(&*fixture.reopened().await, &claim.key, 3).await;
}

/// Contract 5: whoever had it may have sent what it did not note.
pub(super) async fn a_claim_that_another_follows_has_lapsed<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let lapses = async |key, expected| {
        for journal in handles(fixture).await {
            let found = loaded(&*journal, key).await.has_lapsed;
            assert_eq!(found, expected, "whether a claim of {} has lapsed", key.key());
        }
    };
    let given_back = free(&*journal, "pears").await;
    claimed(&*journal, &given_back.key, 1).await;
    lapses(&given_back.key, false).await;
    let anew = recorded(&*journal, "plums").await;
    lapses(&anew.key, false).await;
    claimed(&*fixture.reopened().await, &anew.key, 1).await;
    lapses(&anew.key, true).await;
    let left = recorded_for(&*journal, "quinces", SHORT).await;
    tokio::time::sleep(LONGER).await;
    lapses(&left.key, false).await;
    claimed(&*journal, &left.key, 2).await;
    lapses(&left.key, true).await;
}

/// Contract 5.
pub(super) async fn a_lapse_is_told_until_a_note_begins_anew<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let lapses = async |key| loaded(&*fixture.reopened().await, key).await.has_lapsed;
    let left = recorded(&*journal, "pears").await;
    let claim = claimed(&*journal, &left.key, 1).await;
    note(&*journal, &claim, 0, &doubt()).await;
    assert!(lapses(&left.key).await, "it is not known what became of the first");
    let claim = claimed(&*journal, &left.key, 1).await;
    assert!(lapses(&left.key).await, "the one before was given back, that before it was not");
    note(&*journal, &claim, 1, &done(Side::Legacy)).await;
    assert!(!lapses(&left.key).await, "the other side was sent nothing yet");
    let claim = claimed(&*journal, &left.key, 1).await;
    note(&*journal, &claim, 2, &RequestNote::Parked).await;
    assert!(lapses(&left.key).await, "it waits for an operator");
    let claim = claimed(&*journal, &left.key, 1).await;
    note(&*journal, &claim, 3, &retried()).await;
    assert!(!lapses(&left.key).await, "an operator has looked into it");
    let gone = withdrawn(&*journal, "plums").await;
    claimed(&*journal, &gone.key, 1).await;
    let again = claimed(&*journal, &gone.key, 1).await;
    note(&*journal, &again, 1, &RequestNote::Reopened { stamp: stamp(9) }).await;
    assert!(!lapses(&gone.key).await, "it is begun anew");
}

/// Contract 4.
pub(super) async fn an_epoch_is_larger_than_every_one_before<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let mut claim = free(&*journal, "pears").await;
    for _ in 0..4 {
        let next = claimed(&*fixture.reopened().await, &claim.key, 1).await;
        assert!(next.epoch > claim.epoch, "epoch {} after {}", next.epoch, claim.epoch);
        assert_eq!(loaded(&*journal, &next.key).await.epoch, next.epoch, "the newest is told");
        claim = next;
    }
}

/// Contract 4: of two at once, at most one gets it.
pub(super) async fn of_concurrent_claims_one_gets_it<F: RequestJournalFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    for (round, overlap) in (0..6).zip(Overlap::alternating()) {
        let claim = free(&*handles[0], &format!("pears-{round}")).await;
        let calls = (0..8).map(|call| {
            let (journal, key, node) = (handle(&handles, call), claim.key.clone(), node(call));
            async move { decided(|| journal.claim(&key, &node, LONG)).await }
        });
        let came = overlap.race(calls.collect()).await;
        let got = came.iter().filter(|came| matches!(came, Came::Done(Some(_)))).count();
        let is_clear = !came.contains(&Came::InDoubt) && !came.contains(&Came::Refused);
        assert!(got == 1 || got == 0 && !is_clear, "{got} of eight got it: {came:?}");
    }
}

/// Contract 5: it is not a term without an end.
pub(super) async fn a_term_of_no_time_has_run_out_at_once<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = recorded_for(&*journal, "pears", NOW).await;
    assert_eq!(holder(&*journal, &claim.key).await, None, "it was recorded for no time");
    let second = answered("claiming", journal.claim(&claim.key, &node(2), NOW).await);
    assert_eq!(holder(&*journal, &claim.key).await, None, "it was claimed for no time");
    let second = second.expect("nobody holds it");
    answered(
        "noting",
        journal.note(&second, &RequestAppend::new(0, &done(Side::Legacy), NOW)).await,
    );
    assert_eq!(holder(&*journal, &claim.key).await, None, "it was noted for no time");
    claimed(&*fixture.reopened().await, &claim.key, 3).await;
}

/// Contract 4.
pub(super) async fn a_request_can_be_claimed_wherever_it_stands<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let all = [
        free(&*journal, "free").await,
        closed(&*journal, "closed").await,
        parked(&*journal, "parked").await,
        withdrawn(&*journal, "withdrawn").await,
    ];
    for claim in all {
        claimed(&*fixture.reopened().await, &claim.key, 2).await;
        assert_eq!(try_claim(&*journal, &claim.key, 3).await, None, "it is held");
    }
}
