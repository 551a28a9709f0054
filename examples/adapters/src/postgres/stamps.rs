//! The stamps of rows that have no room for them, in a table of the same
//! database: so that a row and its stamp change in one transaction.

use std::num::NonZeroUsize;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::StampStore;
use strangler_fig::stamp::Stamp;
use tokio_postgres::Row;

use super::PostgresTransaction;
use super::row::{id, stamp};

const FIND: &str = "\
    SELECT id, stamp FROM plain_customer_stamp WHERE id = $1 AND stamp IS NOT NULL";
const SET: &str = "\
    INSERT INTO plain_customer_stamp (id, stamp) VALUES ($1, $2)
    ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp";
const FIRST_PAGE: &str = "\
    SELECT id, stamp FROM plain_customer_stamp
    WHERE stamp IS NOT NULL ORDER BY id LIMIT $1";
const NEXT_PAGE: &str = "\
    SELECT id, stamp FROM plain_customer_stamp
    WHERE stamp IS NOT NULL AND id > $2 ORDER BY id LIMIT $1";
const LAST_KEY: &str = "\
    SELECT id FROM plain_customer_stamp WHERE stamp IS NOT NULL ORDER BY id DESC LIMIT 1";

/// The table `plain_customer_stamp`. It needs no connection of its own: every
/// call comes with the transaction of the rows.
#[derive(Debug, Clone, Copy)]
pub struct PostgresStamps;

#[async_trait]
impl StampStore for PostgresStamps {
    type Key = Vec<u8>;
    type Transaction = PostgresTransaction;

    async fn stamp(
        &self,
        open: &mut PostgresTransaction,
        key: &Vec<u8>,
    ) -> Result<Option<Stamp>, StoreError> {
        open.lock(key).await?;
        let rows = open.query(FIND, &[key]).await?;
        rows.first().map(|row| stamp(row, 1)).transpose()
    }

    async fn set(
        &self,
        open: &mut PostgresTransaction,
        key: &Vec<u8>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        open.query(SET, &[key, &stamp.to_bytes().as_slice()]).await.map(drop)
    }

    async fn list(
        &self,
        open: &mut PostgresTransaction,
        after: Option<&Vec<u8>>,
        limit: NonZeroUsize,
    ) -> Result<Vec<(Vec<u8>, Stamp)>, StoreError> {
        let limit = i64::try_from(limit.get()).unwrap_or(i64::MAX);
        let rows = match after {
            None => open.query(FIRST_PAGE, &[&limit]).await?,
            Some(after) => open.query(NEXT_PAGE, &[&limit, after]).await?,
        };
        rows.iter().map(stamped).collect()
    }

    async fn last_key(
        &self,
        open: &mut PostgresTransaction,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = open.query(LAST_KEY, &[]).await?;
        rows.first().map(id).transpose()
    }
}

fn stamped(row: &Row) -> Result<(Vec<u8>, Stamp), StoreError> {
    Ok((id(row)?, stamp(row, 1)?))
}
