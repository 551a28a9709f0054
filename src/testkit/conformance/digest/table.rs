use std::num::NonZeroUsize;
use std::sync::Arc;

use super::StampedFixture;
use crate::repository::{
    DigestRepository, DigestSalt, HashedRecord, KeyRange, RangeDigest, RecordHash,
};
use crate::stamp::Record;
use crate::testkit::conformance::scan::Shelf;
use crate::testkit::conformance::stamped::{EntityOf, KeyOf};

pub(super) const SALT: DigestSalt = DigestSalt::from_bytes(*b"one salt of many");

pub(super) const OTHER_SALT: DigestSalt = DigestSalt::from_bytes(*b"one more of them");

pub(super) type Range<F> = KeyRange<KeyOf<F>>;

/// A store, and what its digests must be by single reads.
pub(super) struct Table<F: StampedFixture> {
    pub(super) repository: Arc<F::Repository>,
    pub(super) records: Vec<(KeyOf<F>, Record<EntityOf<F>>)>,
}

impl<F: StampedFixture<Repository: DigestRepository>> Table<F> {
    /// A store with records of every kind at `count` keys.
    pub(super) async fn filled(fixture: &F, count: u32) -> Self {
        let shelf = Shelf::filled(fixture, count).await;
        let records = shelf.expected(fixture, count).await;
        Self { repository: fixture.repository(), records }
    }

    /// The store as it stands, with these records.
    pub(super) fn of(fixture: &F, records: Vec<(KeyOf<F>, Record<EntityOf<F>>)>) -> Self {
        Self { repository: fixture.repository(), records }
    }

    /// Every range that begins and ends at a key or is open; also those that
    /// hold nothing.
    pub(super) fn ranges(&self) -> Vec<Range<F>> {
        let keys = self.records.iter().map(|(key, _)| Some(key.clone()));
        let ends: Vec<_> = std::iter::once(None).chain(keys).collect();
        let from = |after: &Option<_>| {
            let after = after.clone();
            ends.iter().map(move |until| KeyRange::new(after.clone(), until.clone()))
        };
        ends.iter().flat_map(from).collect()
    }

    /// What `hashes` must answer for the whole of `range`.
    pub(super) fn hashed(&self, salt: DigestSalt, range: &Range<F>) -> Vec<HashedRecord<KeyOf<F>>> {
        let inside = self.records.iter().filter(|(key, _)| range.contains(key));
        let hashed = inside.map(|(key, record)| {
            let hash = hash::<F>(&*self.repository, salt, key, record);
            HashedRecord { key: key.clone(), stamp: record.stamp, hash }
        });
        hashed.collect()
    }

    /// What `digests` must answer for `range`.
    pub(super) fn digest(&self, salt: DigestSalt, range: &Range<F>) -> RangeDigest {
        let inside = self.records.iter().filter(|(key, _)| range.contains(key));
        let digest = self.repository.digest_of(salt, &inside.cloned().collect::<Vec<_>>());
        digest.unwrap_or_else(|error| panic!("the digest of {range:?} failed: {error:?}"))
    }

    pub(super) async fn digests(&self, salt: DigestSalt, ranges: &[Range<F>]) -> Vec<RangeDigest> {
        let digests = self.repository.digests(salt, ranges).await;
        digests.unwrap_or_else(|error| panic!("digests of {ranges:?} failed: {error:?}"))
    }

    pub(super) async fn hashes(
        &self,
        range: &Range<F>,
        limit: usize,
    ) -> Vec<HashedRecord<KeyOf<F>>> {
        let limit = NonZeroUsize::new(limit).expect("limits are not zero");
        let hashes = self.repository.hashes(SALT, range, limit).await;
        hashes.unwrap_or_else(|error| panic!("hashes of {range:?} failed: {error:?}"))
    }

    pub(super) async fn cuts(&self, range: &Range<F>, rows: usize) -> Vec<KeyOf<F>> {
        let rows = NonZeroUsize::new(rows).expect("parts hold something");
        let cuts = self.repository.split(range, rows).await;
        cuts.unwrap_or_else(|error| panic!("splitting {range:?} failed: {error:?}"))
    }
}

pub(super) fn hash<F: StampedFixture<Repository: DigestRepository>>(
    repository: &F::Repository,
    salt: DigestSalt,
    key: &KeyOf<F>,
    record: &Record<EntityOf<F>>,
) -> RecordHash {
    let hash = repository.hash(salt, key, record);
    hash.unwrap_or_else(|error| panic!("hashing {record:?} failed: {error:?}"))
}
