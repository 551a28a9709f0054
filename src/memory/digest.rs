use std::num::NonZeroUsize;
use std::ops::Bound;

use async_trait::async_trait;
use serde::Serialize;

use super::InMemoryRepository;
use crate::error::StoreError;
use crate::key::Key;
use crate::repository::{
    DigestRepository, DigestSalt, Entity, HashedRecord, KeyRange, RangeDigest, RecordHash,
};
use crate::stamp::Record;

impl<K: Key, E: Entity> InMemoryRepository<K, E> {
    /// The first `limit` records of `range`, each by what `of` makes of it.
    fn inside<T>(
        &self,
        range: &KeyRange<K>,
        limit: usize,
        mut of: impl FnMut(&K, &Record<E>) -> T,
    ) -> Vec<T> {
        let records = self.lock();
        let from = range.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let rest = records.range((from, Bound::Unbounded)).take(limit);
        let inside = rest.take_while(|(key, _)| range.contains(key));
        inside.map(|(key, record)| of(key, record)).collect()
    }
}

#[async_trait]
impl<K: Key, E: Entity + Serialize> DigestRepository for InMemoryRepository<K, E> {
    fn algorithm(&self) -> &'static str {
        "xxh3/canonical-1"
    }

    fn hash(
        &self,
        salt: DigestSalt,
        key: &K,
        record: &Record<E>,
    ) -> Result<RecordHash, StoreError> {
        let key = RecordHash::key_part(key);
        let hash = RecordHash::xxh3(salt, &key, record.stamp, record.value.as_ref());
        hash.map_err(StoreError::rejected)
    }

    async fn digests(
        &self,
        salt: DigestSalt,
        ranges: &[KeyRange<K>],
    ) -> Result<Vec<RangeDigest>, StoreError> {
        let hash = |key: &K, record: &Record<E>| self.hash(salt, key, record);
        let digest = |range| self.inside(range, usize::MAX, hash).into_iter().collect();
        ranges.iter().map(digest).collect()
    }

    async fn hashes(
        &self,
        salt: DigestSalt,
        range: &KeyRange<K>,
        limit: NonZeroUsize,
    ) -> Result<Vec<HashedRecord<K>>, StoreError> {
        let hashed = self.inside(range, limit.get(), |key, record| {
            let hash = self.hash(salt, key, record)?;
            Ok(HashedRecord { key: key.clone(), stamp: record.stamp, hash })
        });
        hashed.into_iter().collect()
    }

    async fn split(&self, range: &KeyRange<K>, rows: NonZeroUsize) -> Result<Vec<K>, StoreError> {
        let keys = self.inside(range, usize::MAX, |key, _| key.clone());
        let mut ends: Vec<_> = keys.chunks(rows.get()).filter_map(<[K]>::last).cloned().collect();
        ends.pop();
        Ok(ends)
    }
}
