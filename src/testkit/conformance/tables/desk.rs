use std::num::NonZeroUsize;

use super::{EntityOf, KeyOf, TablesFixture, TransactionOf};
use crate::error::StoreError;
use crate::repository::{Access, Repository, StampStore, TransactionalRepository};
use crate::stamp::Stamp;
use crate::testkit::conformance::stamped::later;

/// A row and its stamp, as they were found.
pub(super) type Found<F> = (Option<EntityOf<F>>, Option<Stamp>);

/// The stamp of the `step`-th change.
pub(super) fn stamp(step: u32) -> Stamp {
    later(Stamp::BASE, u128::from(step) << 64)
}

/// Both tables, where a transaction is worked on.
pub(super) struct Desk<F: TablesFixture> {
    pub(super) rows: F::Repository,
    pub(super) stamps: F::Stamps,
}

impl<F: TablesFixture> Desk<F> {
    pub(super) fn of(fixture: &F) -> Self {
        let (rows, stamps) = fixture.tables();
        Self { rows, stamps }
    }

    /// The same store through other connections.
    pub(super) async fn other(fixture: &F) -> Self {
        let (rows, stamps) = fixture.reopened().await;
        Self { rows, stamps }
    }

    pub(super) async fn begin(&self, access: Access) -> TransactionOf<F> {
        let begun = self.rows.begin(access).await;
        begun.unwrap_or_else(|error| panic!("no transaction was opened: {error:?}"))
    }

    /// A row and its stamp, in one transaction.
    pub(super) async fn write(&self, row: &EntityOf<F>, stamp: Stamp) -> Result<(), StoreError> {
        let mut transaction = self.rows.begin(Access::Write).await?;
        self.put(&mut transaction, row, stamp).await?;
        self.rows.commit(transaction).await
    }

    pub(super) async fn put(
        &self,
        transaction: &mut TransactionOf<F>,
        row: &EntityOf<F>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let key = self.rows.key(row);
        self.stamps.stamp(transaction, &key).await?;
        self.rows.save_in(transaction, row).await?;
        self.stamps.set(transaction, &key, stamp).await
    }

    /// The deletion of a row and the stamp of it, in one transaction.
    pub(super) async fn remove(&self, key: &KeyOf<F>, stamp: Stamp) -> Result<(), StoreError> {
        let mut transaction = self.rows.begin(Access::Write).await?;
        self.stamps.stamp(&mut transaction, key).await?;
        self.rows.delete_in(&mut transaction, key).await?;
        self.stamps.set(&mut transaction, key, stamp).await?;
        self.rows.commit(transaction).await
    }

    /// A row and its stamp, in a transaction of their own.
    pub(super) async fn find(&self, key: &KeyOf<F>) -> Result<Found<F>, StoreError> {
        let mut transaction = self.rows.begin(Access::Read).await?;
        self.find_in(&mut transaction, key).await
    }

    pub(super) async fn find_in(
        &self,
        transaction: &mut TransactionOf<F>,
        key: &KeyOf<F>,
    ) -> Result<Found<F>, StoreError> {
        let stamp = self.stamps.stamp(transaction, key).await?;
        let row = self.rows.find_in(transaction, key).await?;
        Ok((row, stamp))
    }

    /// The last key of the rows, and that of the stamps.
    pub(super) async fn last_keys(&self) -> (Option<KeyOf<F>>, Option<KeyOf<F>>) {
        let mut transaction = self.begin(Access::Read).await;
        let of_rows = done("the last key", self.rows.last_key_in(&mut transaction).await);
        let of_stamps = done("the last key", self.stamps.last_key(&mut transaction).await);
        (of_rows, of_stamps)
    }

    /// The keys of all rows, page by page.
    pub(super) async fn walk_rows(&self, limit: usize) -> Vec<EntityOf<F>> {
        let (limit, mut transaction) = (page(limit), self.begin(Access::Read).await);
        let mut walked: Vec<EntityOf<F>> = Vec::new();
        loop {
            let after = walked.last().map(|row| self.rows.key(row));
            let listed = self.rows.list_in(&mut transaction, after.as_ref(), limit);
            let rows = listed.await.expect("rows can be listed");
            assert!(rows.len() <= limit.get(), "more rows than {limit}");
            let is_last = rows.len() < limit.get();
            walked.extend(rows);
            if is_last {
                return walked;
            }
        }
    }

    /// All stamps, page by page.
    pub(super) async fn walk_stamps(&self, limit: usize) -> Vec<(KeyOf<F>, Stamp)> {
        let (limit, mut transaction) = (page(limit), self.begin(Access::Read).await);
        let mut walked: Vec<(KeyOf<F>, Stamp)> = Vec::new();
        loop {
            let after = walked.last().map(|(key, _)| key.clone());
            let listed = self.stamps.list(&mut transaction, after.as_ref(), limit);
            let stamps = listed.await.expect("stamps can be listed");
            assert!(stamps.len() <= limit.get(), "more stamps than {limit}");
            let is_last = stamps.len() < limit.get();
            walked.extend(stamps);
            if is_last {
                return walked;
            }
        }
    }
}

pub(super) fn page(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).expect("pages hold something")
}

/// The value, or a panic that says what was done.
pub(super) fn done<T>(what: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
}
