use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;

use strangler_fig::error::StoreError;
use strangler_fig::repository::{
    DigestRepository, DigestSalt, HashedRecord, KeyRange, RangeDigest, RecordHash,
};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::conformance::async_trait;

use super::{Flaw, Flawed};
use crate::user::User;

type Rows = Vec<(u32, Record<User>)>;

#[async_trait]
impl DigestRepository for Flawed {
    fn algorithm(&self) -> &'static str {
        "xxh3/canonical-1"
    }

    fn hash(
        &self,
        salt: DigestSalt,
        key: &u32,
        record: &Record<User>,
    ) -> Result<RecordHash, StoreError> {
        let key = match self.flaw {
            Flaw::HashForgetsTheKey => Vec::new(),
            Flaw::HashWritesKeysInDecimal => key.to_string().into_bytes(),
            _ => RecordHash::key_part(key),
        };
        let stamp = match self.flaw {
            Flaw::HashForgetsTheStamp => Stamp::BASE,
            Flaw::HashCountsCalls => {
                let calls = u128::from(self.reads.fetch_add(1, Ordering::Relaxed));
                Stamp::from_bytes(
                    (u128::from_be_bytes(record.stamp.to_bytes()) ^ calls).to_be_bytes(),
                )
            }
            _ => record.stamp,
        };
        let mixed = match self.flaw {
            Flaw::HashForgetsTheSalt | Flaw::HashAddsTheSalt | Flaw::HashXorsTheSalt => {
                DigestSalt::from_bytes([0; 16])
            }
            _ => salt,
        };
        let value = self.hashed_value(record.value.clone());
        let hash = RecordHash::xxh3(mixed, &key, stamp, value.as_ref());
        Ok(self.salted(hash.map_err(StoreError::rejected)?, salt))
    }

    fn digest_of(
        &self,
        salt: DigestSalt,
        records: &[(u32, Record<User>)],
    ) -> Result<RangeDigest, StoreError> {
        let hash = |(key, record)| self.hash(self.salt_of_digests(salt), key, record);
        records.iter().map(|(key, record)| hash((key, record))).collect()
    }

    async fn digests(
        &self,
        salt: DigestSalt,
        ranges: &[KeyRange<u32>],
    ) -> Result<Vec<RangeDigest>, StoreError> {
        if self.is(Flaw::DigestsUpToALimit) && ranges.len() > 500 {
            return Err(StoreError::unavailable("too many parameters"));
        }
        let mut digests = Vec::new();
        for range in ranges {
            digests.push(self.digest(self.salt_of_digests(salt), range)?);
        }
        if self.is(Flaw::DigestsInTheStoresOrder) {
            digests.sort_by_key(|digest| digest.rows);
        }
        Ok(digests)
    }

    async fn hashes(
        &self,
        salt: DigestSalt,
        range: &KeyRange<u32>,
        limit: NonZeroUsize,
    ) -> Result<Vec<HashedRecord<u32>>, StoreError> {
        let limit = match self.flaw {
            Flaw::HashesHoldOneTooMany => limit.saturating_add(1).get(),
            Flaw::HashesCountInThirtyTwoBits => {
                i32::try_from(limit.get()).map_err(StoreError::unavailable)?;
                limit.get()
            }
            _ => limit.get(),
        };
        let mut rows = self.inside(&match self.flaw {
            Flaw::HashesIgnoreTheEnd => KeyRange::new(range.after, None),
            _ => range.clone(),
        });
        match self.flaw {
            Flaw::HashesAreLimitedBeforeTheyAreSorted => {
                rows.reverse();
                rows.truncate(limit);
                rows.reverse();
            }
            Flaw::HashesBackwards => {
                rows.truncate(limit);
                rows.reverse();
            }
            _ => rows.truncate(limit),
        }
        let hashed = rows.into_iter().map(|(key, record)| {
            let hash = self.hash(salt, &key, &record)?;
            let stamp = if self.is(Flaw::HashesHaveNoStamp) { Stamp::ZERO } else { record.stamp };
            Ok(HashedRecord { key, stamp, hash })
        });
        hashed.collect()
    }

    async fn split(
        &self,
        range: &KeyRange<u32>,
        rows: NonZeroUsize,
    ) -> Result<Vec<u32>, StoreError> {
        let rows = match self.flaw {
            Flaw::CutsTooFine => rows.get().div_ceil(3),
            Flaw::CutsTooCoarse => rows.get().saturating_mul(3),
            _ => rows.get(),
        };
        let range = match self.flaw {
            Flaw::CutsIgnoreTheRange => KeyRange::all(),
            _ => range.clone(),
        };
        let inside = self.inside(&range);
        let mut cuts: Vec<_> = inside.chunks(rows).map(|part| part[part.len() - 1].0).collect();
        if !self.is(Flaw::CutsWhatIsSmall) {
            cuts.pop();
        }
        if self.is(Flaw::CutsBackwards) {
            cuts.reverse();
        }
        Ok(cuts)
    }
}

impl Flawed {
    fn salt_of_digests(&self, salt: DigestSalt) -> DigestSalt {
        match self.flaw {
            Flaw::DigestsForgetTheSalt => DigestSalt::from_bytes([0; 16]),
            _ => salt,
        }
    }

    fn hashed_value(&self, value: Option<User>) -> Option<User> {
        match (self.flaw, value) {
            (Flaw::HashTrimsText, Some((id, text))) => Some((id, text.trim().to_owned())),
            (Flaw::HashWritesEmptyAsNull, Some((id, text))) if text.is_empty() => {
                Some((id, "NULL".to_owned()))
            }
            (Flaw::HashWritesNoValueAsEmpty, None) => Some((0, String::new())),
            (_, value) => value,
        }
    }

    /// Where a salt is only put on top.
    fn salted(&self, hash: RecordHash, salt: DigestSalt) -> RecordHash {
        let (high, low) = halves(salt);
        match self.flaw {
            Flaw::HashAddsTheSalt => RecordHash {
                high: hash.high.wrapping_add(high).wrapping_add(low),
                low: hash.low.wrapping_add(low).wrapping_add(high),
            },
            Flaw::HashXorsTheSalt => {
                RecordHash { high: hash.high ^ high ^ low, low: hash.low ^ low ^ high }
            }
            _ => hash,
        }
    }

    fn digest(&self, salt: DigestSalt, range: &KeyRange<u32>) -> Result<RangeDigest, StoreError> {
        let rows = self.inside(range);
        if self.is(Flaw::DigestsOfNothingAreNull) && rows.is_empty() {
            return Err(StoreError::rejected("a sum that is null"));
        }
        let mut digest = RangeDigest::default();
        for (key, record) in rows {
            let hash = self.hash(salt, &key, &record)?;
            match self.flaw {
                Flaw::DigestsXor => {
                    digest.rows += 1;
                    digest.high ^= hash.high;
                    digest.low ^= hash.low;
                }
                Flaw::DigestsSaturate => {
                    digest.rows += 1;
                    digest.high = digest.high.saturating_add(hash.high);
                    digest.low = digest.low.saturating_add(hash.low);
                }
                _ => digest.add(hash),
            }
        }
        Ok(digest)
    }

    /// What the query finds in the range.
    fn inside(&self, range: &KeyRange<u32>) -> Rows {
        let rows = match self.flaw {
            Flaw::DigestsFromAReplica | Flaw::HashesFromAReplica => self.store.replica(),
            _ => self.store.rows().clone(),
        };
        let mut rows: Rows = rows.into_iter().collect();
        rows.retain(|(key, record)| {
            let begins_with = range.after.as_ref() == Some(key);
            let ends_with = range.until.as_ref() == Some(key);
            match self.flaw {
                Flaw::DigestsIncludeTheLowerBound if begins_with => true,
                Flaw::DigestsLeaveOutTheUpperBound if ends_with => false,
                Flaw::DigestsLeaveOutTombstones if record.value.is_none() => false,
                Flaw::DigestsLeaveOutUnstampedRows if record.stamp == Stamp::BASE => false,
                _ => range.contains(key),
            }
        });
        rows
    }
}

fn halves(salt: DigestSalt) -> (u64, u64) {
    let bits = u128::from_be_bytes(salt.to_bytes());
    (u64::try_from(bits >> 64).unwrap(), u64::try_from(bits & u128::from(u64::MAX)).unwrap())
}
