//! The stamps of rows that have no room for them, in a table of the same
//! database: so that a row and its stamp change in one transaction.

use std::num::NonZeroUsize;

use mysql_async::Value;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::StampStore;
use strangler_fig::stamp::Stamp;

use super::MariadbTransaction;
use super::row::{id, stamped};

const FIND: &str = "\
    SELECT id, stamp FROM plain_customer_stamp WHERE id = ? AND stamp IS NOT NULL";
const SET: &str = "\
    INSERT INTO plain_customer_stamp (id, stamp) VALUES (?, ?)
    ON DUPLICATE KEY UPDATE stamp = VALUES(stamp)";
const FIRST_PAGE: &str = "\
    SELECT id, stamp FROM plain_customer_stamp
    WHERE stamp IS NOT NULL ORDER BY id LIMIT ?";
const NEXT_PAGE: &str = "\
    SELECT id, stamp FROM plain_customer_stamp
    WHERE stamp IS NOT NULL AND id > ? ORDER BY id LIMIT ?";
const LAST_KEY: &str = "\
    SELECT id FROM plain_customer_stamp WHERE stamp IS NOT NULL ORDER BY id DESC LIMIT 1";

/// The table `plain_customer_stamp`. It needs no connection of its own: every
/// call comes with the transaction of the rows.
#[derive(Debug, Clone, Copy)]
pub struct MariadbStamps;

#[async_trait]
impl StampStore for MariadbStamps {
    type Key = Vec<u8>;
    type Transaction = MariadbTransaction;

    async fn stamp(
        &self,
        open: &mut MariadbTransaction,
        key: &Vec<u8>,
    ) -> Result<Option<Stamp>, StoreError> {
        open.lock(key).await?;
        let mut rows = open.query(FIND, vec![key.into()]).await?;
        rows.pop().map(|row| Ok(stamped(row)?.1)).transpose()
    }

    async fn set(
        &self,
        open: &mut MariadbTransaction,
        key: &Vec<u8>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let params = vec![key.into(), stamp.to_bytes().into()];
        open.query(SET, params).await.map(drop)
    }

    async fn list(
        &self,
        open: &mut MariadbTransaction,
        after: Option<&Vec<u8>>,
        limit: NonZeroUsize,
    ) -> Result<Vec<(Vec<u8>, Stamp)>, StoreError> {
        let limit = Value::from(limit.get().min(usize::MAX >> 1));
        let rows = match after {
            None => open.query(FIRST_PAGE, vec![limit]).await?,
            Some(after) => open.query(NEXT_PAGE, vec![after.into(), limit]).await?,
        };
        rows.into_iter().map(stamped).collect()
    }

    async fn last_key(&self, open: &mut MariadbTransaction) -> Result<Option<Vec<u8>>, StoreError> {
        let mut rows = open.query(LAST_KEY, Vec::new()).await?;
        rows.pop().map(id).transpose()
    }
}
