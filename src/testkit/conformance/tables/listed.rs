//! Rows and stamps in the order of their keys.

use super::desk::{done, stamp};
use super::{Desk, KeyOf, TablesFixture};
use crate::repository::{Access, Repository, StampStore, TransactionalRepository};

const KEYS: u32 = 11;

/// `list_in` answers every row once, in order, whatever the page size, and
/// fewer than asked for only at the end.
pub(super) async fn pages_of_rows_hold_every_row_once<F: TablesFixture>(fixture: &F) {
    let desk = filled(fixture).await;
    let rows = (0..KEYS).filter(|n| n % 3 != 1);
    let mut expected: Vec<_> = rows.map(|n| fixture.entity(n, 1)).collect();
    expected.sort_by_key(|row| desk.rows.key(row));
    for limit in sizes() {
        let walked = desk.walk_rows(limit).await;
        assert_eq!(walked, expected, "all rows, by pages of {limit}");
    }
}

/// `StampStore` 4: `list` answers every stamp once, in order, with or without a
/// row, whatever the page size.
pub(super) async fn pages_of_stamps_hold_every_stamp_once<F: TablesFixture>(fixture: &F) {
    let desk = filled(fixture).await;
    let stamped = (0..KEYS).filter(|n| n % 3 != 2);
    let mut expected: Vec<_> = stamped.map(|n| (fixture.key(n), stamp(n))).collect();
    expected.sort();
    for limit in sizes() {
        let walked = desk.walk_stamps(limit).await;
        assert_eq!(walked, expected, "all stamps, by pages of {limit}");
    }
}

/// `TransactionalRepository` 3: a list begun after a commit shows it.
pub(super) async fn a_list_shows_what_was_committed_before<F: TablesFixture>(fixture: &F) {
    let (desk, other) = (Desk::of(fixture), Desk::other(fixture).await);
    for step in 1..20 {
        let row = fixture.entity(0, step);
        done("writing", desk.write(&row, stamp(step)).await);
        assert_eq!(other.walk_rows(5).await, [row], "the rows after it");
        let expected = [(fixture.key(0), stamp(step))];
        assert_eq!(other.walk_stamps(5).await, expected, "the stamps after it");
    }
}

/// `TransactionalRepository` 5: the last key is that of the last row, as the
/// transaction sees it.
pub(super) async fn a_transaction_sees_the_key_of_its_last_row<F: TablesFixture>(fixture: &F) {
    let desk = Desk::of(fixture);
    let mut keys = sorted(fixture);
    assert_eq!(desk.last_keys().await, (None, None), "the last keys of an empty store");
    for (key, n) in &keys {
        done("saving", desk.rows.save(fixture.entity(*n, 1)).await);
        assert_eq!(desk.last_keys().await, (Some(key.clone()), None), "the last row, just saved");
    }
    let mut transaction = desk.begin(Access::Write).await;
    while let Some((key, _)) = keys.pop() {
        done("looking", desk.stamps.stamp(&mut transaction, &key).await);
        done("deleting", desk.rows.delete_in(&mut transaction, &key).await);
        let last = done("the last key", desk.rows.last_key_in(&mut transaction).await);
        let expected = keys.last().map(|(key, _)| key);
        assert_eq!(last.as_ref(), expected, "the last row after a deletion of its own");
    }
}

/// `StampStore` 4: the last key that has a stamp, with or without a row, as the
/// transaction sees it.
pub(super) async fn a_transaction_sees_the_key_of_its_last_stamp<F: TablesFixture>(fixture: &F) {
    let desk = Desk::of(fixture);
    for (step, (key, n)) in (0..).zip(sorted(fixture)) {
        let mut transaction = desk.begin(Access::Write).await;
        done("looking", desk.stamps.stamp(&mut transaction, &key).await);
        if step % 2 == 0 {
            done("saving", desk.rows.save_in(&mut transaction, &fixture.entity(n, 1)).await);
        }
        done("stamping", desk.stamps.set(&mut transaction, &key, stamp(step)).await);
        let last = done("the last key", desk.stamps.last_key(&mut transaction).await);
        assert_eq!(last, Some(key.clone()), "the last stamp, just set");
        done("committing", desk.rows.commit(transaction).await);
        assert_eq!(desk.last_keys().await.1, Some(key), "the last stamp, just committed");
    }
}

/// All keys in their order, each with its number.
fn sorted<F: TablesFixture>(fixture: &F) -> Vec<(KeyOf<F>, u32)> {
    let mut keys: Vec<_> = (0..KEYS).map(|n| (fixture.key(n), n)).collect();
    keys.sort();
    keys
}

/// Rows with a stamp, stamps without a row, rows without a stamp.
async fn filled<F: TablesFixture>(fixture: &F) -> Desk<F> {
    let desk = Desk::of(fixture);
    for n in 0..KEYS {
        let row = fixture.entity(n, 1);
        match n % 3 {
            0 => done("writing", desk.write(&row, stamp(n)).await),
            1 => done("removing", desk.remove(&fixture.key(n), stamp(n)).await),
            _ => done("saving", desk.rows.save(row).await),
        }
    }
    desk
}

/// Every size up to one page, and one that no store counts in 32 bits.
fn sizes() -> impl Iterator<Item = usize> {
    (1..=KEYS as usize + 1).chain([usize::MAX >> 1, usize::MAX])
}
