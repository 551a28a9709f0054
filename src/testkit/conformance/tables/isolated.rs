//! What a transaction sees.

use super::desk::{done, page, stamp};
use super::{Desk, TablesFixture};
use crate::repository::{Access, Repository, StampStore, TransactionalRepository};
use crate::testkit::conformance::pace::{a_while, persist};

/// `TransactionalRepository` 3, `StampStore` 1: a transaction reads what it has
/// changed.
pub(super) async fn a_transaction_sees_its_own_changes<F: TablesFixture>(fixture: &F) {
    let (desk, key) = (Desk::of(fixture), fixture.key(0));
    let mut transaction = desk.begin(Access::Write).await;
    for step in [1, 2] {
        let row = fixture.entity(0, step);
        let put = desk.put(&mut transaction, &row, stamp(step)).await;
        done("changing", put);
        let found = done("reading", desk.find_in(&mut transaction, &key).await);
        assert_eq!(found, (Some(row), Some(stamp(step))), "its own change");
    }
    done("deleting", desk.rows.delete_in(&mut transaction, &key).await);
    let found = done("reading", desk.find_in(&mut transaction, &key).await);
    assert_eq!(found, (None, Some(stamp(2))), "its own deletion");
}

/// `TransactionalRepository` 3, `StampStore` 1 and 4: a transaction lists what
/// it has changed.
pub(super) async fn a_transaction_lists_its_own_changes<F: TablesFixture>(fixture: &F) {
    let desk = Desk::of(fixture);
    for n in [0, 1] {
        let row = fixture.entity(n, 1);
        done("writing", desk.write(&row, stamp(1)).await);
    }
    let mut transaction = desk.begin(Access::Write).await;
    for n in [1, 2] {
        let row = fixture.entity(n, 2);
        let put = desk.put(&mut transaction, &row, stamp(2)).await;
        done("changing", put);
    }
    let gone = fixture.key(0);
    done("deleting", desk.rows.delete_in(&mut transaction, &gone).await);

    let listed = desk.rows.list_in(&mut transaction, None, page(10)).await;
    let rows = done("listing rows", listed);
    let mut expected = [fixture.entity(1, 2), fixture.entity(2, 2)];
    expected.sort_by_key(|row| desk.rows.key(row));
    assert_eq!(rows, expected, "the rows of a transaction");
    let listed = desk.stamps.list(&mut transaction, None, page(10)).await;
    let stamps = done("listing stamps", listed);
    let mut expected = [0, 1, 2].map(|n| (fixture.key(n), stamp(2.min(n + 1))));
    expected.sort();
    assert_eq!(stamps, expected, "the stamps of a transaction");
}

/// `TransactionalRepository` 3: whatever is committed meanwhile, a transaction
/// reads the rows and stamps of one moment.
pub(super) async fn a_transaction_reads_one_state<F: TablesFixture>(fixture: &F) {
    let (desk, key) = (Desk::of(fixture), fixture.key(0));
    for step in 1..6 {
        let row = fixture.entity(0, step);
        done("writing", desk.write(&row, stamp(step)).await);
        let mut transaction = desk.begin(Access::Read).await;
        let seen = desk.stamps.stamp(&mut transaction, &key).await;
        let seen = done("reading the stamp", seen);

        let other = Desk::other(fixture).await;
        let next = fixture.entity(0, step + 1);
        let writer = tokio::spawn(async move {
            persist(|| other.write(&next, stamp(step + 1))).await;
        });
        a_while().await;
        let found = desk.rows.find_in(&mut transaction, &key).await;
        let found = (done("reading the row", found), seen);
        let listed = desk.rows.list_in(&mut transaction, None, page(5)).await;
        let rows = done("listing rows", listed);
        drop(transaction);
        writer.await.expect("the writer does not panic");

        assert_eq!(found, (Some(row.clone()), Some(stamp(step))), "one state");
        assert_eq!(rows, [row], "the rows of that state");
    }
}
