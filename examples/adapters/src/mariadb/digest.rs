//! Digests, computed by the server.

use std::num::NonZeroUsize;

use mysql_async::{Row, Value};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::{
    DigestRepository, DigestSalt, HashedRecord, KeyRange, RangeDigest, RecordHash,
};
use strangler_fig::stamp::Record;

use super::MariadbRepository;
use super::row::{bytes, columns, id, integer, text, to_stamp};
use crate::customer::Customer;
use crate::digest;
use crate::effect::Effect;

/// The hash of a row, as `crate::digest` says; the parameter is the salt.
macro_rules! row_hash {
    () => {
        "MD5(CONCAT(?, LOWER(HEX(id)), '@', LOWER(HEX(stamp)),
            IF(name IS NULL, '-', CONCAT('=(',
                '2:idb', LENGTH(id), ':', LOWER(HEX(id)),
                '4:names', LENGTH(name), ':', name,
                '5:email', IF(email IS NULL, 'n', CONCAT('?s', LENGTH(email), ':', email)),
                '7:balancei', CAST(balance * 10000 AS DECIMAL(23, 0)), ';',
                '6:joinedi',
                    TIMESTAMPDIFF(MICROSECOND, TIMESTAMP '1970-01-01 00:00:00', joined), ';',
                '6:visitsi', visits, ';',
                '9:is_active', IF(is_active, 'T', 'F'),
                '4:seal',
                    IF(seal IS NULL, 'n', CONCAT('?b', LENGTH(seal), ':', LOWER(HEX(seal)))),
            ')'))))"
    };
}

// One of these for each range, in one statement. Sums are `DECIMAL`, so that
// none overflows. A row whose text is longer than `max_allowed_packet` has NULL
// for its hash, which sums leave out: so the hashes are counted too. (And so no
// `IFNULL` above: what is too long would be hashed as what is missing.)
const DIGEST: &str = concat!(
    "(SELECT ? AS number, COUNT(*), COUNT(hash),
        CAST(IFNULL(SUM(CAST(CONV(LEFT(hash, 16), 16, 10) AS UNSIGNED)), 0) AS CHAR),
        CAST(IFNULL(SUM(CAST(CONV(RIGHT(hash, 16), 16, 10) AS UNSIGNED)), 0) AS CHAR)
    FROM (SELECT ",
    row_hash!(),
    " AS hash FROM customer WHERE id >= ? AND id < ?) AS hashed)"
);
const HASHES: &str = concat!(
    "SELECT id, stamp, ",
    row_hash!(),
    " FROM customer WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
);
// The last of so many rows, and the one behind it.
const STEP: &str = "\
    SELECT id FROM customer WHERE id >= ? AND id < ? ORDER BY id LIMIT 2 OFFSET ?";

/// A statement takes 65,535 parameters; far fewer are planned sooner.
const RANGES_MAX: usize = 500;

#[async_trait]
impl DigestRepository for MariadbRepository {
    fn algorithm(&self) -> &'static str {
        digest::ALGORITHM
    }

    fn hash(
        &self,
        salt: DigestSalt,
        key: &Vec<u8>,
        record: &Record<Customer>,
    ) -> Result<RecordHash, StoreError> {
        digest::hash(salt, key, record)
    }

    async fn digests(
        &self,
        salt: DigestSalt,
        ranges: &[KeyRange<Vec<u8>>],
    ) -> Result<Vec<RangeDigest>, StoreError> {
        let mut digests = Vec::with_capacity(ranges.len());
        for some in ranges.chunks(RANGES_MAX) {
            let sql = format!("{} ORDER BY number", vec![DIGEST; some.len()].join(" UNION ALL "));
            let mut params = Vec::with_capacity(4 * some.len());
            for (number, range) in some.iter().enumerate() {
                let (first, behind) = digest::bounds(range);
                let range: [Value; 4] =
                    [number.into(), salt.to_string().into(), first.into(), behind.into()];
                params.extend(range);
            }
            for row in self.database.query(Effect::None, &sql, params).await? {
                digests.push(range_digest(row)?);
            }
        }
        Ok(digests)
    }

    async fn hashes(
        &self,
        salt: DigestSalt,
        range: &KeyRange<Vec<u8>>,
        limit: NonZeroUsize,
    ) -> Result<Vec<HashedRecord<Vec<u8>>>, StoreError> {
        let (first, behind) = digest::bounds(range);
        let limit = limit.get().min(usize::MAX >> 1);
        let params = vec![salt.to_string().into(), first.into(), behind.into(), Value::from(limit)];
        let rows = self.database.query(Effect::None, HASHES, params).await?;
        rows.into_iter().map(hashed).collect()
    }

    /// Steps through the index: each step reads as many keys, and no row.
    async fn split(
        &self,
        range: &KeyRange<Vec<u8>>,
        rows: NonZeroUsize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let ((mut first, behind), mut ends) = (digest::bounds(range), Vec::new());
        let skipped = (rows.get() - 1).min(usize::MAX >> 1);
        loop {
            let params = vec![first.into(), (&behind).into(), skipped.into()];
            let found = self.database.query(Effect::None, STEP, params).await?;
            let Ok([last, next]) = <[Row; 2]>::try_from(found) else {
                return Ok(ends);
            };
            ends.push(id(last)?);
            first = id(next)?;
        }
    }
}

fn hashed(row: Row) -> Result<HashedRecord<Vec<u8>>, StoreError> {
    let [key, stamp, digits] = columns(row)?;
    let hash = digest::parsed(&text(digits)?)?;
    Ok(HashedRecord { key: bytes(key)?, stamp: to_stamp(stamp)?, hash })
}

fn range_digest(row: Row) -> Result<RangeDigest, StoreError> {
    let [_, rows, hashes, high, low] = columns(row)?;
    if rows != hashes {
        return Err(StoreError::rejected("a row is too long to be hashed by the server"));
    }
    let sum = |digits| text(digits)?.parse().map(digest::last_64).map_err(StoreError::rejected);
    let rows = u64::try_from(integer(&rows)?).map_err(StoreError::rejected)?;
    Ok(RangeDigest { rows, high: sum(high)?, low: sum(low)? })
}
