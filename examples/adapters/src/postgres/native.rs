//! Digests that only PostgreSQL computes, in a third of the time: of the rows as
//! the server sends them, `record_send`, not of a text that other stores could
//! build too.
//!
//! A row is the number of its columns, and of each its type, its length (or -1)
//! and its bytes. So no two rows are the same bytes, nor two lists of rows, and a
//! range can be hashed in one piece: the server holds the bytes of one range at a
//! time, which a range of very many rows can make more than it takes (1 GB). It
//! then refuses, and the checker reads the range instead.

use std::num::NonZeroUsize;

use sha2::{Digest, Sha256};
use strangler_fig::error::StoreError;
use strangler_fig::repository::{DigestSalt, HashedRecord, KeyRange, RangeDigest, RecordHash};
use strangler_fig::stamp::Record;
use tokio_postgres::Row;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type};

use super::PostgresDatabase;
use super::database::Params;
use super::number::{Decoded, unsigned};
use super::row::{Micros, id, stamp};
use crate::customer::Customer;
use crate::digest;
use crate::effect::Effect;

/// The name of this way to hash.
pub(super) const ALGORITHM: &str = "sha256/pg-record-1";

/// The columns of the table, in its order.
const COLUMNS: usize = 9;

// All ranges in one statement, and each as one value. What a sorted subquery
// answers is put together in its order; to sort for `string_agg` costs a third more.
const DIGESTS: &str = "\
    SELECT digest.rows, digest.hash
    FROM unnest($2::bytea[], $3::bytea[]) WITH ORDINALITY AS range (first, behind, number)
    CROSS JOIN LATERAL (
        SELECT count(*) AS rows, sha256($1::bytea || string_agg(sent, '')) AS hash
        FROM (
            SELECT record_send(customer) AS sent
            FROM customer WHERE id >= first AND id < behind ORDER BY id
        ) AS sorted
    ) AS digest
    ORDER BY number";
const HASHES: &str = "\
    SELECT id, stamp, sha256($1::bytea || record_send(customer)) FROM customer
    WHERE id >= $2 AND id < $3 ORDER BY id LIMIT $4";

/// The first 16 bytes of SHA-256 of salt and row.
pub(super) fn hash(
    salt: DigestSalt,
    key: &[u8],
    record: &Record<Customer>,
) -> Result<RecordHash, StoreError> {
    let mut sha = Sha256::new_with_prefix(salt.to_bytes());
    sha.update(sent(key, record)?);
    halves(&sha.finalize())
}

/// The same of all rows, one after the other.
pub(super) fn digest_of(
    salt: DigestSalt,
    records: &[(Vec<u8>, Record<Customer>)],
) -> Result<RangeDigest, StoreError> {
    if records.is_empty() {
        return Ok(RangeDigest::default());
    }
    let mut sha = Sha256::new_with_prefix(salt.to_bytes());
    for (key, record) in records {
        sha.update(sent(key, record)?);
    }
    let RecordHash { high, low } = halves(&sha.finalize())?;
    Ok(RangeDigest { rows: u64::try_from(records.len()).unwrap_or(u64::MAX), high, low })
}

pub(super) async fn digests(
    database: &PostgresDatabase,
    salt: DigestSalt,
    ranges: &[KeyRange<Vec<u8>>],
) -> Result<Vec<RangeDigest>, StoreError> {
    let (first, behind): (Vec<_>, Vec<_>) = ranges.iter().map(digest::bounds).unzip();
    let salt = salt.to_bytes();
    let params: Params = &[&salt.as_slice(), &first, &behind];
    let rows = database.query(Effect::None, DIGESTS, params).await?;
    rows.iter().map(|row| range_digest(row).map_err(StoreError::rejected)).collect()
}

pub(super) async fn hashes(
    database: &PostgresDatabase,
    salt: DigestSalt,
    range: &KeyRange<Vec<u8>>,
    limit: NonZeroUsize,
) -> Result<Vec<HashedRecord<Vec<u8>>>, StoreError> {
    let (first, behind) = digest::bounds(range);
    let limit = i64::try_from(limit.get()).unwrap_or(i64::MAX);
    let salt = salt.to_bytes();
    let params: Params = &[&salt.as_slice(), &first, &behind, &limit];
    database.query(Effect::None, HASHES, params).await?.iter().map(hashed).collect()
}

/// A record as `record_send` of its row.
fn sent(key: &[u8], record: &Record<Customer>) -> Result<BytesMut, StoreError> {
    let it = record.value.as_ref();
    let columns: [(Type, &(dyn ToSql + Sync)); COLUMNS] = [
        (Type::BYTEA, &key),
        (Type::BYTEA, &record.stamp.to_bytes().to_vec()),
        (Type::TEXT, &it.map(|it| it.name.as_str())),
        (Type::TEXT, &it.and_then(|it| it.email.as_deref())),
        (Type::INT8, &it.map(|it| it.balance)),
        (Type::TIMESTAMPTZ, &it.map(|it| Micros(it.joined))),
        (Type::INT8, &it.map(|it| it.visits)),
        (Type::BOOL, &it.map(|it| it.is_active)),
        (Type::BYTEA, &it.and_then(|it| it.seal.as_deref())),
    ];
    let mut row = BytesMut::with_capacity(256);
    row.extend_from_slice(&int4(COLUMNS)?);
    for (ty, value) in columns {
        row.extend_from_slice(&ty.oid().to_be_bytes());
        let at = row.len();
        row.extend_from_slice(&(-1_i32).to_be_bytes());
        if let IsNull::No = value.to_sql_checked(&ty, &mut row).map_err(StoreError::rejected)? {
            let length = int4(row.len() - at - 4)?;
            row[at..at + 4].copy_from_slice(&length);
        }
    }
    Ok(row)
}

fn int4(number: usize) -> Result<[u8; 4], StoreError> {
    i32::try_from(number).map(i32::to_be_bytes).map_err(StoreError::rejected)
}

/// The first 16 bytes of a hash.
fn halves(hash: &[u8]) -> Result<RecordHash, StoreError> {
    let half = |at: usize| hash.get(at..at + 8).and_then(|half| half.try_into().ok());
    match (half(0), half(8)) {
        (Some(high), Some(low)) => {
            Ok(RecordHash { high: u64::from_be_bytes(high), low: u64::from_be_bytes(low) })
        }
        _ => Err(StoreError::rejected("a hash is of 32 bytes")),
    }
}

fn hashed(row: &Row) -> Result<HashedRecord<Vec<u8>>, StoreError> {
    let hash: &[u8] = row.try_get(2).map_err(StoreError::rejected)?;
    Ok(HashedRecord { key: id(row)?, stamp: stamp(row, 1)?, hash: halves(hash)? })
}

fn range_digest(row: &Row) -> Decoded<RangeDigest> {
    // No row makes no text, and that no hash.
    let Some(hash) = row.try_get::<_, Option<&[u8]>>(1)? else {
        return Ok(RangeDigest::default());
    };
    let RecordHash { high, low } = halves(hash)?;
    Ok(RangeDigest { rows: unsigned(row, 0)?, high, low })
}
