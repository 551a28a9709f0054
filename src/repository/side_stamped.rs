use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use async_trait::async_trait;

use super::{
    Access, Applied, Page, ScanRepository, StampStore, StampedRepository, TransactionalRepository,
};
use crate::error::{StoreError, StoreErrorKind};
use crate::stamp::{Record, Stamp};

/// Makes a [`StampedRepository`] of a plain one, with stamps and tombstones in a
/// table beside the data: what most monoliths need, whose tables cannot grow a
/// tombstone.
///
/// A row and its stamp change in one transaction of the store. A row without a
/// stamp was there before the crate and has [`Stamp::BASE`]; a stamp without a
/// row is a tombstone. A row that other code changes keeps its stamp: that is
/// the conflict a sweep finds and settles.
///
/// ```
/// use strangler_fig::memory::in_memory_tables;
/// use strangler_fig::repository::{Repository, SideStamped, StampedRepository};
/// use strangler_fig::stamp::{Record, StampClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (rows, stamps) = in_memory_tables(|user: &(u32, String)| user.0);
/// let users = SideStamped::new(rows, stamps);
///
/// let ada = Record::live(StampClock::new()?.now(), (1, "Ada".to_owned()));
/// users.apply(&1, &ada).await?;
/// assert_eq!(users.read(&1).await?, ada);
/// assert_eq!(users.inner().find(&1).await?, ada.value);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SideStamped<R, S> {
    repository: R,
    stamps: S,
}

impl<R, S> SideStamped<R, S>
where
    R: TransactionalRepository,
    S: StampStore<Key = R::Key, Transaction = R::Transaction>,
{
    /// `repository` with its stamps in `stamps`, both of one store.
    pub const fn new(repository: R, stamps: S) -> Self {
        Self { repository, stamps }
    }

    /// The wrapped repository: what writes through it bypasses the stamps.
    pub const fn inner(&self) -> &R {
        &self.repository
    }

    /// Row and stamp, within a transaction yet to be committed.
    async fn store_in(
        &self,
        transaction: &mut R::Transaction,
        key: &R::Key,
        record: &Record<R::Entity>,
    ) -> Result<Applied, StoreError> {
        if record.stamp == Stamp::ZERO {
            return Err(StoreError::rejected("a record without a stamp cannot be applied"));
        }
        let stored = self.stamp_in(transaction, key).await?;
        if !record.supersedes(stored) {
            return Ok(Applied::Stale(stored));
        }
        match &record.value {
            Some(entity) => self.repository.save_in(transaction, entity).await?,
            None => self.repository.delete_in(transaction, key).await?,
        }
        self.stamps.set(transaction, key, record.stamp).await?;
        Ok(Applied::Stored)
    }

    /// All records in one transaction, or none; an answer for each.
    async fn store_all(
        &self,
        records: &[(&R::Key, &Record<R::Entity>)],
    ) -> Result<Vec<Applied>, StoreError> {
        let stored = async {
            let mut transaction = self.repository.begin(Access::Write).await?;
            let mut answers = Vec::with_capacity(records.len());
            for (key, record) in records {
                answers.push(self.store_in(&mut transaction, key, record).await?);
            }
            Ok((transaction, answers))
        };
        let (transaction, answers) = stored.await.map_err(rolled_back)?;
        if answers.contains(&Applied::Stored) {
            self.repository.commit(transaction).await?;
        }
        Ok(answers)
    }

    /// Row and stamp, as one transaction sees them.
    async fn read_in(
        &self,
        transaction: &mut R::Transaction,
        key: &R::Key,
    ) -> Result<Record<R::Entity>, StoreError> {
        let stamp = self.stamps.stamp(transaction, key).await?;
        let value = self.repository.find_in(transaction, key).await?;
        Ok(Record { stamp: stamp.unwrap_or_else(|| unstamped(value.as_ref())), value })
    }

    /// All keys in one transaction, or none.
    async fn read_all(&self, keys: &[R::Key]) -> Result<Vec<Record<R::Entity>>, StoreError> {
        let mut transaction = self.repository.begin(Access::Read).await?;
        let mut records = Vec::with_capacity(keys.len());
        for key in keys {
            records.push(self.read_in(&mut transaction, key).await?);
        }
        Ok(records)
    }

    /// The stamp, looked up before the row so that the key is locked.
    async fn stamp_in(
        &self,
        transaction: &mut R::Transaction,
        key: &R::Key,
    ) -> Result<Stamp, StoreError> {
        match self.stamps.stamp(transaction, key).await? {
            Some(stamp) => Ok(stamp),
            None => Ok(unstamped(self.repository.find_in(transaction, key).await?.as_ref())),
        }
    }
}

fn unstamped<E>(row: Option<&E>) -> Stamp {
    if row.is_some() { Stamp::BASE } else { Stamp::ZERO }
}

/// Nothing is committed yet, so whatever went wrong had no effect.
fn rolled_back(error: StoreError) -> StoreError {
    match error.kind() {
        StoreErrorKind::Unknown => error.with_kind(StoreErrorKind::Unavailable),
        _ => error,
    }
}

#[async_trait]
impl<R, S> StampedRepository for SideStamped<R, S>
where
    R: TransactionalRepository,
    S: StampStore<Key = R::Key, Transaction = R::Transaction>,
{
    type Key = R::Key;
    type Entity = R::Entity;

    fn key(&self, entity: &R::Entity) -> R::Key {
        self.repository.key(entity)
    }

    async fn read(&self, key: &R::Key) -> Result<Record<R::Entity>, StoreError> {
        let mut transaction = self.repository.begin(Access::Read).await?;
        self.read_in(&mut transaction, key).await
    }

    /// In one transaction; one by one where that is refused, so that a row that cannot
    /// be read fails alone.
    async fn read_many(&self, keys: &[R::Key]) -> Vec<Result<Record<R::Entity>, StoreError>> {
        match self.read_all(keys).await {
            Ok(records) => return records.into_iter().map(Ok).collect(),
            Err(error) if error.is_retryable() => {
                return keys.iter().map(|_| Err(error.clone())).collect();
            }
            Err(_one_of_them) => {}
        }
        let mut records = Vec::with_capacity(keys.len());
        for key in keys {
            records.push(self.read(key).await);
        }
        records
    }

    async fn apply(&self, key: &R::Key, record: &Record<R::Entity>) -> Result<Applied, StoreError> {
        let answers = self.store_all(&[(key, record)]).await?;
        Ok(answers[0])
    }

    /// In one transaction; one by one where that fails, so that a record the
    /// store refuses fails alone.
    async fn apply_many(
        &self,
        records: &[(R::Key, Record<R::Entity>)],
    ) -> Vec<Result<Applied, StoreError>> {
        let all: Vec<_> = records.iter().map(|(key, record)| (key, record)).collect();
        if let Ok(answers) = self.store_all(&all).await {
            return answers.into_iter().map(Ok).collect();
        }
        let mut answers = Vec::with_capacity(records.len());
        for (key, record) in records {
            answers.push(self.apply(key, record).await);
        }
        answers
    }
}

#[async_trait]
impl<R, S> ScanRepository for SideStamped<R, S>
where
    R: TransactionalRepository,
    S: StampStore<Key = R::Key, Transaction = R::Transaction>,
{
    async fn scan(
        &self,
        after: Option<&R::Key>,
        limit: NonZeroUsize,
    ) -> Result<Page<R::Key, R::Entity>, StoreError> {
        let mut transaction = self.repository.begin(Access::Read).await?;
        let rows = self.repository.list_in(&mut transaction, after, limit).await?;
        let stamps = self.stamps.list(&mut transaction, after, limit).await?;
        let rows = rows.into_iter().map(|row| (self.repository.key(&row), row)).collect();
        Ok(merge(rows, stamps, limit))
    }

    async fn last_key(&self) -> Result<Option<R::Key>, StoreError> {
        let mut transaction = self.repository.begin(Access::Read).await?;
        let of_rows = self.repository.last_key_in(&mut transaction).await?;
        let of_stamps = self.stamps.last_key(&mut transaction).await?;
        Ok(of_rows.max(of_stamps))
    }
}

/// One page of two: beyond the end of a full list its next keys are unknown.
fn merge<K: Ord + Clone, E>(
    rows: Vec<(K, E)>,
    stamps: Vec<(K, Stamp)>,
    limit: NonZeroUsize,
) -> Page<K, E> {
    let end_of_rows = rows.last().filter(|_| rows.len() >= limit.get()).map(|(key, _)| key.clone());
    let end_of_stamps =
        stamps.last().filter(|_| stamps.len() >= limit.get()).map(|(key, _)| key.clone());
    let horizon = [end_of_rows, end_of_stamps].into_iter().flatten().min();

    let mut merged: BTreeMap<K, Record<E>> =
        rows.into_iter().map(|(key, row)| (key, Record::live(Stamp::BASE, row))).collect();
    for (key, stamp) in stamps {
        merged.entry(key).or_insert_with(Record::absent).stamp = stamp;
    }
    let known = merged.len();
    let records: Vec<_> = merged
        .into_iter()
        .take_while(|(key, _)| horizon.as_ref().is_none_or(|horizon| key <= horizon))
        .take(limit.get())
        .collect();
    let is_last = horizon.is_none() && records.len() == known;
    Page::new(records, is_last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: &[u32], stamps: &[u32], limit: usize) -> (Vec<u32>, bool) {
        let rows = rows.iter().map(|key| (*key, ())).collect();
        let stamps = stamps.iter().map(|key| (*key, Stamp::MAX)).collect();
        let page = merge(rows, stamps, NonZeroUsize::new(limit).unwrap());
        (page.records.into_iter().map(|(key, _)| key).collect(), page.is_last)
    }

    #[test]
    fn a_page_ends_where_the_shorter_list_ends() {
        assert_eq!(page(&[1, 2], &[5, 6], 2), (vec![1, 2], false));
        assert_eq!(page(&[4, 9], &[1, 5], 2), (vec![1, 4], false));
        assert_eq!(page(&[7, 9], &[1, 2], 2), (vec![1, 2], false));
    }

    #[test]
    fn the_last_page_says_so() {
        assert_eq!(page(&[1], &[1], 2), (vec![1], true));
        assert_eq!(page(&[], &[3], 2), (vec![3], true));
        assert_eq!(page(&[1], &[2], 1), (vec![1], false));
        assert_eq!(page(&[1, 2], &[3], 3), (vec![1, 2, 3], true));
        assert_eq!(page(&[1, 2], &[3, 4], 3), (vec![1, 2, 3], false));
    }

    #[test]
    fn rows_and_stamps_meet() {
        let page = merge(vec![(1, 'a'), (2, 'b')], vec![(2, Stamp::MAX), (3, Stamp::MAX)], limit());
        let expected = vec![
            (1, Record::live(Stamp::BASE, 'a')),
            (2, Record::live(Stamp::MAX, 'b')),
            (3, Record::tombstone(Stamp::MAX)),
        ];
        assert_eq!(page, Page::new(expected, true));
    }

    fn limit() -> NonZeroUsize {
        NonZeroUsize::new(8).unwrap()
    }
}
