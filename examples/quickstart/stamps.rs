//! The stamps of the monolith's rows, in a table of their own in the same file:
//! so that a row and its stamp change in one transaction.

use std::num::NonZeroUsize;

use rusqlite::{Connection, Row};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::StampStore;
use strangler_fig::stamp::Stamp;

use crate::database::{Transaction, limited, rows};

pub const SCHEMA: &str = include_str!("stamps.sql");

const FIND: &str = "SELECT key, stamp FROM airport_stamps WHERE key = ?1";
const LIST: &str = "\
    SELECT key, stamp FROM airport_stamps WHERE key > ?1 ORDER BY key LIMIT ?2";
const LAST_KEY: &str = "SELECT max(key) FROM airport_stamps";
const SET: &str = "\
    INSERT INTO airport_stamps VALUES (?1, ?2)
    ON CONFLICT (key) DO UPDATE SET stamp = excluded.stamp";

/// The table `airport_stamps`. It needs no connection of its own: every call
/// comes with the transaction of the rows.
#[derive(Debug, Clone, Copy)]
pub struct AirportStamps;

#[async_trait]
impl StampStore for AirportStamps {
    type Key = String;
    type Transaction = Transaction;

    /// Other writers wait already: `SQLite` locks the file, not the row.
    async fn stamp(
        &self,
        open: &mut Transaction,
        key: &String,
    ) -> Result<Option<Stamp>, StoreError> {
        let key = key.clone();
        open.run(move |connection| find(connection, &key)).await
    }

    async fn set(
        &self,
        open: &mut Transaction,
        key: &String,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let key = key.clone();
        open.run(move |connection| set(connection, &key, stamp)).await
    }

    async fn list(
        &self,
        open: &mut Transaction,
        after: Option<&String>,
        limit: NonZeroUsize,
    ) -> Result<Vec<(String, Stamp)>, StoreError> {
        let page = (after.cloned().unwrap_or_default(), limited(limit));
        open.run(move |connection| rows(connection, LIST, page, stamped)).await
    }

    async fn last_key(&self, open: &mut Transaction) -> Result<Option<String>, StoreError> {
        open.run(|connection| connection.query_row(LAST_KEY, [], |row| row.get(0))).await
    }
}

fn find(connection: &Connection, key: &str) -> rusqlite::Result<Option<Stamp>> {
    let found = rows(connection, FIND, [key], stamped)?.pop();
    Ok(found.map(|(_, stamp)| stamp))
}

fn set(connection: &Connection, key: &str, stamp: Stamp) -> rusqlite::Result<()> {
    let row = (key, stamp.to_bytes());
    connection.prepare_cached(SET)?.execute(row).map(drop)
}

fn stamped(row: &Row) -> rusqlite::Result<(String, Stamp)> {
    Ok((row.get("key")?, Stamp::from_bytes(row.get("stamp")?)))
}
