//! Calls that overlap, through one handle or two: contract 10.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::RepairQueueFixture;
use super::samples::{
    Ending, LONG, Queue, depth, key, limit, note, note_of, other, take, take_one, waiting,
};
use crate::reconcile::RepairEntry;
use crate::testkit::conformance::pace::{Overlap, persist};

const ROUNDS: u8 = 6;
const CALLS: u8 = 8;

async fn handles<F: RepairQueueFixture>(fixture: &F) -> [Queue; 2] {
    [fixture.queue(), other(fixture).await]
}

fn handle(handles: &[Queue; 2], call: u8) -> Queue {
    Arc::clone(&handles[usize::from(call % 2)])
}

/// Contract 10: whoever takes at once, takes different keys.
pub(super) async fn concurrent_takes_never_share_a_key<F: RepairQueueFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    for (round, overlap) in (0..ROUNDS).zip(Overlap::alternating()) {
        let noted: Vec<u8> = (0..CALLS * 2).map(|n| round * CALLS * 2 + n).collect();
        note(&handles[0], &noted).await;
        let calls = (0..CALLS).map(|call| {
            let queue = handle(&handles, call);
            async move { persist(|| queue.take(limit(3), LONG)).await }
        });
        let taken = overlap.race(calls.collect()).await;
        let is_doubtful = taken.iter().any(|answer| answer.is_doubtful);
        let entries = taken.into_iter().flat_map(|answer| answer.value);
        let (mut keys, mut count) = (BTreeSet::new(), 0);
        for entry in entries {
            count += 1;
            assert!(keys.insert(entry.key.clone()), "{:?} was taken twice", entry.key);
        }
        assert!(is_doubtful || count > 0, "nobody took anything");
        take(&handles[0], 99, LONG).await;
    }
}

/// Contract 10: each of them counts.
pub(super) async fn no_concurrent_note_is_lost<F: RepairQueueFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    let mut least = 0;
    for (_, overlap) in (0..ROUNDS).zip(Overlap::alternating()) {
        let calls = (0..CALLS).map(|call| {
            let queue = handle(&handles, call);
            async move {
                let notes = [note_of(&key(1), "mismatch"), note_of(&key(10 + call), "mismatch")];
                persist(|| queue.note(&notes)).await.is_doubtful
            }
        });
        let is_doubtful = overlap.race(calls.collect()).await.contains(&true);
        let found = waiting(&handles[1]).await;
        assert_eq!(found.len(), usize::from(CALLS) + 1, "the keys that were noted");
        least += u64::from(CALLS);
        let notes = found[0].notes;
        assert!(notes == least || (is_doubtful && notes > least), "{notes} notes, not {least}");
        least = notes;
    }
}

/// Contracts 5 and 10: whichever comes first, the key waits, or comes back.
pub(super) async fn a_note_that_meets_an_end_is_not_lost<F: RepairQueueFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    let overlaps = Overlap::BOTH.into_iter().flat_map(|overlap| [overlap; 6]).cycle();
    for (round, overlap) in (0..ROUNDS * 3).zip(overlaps) {
        note(&handles[0], &[1]).await;
        let taken = take_one(&handles[0]).await;
        let ending = Ending::ALL[usize::from(round % 3)];
        let calls =
            (0..2).map(|call| {
                let (queue, taken) = (handle(&handles, call), taken.clone());
                // Either begins, in turn.
                let ends = (call + round) % 2 == 0;
                async move {
                    if ends { end(&queue, &taken, ending).await } else { note_one(&queue).await }
                }
            });
        overlap.race(calls.collect()).await;
        let again = take_one(&handles[0]).await;
        Ending::Finish.of(&handles[0], &again).await;
        assert!(depth(&handles[0]).await.is_empty(), "it is repaired");
    }
}

async fn note_one(queue: &Queue) {
    let note = [note_of(&key(1), "mismatch")];
    persist(|| queue.note(&note)).await;
}

async fn end(queue: &Queue, taken: &RepairEntry, ending: Ending) {
    match ending {
        Ending::Finish => persist(|| queue.finish(taken)).await,
        Ending::Postpone => persist(|| queue.postpone(taken, LONG, "away")).await,
        Ending::Park => persist(|| queue.park(taken, "given up")).await,
    };
}

/// Contract 11: what is answered is there, for every handle.
pub(super) async fn what_was_answered_is_shown_at_once<F: RepairQueueFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    for call in 0..20 {
        let (writes, reads) = (handle(&handles, call), handle(&handles, call + 1));
        note(&writes, &[call]).await;
        assert_eq!(depth(&reads).await.waiting, 1, "the keys that wait after a note");
        let taken = take_one(&reads).await;
        Ending::Finish.of(&reads, &taken).await;
        assert_eq!(depth(&writes).await.waiting, 0, "the keys that wait after their end");
    }
}
