use std::env;

use storefront::Failed;
use tokio_postgres::NoTls;

use super::leftover::{is_left, own_name};

/// A schema of a test's own.
pub(crate) struct Room(String);

pub(crate) fn server(variable: &str, usual: &str) -> String {
    env::var(variable).unwrap_or_else(|_| usual.to_owned())
}

impl Room {
    pub(crate) async fn new() -> Self {
        let room = Self(own_name());
        let made = room.run(&format!("CREATE SCHEMA {}", room.0)).await;
        made.expect("no PostgreSQL at POSTGRES_URL: run `make servers`");
        for left in room.schemas().await.unwrap().into_iter().filter(|name| is_left(name)) {
            Self(left).remove().await;
        }
        room
    }

    pub(crate) fn url(&self) -> String {
        let server = server("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test");
        let sign = if server.contains('?') { '&' } else { '?' };
        format!("{server}{sign}options=-csearch_path%3D{}", self.0)
    }

    async fn schemas(&self) -> Result<Vec<String>, Failed> {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await?;
        tokio::spawn(connection);
        let rows = client.query("SELECT nspname::text FROM pg_namespace", &[]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn run(&self, sql: &str) -> Result<(), Failed> {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await?;
        tokio::spawn(connection);
        Ok(client.batch_execute(sql).await?)
    }

    pub(crate) async fn remove(self) {
        let drop =
            format!("SET client_min_messages = error; DROP SCHEMA IF EXISTS {} CASCADE", self.0);
        self.run(&drop).await.unwrap();
    }
}
