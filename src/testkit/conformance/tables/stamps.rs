//! The stamp of one key.

use super::desk::{done, stamp};
use super::{Desk, TablesFixture};
use crate::repository::{Access, Repository, StampStore, TransactionalRepository};
use crate::stamp::Stamp;

/// `StampStore` 1: where nothing was set, there is nothing; not `BASE` either.
pub(super) async fn a_row_saved_without_the_crate_has_no_stamp<F: TablesFixture>(fixture: &F) {
    let (desk, key) = (Desk::of(fixture), fixture.key(0));
    let found = done("reading", desk.find(&key).await);
    assert_eq!(found, (None, None), "what an empty store holds");
    let row = fixture.entity(0, 0);
    done("saving", desk.rows.save(row.clone()).await);
    let found = done("reading", desk.find(&key).await);
    assert_eq!(found, (Some(row), None), "what a plain save leaves");
}

/// `StampStore` 1: all 16 bytes come back.
pub(super) async fn every_bit_of_a_set_stamp_is_kept<F: TablesFixture>(fixture: &F) {
    let desk = Desk::of(fixture);
    let single = (0..128).map(|bit| 1_u128 << bit);
    for bits in single.chain([u128::MAX - 1, u128::MAX]) {
        let stamp = Stamp::from_bytes(bits.to_be_bytes());
        is_kept(fixture, &desk, stamp).await;
    }
}

/// `StampStore` 1: the stamp set last is the stamp, even if it is smaller: what
/// may be set is decided elsewhere.
pub(super) async fn setting_a_stamp_replaces_it<F: TablesFixture>(fixture: &F) {
    let desk = Desk::of(fixture);
    for step in [5, 7, 3, 3] {
        is_kept(fixture, &desk, stamp(step)).await;
    }
}

async fn is_kept<F: TablesFixture>(fixture: &F, desk: &Desk<F>, stamp: Stamp) {
    let row = fixture.entity(0, 0);
    done("writing", desk.write(&row, stamp).await);
    let found = done("reading", desk.find(&fixture.key(0)).await);
    assert_eq!(found.1, Some(stamp), "the stamp that was set");
}

/// `StampStore` 1: stamps stay when their row goes: they are its tombstone.
pub(super) async fn a_stamp_outlives_its_row<F: TablesFixture>(fixture: &F) {
    let (desk, key) = (Desk::of(fixture), fixture.key(0));
    done("writing", desk.write(&fixture.entity(0, 0), stamp(1)).await);
    let mut transaction = desk.begin(Access::Write).await;
    done("reading", desk.stamps.stamp(&mut transaction, &key).await);
    done("deleting", desk.rows.delete_in(&mut transaction, &key).await);
    done("committing", desk.rows.commit(transaction).await);
    let found = done("reading", desk.find(&key).await);
    assert_eq!(found, (None, Some(stamp(1))), "after the row was deleted");

    done("saving", desk.rows.save(fixture.entity(0, 1)).await);
    done("deleting", desk.rows.delete(&key).await);
    let found = done("reading", desk.find(&key).await);
    assert_eq!(found, (None, Some(stamp(1))), "after a plain deletion");
}
