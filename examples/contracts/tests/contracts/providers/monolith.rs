use std::sync::Arc;

use adapters::mariadb::{CUSTOMER_SCHEMA, MariadbDatabase, MariadbRepository};
use contracts::STORE_OF_MONOLITH;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde_json::Value;
use storefront::Failed;
use storefront::users::internal;
use strangler_fig::async_trait;

use super::leftover::{is_left, own_name};
use super::room::server;
use super::stores;
use super::verify::{Stage, assert_untracked, complaints, served};

/// A database of a test's own.
struct Shop {
    name: String,
    conn: Conn,
}

impl Shop {
    async fn new() -> Self {
        let name = own_name();
        let conn = Conn::from_url(server_url()).await;
        let mut conn = conn.expect("no MariaDB at MARIADB_URL: run `make servers`");
        conn.query_drop(format!("CREATE DATABASE {name}; USE {name}; {CUSTOMER_SCHEMA}"))
            .await
            .unwrap();
        let there: Vec<String> = conn.query("SHOW DATABASES").await.unwrap();
        for left in there.iter().filter(|name| is_left(name)) {
            conn.query_drop(format!("DROP DATABASE IF EXISTS {left}")).await.unwrap();
        }
        Self { name, conn }
    }

    fn store(&self) -> MariadbRepository {
        let url = server_url();
        let (server, _) = url.rsplit_once('/').expect("it names a database");
        MariadbRepository::new(MariadbDatabase::new(&format!("{server}/{}", self.name)).unwrap())
    }

    async fn remove(mut self) {
        self.conn.query_drop(format!("DROP DATABASE {}", self.name)).await.unwrap();
        self.conn.disconnect().await.unwrap();
    }
}

fn server_url() -> String {
    server("MARIADB_URL", "mysql://root@127.0.0.1:3306/test")
}

/// The monolith's store of users.
struct Store(Arc<MariadbRepository>);

#[async_trait]
impl Stage for Store {
    async fn set(&self, state: &str, params: Value) -> Result<(), Failed> {
        stores::set(&*self.0, state, params).await
    }
}

#[tokio::test]
async fn keeps_what_the_user_service_expects() {
    assert_untracked();
    let shop = Shop::new().await;
    let store = Arc::new(shop.store());
    let address = served(internal(store.clone())).await;
    let said = complaints(STORE_OF_MONOLITH, address, Arc::new(Store(store))).await;
    shop.remove().await;
    assert!(said.is_empty(), "{}", said.join("\n"));
}
