//! Contents, keys, and what is refused.

use super::{StampedFixture, Subject};
use crate::stamp::{Record, Stamp};

/// How many keys and variants are tried.
const MANY: u32 = 64;

/// Contract 9: every variant comes back as it was stored.
pub(super) async fn every_value_comes_back<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    for step in 1..MANY {
        let record = subject.live(step);
        subject.stores(&record).await;
        subject.holds(&record).await;
    }
}

/// Contract 6: a value without a stamp is rejected, whatever is there.
pub(super) async fn a_value_of_stamp_zero_is_rejected<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    let zero = Record::live(Stamp::ZERO, subject.entity(0));
    rejected_and_without_effect(&subject, &zero).await;
}

/// Contract 6: a deletion without a stamp is rejected, whatever is there.
pub(super) async fn a_tombstone_of_stamp_zero_is_rejected<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    rejected_and_without_effect(&subject, &Record::absent()).await;
}

/// Contract 10: what the domain refuses is `Rejected`, and changes nothing.
pub(super) async fn a_rejected_value_changes_nothing<F: StampedFixture>(fixture: &F) {
    let Some(entity) = fixture.rejected(0) else {
        return;
    };
    let subject = Subject::of(fixture, 0).await;
    let refused = Record::live(subject.stamp(2), entity);
    rejected_and_without_effect(&subject, &refused).await;
}

async fn rejected_and_without_effect<F: StampedFixture>(
    subject: &Subject<'_, F>,
    refused: &Record<super::EntityOf<F>>,
) {
    let before = subject.read().await;
    subject.rejects(refused).await;
    subject.holds(&before).await;
    let stored = subject.live(1);
    subject.stores(&stored).await;
    subject.rejects(refused).await;
    subject.holds(&stored).await;
}

/// Each key has its own record, whatever becomes of the others.
pub(super) async fn keys_do_not_disturb_each_other<F: StampedFixture>(fixture: &F) {
    let mut subjects = Vec::new();
    for n in 0..MANY {
        subjects.push(Subject::of(fixture, n).await);
    }
    for (step, subject) in (1..).zip(&subjects) {
        subject.stores(&subject.live(step)).await;
    }
    for (step, subject) in (1..).zip(&subjects) {
        if step % 3 == 0 {
            subject.stores(&subject.tombstone(MANY + step)).await;
        }
    }
    for (step, subject) in (1..).zip(&subjects) {
        let expected = match step % 3 {
            0 => subject.tombstone(MANY + step),
            _ => subject.live(step),
        };
        subject.holds(&expected).await;
    }
}
