use std::fmt;
use std::sync::{Mutex, PoisonError};

use adapters::postgres::PostgresInbox;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{Arrival, EventContext, EventEnvelope, EventHandler, Inbox};
use tokio::time::sleep;
use tokio_postgres::{Client, Config, NoTls};

use crate::bus::subscription;
use crate::consumer::{MOMENT, number};

const EFFECT: &str = "INSERT INTO effects (event_key, number, id) VALUES ($1, $2, $3)";
const REPEAT: &str = "INSERT INTO repeats (event_key, number, id) VALUES ($1, $2, $3)";

/// Effects in PostgreSQL.
pub(crate) struct PostgresEffects {
    config: Config,
    asks_inbox: bool,
    /// Connections on which nothing has failed, and nothing was dropped.
    idle: Mutex<Vec<Client>>,
}

impl PostgresEffects {
    pub(crate) fn new(url: &str, asks_inbox: bool) -> Result<Self, tokio_postgres::Error> {
        Ok(Self { config: url.parse()?, asks_inbox, idle: Mutex::default() })
    }

    async fn connected(&self) -> Result<Client, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(client) = idle.filter(|client| !client.is_closed()) {
            return Ok(client);
        }
        let connected = self.config.connect(NoTls).await;
        let (client, connection) = connected.map_err(StoreError::unavailable)?;
        tokio::spawn(connection);
        Ok(client)
    }
}

#[async_trait]
impl EventHandler for PostgresEffects {
    async fn handle(&self, event: &EventEnvelope, _: &EventContext<'_>) -> Result<(), StoreError> {
        let (key, number, id) = (event.key.as_str(), number(event)?, event.id.as_str());
        let mut client = self.connected().await?;
        let mut open = client.transaction().await.map_err(StoreError::unavailable)?;
        let arrival = if self.asks_inbox {
            PostgresInbox.admit(&mut open, &subscription(), event).await?
        } else {
            Arrival::First
        };
        let sql = if arrival == Arrival::First { EFFECT } else { REPEAT };
        let written = open.execute(sql, &[&key, &number, &id]).await;
        written.map_err(StoreError::unavailable)?;
        open.commit().await.map_err(StoreError::unknown)?;
        sleep(MOMENT).await;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        Ok(())
    }
}

impl fmt::Debug for PostgresEffects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresEffects")
    }
}
