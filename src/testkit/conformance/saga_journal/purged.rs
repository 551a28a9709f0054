//! What is removed when all is over.

use super::SagaJournalFixture;
use super::samples::{
    Came, LONG, at, created, decided, handles, id, is_conflict, kept, loaded, over, purge, put,
    refused, release, started,
};
use crate::saga::{SagaAppend, SagaStatus};
use crate::testkit::conformance::pace::Overlap;

/// Contract 9: its entries are gone for good, and nothing of its header.
pub(super) async fn a_purged_saga_keeps_its_header_only<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = over(&*journal, "order").await;
    let (before, _) = kept(&*journal, &claim.saga).await.expect("it was created");
    assert!(!before.is_purged, "it was not purged yet");
    purge(&*journal, &claim.saga).await;
    let (header, entries) =
        kept(&*fixture.reopened().await, &claim.saga).await.expect("its header outlives it");
    assert_eq!(entries, []);
    assert!(header.is_purged, "it was purged");
    assert_eq!(crate::saga::SagaHeader { is_purged: false, ..header }, before);
}

/// Contract 9: a purge whose answer was lost is made again.
pub(super) async fn purging_again_is_no_error<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = over(&*journal, "order").await;
    purge(&*journal, &claim.saga).await;
    purge(&*fixture.reopened().await, &claim.saga).await;
    assert_eq!(loaded(&*journal, &claim.saga).await.0.length, 2);
}

/// Contract 9: each of those that are over, and no other.
pub(super) async fn a_saga_that_is_not_over_is_not_purged<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    for &status in SagaStatus::ALL {
        let claim = created(&*journal, status.name()).await;
        put(&*journal, &claim, status).await;
        release(&*journal, &claim).await;
        if status.is_over() {
            purge(&*journal, &claim.saga).await;
            continue;
        }
        let before = kept(&*journal, &claim.saga).await;
        is_conflict(journal.purge(&claim.saga).await, "it is not over");
        assert_eq!(kept(&*journal, &claim.saga).await, before, "what is {status}");
    }
}

/// Contract 9.
pub(super) async fn what_was_never_created_is_not_purged<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    is_conflict(journal.purge(&id("order")).await, "there is no such saga");
}

/// Contract 9: whatever the position says.
pub(super) async fn a_purged_saga_takes_no_more_entries<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = over(&*journal, "order").await;
    purge(&*journal, &claim.saga).await;
    for position in [0, 1, 2, 3] {
        refused(&*fixture.reopened().await, &claim, position, "it was purged").await;
    }
}

/// Contract 9: of that saga only.
pub(super) async fn a_purge_leaves_other_sagas_alone<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let purged = over(&*journal, "order").await;
    let (one, other) = (over(&*journal, "Order").await, created(&*journal, "order/ship").await);
    let others = async || (kept(&*journal, &one.saga).await, kept(&*journal, &other.saga).await);
    let before = others().await;
    purge(&*journal, &purged.saga).await;
    assert_eq!(others().await, before);
}

/// Contract 9: none of them overlooks the other, so that nothing grows that is purged.
pub(super) async fn a_purge_and_an_append_at_once_see_each_other<F: SagaJournalFixture>(
    fixture: &F,
) {
    let handles = handles(fixture).await;
    for (round, overlap) in (0..8).zip(Overlap::alternating()) {
        let claim = over(&*handles[0], &format!("order:{round}")).await;
        // It goes on, or ends once more.
        let status = if round % 4 < 2 { SagaStatus::Running } else { SagaStatus::RolledBack };
        let (journal, saga) = (handles[0].clone(), claim.saga.clone());
        let purging = async move { decided(|| journal.purge(&saga)).await };
        let (journal, by) = (handles[1].clone(), claim.clone());
        let appending = async move {
            let entries = [started("charge")];
            let append = SagaAppend { status, ..at(2, &entries) };
            decided(|| journal.append(&by, &append, LONG)).await
        };
        let (purged, appended) = if round < 4 {
            overlap.both(purging, appending).await
        } else {
            let (appended, purged) = overlap.both(appending, purging).await;
            (purged, appended)
        };
        let (header, entries) = loaded(&*handles[0], &claim.saga).await;
        let is_right = match (&purged, &appended) {
            (Came::Done(()), Came::Refused) => header.length == 2 && header.is_purged,
            (Came::Done(()), Came::Done(())) => header.length == 3 && status.is_over(),
            (Came::Refused, Came::Done(())) => header.length == 3 && !status.is_over(),
            (Came::Refused, Came::Refused) => false,
            _ => true,
        };
        assert!(is_right, "the purge: {purged:?}, an append of {status}: {appended:?}; {header:?}");
        let kept = if header.is_purged { 0 } else { header.length };
        assert_eq!(entries.len() as u64, kept, "entries of {header:?}");
        assert!(header.status.is_over() || !header.is_purged, "{header:?}");
    }
}
