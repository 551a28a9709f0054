use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use adapters::postgres::{
    CUSTOMER_SCHEMA, PLAIN_SCHEMA, PostgresCustomers, PostgresDatabase, REPAIR_QUEUE_SCHEMA,
    STATE_SCHEMA,
};
use strangler_fig::repository::{Access, TransactionalRepository};
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, NoTls};

use crate::Outcome;
use crate::customers::{customer, first};

/// How long statements of dead processes may go on.
const PATIENCE: Duration = Duration::from_secs(20);

/// A schema for the state, and one for each store, on one server.
///
/// They are this run's own, and go with [`close`](Self::close).
#[derive(Debug)]
pub struct Server {
    url: String,
    run: String,
}

impl Server {
    /// Makes the schemas, and fills that of the monolith.
    ///
    /// # Errors
    ///
    /// When there is no server at `url`; in one line, with what to do.
    pub async fn open(url: &str) -> Outcome<Self> {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let number = RUNS.fetch_add(1, Ordering::Relaxed);
        let run = format!("fleet_{}_{number}", std::process::id());
        let server = Self { url: url.to_owned(), run };
        let client = server.connect().await?;
        let tables = [STATE_SCHEMA, PLAIN_SCHEMA, CUSTOMER_SCHEMA].map(str::to_owned);
        let [state, legacy, modern] = tables;
        let modern = modern + REPAIR_QUEUE_SCHEMA;
        for (room, tables) in [("state", state), ("legacy", legacy), ("modern", modern)] {
            let schema = server.schema(room);
            let sql = format!(
                "DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};
                 SET search_path = {schema}; {tables}"
            );
            client.batch_execute(&sql).await?;
        }
        server.fill().await?;
        Ok(server)
    }

    /// Where the schema `room` is, for somebody who is called `who`.
    #[must_use]
    pub fn url(&self, room: &str, who: &str) -> String {
        let sign = if self.url.contains('?') { '&' } else { '?' };
        let (schema, run) = (self.schema(room), &self.run);
        let application = format!("application_name={run}_{who}");
        format!("{}{sign}options=-csearch_path%3D{schema}&{application}", self.url)
    }

    /// Resolves when no statement of a process that was killed is under way: the
    /// server ends what is running, whoever asked for it.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub async fn at_rest(&self, who: &str) -> Outcome {
        let client = self.connect().await?;
        let (by, name) = (Instant::now() + PATIENCE, format!("{}_{who}", self.run));
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
        while client.query_one(sql, &[&name]).await?.get::<_, i64>(0) > 0 {
            if Instant::now() > by {
                return Err("statements of processes that ended are still under way".into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Drops the schemas.
    ///
    /// # Errors
    ///
    /// When the server does not.
    pub async fn close(&self) -> Outcome {
        let [state, legacy, modern] = ["state", "legacy", "modern"].map(|room| self.schema(room));
        let sql = format!(
            "SET client_min_messages = error;
             DROP SCHEMA IF EXISTS {state} CASCADE; DROP SCHEMA IF EXISTS {legacy} CASCADE;
             DROP SCHEMA IF EXISTS {modern} CASCADE"
        );
        Ok(self.connect().await?.batch_execute(&sql).await?)
    }

    fn schema(&self, room: &str) -> String {
        format!("{}_{room}", self.run)
    }

    async fn connect(&self) -> Outcome<Client> {
        let url = &self.url;
        let missing = |error: tokio_postgres::Error| {
            let why = std::error::Error::source(&error).map(ToString::to_string);
            let why = why.unwrap_or_else(|| error.to_string());
            format!("no PostgreSQL at {url} ({why}): run `make servers`, or set POSTGRES_URL")
        };
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(missing)?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// The monolith's rows have no stamps: they are older than the migration.
    async fn fill(&self) -> Outcome {
        let database = PostgresDatabase::new(&self.url("legacy", "director"))?;
        let monolith = PostgresCustomers::new(database);
        let mut open = monolith.begin(Access::Write).await?;
        for (number, value) in first() {
            monolith.save_in(&mut open, &customer(number, value)).await?;
        }
        Ok(monolith.commit(open).await?)
    }
}
