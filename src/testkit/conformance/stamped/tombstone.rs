//! Deletions are records.

use super::{StampedFixture, Subject};

/// Contract 4: a tombstone replaces a value and is read back with its stamp.
pub(super) async fn a_tombstone_is_stored_like_any_record<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    for step in [1, 3] {
        let tombstone = subject.tombstone(step + 1);
        subject.stores(&subject.live(step)).await;
        subject.stores(&tombstone).await;
        subject.holds(&tombstone).await;
    }
}

/// Contract 4: the deletion of what was never there is stored all the same,
/// since what it deletes may still be on its way.
pub(super) async fn a_tombstone_of_a_key_never_there_is_kept<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    for step in [1, 2] {
        let tombstone = subject.tombstone(step);
        subject.stores(&tombstone).await;
        subject.holds(&tombstone).await;
    }
}

/// Contract 4: a value older than the deletion does not come back.
pub(super) async fn a_tombstone_keeps_smaller_values_out<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    let tombstone = subject.tombstone(3);
    subject.stores(&subject.live(1)).await;
    subject.stores(&tombstone).await;
    subject.is_stale(&subject.live(1), tombstone.stamp).await;
    subject.is_stale(&subject.live(2), tombstone.stamp).await;
    subject.holds(&tombstone).await;
}

/// Contract 4: an equal stamp does not bring a value back, a larger one does.
pub(super) async fn only_a_larger_stamp_brings_a_value_back<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    let (tombstone, value) = (subject.tombstone(1), subject.live(2));
    subject.stores(&tombstone).await;
    subject.is_stale(&subject.live(1), tombstone.stamp).await;
    subject.holds(&tombstone).await;
    subject.stores(&value).await;
    subject.holds(&value).await;
}
