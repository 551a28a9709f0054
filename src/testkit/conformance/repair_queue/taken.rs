//! Whose turn it is, and for how long: contract 3.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::RepairQueueFixture;
use super::samples::{
    LONG, OVER, SHORT, TICK, finish, key, keys, note, note_in_turn, postpone, take, take_one,
    takes_nothing,
};

/// Contract 3: never more than asked for, and all there is, if that is less.
pub(super) async fn a_take_holds_no_more_than_its_limit<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1, 2, 3, 4, 5]).await;
    for expected in [2, 2, 1, 0] {
        let taken = take(&queue, 2, LONG).await.len();
        assert_eq!(taken, expected, "the keys of a take of two");
    }
    note(&queue, &[6]).await;
    assert_eq!(take(&queue, usize::MAX, LONG).await.len(), 1, "a take of any number");
}

/// Contract 3: first come, first served.
pub(super) async fn the_key_that_is_due_longest_comes_first<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note_in_turn(fixture, &[3, 1, 2]).await;
    for expected in [3, 1, 2] {
        assert_eq!(keys(&take(&queue, 1, LONG).await), [key(expected)], "whose turn it is");
    }
}

/// Contracts 3 and 5: a key that changes all the time, and one that fails, let
/// others have their turn.
pub(super) async fn who_comes_back_waits_behind_the_others<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note_in_turn(fixture, &[1, 2, 3]).await;
    let taken = take(&queue, 2, LONG).await;
    assert_eq!(keys(&taken), [key(1), key(2)], "whose turn it is");
    note(&queue, &[1]).await;
    finish(&queue, &taken[0]).await;
    fixture.pass(TICK).await;
    postpone(&queue, &taken[1], TICK, "away").await;
    fixture.pass(TICK * 2).await;
    let taken = keys(&take(&queue, 3, LONG).await);
    assert_eq!(taken, [key(3), key(1), key(2)], "who came back, and when");
}

/// Contract 3: hidden for the term, then due, with nothing counted.
pub(super) async fn a_taken_key_is_hidden_for_its_term<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let start = Instant::now();
    let taken = take(&queue, 1, SHORT).await;
    let again = take(&queue, 1, SHORT).await;
    assert!(again.is_empty() || start.elapsed() >= SHORT, "a taken key was taken: {again:?}");
    fixture.pass(OVER * 2).await;
    let again = take_one(&queue).await;
    super::samples::is_again(&again, &taken[0]);
    takes_nothing(&queue, "within a long term").await;
}

/// Contract 3: a receipt names one take of one key.
pub(super) async fn no_receipt_comes_twice<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    let mut receipts = BTreeSet::new();
    for _ in 0..5 {
        note(&queue, &[1, 2, 3]).await;
        for entry in take(&queue, 9, LONG).await {
            assert!(entry.receipt > 0, "a receipt of 0");
            assert!(receipts.insert(entry.receipt), "a receipt that came twice");
            finish(&queue, &entry).await;
        }
    }
    assert_eq!(receipts.len(), 15, "the receipts of five takes of three");
}
