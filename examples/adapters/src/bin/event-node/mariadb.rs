use std::fmt;
use std::sync::{Mutex, PoisonError};

use adapters::mariadb::MariadbInbox;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, IsolationLevel, Opts, OptsBuilder, TxOpts};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{Arrival, EventContext, EventEnvelope, EventHandler, Inbox};
use tokio::time::sleep;

use crate::bus::subscription;
use crate::consumer::{MOMENT, number};

const EFFECT: &str = "INSERT INTO effects (event_key, number, id) VALUES (?, ?, ?)";
const REPEAT: &str = "INSERT INTO repeats (event_key, number, id) VALUES (?, ?, ?)";

/// Effects in MariaDB.
pub(crate) struct MariadbEffects {
    opts: Opts,
    asks_inbox: bool,
    /// Connections on which nothing has failed, and nothing was dropped.
    idle: Mutex<Vec<Conn>>,
}

impl MariadbEffects {
    pub(crate) fn new(url: &str, asks_inbox: bool) -> Result<Self, mysql_async::UrlError> {
        let patience = "SET SESSION innodb_lock_wait_timeout = 5".to_owned();
        let opts = OptsBuilder::from_opts(Opts::from_url(url)?)
            .prefer_socket(false)
            .setup(vec![patience])
            .into();
        Ok(Self { opts, asks_inbox, idle: Mutex::default() })
    }

    async fn connected(&self) -> Result<Conn, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(conn) => Ok(conn),
            None => Conn::new(self.opts.clone()).await.map_err(StoreError::unavailable),
        }
    }
}

#[async_trait]
impl EventHandler for MariadbEffects {
    async fn handle(&self, event: &EventEnvelope, _: &EventContext<'_>) -> Result<(), StoreError> {
        let (key, number, id) = (event.key.as_str(), number(event)?, event.id.as_str());
        let mut conn = self.connected().await?;
        let mut options = TxOpts::default();
        options.with_isolation_level(IsolationLevel::ReadCommitted);
        let mut open = conn.start_transaction(options).await.map_err(StoreError::unavailable)?;
        let arrival = if self.asks_inbox {
            MariadbInbox.admit(&mut open, &subscription(), event).await?
        } else {
            Arrival::First
        };
        let sql = if arrival == Arrival::First { EFFECT } else { REPEAT };
        let written = open.exec_drop(sql, (key, number, id)).await;
        written.map_err(StoreError::unavailable)?;
        open.commit().await.map_err(StoreError::unknown)?;
        sleep(MOMENT).await;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        Ok(())
    }
}

impl fmt::Debug for MariadbEffects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MariadbEffects")
    }
}
