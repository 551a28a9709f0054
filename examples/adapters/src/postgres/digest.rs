//! Digests, computed by the server.

use std::num::NonZeroUsize;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::{
    DigestRepository, DigestSalt, HashedRecord, KeyRange, RangeDigest, RecordHash,
};
use strangler_fig::stamp::Record;
use tokio_postgres::Row;

use super::database::Params;
use super::number::{Decoded, unsigned};
use super::row::{id, stamp};
use super::{PostgresRepository, native};
use crate::customer::Customer;
use crate::digest;
use crate::effect::Effect;

/// The hash of a row, as `crate::digest` says; `$1` is the salt.
macro_rules! row_hash {
    () => {
        "md5(concat($1::text, encode(id, 'hex'), '@', encode(stamp, 'hex'),
            CASE WHEN name IS NULL THEN '-' ELSE concat('=(',
                '2:idb', octet_length(id), ':', encode(id, 'hex'),
                '4:names', octet_length(name), ':', name,
                '5:email', coalesce('?s' || octet_length(email) || ':' || email, 'n'),
                '7:balancei', balance, ';',
                '6:joinedi', (1000000 * extract(epoch FROM joined))::bigint, ';',
                '6:visitsi', visits, ';',
                '9:is_active', CASE WHEN is_active THEN 'T' ELSE 'F' END,
                '4:seal', coalesce('?b' || octet_length(seal) || ':' || encode(seal, 'hex'), 'n'),
            ')') END))"
    };
}

// All ranges at once. The sums are larger than `bigint`; we take the last 64 bits.
const DIGESTS: &str = concat!(
    "SELECT digest.rows, digest.high, digest.low
    FROM unnest($2::bytea[], $3::bytea[]) WITH ORDINALITY AS range (first, behind, number)
    CROSS JOIN LATERAL (
        SELECT count(*) AS rows,
            coalesce(sum(('x' || left(hash, 16))::bit(64)::bigint), 0)::text AS high,
            coalesce(sum(('x' || right(hash, 16))::bit(64)::bigint), 0)::text AS low
        FROM (SELECT ",
    row_hash!(),
    " AS hash FROM customer WHERE id >= first AND id < behind OFFSET 0) AS hashed
    ) AS digest ORDER BY number"
);
const HASHES: &str = concat!(
    "SELECT id, stamp, ",
    row_hash!(),
    " FROM customer WHERE id >= $2 AND id < $3 ORDER BY id LIMIT $4"
);
// From each row to the one so many rows behind it, through the index alone, and
// only the ends are sent. The last key of the range is none.
const STEPS: &str = "\
    WITH RECURSIVE step (id) AS (
        (SELECT id FROM customer WHERE id >= $1 AND id < $2 ORDER BY id OFFSET $3 LIMIT 1)
        UNION ALL
        SELECT (
            SELECT id FROM customer
            WHERE id > step.id AND id < $2 ORDER BY id OFFSET $3 LIMIT 1
        ) FROM step WHERE step.id IS NOT NULL
    )
    SELECT id FROM step
    WHERE EXISTS (SELECT FROM customer WHERE id > step.id AND id < $2) LIMIT $4";
/// So many in one statement, which has a deadline.
const STEPS_MAX: usize = 256;

#[async_trait]
impl DigestRepository for PostgresRepository {
    fn algorithm(&self) -> &'static str {
        if self.is_native { native::ALGORITHM } else { digest::ALGORITHM }
    }

    fn hash(
        &self,
        salt: DigestSalt,
        key: &Vec<u8>,
        record: &Record<Customer>,
    ) -> Result<RecordHash, StoreError> {
        if self.is_native {
            native::hash(salt, key, record)
        } else {
            digest::hash(salt, key, record)
        }
    }

    fn digest_of(
        &self,
        salt: DigestSalt,
        records: &[(Vec<u8>, Record<Customer>)],
    ) -> Result<RangeDigest, StoreError> {
        if self.is_native {
            return native::digest_of(salt, records);
        }
        records.iter().map(|(key, record)| self.hash(salt, key, record)).collect()
    }

    async fn digests(
        &self,
        salt: DigestSalt,
        ranges: &[KeyRange<Vec<u8>>],
    ) -> Result<Vec<RangeDigest>, StoreError> {
        if self.is_native {
            return native::digests(&self.database, salt, ranges).await;
        }
        let (first, behind): (Vec<_>, Vec<_>) = ranges.iter().map(digest::bounds).unzip();
        let params: Params = &[&salt.to_string(), &first, &behind];
        let rows = self.database.query(Effect::None, DIGESTS, params).await?;
        rows.iter().map(|row| range_digest(row).map_err(StoreError::rejected)).collect()
    }

    async fn hashes(
        &self,
        salt: DigestSalt,
        range: &KeyRange<Vec<u8>>,
        limit: NonZeroUsize,
    ) -> Result<Vec<HashedRecord<Vec<u8>>>, StoreError> {
        if self.is_native {
            return native::hashes(&self.database, salt, range, limit).await;
        }
        let (first, behind) = digest::bounds(range);
        let limit = i64::try_from(limit.get()).unwrap_or(i64::MAX);
        let params: Params = &[&salt.to_string(), &first, &behind, &limit];
        let rows = self.database.query(Effect::None, HASHES, params).await?;
        rows.iter().map(hashed).collect()
    }

    async fn split(
        &self,
        range: &KeyRange<Vec<u8>>,
        rows: NonZeroUsize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let ((mut first, behind), mut ends) = (digest::bounds(range), Vec::new());
        let skipped = i64::try_from(rows.get() - 1).unwrap_or(i64::MAX);
        let steps = i64::try_from(STEPS_MAX).unwrap_or(i64::MAX);
        loop {
            let params: Params = &[&first, &behind, &skipped, &steps];
            let found = self.database.query_each(Effect::None, STEPS, params, id).await?;
            let is_last = found.len() < STEPS_MAX;
            ends.extend(found);
            match ends.last() {
                Some(end) if !is_last => first = [end.as_slice(), &[0]].concat(),
                _ => return Ok(ends),
            }
        }
    }
}

fn hashed(row: &Row) -> Result<HashedRecord<Vec<u8>>, StoreError> {
    let digits: &str = row.try_get(2).map_err(StoreError::rejected)?;
    Ok(HashedRecord { key: id(row)?, stamp: stamp(row, 1)?, hash: digest::parsed(digits)? })
}

fn range_digest(row: &Row) -> Decoded<RangeDigest> {
    let sum = |at| -> Decoded<u64> { Ok(digest::last_64(row.try_get::<_, &str>(at)?.parse()?)) };
    Ok(RangeDigest { rows: unsigned(row, 0)?, high: sum(1)?, low: sum(2)? })
}
