//! A database for one test.

use std::sync::OnceLock;
use std::{env, thread};

use adapters::mariadb::MariadbDatabase;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

/// Tests under way, so that their pools stay within a server's usual limit of
/// connections.
static RUNNING: Semaphore = Semaphore::const_new(4);

pub(crate) fn server_url() -> String {
    env::var("MARIADB_URL").unwrap_or_else(|_| "mysql://root@127.0.0.1:3306/test".to_owned())
}

async fn connect(url: &str) -> Conn {
    let opts = Opts::from_url(url).unwrap_or_else(|error| panic!("MARIADB_URL is no URL: {error}"));
    match Conn::new(OptsBuilder::from_opts(opts).prefer_socket(false)).await {
        Ok(connected) => connected,
        Err(error) => panic!(
            "no MariaDB at {url} ({error}): run `make servers`, or set MARIADB_URL to another"
        ),
    }
}

/// An empty database with a name of its own; dropped with it.
pub(crate) struct Schema {
    name: String,
    /// A connection beside the adapter's.
    pub(crate) conn: Mutex<Conn>,
    shared: OnceLock<MariadbDatabase>,
    _turn: SemaphorePermit<'static>,
}

impl Schema {
    /// A database in which `sql` was run.
    pub(crate) async fn with(sql: &str) -> Self {
        let turn = RUNNING.acquire().await.expect("it is never closed");
        let name = format!("strangler_fig_{:016x}", fastrand::u64(..));
        let mut conn = connect(&server_url()).await;
        let setup = format!("CREATE DATABASE {name}; USE {name}; {sql}");
        conn.query_drop(&setup).await.expect("the database can be made");
        Self { name, conn: Mutex::new(conn), shared: OnceLock::new(), _turn: turn }
    }

    /// Its address, at a server that may be elsewhere.
    pub(crate) fn url_at(&self, server: &str) -> String {
        let (host, _) = server.rsplit_once('/').expect("the address names a database");
        format!("{host}/{}", self.name)
    }

    pub(crate) fn url(&self) -> String {
        self.url_at(&server_url())
    }

    /// The same connections, each time.
    pub(crate) fn shared(&self) -> MariadbDatabase {
        self.shared.get_or_init(|| self.database()).clone()
    }

    /// Connections of their own.
    pub(crate) fn database(&self) -> MariadbDatabase {
        MariadbDatabase::new(&self.url()).expect("it is a URL")
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let sql = format!("SET lock_wait_timeout = 10; DROP DATABASE {}", self.name);
        // On a thread and a runtime of its own; a test's own has several, so that
        // its connections can let go meanwhile.
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .expect("a runtime")
                .block_on(async { connect(&server_url()).await.query_drop(&sql).await })
        });
        let is_dropped = matches!(dropped.join(), Ok(Ok(())));
        assert!(is_dropped || thread::panicking(), "a database was left behind");
    }
}
