//! The connection: one, shared by all calls, and asked before it is trusted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Value};
use strangler_fig::error::StoreError;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::error::{is_answer, store_error};
use super::trust;
use crate::effect::Effect;

/// A server, and the connection to it.
pub struct RedisDatabase {
    client: Client,
    deadline: Duration,
    connection: Mutex<Option<Arc<MultiplexedConnection>>>,
}

impl RedisDatabase {
    /// How long a call may take.
    const DEADLINE: Duration = Duration::from_secs(10);

    /// The server at `url`. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// `Rejected` if it is no URL.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        Self::with_deadline(url, Self::DEADLINE)
    }

    /// The same, with a deadline of its own for each call.
    ///
    /// # Errors
    ///
    /// `Rejected` if it is no URL.
    pub fn with_deadline(url: &str, deadline: Duration) -> Result<Self, StoreError> {
        let client = Client::open(url).map_err(StoreError::rejected)?;
        Ok(Self { client, deadline, connection: Mutex::default() })
    }

    /// Connects, if it is not connected, and asks the server.
    ///
    /// # Errors
    ///
    /// `Rejected` if the server is not to be trusted; `Unavailable`.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        self.connected(Instant::now() + self.deadline).await.map(drop)
    }

    /// A script on one key.
    pub(super) async fn run(
        &self,
        effect: Effect,
        script: &str,
        key: &str,
        args: &[&str],
    ) -> Result<Value, StoreError> {
        let until = Instant::now() + self.deadline;
        let connection = self.connected(until).await?;
        let mut command = redis::cmd("EVAL");
        command.arg(trust::PRELUDE.to_owned() + script).arg(1).arg(key).arg(args);
        let mut sender = MultiplexedConnection::clone(&connection);
        match timeout_at(until, command.query_async(&mut sender)).await {
            Ok(Err(error)) if is_answer(&error) => Err(store_error(error, effect)),
            Ok(Err(error)) => {
                self.forget(&connection).await;
                Err(store_error(error, effect))
            }
            Ok(Ok(answer)) => Ok(answer),
            Err(_) => {
                self.forget(&connection).await;
                Err(effect.timed_out())
            }
        }
    }

    async fn connected(&self, until: Instant) -> Result<Arc<MultiplexedConnection>, StoreError> {
        let connected = timeout_at(until, async {
            let mut held = self.connection.lock().await;
            if let Some(connection) = &*held {
                return Ok(Arc::clone(connection));
            }
            let connection = Arc::new(self.connect().await?);
            *held = Some(Arc::clone(&connection));
            Ok(connection)
        });
        connected.await.map_err(|_| Effect::None.timed_out())?
    }

    /// A server that comes back may have other settings, or be another server.
    async fn connect(&self) -> Result<MultiplexedConnection, StoreError> {
        // The deadline is that of the call.
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(Some(self.deadline));
        let connected = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let mut connection = connected.map_err(|error| store_error(error, Effect::None))?;
        trust::check(&mut connection).await?;
        Ok(connection)
    }

    /// The next call connects anew.
    async fn forget(&self, broken: &Arc<MultiplexedConnection>) {
        let mut held = self.connection.lock().await;
        if held.as_ref().is_some_and(|held| Arc::ptr_eq(held, broken)) {
            *held = None;
        }
    }
}

impl fmt::Debug for RedisDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisDatabase").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
