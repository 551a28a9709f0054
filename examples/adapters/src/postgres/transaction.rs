//! Several calls as one: a row and its stamp change together.

use std::collections::HashSet;

use strangler_fig::error::StoreError;
use strangler_fig::repository::Access;
use tokio_postgres::Row;

use super::PostgresDatabase;
use super::database::{Lease, Params};
use crate::effect::Effect;

// A row to lock, made if there is none. Not an advisory lock: a page of some
// thousand keys would take as many, and the server has room for few.
const LOCK: &str = "\
    INSERT INTO plain_customer_stamp AS held (id) VALUES ($1)
    ON CONFLICT (id) DO UPDATE SET stamp = held.stamp";

/// An open transaction; dropping it rolls it back. [`PostgresDatabase::begin`] makes one.
#[derive(Debug)]
pub struct PostgresTransaction {
    lease: Lease,
    access: Access,
    /// A call failed or was dropped: there is nothing left to commit. The server
    /// would take a `COMMIT` then, and roll back without an error.
    is_spoiled: bool,
    is_committed: bool,
    locked: HashSet<Vec<u8>>,
}

impl PostgresDatabase {
    /// A transaction, with a connection to itself. What it reads is of one moment, or, where it may write, of the moment of
    /// each statement: lock what is to stay as it was seen.
    ///
    /// # Errors
    ///
    /// `Unavailable`: it has not begun.
    pub async fn begin(&self, access: Access) -> Result<PostgresTransaction, StoreError> {
        PostgresTransaction::begin(self, access).await
    }
}

impl PostgresTransaction {
    pub(super) async fn begin(
        database: &PostgresDatabase,
        access: Access,
    ) -> Result<Self, StoreError> {
        let lease = database.lease().await?;
        let begin = match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            // Each key is locked before it is looked at, so what was seen of it
            // stays so; and who waited for it sees what it waited for.
            Access::Write => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        lease.command(Effect::None, begin).await?;
        let locked = HashSet::new();
        Ok(Self { lease, access, is_spoiled: false, is_committed: false, locked })
    }

    /// Makes what was done in it lasting.
    ///
    /// # Errors
    ///
    /// `Unavailable`: it was rolled back, a call of it having failed; `Unknown`: it may be committed.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if self.is_spoiled {
            return Err(StoreError::unavailable("a call of the transaction failed before"));
        }
        self.lease.command(Effect::Possible, "COMMIT").await?;
        self.is_committed = true;
        Ok(())
    }

    /// A statement of it.
    ///
    /// # Errors
    ///
    /// `Rejected` if the server refuses it, `Unavailable` else: there is nothing left to commit.
    pub async fn query(&mut self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.is_spoiled = true;
        let rows = self.lease.query(Effect::None, sql, params).await?;
        self.is_spoiled = false;
        Ok(rows)
    }

    /// The first writer to come keeps the others of `key` waiting to the end of
    /// its transaction; a reader waits for nobody.
    pub(super) async fn lock(&mut self, key: &Vec<u8>) -> Result<(), StoreError> {
        if self.access == Access::Write && !self.locked.contains(key) {
            self.query(LOCK, &[key]).await?;
            self.locked.insert(key.clone());
        }
        Ok(())
    }
}

impl Drop for PostgresTransaction {
    fn drop(&mut self) {
        // A connection in the middle of a call is closed, which rolls back too.
        if !self.is_committed && !self.lease.is_busy() {
            self.lease.send("ROLLBACK");
        }
    }
}
