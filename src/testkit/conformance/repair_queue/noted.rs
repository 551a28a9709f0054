//! What a note makes of a key: contracts 1 and 2.

use super::RepairQueueFixture;
use super::samples::{
    LONG, SHORT, answered, finish, key, keys, limit, listed, note, note_in_turn, note_of, park,
    parked, postpone, take, take_one, takes_nothing, waiting,
};

/// Contract 2: whatever its bytes, a key comes back with its reason.
pub(super) async fn what_was_noted_is_taken<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    answered("noting", queue.note(&[note_of(&[0, 255, b'\'', 0], "lenient_failed")]).await);
    let taken = take_one(&queue).await;
    assert_eq!(
        (taken.key.as_slice(), taken.reason.as_str()),
        (&[0, 255, 39, 0][..], "lenient_failed")
    );
    assert_eq!((taken.notes, taken.attempts, taken.error), (1, 0, None), "of a key just noted");
}

/// Contract 1: no keys are none.
pub(super) async fn noting_nothing_is_no_error<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    answered("noting nothing", queue.note(&[]).await);
    takes_nothing(&queue, "after noting nothing").await;
}

/// Contract 2: one key, each note counted, the newest reason; also within one
/// call.
pub(super) async fn a_key_noted_again_is_there_once<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    let [one, two, three] = ["one", "two", "three"].map(|reason| note_of(&key(1), reason));
    answered("noting", queue.note(&[one]).await);
    answered("noting a key twice", queue.note(&[two, three]).await);
    let taken = take_one(&queue).await;
    assert_eq!((taken.notes, taken.reason.as_str()), (3, "three"), "of a key noted three times");
}

/// Contract 2: no two keys are one because some collation says so.
pub(super) async fn keys_are_told_apart_byte_for_byte<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    let all: [&[u8]; 9] =
        [b"", b"\0", b" ", b"A", b"a", b"a\0", b"a ", "é".as_bytes(), "e\u{301}".as_bytes()];
    let notes = all.map(|key| note_of(key, "mismatch"));
    answered("noting", queue.note(&notes).await);
    let mut found = keys(&take(&queue, 99, LONG).await);
    found.sort();
    let mut expected = all.map(<[u8]>::to_vec);
    expected.sort();
    assert_eq!(found, expected, "the keys that were noted");
}

/// Contract 2: a note forgets the attempts of a postponed key, and its delay.
pub(super) async fn a_note_makes_a_postponed_key_due<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let taken = take_one(&queue).await;
    postpone(&queue, &taken, LONG, "away").await;
    note(&queue, &[1]).await;
    let again = take_one(&queue).await;
    assert_eq!((again.notes, again.attempts, again.error), (2, 0, None), "noted again");
}

/// Contract 2: a note brings a parked key back.
pub(super) async fn a_note_makes_a_parked_key_due<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let taken = take_one(&queue).await;
    park(&queue, &taken, "given up").await;
    note(&queue, &[1]).await;
    assert_eq!(parked(&queue).await, [], "what is parked after a note");
    let again = take_one(&queue).await;
    assert_eq!((again.notes, again.attempts, again.error), (2, 0, None), "noted again");
}

/// Contract 2: who repairs a key is not joined by another.
pub(super) async fn a_note_does_not_bring_a_taken_key_out<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let taken = take_one(&queue).await;
    note(&queue, &[1]).await;
    takes_nothing(&queue, "while it is taken").await;
    let mut shown = listed(&taken, 0, None);
    shown.notes = 2;
    assert_eq!(waiting(&queue).await, [shown], "a note of a taken key is counted");
}

/// Contract 2: who is noted again and again does not lose its turn, nor gain.
pub(super) async fn a_note_of_a_due_key_keeps_its_place<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note_in_turn(fixture, &[2, 1, 3, 1, 2]).await;
    let taken = keys(&take(&queue, 9, SHORT).await);
    assert_eq!(taken, [key(2), key(1), key(3)], "in the order of their first notes");
}

/// Contract 6: a key that was repaired and is noted again begins anew.
pub(super) async fn a_key_noted_after_its_end_is_new<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1, 1]).await;
    let taken = take_one(&queue).await;
    finish(&queue, &taken).await;
    note(&queue, &[1]).await;
    let found = answered("listing", queue.waiting(None, limit(1)).await);
    assert_eq!(found.first().map(|entry| entry.notes), Some(1), "its notes");
}
