//! Transactions in which something went wrong.

use super::desk::{done, stamp};
use super::{Desk, TablesFixture, TransactionOf};
use crate::error::StoreErrorKind;
use crate::repository::{Access, StampStore, TransactionalRepository};
use crate::testkit::conformance::pace::drop_after;

/// A call is given up after a bounded number of polls.
const POLLS: u32 = 12;

/// `TransactionalRepository` 5: after a row that the store refused, the changes
/// before it are not committed either.
pub(super) async fn a_failed_call_spoils_its_transaction<F: TablesFixture>(fixture: &F) {
    let Some(refused) = fixture.rejected(1) else {
        return;
    };
    let desk = Desk::of(fixture);
    let mut transaction = changed(fixture, &desk, 0).await;
    let failed = desk.rows.save_in(&mut transaction, &refused).await;
    let kind = failed.map_err(|error| error.kind());
    assert_eq!(kind, Err(StoreErrorKind::Rejected), "a refused row");
    only_drops(fixture, &desk, transaction, 0).await;
}

/// `TransactionalRepository` 5: the same after a call that was dropped before
/// it was done, which may have had its effect or not.
pub(super) async fn a_dropped_call_spoils_its_transaction<F: TablesFixture>(fixture: &F) {
    let desk = Desk::of(fixture);
    for polls in 1..POLLS {
        let mut transaction = changed(fixture, &desk, polls).await;
        let row = fixture.entity(POLLS + polls, 1);
        let is_done = drop_after(polls, desk.rows.save_in(&mut transaction, &row)).await;
        if !is_done {
            only_drops(fixture, &desk, transaction, polls).await;
        }
    }
}

/// A transaction that has changed the `n`-th row.
async fn changed<F: TablesFixture>(fixture: &F, desk: &Desk<F>, n: u32) -> TransactionOf<F> {
    let mut transaction = desk.begin(Access::Write).await;
    let key = fixture.key(n);
    done("reading", desk.stamps.stamp(&mut transaction, &key).await);
    let row = fixture.entity(n, 1);
    done("changing", desk.put(&mut transaction, &row, stamp(1)).await);
    transaction
}

async fn only_drops<F: TablesFixture>(
    fixture: &F,
    desk: &Desk<F>,
    transaction: TransactionOf<F>,
    n: u32,
) {
    let committed = desk.rows.commit(transaction).await;
    let kind = committed.map_err(|error| error.kind());
    assert_eq!(kind, Err(StoreErrorKind::Unavailable), "the commit of a spoiled transaction");
    let found = done("reading", desk.find(&fixture.key(n)).await);
    assert_eq!(found, (None, None), "after a spoiled transaction");
}
