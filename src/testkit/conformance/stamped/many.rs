//! Several keys in one call.

use super::{EntityOf, KeyOf, StampedFixture, Subject};
use crate::repository::StampedRepository;
use crate::stamp::Record;

/// A page of keys, as a checker reads them again.
const LARGE: u32 = 1_000;

type Records<F> = Vec<Record<EntityOf<F>>>;

/// Contract 13: one answer for each key, at its place, in whatever order the
/// keys stand and whether they are there or not.
pub(super) async fn many_keys_are_answered_in_order<F: StampedFixture>(fixture: &F) {
    fixture.plant(fixture.entity(6, 0)).await;
    let mut subjects = Vec::new();
    for n in 0..8 {
        subjects.push(Subject::of(fixture, n).await);
    }
    subjects[1].stores(&subjects[1].live(1)).await;
    subjects[2].stores(&subjects[2].tombstone(2)).await;
    subjects[4].stores(&subjects[4].live(4)).await;
    for order in [[0, 1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1, 0], [4, 0, 6, 2, 7, 1, 3, 5]] {
        let (mut keys, mut expected) = (Vec::new(), Vec::new());
        for n in order {
            keys.push(subjects[n].key.clone());
            expected.push(subjects[n].read().await);
        }
        assert_eq!(read_many(fixture, &keys).await, expected, "the records of {keys:?}");
    }
}

/// Contract 13: a key that is named twice is answered twice.
pub(super) async fn a_key_named_often_is_answered_as_often<F: StampedFixture>(fixture: &F) {
    let (one, other) = (Subject::of(fixture, 0).await, Subject::of(fixture, 1).await);
    one.stores(&one.live(1)).await;
    other.stores(&other.tombstone(2)).await;
    let named = [&one, &other, &one, &one, &other];
    let keys: Vec<_> = named.iter().map(|subject| subject.key.clone()).collect();
    let (live, gone) = (one.live(1), other.tombstone(2));
    let expected = vec![live.clone(), gone.clone(), live.clone(), live, gone];
    assert_eq!(read_many(fixture, &keys).await, expected, "the records of {keys:?}");
}

/// Contract 13: no keys are answered, with nothing.
pub(super) async fn no_keys_have_no_answers<F: StampedFixture>(fixture: &F) {
    assert_eq!(read_many(fixture, &[]).await, [], "the records of no keys");
}

/// Contract 13: a thousand keys are no more than the store bears.
pub(super) async fn a_large_batch_of_keys_is_read_whole<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    subject.stores(&subject.live(1)).await;
    let keys: Vec<_> = (0..LARGE).rev().map(|n| fixture.key(n)).collect();
    let mut found = read_many(fixture, &keys).await;
    assert_eq!(found.len(), keys.len(), "the records of {LARGE} keys");
    assert_eq!(found.pop(), Some(subject.live(1)), "the last record of {LARGE}");
    assert!(found.iter().all(|record| record.value.is_none()), "a value of an absent key");
}

/// Contracts 7 and 13: every record is as new as one that is read alone.
pub(super) async fn many_keys_are_read_as_they_are_now<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    let keys = [subject.key.clone(), fixture.key(1)];
    for step in 1..=20 {
        let record = subject.live(step);
        let answer = subject.other.apply(&subject.key, &record).await;
        assert!(answer.is_ok(), "applying failed: {answer:?}");
        let found = read_many(fixture, &keys).await;
        assert_eq!(found.first(), Some(&record), "the record just applied");
    }
}

async fn read_many<F: StampedFixture>(fixture: &F, keys: &[KeyOf<F>]) -> Records<F> {
    let answers = fixture.repository().read_many(keys).await;
    let records = answers.into_iter().map(|answer| answer.expect("a read succeeds"));
    records.collect()
}
