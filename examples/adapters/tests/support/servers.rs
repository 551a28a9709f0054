//! Databases of a test's own, on the real servers.

use std::env;

use mysql_async::prelude::Queryable;
use tokio_postgres::NoTls;

/// A database in MariaDB and a schema in PostgreSQL of a test's own.
pub(crate) struct Servers {
    name: String,
    mariadb: String,
    postgres: String,
}

impl Servers {
    pub(crate) async fn new() -> Self {
        let name = format!("strangler_fig_command_{:016x}", fastrand::u64(..));
        let url = |variable, usual: &str| env::var(variable).unwrap_or_else(|_| usual.to_owned());
        let mariadb = url("MARIADB_URL", "mysql://root@127.0.0.1:3306/test");
        let postgres = url("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test");
        let servers = Self { name, mariadb, postgres };
        servers.on_mariadb(&format!("CREATE DATABASE {}", servers.name), &servers.mariadb).await;
        let schema = format!("CREATE SCHEMA {}", servers.name);
        servers.on_postgres(&schema, &servers.postgres).await;
        servers
    }

    /// The database of MariaDB.
    pub(crate) fn legacy(&self) -> String {
        let (server, _) = self.mariadb.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    /// The schema of PostgreSQL.
    pub(crate) fn modern(&self) -> String {
        let sign = if self.postgres.contains('?') { '&' } else { '?' };
        format!("{}{sign}options=-csearch_path%3D{}", self.postgres, self.name)
    }

    pub(crate) async fn on_mariadb(&self, sql: &str, url: &str) {
        let conn = mysql_async::Conn::from_url(url).await;
        let missing = |error| {
            panic!(
                "no MariaDB at {url} ({error}): run `make servers`, or set MARIADB_URL to another"
            )
        };
        let mut conn = conn.unwrap_or_else(missing);
        conn.query_drop(sql).await.unwrap();
        conn.disconnect().await.unwrap();
    }

    pub(crate) async fn on_postgres(&self, sql: &str, url: &str) {
        let connected = tokio_postgres::connect(url, NoTls).await;
        let missing = |error| {
            panic!(
                "no PostgreSQL at {url} ({error}): run `make servers`, or set POSTGRES_URL to another"
            )
        };
        let (client, connection) = connected.unwrap_or_else(missing);
        tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
    }

    pub(crate) async fn drop_all(self) {
        self.on_mariadb(&format!("DROP DATABASE {}", self.name), &self.mariadb).await;
        let drop = format!("SET client_min_messages = error; DROP SCHEMA {} CASCADE", self.name);
        self.on_postgres(&drop, &self.postgres).await;
    }
}
