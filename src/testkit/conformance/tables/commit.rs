//! All or nothing, at the commit.

use super::desk::{Found, done, stamp};
use super::{Desk, TablesFixture};
use crate::repository::{Access, Repository, TransactionalRepository};
use crate::testkit::conformance::pace::a_while;

/// `TransactionalRepository` 1, `StampStore` 3: a committed row and its stamp
/// are there for everyone, also for a plain `find`.
pub(super) async fn a_row_and_its_stamp_are_seen_once_committed<F: TablesFixture>(fixture: &F) {
    let (desk, other, key) = desks(fixture).await;
    for step in 1..=20 {
        let row = fixture.entity(0, step);
        done("writing", desk.write(&row, stamp(step)).await);
        let found = done("reading", other.find(&key).await);
        assert_eq!(found, (Some(row.clone()), Some(stamp(step))), "committed");
        let found = done("finding", other.rows.find(&key).await);
        assert_eq!(found, Some(row), "a plain find of what was committed");
    }
    done("removing", desk.remove(&key, stamp(21)).await);
    let found = done("reading", other.find(&key).await);
    assert_eq!(found, (None, Some(stamp(21))), "a committed deletion");
    let found = done("finding", other.rows.find(&key).await);
    assert_eq!(found, None, "a plain find of what was deleted");
}

/// `TransactionalRepository` 1: until the commit others see the old state, if
/// they do not wait; after it the new one; never a part of either.
pub(super) async fn nothing_is_seen_before_the_commit<F: TablesFixture>(fixture: &F) {
    let (desk, other, key) = desks(fixture).await;
    let (old, new) = (fixture.entity(0, 1), fixture.entity(0, 2));
    done("writing", desk.write(&old, stamp(1)).await);
    let mut transaction = desk.begin(Access::Write).await;
    let put = desk.put(&mut transaction, &new, stamp(2)).await;
    done("changing", put);

    let (old, new): (Found<F>, Found<F>) =
        ((Some(old), Some(stamp(1))), (Some(new), Some(stamp(2))));
    let reader = tokio::spawn(async move {
        let found = other.find(&key).await;
        (other, key, found)
    });
    a_while().await;
    let is_early = reader.is_finished();
    done("committing", desk.rows.commit(transaction).await);
    let (other, key, found) = reader.await.expect("a read does not panic");
    let found = done("reading meanwhile", found);
    let is_possible = found == old || (found == new && !is_early);
    assert!(is_possible, "{found:?} was seen around a commit");
    let found = done("reading", other.find(&key).await);
    assert_eq!(found, new, "after the commit");
}

/// `TransactionalRepository` 2: without a commit nothing has changed, neither
/// a row that was there nor one that was not.
pub(super) async fn a_dropped_transaction_changes_nothing<F: TablesFixture>(fixture: &F) {
    let (desk, other, key) = desks(fixture).await;
    let kept = fixture.entity(0, 1);
    done("writing", desk.write(&kept, stamp(1)).await);
    for step in 2..6 {
        let mut transaction = desk.begin(Access::Write).await;
        for n in [0, 1] {
            let row = fixture.entity(n, step);
            let put = desk.put(&mut transaction, &row, stamp(step)).await;
            done("changing", put);
        }
        if step % 2 == 0 {
            let deleted = desk.rows.delete_in(&mut transaction, &key).await;
            done("deleting", deleted);
        }
        drop(transaction);
        let found = done("reading", other.find(&key).await);
        let expected = (Some(kept.clone()), Some(stamp(1)));
        assert_eq!(found, expected, "after a dropped transaction");
        let found = done("reading", other.find(&fixture.key(1)).await);
        assert_eq!(found, (None, None), "after a dropped transaction");
    }
}

/// `TransactionalRepository` 2: a dropped transaction lets go of its locks.
pub(super) async fn a_dropped_transaction_keeps_nobody_waiting<F: TablesFixture>(fixture: &F) {
    let (desk, other, key) = desks(fixture).await;
    for step in 1..10 {
        let mut transaction = desk.begin(Access::Write).await;
        let row = fixture.entity(0, 0);
        let put = desk.put(&mut transaction, &row, stamp(100)).await;
        done("changing", put);
        drop(transaction);
        let row = fixture.entity(0, step);
        done("writing", other.write(&row, stamp(step)).await);
        let found = done("reading", desk.find(&key).await);
        assert_eq!(found, (Some(row), Some(stamp(step))), "written after it");
    }
}

/// `Repository` 3: there may be nothing to delete, within a transaction too.
pub(super) async fn deleting_no_row_is_no_error<F: TablesFixture>(fixture: &F) {
    let (desk, other, key) = desks(fixture).await;
    for step in [1, 2] {
        done("removing", desk.remove(&key, stamp(step)).await);
        let found = done("reading", other.find(&key).await);
        assert_eq!(found, (None, Some(stamp(step))), "a stamp without a row");
    }
}

async fn desks<F: TablesFixture>(fixture: &F) -> (Desk<F>, Desk<F>, super::KeyOf<F>) {
    let other = Desk::other(fixture).await;
    (Desk::of(fixture), other, fixture.key(0))
}
