//! What outlives the handle it was written through: contract 1.

use super::RepairQueueFixture;
use super::samples::{
    LONG, Queue, depth, finish, key, keys, listed, note, park, parked, postpone, take_one,
    takes_nothing, waiting,
};

async fn reopened<F: RepairQueueFixture>(fixture: &F) -> Queue {
    let reopened = fixture.reopened().await;
    reopened
        .expect("the fixture cannot reopen its store: say `volatile` if it ends with its handle")
}

/// Contract 1: what was noted waits, with its count.
pub(super) async fn notes_outlive_the_handle<F: RepairQueueFixture>(fixture: &F) {
    note(&fixture.queue(), &[1, 2, 1]).await;
    let found = waiting(&reopened(fixture).await).await;
    assert_eq!(keys(&found), [key(1), key(2)], "what was noted");
    assert_eq!(found[0].notes, 2, "how often");
}

/// Contract 1: a taken key stays hidden, and may be finished elsewhere.
pub(super) async fn takes_outlive_the_handle<F: RepairQueueFixture>(fixture: &F) {
    note(&fixture.queue(), &[1]).await;
    let taken = take_one(&fixture.queue()).await;
    let queue = reopened(fixture).await;
    takes_nothing(&queue, "after it was taken by another handle").await;
    finish(&queue, &taken).await;
    assert!(depth(&fixture.queue()).await.is_empty(), "it was finished by another handle");
}

/// Contract 1: attempts, errors and delays stay.
pub(super) async fn delays_outlive_the_handle<F: RepairQueueFixture>(fixture: &F) {
    note(&fixture.queue(), &[1]).await;
    let taken = take_one(&fixture.queue()).await;
    postpone(&fixture.queue(), &taken, LONG, "away").await;
    let queue = reopened(fixture).await;
    takes_nothing(&queue, "after it was postponed").await;
    assert_eq!(waiting(&queue).await, [listed(&taken, 1, Some("away"))], "what was postponed");
}

/// Contracts 1 and 7: what was parked is parked.
pub(super) async fn parked_keys_outlive_the_handle<F: RepairQueueFixture>(fixture: &F) {
    note(&fixture.queue(), &[1]).await;
    let taken = take_one(&fixture.queue()).await;
    park(&fixture.queue(), &taken, "given up").await;
    let queue = reopened(fixture).await;
    takes_nothing(&queue, "after it was parked").await;
    assert_eq!(parked(&queue).await, [listed(&taken, 1, Some("given up"))], "what was parked");
}

/// Contract 3: no handle gives a receipt that another gave.
pub(super) async fn receipts_outlive_the_handle<F: RepairQueueFixture>(fixture: &F) {
    let mut receipts = std::collections::BTreeSet::new();
    for queue in [fixture.queue(), reopened(fixture).await, reopened(fixture).await] {
        note(&queue, &[1]).await;
        let taken = take_one(&queue).await;
        assert!(receipts.insert(taken.receipt), "a receipt that came twice");
        finish(&queue, &taken).await;
    }
}
