//! Who may write to a saga, and for how long.

use std::time::Duration;

use super::SagaJournalFixture;
use super::samples::{
    Came, LONG, LONGER, SHORT, answered, append, at, claimed, created, created_for, decided,
    handle, handles, holder, id, is_held, over, purge, put, refused, release, renew, runner,
    started, try_claim,
};
use crate::phase::{Incarnation, NodeId};
use crate::saga::{SagaClaim, SagaStatus};
use crate::testkit::conformance::pace::Overlap;

/// Contract 5: `None` if another runner holds it.
pub(super) async fn a_held_saga_is_not_claimed_by_another<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    is_held(&*fixture.reopened().await, &claim.saga, "its creator holds it").await;
    release(&*journal, &claim).await;
    let newer = claimed(&*journal, &claim.saga, 2).await;
    assert_eq!(try_claim(&*fixture.reopened().await, &claim.saga, 1).await, None);
    append(&*journal, &newer, 1, &[started("charge")]).await;
}

/// Contract 5: the answer to its last claim was lost.
pub(super) async fn the_runner_that_holds_it_may_claim_it_anew<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let first = created(&*journal, "order").await;
    let again = claimed(&*fixture.reopened().await, &first.saga, 1).await;
    assert!(again.epoch > first.epoch, "epoch {} after {}", again.epoch, first.epoch);
    refused(&*journal, &first, 1, "there is a newer claim").await;
    append(&*journal, &again, 1, &[started("charge")]).await;
}

/// Contract 5: what died and came back does not know what its former life was about.
pub(super) async fn a_runner_in_another_life_is_another<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    let reborn = NodeId { incarnation: Incarnation::fixed(77), ..runner(1) };
    let denied = journal.claim(&claim.saga, &reborn, LONG).await;
    assert_eq!(answered("claiming", denied), None);
}

/// Contract 6.
pub(super) async fn a_released_saga_can_be_claimed<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    release(&*journal, &claim).await;
    release(&*journal, &claim).await;
    let newer = claimed(&*fixture.reopened().await, &claim.saga, 2).await;
    is_held(&*journal, &newer.saga, "it was claimed").await;
}

/// Contract 6: the term has run out.
pub(super) async fn an_expired_claim_gives_way<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created_for(&*journal, "order", SHORT).await;
    is_held(&*journal, &claim.saga, "its term is not over").await;
    tokio::time::sleep(LONGER).await;
    let second = journal.claim(&claim.saga, &runner(2), SHORT).await;
    assert!(answered("claiming", second).is_some(), "the term of its creator is over");
    is_held(&*journal, &claim.saga, "the new term is not over").await;
    tokio::time::sleep(LONGER).await;
    claimed(&*fixture.reopened().await, &claim.saga, 3).await;
}

/// Contract 5: under an epoch larger than any before.
pub(super) async fn an_epoch_is_larger_than_every_one_before<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let mut claim = created(&*journal, "order").await;
    for n in 0..4 {
        release(&*journal, &claim).await;
        let next = claimed(&*fixture.reopened().await, &claim.saga, n).await;
        assert!(next.epoch > claim.epoch, "epoch {} after {}", next.epoch, claim.epoch);
        let found = answered("loading", journal.load(&next.saga).await);
        let told = found.map(|(header, _)| header.epoch);
        assert_eq!(told, Some(next.epoch), "the newest epoch is told");
        claim = next;
    }
}

/// Contract 5.
pub(super) async fn what_was_never_created_is_not_claimed<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    assert_eq!(try_claim(&*journal, &id("order"), 1).await, None);
    assert_eq!(answered("loading", journal.load(&id("order")).await), None);
}

/// Contract 5: status does not matter.
pub(super) async fn a_saga_can_be_claimed_whatever_its_status<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    for &status in SagaStatus::ALL {
        let claim = created(&*journal, status.name()).await;
        put(&*journal, &claim, status).await;
        release(&*journal, &claim).await;
        claimed(&*journal, &claim.saga, 2).await;
    }
}

/// Contract 5.
pub(super) async fn a_purged_saga_is_not_claimed<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = over(&*journal, "order").await;
    release(&*journal, &claim).await;
    purge(&*journal, &claim.saga).await;
    assert_eq!(try_claim(&*fixture.reopened().await, &claim.saga, 1).await, None);
    assert_eq!(try_claim(&*journal, &claim.saga, 2).await, None);
}

/// Contract 5: of two runners at once, at most one gets it.
pub(super) async fn of_concurrent_claims_one_gets_it<F: SagaJournalFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    for (round, overlap) in (0..6).zip(Overlap::alternating()) {
        let claim = created(&*handles[0], &format!("order:{round}")).await;
        release(&*handles[0], &claim).await;
        let calls = (0..8).map(|call| {
            let (journal, saga) = (handle(&handles, call), claim.saga.clone());
            let runner = runner(call);
            async move { decided(|| journal.claim(&saga, &runner, LONG)).await }
        });
        let came = overlap.race(calls.collect()).await;
        let got = came.iter().filter(|came| matches!(came, Came::Done(Some(_)))).count();
        let is_clear = !came.contains(&Came::InDoubt) && !came.contains(&Came::Refused);
        assert!(got == 1 || got == 0 && !is_clear, "{got} of eight runners got it: {came:?}");
    }
}

/// Contract 6: it is not a term without an end.
pub(super) async fn a_term_of_no_time_has_run_out_at_once<F: SagaJournalFixture>(fixture: &F) {
    let (journal, zero) = (fixture.journal(), Duration::ZERO);
    let first = created_for(&*journal, "order", zero).await;
    assert_eq!(holder(&*journal, &first.saga).await, None, "it was created for no time");
    let second = journal.claim(&first.saga, &runner(2), zero).await;
    assert!(answered("claiming", second).is_some(), "nobody holds it");
    assert_eq!(holder(&*journal, &first.saga).await, None, "it was claimed for no time");
    let third = claimed(&*fixture.reopened().await, &first.saga, 3).await;
    assert_eq!(renew(&*journal, std::slice::from_ref(&third), zero).await, [id("order")]);
    assert_eq!(holder(&*journal, &first.saga).await, None, "it was renewed for no time");
    answered("appending", journal.append(&third, &at(1, &[started("charge")]), zero).await);
    assert_eq!(holder(&*journal, &first.saga).await, None, "it was appended to for no time");
    append(&*journal, &third, 2, &[started("ship")]).await;
    assert_eq!(holder(&*journal, &first.saga).await, Some(runner(3)), "its term began anew");
}

/// Contract 6: it is told who holds it.
pub(super) async fn a_holder_is_named_while_it_holds<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created_for(&*journal, "order", SHORT).await;
    assert_eq!(holder(&*journal, &claim.saga).await, Some(runner(1)));
    tokio::time::sleep(LONGER).await;
    assert_eq!(holder(&*journal, &claim.saga).await, None, "its term is over");
    let newer = claimed(&*journal, &claim.saga, 2).await;
    assert_eq!(holder(&*fixture.reopened().await, &claim.saga).await, Some(runner(2)));
    release(&*journal, &newer).await;
    assert_eq!(holder(&*journal, &claim.saga).await, None, "it was released");
}

/// Contract 6: those that are the newest, and it is answered which.
pub(super) async fn renewing_begins_terms_anew<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let mut claims = Vec::new();
    for text in ["a", "b", "c"] {
        claims.push(created_for(&*journal, text, SHORT).await);
    }
    let unknown = SagaClaim { saga: id("unknown"), epoch: 1 };
    let asked = [claims[2].clone(), unknown, claims[0].clone()];
    assert_eq!(renew(&*journal, &asked, LONG).await, [id("a"), id("c")]);
    tokio::time::sleep(LONGER).await;
    is_held(&*fixture.reopened().await, &claims[0].saga, "its term began anew").await;
    is_held(&*journal, &claims[2].saga, "its term began anew").await;
    claimed(&*journal, &claims[1].saga, 2).await;
    append(&*journal, &claims[0], 1, &[started("charge")]).await;
}

/// Contract 6: nothing to renew is no error.
pub(super) async fn renewing_nothing_is_no_error<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    created(&*journal, "order").await;
    assert_eq!(renew(&*journal, &[], LONG).await, []);
}

/// Contract 6: that of another runner is left alone.
pub(super) async fn renewing_an_older_claim_changes_nothing<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let older = created(&*journal, "order").await;
    release(&*journal, &older).await;
    let newer = journal.claim(&older.saga, &runner(2), SHORT).await;
    assert!(answered("claiming", newer).is_some(), "it was released");
    assert_eq!(renew(&*journal, std::slice::from_ref(&older), LONG).await, []);
    tokio::time::sleep(LONGER).await;
    claimed(&*journal, &older.saga, 3).await;
}

/// Contract 6: a renewal that was on its way when its runner gave up.
pub(super) async fn renewing_a_released_claim_changes_nothing<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    release(&*journal, &claim).await;
    assert_eq!(renew(&*journal, std::slice::from_ref(&claim), LONG).await, []);
    assert_eq!(holder(&*journal, &claim.saga).await, None);
    claimed(&*journal, &claim.saga, 2).await;
}

/// Contract 6: it is still the newest, and was not released.
pub(super) async fn an_expired_claim_that_nobody_took_is_renewed<F: SagaJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let claim = created_for(&*journal, "order", SHORT).await;
    tokio::time::sleep(LONGER).await;
    assert_eq!(renew(&*journal, std::slice::from_ref(&claim), LONG).await, [id("order")]);
    is_held(&*fixture.reopened().await, &claim.saga, "its term began anew").await;
}

/// Contract 7.
pub(super) async fn releasing_an_older_claim_changes_nothing<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let older = created(&*journal, "order").await;
    release(&*journal, &older).await;
    let newer = claimed(&*journal, &older.saga, 2).await;
    release(&*fixture.reopened().await, &older).await;
    is_held(&*journal, &newer.saga, "the newer claim stands").await;
    release(&*journal, &SagaClaim { saga: id("unknown"), epoch: 1 }).await;
}
