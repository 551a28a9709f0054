//! Keys that the crate has not written yet.

use super::{StampedFixture, Subject};
use crate::repository::StampedRepository;
use crate::stamp::{Record, Stamp};

/// A key is the same for every variant of an entity, and its own.
pub(super) async fn an_entity_has_one_key<F: StampedFixture>(fixture: &F) {
    let repository = fixture.repository();
    for n in 0..4 {
        for variant in 0..4 {
            let entity = fixture.entity(n, variant);
            let key = repository.key(&entity);
            assert_eq!(key, fixture.key(n), "the key of {entity:?}");
        }
        assert_ne!(fixture.key(n), fixture.key(n + 1), "the keys of two");
        let (one, other) = (fixture.entity(n, 0), fixture.entity(n, 1));
        assert_ne!(one, other, "two variants of one key");
    }
}

/// Contract 1: a key that is not there reads as [`Record::absent`].
pub(super) async fn an_absent_key_reads_as_absent<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    if subject.is_process_scoped() {
        assert_eq!(subject.read().await.value, None, "an absent key");
    } else {
        subject.holds(&Record::absent()).await;
    }
}

/// Contract 1: a row that was never stamped reads as [`Stamp::BASE`].
pub(super) async fn an_unstamped_row_reads_as_base<F: StampedFixture>(fixture: &F) {
    let Some(subject) = planted(fixture).await else {
        return;
    };
    if subject.is_process_scoped() {
        let found = subject.read().await;
        assert_eq!(found.value, Some(subject.entity(0)), "an unstamped row");
        assert_ne!(found.stamp, Stamp::ZERO, "the stamp of an unstamped row");
    } else {
        let base = Record::live(Stamp::BASE, subject.entity(0));
        subject.holds(&base).await;
    }
}

/// Contract 2: the next larger stamp is enough to beat an unstamped row.
pub(super) async fn any_stamp_beats_an_unstamped_row<F: StampedFixture>(fixture: &F) {
    let Some(subject) = planted(fixture).await else {
        return;
    };
    let stamp = subject.read().await.stamp.successor();
    let stamp = stamp.expect("an unstamped row has a small stamp");
    let record = Record::live(stamp, subject.entity(1));
    subject.stores(&record).await;
    subject.holds(&record).await;
}

/// Contract 3: applying at the stamp of an unstamped row changes nothing.
pub(super) async fn base_does_not_beat_an_unstamped_row<F: StampedFixture>(fixture: &F) {
    let Some(subject) = planted(fixture).await else {
        return;
    };
    let found = subject.read().await;
    let stamp = if subject.is_process_scoped() { found.stamp } else { Stamp::BASE };
    let other = Record::live(stamp, subject.entity(1));
    subject.is_stale(&other, stamp).await;
    subject.is_stale(&Record::tombstone(stamp), stamp).await;
    subject.holds(&found).await;
}

/// Contract 4: a tombstone removes an unstamped row, and stays.
pub(super) async fn an_unstamped_row_can_be_deleted<F: StampedFixture>(fixture: &F) {
    let Some(subject) = planted(fixture).await else {
        return;
    };
    let tombstone = subject.tombstone(1);
    subject.stores(&tombstone).await;
    subject.holds(&tombstone).await;
}

/// A key with a row that came there behind the crate's back.
async fn planted<F: StampedFixture>(fixture: &F) -> Option<Subject<'_, F>> {
    if fixture.plant(fixture.entity(0, 0)).await {
        Some(Subject::of(fixture, 0).await)
    } else {
        None
    }
}
