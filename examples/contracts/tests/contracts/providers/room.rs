use std::env;

use storefront::Failed;
use tokio_postgres::NoTls;

/// A schema of a test's own.
pub(crate) struct Room(String);

pub(crate) fn server(variable: &str, usual: &str) -> String {
    env::var(variable).unwrap_or_else(|_| usual.to_owned())
}

impl Room {
    pub(crate) async fn new() -> Self {
        let room = Self(format!("contracts_{:016x}", fastrand::u64(..)));
        let made = room.run(&format!("CREATE SCHEMA {}", room.0)).await;
        made.expect("no PostgreSQL at POSTGRES_URL: run `make servers`");
        room
    }

    pub(crate) fn url(&self) -> String {
        let server = server("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test");
        let sign = if server.contains('?') { '&' } else { '?' };
        format!("{server}{sign}options=-csearch_path%3D{}", self.0)
    }

    async fn run(&self, sql: &str) -> Result<(), Failed> {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await?;
        tokio::spawn(connection);
        Ok(client.batch_execute(sql).await?)
    }

    pub(crate) async fn remove(self) {
        let drop = format!("SET client_min_messages = error; DROP SCHEMA {} CASCADE", self.0);
        self.run(&drop).await.unwrap();
    }
}
