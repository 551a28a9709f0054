//! What was written down.

use super::CheckpointFixture;
use super::claimed::{LONG, LONGER, SHORT, claimed, nothing_is_free, worker};
use super::job::opened;
use crate::backfill::{Checkpoint, CheckpointStore, Claim};
use crate::error::StoreErrorKind;

/// A save under this claim is a conflict.
pub(super) async fn refused(store: &dyn CheckpointStore, claim: &Claim) {
    let wrong = Checkpoint { after: Some(vec![99]), is_done: true, ..Checkpoint::default() };
    match store.save(claim, &wrong, LONG).await {
        Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict, "{error:?}"),
        Ok(()) => panic!("a claim of epoch {} that is old was saved under", claim.epoch),
    }
}

/// Contracts 2 and 5.
pub(super) async fn every_field_of_a_checkpoint_comes_back<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    let claim = claimed(&*store, &job, LONG).await;
    let every: Vec<u8> = (0..=255).collect();
    let most = i64::MAX.unsigned_abs();
    for (n, after) in [Some(every), Some(Vec::new()), None].into_iter().enumerate() {
        let checkpoint = Checkpoint {
            after,
            is_done: n == 1,
            scanned: most,
            copied: most - 1,
            level: 0,
            failed: 7,
        };
        store.save(&claim, &checkpoint, LONG).await.expect("the claim is the newest");
        let states = fixture.reopened().await.load(&job).await.unwrap_or_default();
        assert_eq!(states[0].checkpoint, checkpoint);
    }
}

/// A save whose answer was lost is made again.
pub(super) async fn saving_again_is_harmless<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    let claim = claimed(&*store, &job, LONG).await;
    let half = Checkpoint { after: Some(vec![0]), copied: 5, ..Checkpoint::default() };
    for _ in 0..3 {
        store.save(&claim, &half, LONG).await.expect("the claim is the newest");
    }
    assert_eq!(store.load(&job).await.unwrap_or_default()[0].checkpoint, half);
}

/// Contract 5: a paused process that comes back cannot write a checkpoint.
pub(super) async fn an_older_claim_cannot_save<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    let paused = claimed(&*store, &job, SHORT).await;
    tokio::time::sleep(LONGER).await;
    let newer = claimed(&*fixture.reopened().await, &job, LONG).await;
    refused(&*store, &paused).await;
    let further = Checkpoint { after: Some(vec![1]), ..Checkpoint::default() };
    store.save(&newer, &further, LONG).await.expect("the claim is the newest");
    refused(&*store, &paused).await;
    assert_eq!(store.load(&job).await.unwrap_or_default()[0].checkpoint, further);
}

/// Contract 5: though its term may have run out.
pub(super) async fn an_expired_claim_that_nobody_took_can_save<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    let claim = claimed(&*store, &job, SHORT).await;
    tokio::time::sleep(LONGER).await;
    let half = Checkpoint { after: Some(vec![0]), ..Checkpoint::default() };
    store.save(&claim, &half, LONG).await.expect("it is still the newest claim");
    nothing_is_free(&*store, &job, "the term began anew").await;
}

/// Contract 5: a save whose answer was lost may be made again after all.
pub(super) async fn a_released_claim_that_nobody_took_can_save<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    let claim = claimed(&*store, &job, LONG).await;
    store.release(&claim).await.expect("it can be released");
    let half = Checkpoint { after: Some(vec![0]), ..Checkpoint::default() };
    store.save(&claim, &half, LONG).await.expect("it is still the newest claim");
    assert_eq!(store.load(&job).await.unwrap_or_default()[0].checkpoint, half);
}

/// Contracts 1 and 5: durable.
pub(super) async fn what_was_saved_outlives_the_handle<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    let claim = claimed(&*store, &job, LONG).await;
    let half = Checkpoint { after: Some(vec![0]), ..Checkpoint::default() };
    store.save(&claim, &half, LONG).await.expect("the claim is the newest");
    drop(store);
    let reopened = fixture.reopened().await;
    let states = reopened.load(&job).await.unwrap_or_default();
    assert_eq!(states[0].checkpoint, half);
    nothing_is_free(&*reopened, &job, "the claim outlives the handle too").await;
}

/// Contracts 4 and 5: one who saves at the end of its term and one who claims
/// then do not both hold the partition.
pub(super) async fn a_save_and_a_claim_at_once_leave_one_holder<F: CheckpointFixture>(fixture: &F) {
    let (one, other) = (fixture.store(), fixture.reopened().await);
    for round in 0..3 {
        let job = opened(&*one, &format!("users {round}"), &[1]).await;
        let paused = claimed(&*one, &job, SHORT).await;
        tokio::time::sleep(LONGER).await;
        let half = Checkpoint { after: Some(vec![0]), ..Checkpoint::default() };
        let another = worker("another");
        let (saved, claim) =
            tokio::join!(one.save(&paused, &half, LONG), other.claim(&job, &another, LONG));
        let claim = claim.expect("a claim among others succeeds");
        assert!(saved.is_ok() || claim.is_some(), "neither of them got it");
        if let Some(newer) = claim {
            refused(&*one, &paused).await;
            if saved.is_ok() {
                assert_eq!(newer.checkpoint, half, "what was saved before the claim");
            }
        }
    }
}
