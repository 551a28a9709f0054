//! Connections: pooled, bounded in time, and never handed on in the middle of
//! something.

use std::fmt;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, Pool, RecycleResult};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Opts, OptsBuilder, Row, Value};
use strangler_fig::error::{StoreError, StoreErrorKind};
use tokio::time::{error::Elapsed, timeout};

use super::error::{is_interrupted, store_error};
use crate::effect::Effect;

/// A database, and the connections to it.
#[derive(Clone)]
pub struct MariadbDatabase {
    pool: Pool<Connector>,
    deadline: Duration,
}

impl MariadbDatabase {
    /// How many connections there are at most.
    const CONNECTIONS_MAX: usize = 8;
    /// How long a call waits for a connection, and for each answer.
    const DEADLINE: Duration = Duration::from_secs(10);

    /// The database at `url`. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// `Rejected` if it is no URL.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        Self::with_deadline(url, Self::DEADLINE)
    }

    /// The same, marked as the crate's own: what its sessions write is no change by others to the triggers of a
    /// [`MariadbChangeFeed`](super::MariadbChangeFeed), and is not refused when those are closed out.
    ///
    /// # Errors
    ///
    /// `Rejected` if it is no URL.
    pub fn marked(url: &str) -> Result<Self, StoreError> {
        Self::with(url, Self::DEADLINE, ", @strangler_fig = 1")
    }

    /// The same, with a deadline of its own for each answer.
    ///
    /// # Errors
    ///
    /// `Rejected` if it is no URL.
    pub fn with_deadline(url: &str, deadline: Duration) -> Result<Self, StoreError> {
        Self::with(url, deadline, "")
    }

    fn with(url: &str, deadline: Duration, more: &str) -> Result<Self, StoreError> {
        let opts = Opts::from_url(url).map_err(StoreError::rejected)?;
        let session = format!(
            "SET SESSION \
             sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', \
             tx_isolation = 'READ-COMMITTED', \
             max_statement_time = {seconds}, \
             idle_transaction_timeout = {whole_seconds}, \
             innodb_lock_wait_timeout = {whole_seconds}{more}",
            seconds = deadline.as_secs_f64(),
            whole_seconds = deadline.as_secs().max(1),
        );
        // Not strict, the server would cut what does not fit. `apply` reads from
        // the number of changed rows what became of it, so not of found ones. And
        // the address is meant: no detour over a local socket.
        let opts = OptsBuilder::from_opts(opts)
            .setup(vec![session])
            .client_found_rows(false)
            .prefer_socket(false);
        let pool = Pool::builder(Connector(opts.into()))
            .runtime(Runtime::Tokio1)
            .max_size(Self::CONNECTIONS_MAX)
            .wait_timeout(Some(deadline))
            .create_timeout(Some(deadline))
            .recycle_timeout(Some(deadline))
            .build()
            .map_err(StoreError::rejected)?;
        Ok(Self { pool, deadline })
    }

    /// A connection for one call, or for one transaction.
    pub(super) async fn lease(&self) -> Result<Lease, StoreError> {
        let conn = self.pool.get().await.map_err(StoreError::unavailable)?;
        Ok(Lease { conn: Some(conn), deadline: self.deadline, is_busy: false })
    }

    /// One statement that returns rows.
    pub(super) async fn query(
        &self,
        effect: Effect,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.lease().await?.query(effect, sql, params).await
    }

    /// One statement that changes rows; answers how many changes there were.
    pub(super) async fn execute(&self, sql: &str, params: Vec<Value>) -> Result<u64, StoreError> {
        let mut lease = self.lease().await?;
        lease.query(Effect::Possible, sql, params).await?;
        Ok(lease.affected_rows())
    }

    /// One statement that changes a row or none; answers its `LAST_INSERT_ID`.
    pub(super) async fn execute_numbered(
        &self,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<Option<u64>, StoreError> {
        let mut lease = self.lease().await?;
        lease.query(Effect::Possible, sql, params).await?;
        Ok(lease.last_insert_id().filter(|_| lease.affected_rows() > 0))
    }

    /// A compound statement that holds a transaction: one round trip.
    ///
    /// Interrupted, it may have left that open, which the next transaction on the
    /// connection would commit: so it is closed after an error. Or it may have
    /// been done with it.
    pub(super) async fn transact(
        &self,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut lease = self.lease().await?;
        let answer = lease.query(Effect::Possible, sql, params).await;
        answer.map_err(|error| {
            lease.close();
            if is_interrupted(&error) { error.with_kind(StoreErrorKind::Unknown) } else { error }
        })
    }
}

impl fmt::Debug for MariadbDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MariadbDatabase").field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}

/// Makes connections for the pool. The driver's own pool takes back connections
/// in the middle of a dropped call.
#[derive(Debug)]
struct Connector(Opts);

impl Connector {
    /// How long a connection is taken to be alive after its last use.
    const TRUSTED: Duration = Duration::from_secs(5);
}

impl managed::Manager for Connector {
    type Type = Conn;
    type Error = Error;

    async fn create(&self) -> Result<Conn, Error> {
        Conn::new(self.0.clone()).await
    }

    async fn recycle(&self, conn: &mut Conn, metrics: &Metrics) -> RecycleResult<Error> {
        if metrics.last_used() > Self::TRUSTED {
            conn.ping().await?;
        }
        Ok(())
    }
}

/// A connection in use. It goes back to the pool unless a call on it was given
/// up, dropped or cut off: whoever came next would read the answer to it.
pub(super) struct Lease {
    conn: Option<Object<Connector>>,
    deadline: Duration,
    is_busy: bool,
}

impl Lease {
    pub(super) async fn query(
        &mut self,
        effect: Effect,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let deadline = self.deadline;
        let prepared = timeout(deadline, self.start().prep(sql)).await;
        let statement = self.settle(Effect::None, prepared)?;
        let answer = timeout(deadline, self.start().exec(statement, params)).await;
        self.settle(effect, answer)
    }

    /// `START TRANSACTION`, `COMMIT` and the like.
    pub(super) async fn command(&mut self, effect: Effect, sql: &str) -> Result<(), StoreError> {
        let deadline = self.deadline;
        let answer = timeout(deadline, self.start().query_drop(sql)).await;
        self.settle(effect, answer)
    }

    pub(super) fn affected_rows(&self) -> u64 {
        self.conn.as_ref().map_or(0, |conn| conn.affected_rows())
    }

    fn last_insert_id(&self) -> Option<u64> {
        self.conn.as_ref().and_then(|conn| conn.last_insert_id())
    }

    pub(super) const fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Rolls back what is open, to be run aside. Until that is answered well, the connection is not fit for the pool, where the next
    /// transaction on it would commit what is open: a runtime that ends drops this before it has begun.
    pub(super) fn roll_back(mut self) -> impl Future<Output = ()> + Send + 'static {
        self.is_busy = true;
        async move {
            if self.command(Effect::None, "ROLLBACK").await.is_err() {
                self.close();
            }
        }
    }

    /// Out of the pool, and closed.
    pub(super) fn close(mut self) {
        self.is_busy = true;
    }

    fn start(&mut self) -> &mut Conn {
        self.is_busy = true;
        self.conn.as_mut().expect("it is taken when the lease is dropped")
    }

    fn settle<T>(
        &mut self,
        effect: Effect,
        answer: Result<Result<T, Error>, Elapsed>,
    ) -> Result<T, StoreError> {
        let answer = answer.map_err(|_| effect.timed_out())?;
        self.is_busy = answer.as_ref().is_err_and(Error::is_fatal);
        answer.map_err(|error| store_error(error, effect))
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("is_busy", &self.is_busy).finish_non_exhaustive()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.is_busy {
            // Out of the pool, and closed.
            drop(self.conn.take().map(Object::take));
        }
    }
}
