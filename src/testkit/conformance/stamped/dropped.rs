//! Calls that are given up half-way.

use super::{StampedFixture, Subject};
use crate::repository::StampedRepository;
use crate::testkit::conformance::pace::{a_while, drop_after};

/// A call is given up after a number of polls, one more on each key.
const POLLS: u32 = 24;

/// Cancel safety: a dropped `apply` leaves the old record or the new one,
/// whole, now or later; and nothing that keeps the next one out.
pub(super) async fn a_dropped_apply_leaves_a_whole_record<F: StampedFixture>(fixture: &F) {
    let mut subjects = Vec::new();
    for polls in 0..POLLS {
        let subject = Subject::of(fixture, polls).await;
        let (old, new, last) = (subject.live(1), subject.live(2), subject.tombstone(3));
        subject.stores(&old).await;
        drop_after(polls, subject.repository.apply(&subject.key, &new)).await;

        let found = subject.read().await;
        let is_whole = found == old || found == new;
        assert!(is_whole, "dropped after {polls} polls it left {found:?}");
        subject.takes(&last).await;
        subject.holds(&last).await;
        subjects.push((subject, last));
    }
    a_while().await;
    for (subject, last) in &subjects {
        subject.holds(last).await;
    }
}
