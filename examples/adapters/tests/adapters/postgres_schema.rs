//! A schema for one test.

use std::sync::OnceLock;
use std::{env, thread};

use adapters::postgres::PostgresDatabase;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::{Client, NoTls};

/// Tests under way, so that their pools stay within a server's usual limit of
/// connections.
static RUNNING: Semaphore = Semaphore::const_new(4);

pub(crate) fn server_url() -> String {
    env::var("POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/test".to_owned())
}

async fn connect(url: &str) -> Client {
    let (client, connection) = match tokio_postgres::connect(url, NoTls).await {
        Ok(connected) => connected,
        Err(error) => panic!(
            "no PostgreSQL at {url} ({error}): run `make servers`, or set POSTGRES_URL to another"
        ),
    };
    tokio::spawn(connection);
    client
}

/// An empty schema with a name of its own; dropped with it.
pub(crate) struct Schema {
    name: String,
    /// A connection beside the adapter's.
    pub(crate) client: Client,
    shared: OnceLock<PostgresDatabase>,
    _turn: SemaphorePermit<'static>,
}

impl Schema {
    /// A schema in which `sql` was run.
    pub(crate) async fn with(sql: &str) -> Self {
        let turn = RUNNING.acquire().await.expect("it is never closed");
        let name = format!("strangler_fig_{:016x}", fastrand::u64(..));
        let client = connect(&server_url()).await;
        let setup = format!("CREATE SCHEMA {name}; SET search_path = {name}; {sql}");
        client.batch_execute(&setup).await.expect("the schema can be made");
        Self { name, client, shared: OnceLock::new(), _turn: turn }
    }

    /// Its address, at a server that may be elsewhere.
    pub(crate) fn url_at(&self, server: &str) -> String {
        let sign = if server.contains('?') { '&' } else { '?' };
        format!("{server}{sign}options=-csearch_path%3D{}", self.name)
    }

    pub(crate) fn url(&self) -> String {
        self.url_at(&server_url())
    }

    /// The same connections, each time.
    pub(crate) fn shared(&self) -> PostgresDatabase {
        self.shared.get_or_init(|| self.database()).clone()
    }

    /// Connections of their own.
    pub(crate) fn database(&self) -> PostgresDatabase {
        PostgresDatabase::new(&self.url()).expect("it is a URL")
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let sql = format!(
            "SET client_min_messages = error; SET lock_timeout = '10s'; DROP SCHEMA {} CASCADE",
            self.name
        );
        // On a thread and a runtime of its own; a test's own has several, so that
        // its connections can let go meanwhile.
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .expect("a runtime")
                .block_on(async { connect(&server_url()).await.batch_execute(&sql).await })
        });
        let is_dropped = matches!(dropped.join(), Ok(Ok(())));
        assert!(is_dropped || thread::panicking(), "a schema was left behind");
    }
}
