//! Several records in one call.

use std::sync::Arc;

use super::{EntityOf, KeyOf, StampedFixture, Subject};
use crate::error::StoreErrorKind;
use crate::repository::{Applied, StampedRepository};
use crate::stamp::{Record, Stamp};
use crate::testkit::conformance::pace::Overlap;

/// A batch as a backfill sends them.
const LARGE: u32 = 1_000;

type Records<F> = Vec<(KeyOf<F>, Record<EntityOf<F>>)>;
type Answers = Vec<Result<Applied, StoreErrorKind>>;

/// Contract 8: one answer for each record, at its place.
pub(super) async fn many_records_are_answered_in_order<F: StampedFixture>(fixture: &F) {
    let subjects = subjects(fixture, 6).await;
    subjects[1].stores(&subjects[1].live(5)).await;
    subjects[4].stores(&subjects[4].tombstone(3)).await;
    let offered: Vec<_> = subjects.iter().map(|subject| subject.live(3)).collect();
    let answers = apply_many(fixture, &paired(&subjects, &offered)).await;

    let mut expected = vec![Ok(Applied::Stored); 6];
    expected[1] = Ok(Applied::Stale(subjects[1].stamp(5)));
    expected[4] = Ok(Applied::Stale(subjects[4].stamp(3)));
    assert_eq!(answers, expected, "the answers to six records");
    for (n, subject) in subjects.iter().enumerate() {
        let held = match n {
            1 => subject.live(5),
            4 => subject.tombstone(3),
            _ => subject.live(3),
        };
        subject.holds(&held).await;
    }
}

/// Contract 8: records of one key are applied in their order, as single calls
/// would be.
pub(super) async fn many_records_of_one_key_are_applied_one_by_one<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    let offered = [
        subject.live(2),
        subject.live(1),
        subject.tombstone(4),
        subject.live(4),
        subject.live(3),
        subject.live(6),
    ];
    let records: Vec<_> = offered.map(|record| (subject.key.clone(), record)).into();
    let stale = |step| Ok(Applied::Stale(subject.stamp(step)));
    let stored = Ok(Applied::Stored);
    let expected = [stored, stale(2), stored, stale(4), stale(4), stored];
    let answers = apply_many(fixture, &records).await;
    assert_eq!(answers, expected, "the answers to six records of one key");
    subject.holds(&subject.live(6)).await;
}

/// Contract 8: an empty batch is answered, with nothing.
pub(super) async fn no_records_have_no_answers<F: StampedFixture>(fixture: &F) {
    let answers = apply_many(fixture, &Vec::new()).await;
    assert_eq!(answers, [], "the answers to no records");
}

/// Contract 8: each record is for itself: one that is rejected leaves the
/// others be.
pub(super) async fn a_rejected_record_does_not_stop_the_others<F: StampedFixture>(fixture: &F) {
    let subjects = subjects(fixture, 3).await;
    let mut offered: Vec<_> = subjects.iter().map(|subject| subject.live(1)).collect();
    offered[1].stamp = Stamp::ZERO;
    let before = subjects[1].read().await;
    let answers = apply_many(fixture, &paired(&subjects, &offered)).await;
    let rejected = Err(StoreErrorKind::Rejected);
    let expected = [Ok(Applied::Stored), rejected, Ok(Applied::Stored)];
    assert_eq!(answers, expected, "the answers around a rejected record");
    subjects[0].holds(&offered[0]).await;
    subjects[1].holds(&before).await;
    subjects[2].holds(&offered[2]).await;
}

/// Contract 8: a page of a thousand records is no more than the store bears.
pub(super) async fn a_large_batch_is_applied_whole<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    let record = |n| Record::live(subject.stamp(1), fixture.entity(n, 1));
    let records: Records<F> = (0..LARGE).map(|n| (fixture.key(n), record(n))).collect();
    let answers = apply_many(fixture, &records).await;
    let all_stored = vec![Ok(Applied::Stored); records.len()];
    assert!(answers == all_stored, "not all of {LARGE} were stored");
    for (key, record) in records {
        let found = fixture.repository().read(&key).await;
        assert_eq!(found.ok(), Some(record), "what {key:?} holds");
    }
}

/// Contract 5: batches that meet each other's keys in opposite orders leave
/// the larger stamps behind, and no deadlock.
pub(super) async fn batches_in_opposite_orders_both_finish<F: StampedFixture>(fixture: &F) {
    let subjects = subjects(fixture, 16).await;
    let batch = |step| -> Records<F> {
        let live: Vec<_> = subjects.iter().map(|subject| subject.live(step)).collect();
        paired(&subjects, &live)
    };
    for (step, overlap) in [1, 3, 5, 7].into_iter().zip(Overlap::alternating()) {
        let (smaller, mut larger) = (batch(step), batch(step + 1));
        larger.reverse();
        let calls = vec![
            until_taken::<F>(Arc::clone(&subjects[0].repository), smaller),
            until_taken::<F>(Arc::clone(&subjects[0].other), larger),
        ];
        overlap.race(calls).await;
        for subject in &subjects {
            subject.holds(&subject.live(step + 1)).await;
        }
    }
}

/// Offers the records again until none is refused; stale is as good as stored.
async fn until_taken<F: StampedFixture>(repository: Arc<F::Repository>, mut records: Records<F>) {
    while !records.is_empty() {
        let answers = repository.apply_many(&records).await;
        let mut answers = answers.into_iter();
        records.retain(|_| answers.next().is_none_or(|answer| answer.is_err()));
    }
}

async fn subjects<F: StampedFixture>(fixture: &F, count: u32) -> Vec<Subject<'_, F>> {
    let mut subjects = Vec::new();
    for n in 0..count {
        subjects.push(Subject::of(fixture, n).await);
    }
    subjects
}

fn paired<F: StampedFixture>(
    subjects: &[Subject<'_, F>],
    records: &[Record<EntityOf<F>>],
) -> Records<F> {
    let keys = subjects.iter().map(|subject| subject.key.clone());
    keys.zip(records.iter().cloned()).collect()
}

async fn apply_many<F: StampedFixture>(fixture: &F, records: &Records<F>) -> Answers {
    let answers = fixture.repository().apply_many(records).await;
    let kinds = answers.into_iter();
    kinds.map(|answer| answer.map_err(|error| error.kind())).collect()
}
