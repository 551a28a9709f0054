//! What is shown, and counted: contracts 7 to 9.

use super::RepairQueueFixture;
use super::samples::{
    LONG, OVER, Queue, SHORT, TICK, answered, depth, key, keys, limit, listed, note, park, parked,
    postpone, retry, take, take_one, takes_nothing, waiting,
};
use crate::reconcile::RepairEntry;

/// Parks these keys.
async fn parks(queue: &Queue, keys: &[u8]) {
    note(queue, keys).await;
    for entry in take(queue, keys.len(), LONG).await {
        park(queue, &entry, "given up").await;
    }
}

/// Contract 7: it is as if it had just been noted, but no note.
pub(super) async fn a_retried_key_is_due<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    parks(&queue, &[1, 2]).await;
    retry(&queue, &key(1)).await;
    let found = take_one(&queue).await;
    assert_eq!((found.key, found.notes), (key(1), 1), "what was parked");
    assert_eq!((found.attempts, found.error), (0, None), "what was tried before");
    assert_eq!(keys(&parked(&queue).await), [key(2)], "what is still parked");
}

/// Contract 7: keys that are taken or postponed stay so.
pub(super) async fn only_a_parked_key_is_retried<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let taken = take_one(&queue).await;
    retry(&queue, &key(1)).await;
    takes_nothing(&queue, "after retrying a taken key").await;
    postpone(&queue, &taken, LONG, "away").await;
    retry(&queue, &key(1)).await;
    takes_nothing(&queue, "after retrying a postponed key").await;
    assert_eq!(waiting(&queue).await, [listed(&taken, 1, Some("away"))], "what waits");
}

/// Contract 7: of a key that waits, or that nobody has noted, the answer is no.
pub(super) async fn a_retry_tells_whether_the_key_was_parked<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    parks(&queue, &[1]).await;
    note(&queue, &[2]).await;
    assert!(retry(&queue, &key(1)).await, "it was parked");
    for other in [1, 2, 3] {
        assert!(!retry(&queue, &key(other)).await, "key {other} is not parked");
    }
}

/// Contract 8: page after page, in the order of the bytes; also of a size that
/// few stores can count.
pub(super) async fn parked_keys_are_listed_in_order<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    parks(&queue, &[200, 1, 127, 3]).await;
    note(&queue, &[9]).await;
    in_order(&queue, Shelf::Parked, [1, 3, 127, 200]).await;
}

/// Contract 8, of the keys that wait: due, taken and postponed ones.
pub(super) async fn waiting_keys_are_listed_in_order<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    parks(&queue, &[2]).await;
    note(&queue, &[200, 1]).await;
    for (n, entry) in take(&queue, 9, LONG).await.into_iter().enumerate() {
        if n == 0 {
            postpone(&queue, &entry, LONG, "away").await;
        }
    }
    note(&queue, &[127, 3]).await;
    in_order(&queue, Shelf::Waiting, [1, 3, 127, 200]).await;
    assert_eq!(take(&queue, 9, LONG).await.len(), 2, "listing takes nothing");
}

#[derive(Clone, Copy)]
enum Shelf {
    Waiting,
    Parked,
}

async fn page(queue: &Queue, shelf: Shelf, after: Option<&[u8]>, most: usize) -> Vec<RepairEntry> {
    let page = match shelf {
        Shelf::Waiting => queue.waiting(after, limit(most)).await,
        Shelf::Parked => queue.parked(after, limit(most)).await,
    };
    answered("listing", page)
}

async fn in_order(queue: &Queue, shelf: Shelf, expected: [u8; 4]) {
    let expected = expected.map(key);
    for most in [1, 2, 3, 4, 5, usize::MAX] {
        let mut found: Vec<Vec<u8>> = Vec::new();
        loop {
            let page = page(queue, shelf, found.last().map(Vec::as_slice), most).await;
            assert!(page.len() <= most, "a list of {most} holds {}", page.len());
            assert!(page.iter().all(|entry| entry.receipt == 0), "a receipt in a list");
            let is_last = page.len() < most;
            found.extend(keys(&page));
            if is_last || found.len() > expected.len() {
                break;
            }
        }
        assert_eq!(found, expected, "all keys, by lists of {most}");
    }
    let after = page(queue, shelf, Some(b"k\x02\0"), 1).await;
    assert_eq!(keys(&after), [expected[1].clone()], "after a key that is not there");
}

/// Contract 9: taken and postponed keys wait; parked ones do not.
pub(super) async fn the_depth_counts_what_waits_and_what_is_parked<F: RepairQueueFixture>(
    fixture: &F,
) {
    let queue = fixture.queue();
    let empty = depth(&queue).await;
    assert!(empty.is_empty() && empty.oldest.is_none(), "of an empty queue: {empty:?}");
    parks(&queue, &[1, 2]).await;
    let found = depth(&queue).await;
    assert_eq!((found.waiting, found.parked, found.oldest), (0, 2, None), "two parked");
    note(&queue, &[3, 4, 5, 3]).await;
    let taken = take(&queue, 2, LONG).await;
    postpone(&queue, &taken[0], LONG, "away").await;
    let found = depth(&queue).await;
    assert_eq!((found.waiting, found.parked), (3, 2), "three wait, two are parked");
}

/// Contract 9: as old as its first note, whatever came after.
pub(super) async fn the_oldest_key_is_as_old_as_its_first_note<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    fixture.pass(OVER).await;
    note(&queue, &[1, 2]).await;
    let taken = take(&queue, 1, LONG).await;
    postpone(&queue, &taken[0], TICK, "away").await;
    let oldest = depth(&queue).await.oldest;
    assert!(oldest >= Some(SHORT), "the oldest key came {oldest:?} ago");
    assert!(oldest < Some(LONG), "the oldest key came {oldest:?} ago");
}
