use std::num::NonZeroUsize;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{DigestSalt, KeyRange, RangeDigest, RecordHash};
use crate::error::StoreError;
use crate::repository::ScanRepository;
use crate::stamp::{Record, Stamp};

/// A record by its hash alone.
///
/// ```
/// use strangler_fig::repository::{HashedRecord, RecordHash};
/// use strangler_fig::stamp::Stamp;
///
/// let here = HashedRecord { key: 7, stamp: Stamp::BASE, hash: RecordHash { high: 1, low: 2 } };
/// let there = HashedRecord { hash: RecordHash { high: 1, low: 3 }, ..here };
/// assert!(here != there && here.stamp == there.stamp, "unequal content under one stamp");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HashedRecord<K> {
    /// Its key.
    pub key: K,
    /// Its stamp.
    pub stamp: Stamp,
    /// The hash of key, stamp and content.
    pub hash: RecordHash,
}

/// A [`ScanRepository`] whose store computes digests of its rows itself: a short
/// cut for the consistency checker over slow links.
///
/// ```
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::repository::{DigestRepository, DigestSalt, KeyRange};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// for n in 0..100 {
///     legacy.plant((n, format!("user {n}")));
///     modern.plant((n, format!("user {}", n.min(70)))); // from 71 on they differ
/// }
/// let salt = DigestSalt::random()?;
/// assert_eq!(legacy.algorithm(), modern.algorithm());
///
/// let cuts = legacy.split(&KeyRange::all(), 25.try_into()?).await?;
/// let ranges = KeyRange::all().cut(cuts);
/// let (left, right) =
///     (legacy.digests(salt, &ranges).await?, modern.digests(salt, &ranges).await?);
/// let differ: Vec<_> = left.iter().zip(&right).map(|(left, right)| left != right).collect();
/// assert_eq!(differ, [false, false, true, true]);
///
/// let first = legacy.hashes(salt, &ranges[3], 1.try_into()?).await?;
/// assert_ne!(first, modern.hashes(salt, &ranges[3], 1.try_into()?).await?);
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `hash` is pure, and differs between records that differ in key, stamp or
///    content (but for a chance of 2^-128).
/// 2. Two adapters whose `algorithm` is the same have the same `hash` and the same
///    `digest_of`.
/// 3. `digests` answers for each range, in their order, what `digest_of` makes of
///    its records as `scan` shows them, tombstones and unstamped rows included. No
///    record makes [`RangeDigest::default`].
/// 4. `hashes` answers the first `limit` records of the range in the order of
///    their keys, none left out, each with its stamp and `hash`; fewer only at
///    the end of the range.
/// 5. `split` answers keys within the range in rising order, each the last of
///    about `rows` rows; none if the range holds no more than that. The last key
///    of the range need not be among them.
/// 6. Nothing is answered from a replica or a snapshot older than the call.
///
/// # Cancel safety
///
/// Cancel safe: nothing has an effect.
#[async_trait]
pub trait DigestRepository: ScanRepository {
    /// The name of the way it hashes, `md5/canonical-1` say.
    fn algorithm(&self) -> &'static str;

    /// The hash the store computes for this record.
    ///
    /// # Errors
    ///
    /// `Rejected` if the content cannot be encoded.
    fn hash(
        &self,
        salt: DigestSalt,
        key: &Self::Key,
        record: &Record<Self::Entity>,
    ) -> Result<RecordHash, StoreError>;

    /// The digest of these records, which are in the order of their keys: their
    /// number, and by default the sums of their hashes.
    ///
    /// An adapter may have a cheaper one in its store, over the bytes of all the
    /// records one after the other say, if it is salted, and differs between
    /// records that differ (but for a chance of 2^-128). Never an exclusive or of
    /// hashes: two equal changes cancel each other.
    ///
    /// # Errors
    ///
    /// As [`hash`](Self::hash).
    fn digest_of(
        &self,
        salt: DigestSalt,
        records: &[(Self::Key, Record<Self::Entity>)],
    ) -> Result<RangeDigest, StoreError> {
        records.iter().map(|(key, record)| self.hash(salt, key, record)).collect()
    }

    /// The digest of each range.
    ///
    /// # Errors
    ///
    /// `Rejected` if a row cannot be encoded; else `Unavailable`.
    async fn digests(
        &self,
        salt: DigestSalt,
        ranges: &[KeyRange<Self::Key>],
    ) -> Result<Vec<RangeDigest>, StoreError>;

    /// The first `limit` records of `range` by their hashes.
    ///
    /// # Errors
    ///
    /// As [`digests`](Self::digests).
    async fn hashes(
        &self,
        salt: DigestSalt,
        range: &KeyRange<Self::Key>,
        limit: NonZeroUsize,
    ) -> Result<Vec<HashedRecord<Self::Key>>, StoreError>;

    /// Keys that divide `range` into parts of about `rows` rows.
    ///
    /// # Errors
    ///
    /// As [`digests`](Self::digests).
    async fn split(
        &self,
        range: &KeyRange<Self::Key>,
        rows: NonZeroUsize,
    ) -> Result<Vec<Self::Key>, StoreError>;
}
