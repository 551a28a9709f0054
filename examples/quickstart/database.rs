//! `SQLite` for async code: what both adapters stand on.
//!
//! Every statement runs on a thread for blocking work and owns its connection
//! meanwhile. So a caller that drops its future in the middle of a call leaves
//! nothing behind: the statement ends, the [`Lease`] is dropped, and that rolls
//! back and gives the connection back.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Params, Row};
use strangler_fig::error::StoreError;
use strangler_fig::repository::Access;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

/// `SQLite` has one writer at a time, so a second connection would only wait.
const WRITERS: usize = 1;
const READERS: usize = 4;
/// How long to wait for a writer of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// `NORMAL` keeps every commit when the process dies, but may lose the last
/// ones with the machine. A migration of your own data wants `FULL`.
const WRITER_PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
const READER_PRAGMAS: &str = "PRAGMA query_only = ON;";

/// One database file. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Database {
    writers: Arc<Pool>,
    readers: Arc<Pool>,
}

impl Database {
    /// Opens the file at `path`, makes it if there is none, and runs `schema`.
    pub fn open(path: &Path, schema: &str) -> rusqlite::Result<Self> {
        let writers = Pool::new(path, WRITER_PRAGMAS, WRITERS);
        writers.connect()?.execute_batch(schema)?;
        let readers = Pool::new(path, READER_PRAGMAS, READERS);
        Ok(Self { writers, readers })
    }

    /// Runs `job`, which only reads. Its statements may see different states:
    /// where that matters, [`begin`](Self::begin).
    pub async fn read<T: Send + 'static>(&self, job: impl Job<T>) -> Result<T, StoreError> {
        let mut lease = self.readers.lease().await?;
        spawn_blocking(move || lease.run(job))
            .await
            .unwrap_or_else(|error| Err(StoreError::unavailable(error)))
    }

    /// Runs `job` as one transaction.
    pub async fn write<T: Send + 'static>(&self, job: impl Job<T>) -> Result<T, StoreError> {
        let mut lease = self.writers.lease().await?;
        let work = move || {
            lease.run(|connection| connection.execute_batch("BEGIN IMMEDIATE"))?;
            let done = lease.run(job)?;
            lease.commit().map(|()| done)
        };
        spawn_blocking(work).await.unwrap_or_else(|error| Err(StoreError::unknown(error)))
    }

    /// Opens a transaction of several calls.
    pub async fn begin(&self, access: Access) -> Result<Transaction, StoreError> {
        let (pool, begin) = match access {
            Access::Read => (&self.readers, "BEGIN"),
            // The write lock at once: a lock taken later may be refused.
            Access::Write => (&self.writers, "BEGIN IMMEDIATE"),
        };
        let lease = Some(pool.lease().await?);
        let mut transaction = Transaction { lease };
        transaction.run(|connection| connection.execute_batch(begin)).await?;
        Ok(transaction)
    }
}

/// An open transaction; dropping it rolls it back.
#[derive(Debug)]
pub struct Transaction {
    /// `None` while a call runs, and after one that failed or was dropped.
    lease: Option<Lease>,
}

impl Transaction {
    /// Runs `job` in the transaction; if it fails, the transaction is over.
    pub async fn run<T: Send + 'static>(&mut self, job: impl Job<T>) -> Result<T, StoreError> {
        let mut lease = self.take()?;
        let work = move || lease.run(job).map(|done| (lease, done));
        let (lease, done) = spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(StoreError::unavailable(error)))?;
        self.lease = Some(lease);
        Ok(done)
    }

    /// Makes its changes durable.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let mut lease = self.take()?;
        spawn_blocking(move || lease.commit())
            .await
            .unwrap_or_else(|error| Err(StoreError::unknown(error)))
    }

    fn take(&mut self) -> Result<Lease, StoreError> {
        let over = || StoreError::unavailable("the transaction was rolled back before");
        self.lease.take().ok_or_else(over)
    }
}

/// The rows of a `SELECT`, each made into a value by `read`.
pub fn rows<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: fn(&Row) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(params, read)?.collect()
}

/// A limit as `SQLite` counts.
pub fn limited(limit: NonZeroUsize) -> i64 {
    i64::try_from(limit.get()).unwrap_or(i64::MAX)
}

/// What runs on a connection.
pub trait Job<T>: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static {}

impl<T, F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static> Job<T> for F {}

/// A bounded number of connections, opened when they are first needed.
#[derive(Debug)]
struct Pool {
    path: PathBuf,
    pragmas: &'static str,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Pool {
    fn new(path: &Path, pragmas: &'static str, size: usize) -> Arc<Self> {
        Arc::new(Self {
            path: path.to_owned(),
            pragmas,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(size)),
        })
    }

    async fn lease(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        Ok(Lease {
            _permit: permit.map_err(StoreError::unavailable)?,
            connection: self.idle().pop(),
            pool: Arc::clone(self),
        })
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&self.path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch(self.pragmas)?;
        Ok(connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The use of a connection. However it ends, no transaction stays open.
#[derive(Debug)]
struct Lease {
    connection: Option<Connection>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    fn connection(&mut self) -> rusqlite::Result<&Connection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.pool.connect()?,
        };
        Ok(self.connection.insert(connection))
    }

    fn run<T>(
        &mut self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.connection().and_then(job).map_err(refused)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let connection = self.connection().map_err(StoreError::unknown)?;
        let Err(error) = connection.execute_batch("COMMIT") else {
            return Ok(());
        };
        // What can still be rolled back was not committed and never will be.
        // Else who knows: the disk may have failed after the last byte.
        if connection.execute_batch("ROLLBACK").is_ok() {
            Err(refused(error))
        } else {
            Err(StoreError::unknown(error))
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        // Quick, as nothing is written. A connection that cannot roll back is
        // closed, which does it too.
        if connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok() {
            self.pool.idle().push(connection);
        }
    }
}

/// An error before `COMMIT`: whatever went wrong, nothing was changed.
fn refused(error: rusqlite::Error) -> StoreError {
    use ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    match error.sqlite_error_code() {
        Some(ConstraintViolation | TooBig | TypeMismatch) => StoreError::rejected(error),
        _ => StoreError::unavailable(error),
    }
}
