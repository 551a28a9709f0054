use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;

use super::{DigestRepository, DigestSalt, HashedRecord, KeyRange, RangeDigest, RecordHash};
use crate::error::StoreError;
use crate::stamp::Record;

/// `Arc<T>` stands for `T`.
#[async_trait]
impl<R: DigestRepository + ?Sized> DigestRepository for Arc<R> {
    fn algorithm(&self) -> &'static str {
        (**self).algorithm()
    }

    fn hash(
        &self,
        salt: DigestSalt,
        key: &R::Key,
        record: &Record<R::Entity>,
    ) -> Result<RecordHash, StoreError> {
        (**self).hash(salt, key, record)
    }

    fn digest_of(
        &self,
        salt: DigestSalt,
        records: &[(R::Key, Record<R::Entity>)],
    ) -> Result<RangeDigest, StoreError> {
        (**self).digest_of(salt, records)
    }

    async fn digests(
        &self,
        salt: DigestSalt,
        ranges: &[KeyRange<R::Key>],
    ) -> Result<Vec<RangeDigest>, StoreError> {
        (**self).digests(salt, ranges).await
    }

    async fn hashes(
        &self,
        salt: DigestSalt,
        range: &KeyRange<R::Key>,
        limit: NonZeroUsize,
    ) -> Result<Vec<HashedRecord<R::Key>>, StoreError> {
        (**self).hashes(salt, range, limit).await
    }

    async fn split(
        &self,
        range: &KeyRange<R::Key>,
        rows: NonZeroUsize,
    ) -> Result<Vec<R::Key>, StoreError> {
        (**self).split(range, rows).await
    }
}
