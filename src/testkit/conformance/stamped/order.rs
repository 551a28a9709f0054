//! The larger stamp wins.

use super::{StampedFixture, Subject};
use crate::stamp::{Record, Stamp};

/// Contract 2: a larger stamp is stored and replaces what was there.
pub(super) async fn a_larger_stamp_replaces<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    for step in 1..4 {
        let record = subject.live(step);
        subject.stores(&record).await;
        subject.holds(&record).await;
    }
}

/// Contract 3: other content under an equal stamp changes nothing.
pub(super) async fn an_equal_stamp_changes_nothing<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    let (stamp, stored) = (subject.stamp(1), subject.live(1));
    subject.stores(&stored).await;
    let other = Record::live(stamp, subject.entity(2));
    subject.is_stale(&other, stamp).await;
    subject.is_stale(&Record::tombstone(stamp), stamp).await;
    subject.holds(&stored).await;
}

/// Contract 3: a smaller stamp changes nothing; the answer is the stamp that
/// is stored, not the one that was offered.
pub(super) async fn a_smaller_stamp_changes_nothing<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    let stored = subject.live(3);
    subject.stores(&stored).await;
    subject.is_stale(&subject.live(2), stored.stamp).await;
    subject.is_stale(&subject.tombstone(1), stored.stamp).await;
    subject.holds(&stored).await;
}

/// Contract 3: the same record again is stale, and still there.
pub(super) async fn applying_again_is_harmless<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    let records = [subject.live(1), subject.tombstone(2)];
    for record in records {
        subject.stores(&record).await;
        subject.is_stale(&record, record.stamp).await;
        subject.holds(&record).await;
    }
}

/// Contract 3: [`Stamp::MAX`] is stored, and nothing after it.
pub(super) async fn nothing_beats_the_largest_stamp<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    let largest = Record::live(Stamp::MAX, subject.entity(1));
    subject.stores(&subject.live(1)).await;
    subject.stores(&largest).await;
    subject.is_stale(&subject.live(2), Stamp::MAX).await;
    let again = Record::tombstone(Stamp::MAX);
    subject.is_stale(&again, Stamp::MAX).await;
    subject.holds(&largest).await;
}
