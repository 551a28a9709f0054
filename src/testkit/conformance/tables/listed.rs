//! Rows and stamps in the order of their keys.

use super::desk::{done, stamp};
use super::{Desk, TablesFixture};
use crate::repository::Repository;

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
