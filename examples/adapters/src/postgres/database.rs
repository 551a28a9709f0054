//! Connections: pooled, bounded in time, and never handed on in the middle of
//! something.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures::{FutureExt, TryStreamExt};
use strangler_fig::error::StoreError;
use tokio::time::timeout;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, NoTls, Row};

use super::error::store_error;
use crate::effect::Effect;

/// The parameters of a statement.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A database, and the connections to it.
#[derive(Clone)]
pub struct PostgresDatabase {
    pool: Pool,
    deadline: Duration,
}

impl PostgresDatabase {
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

    /// The same, marked as the crate's own: what its sessions write is no change by others to a
    /// [`PostgresChangeFeed`](super::PostgresChangeFeed), and is not refused when those are closed out.
    ///
    /// # Errors
    ///
    /// `Rejected` if it is no URL.
    pub fn marked(url: &str) -> Result<Self, StoreError> {
        Self::with(url, Self::DEADLINE, "-c strangler.fig=1")
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
        let mut config: Config = url.parse().map_err(StoreError::rejected)?;
        // The server gives up too, so that no statement lives on unseen. And what
        // it acknowledges is on its disk, whatever the default of role or database.
        let millis = deadline.as_millis();
        let options = format!(
            "{} -c statement_timeout={millis} -c idle_in_transaction_session_timeout={millis} \
             -c synchronous_commit=on {more}",
            config.get_options().unwrap_or_default()
        );
        // Reads are never to come from a replica.
        config.options(options).target_session_attrs(TargetSessionAttrs::ReadWrite);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .runtime(Runtime::Tokio1)
            .max_size(Self::CONNECTIONS_MAX)
            .wait_timeout(Some(deadline))
            .create_timeout(Some(deadline))
            .build()
            .map_err(StoreError::rejected)?;
        Ok(Self { pool, deadline })
    }

    /// A connection for one call, or for one transaction.
    pub(super) async fn lease(&self) -> Result<Lease, StoreError> {
        let client = self.pool.get().await.map_err(StoreError::unavailable)?;
        Ok(Lease { client: Some(client), deadline: self.deadline, is_busy: AtomicBool::new(false) })
    }

    /// One statement.
    pub(super) async fn query(
        &self,
        effect: Effect,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.lease().await?.query(effect, sql, params).await
    }

    /// One statement that answers many rows, each decoded when it comes: a page
    /// is in memory once.
    pub(super) async fn query_each<T>(
        &self,
        effect: Effect,
        sql: &str,
        params: Params<'_>,
        decode: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.lease().await?.query_each(effect, sql, params, decode).await
    }
}

impl PostgresDatabase {
    /// Rows by `COPY`, all or none.
    pub(super) async fn copy_in<const N: usize>(
        &self,
        sql: &str,
        types: &[Type; N],
        rows: impl Iterator<Item = [&(dyn ToSql + Sync); N]>,
    ) -> Result<(), StoreError> {
        self.lease().await?.copy_in(sql, types, rows).await
    }
}

impl fmt::Debug for PostgresDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresDatabase")
            .field("pool", &self.pool.status())
            .finish_non_exhaustive()
    }
}

/// A connection in use. It goes back to the pool unless a call on it was given
/// up or dropped: its statement may still be running, and whoever came next
/// would wait for it.
pub(super) struct Lease {
    client: Option<Object>,
    deadline: Duration,
    is_busy: AtomicBool,
}

impl Lease {
    pub(super) async fn query(
        &self,
        effect: Effect,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.run(Effect::None, self.client().prepare_cached(sql)).await?;
        self.run(effect, self.client().query(&statement, params)).await
    }

    async fn query_each<T>(
        &self,
        effect: Effect,
        sql: &str,
        params: Params<'_>,
        decode: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let statement = self.run(Effect::None, self.client().prepare_cached(sql)).await?;
        let decoded = self.run(effect, async {
            let rows = self.client().query_raw(&statement, params.iter().copied()).await?;
            let (mut rows, mut decoded) = (pin!(rows), Ok(Vec::new()));
            // To the end, also behind a row that cannot be decoded: the connection
            // is used again.
            while let Some(row) = rows.try_next().await? {
                decoded = decoded.and_then(|mut all| {
                    all.push(decode(&row)?);
                    Ok(all)
                });
            }
            Ok(decoded)
        });
        decoded.await?
    }

    /// Rows by `COPY`, all or none.
    async fn copy_in<const N: usize>(
        &self,
        sql: &str,
        types: &[Type; N],
        rows: impl Iterator<Item = [&(dyn ToSql + Sync); N]>,
    ) -> Result<(), StoreError> {
        let copied = self.run(Effect::Possible, async {
            let sink = self.client().copy_in(sql).await?;
            let mut writer = pin!(BinaryCopyInWriter::new(sink, types));
            for row in rows {
                writer.as_mut().write(&row).await?;
            }
            writer.finish().await
        });
        copied.await.map(drop)
    }

    /// `BEGIN`, `COMMIT` and the like.
    pub(super) async fn command(&self, effect: Effect, sql: &str) -> Result<(), StoreError> {
        self.run(effect, self.client().batch_execute(sql)).await
    }

    /// Sends a command whose answer nobody waits for: one poll sends it, and the
    /// server does things in their order. For `drop`.
    pub(super) fn send(&self, sql: &str) {
        drop(self.client().batch_execute(sql).now_or_never());
    }

    pub(super) fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Relaxed)
    }

    fn client(&self) -> &Object {
        self.client.as_ref().expect("it is taken when the lease is dropped")
    }

    async fn run<T>(
        &self,
        effect: Effect,
        call: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        self.is_busy.store(true, Ordering::Relaxed);
        let answer = timeout(self.deadline, call).await.map_err(|_| effect.timed_out())?;
        self.is_busy.store(false, Ordering::Relaxed);
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
        if self.is_busy() {
            // Out of the pool, and closed.
            drop(self.client.take().map(Object::take));
        }
    }
}
