//! What a server goes through that is one's own.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::path::Path;
use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use own_servers::{OwnServer, Product};
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

fn parent() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

async fn own(product: Product) -> OwnServer {
    OwnServer::new(product, parent()).await.unwrap()
}

async fn on_postgres(server: &OwnServer, sql: &str) {
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

async fn on_mariadb(server: &OwnServer, sql: &str) {
    let mut conn = Conn::from_url(server.url()).await.unwrap();
    conn.query_drop(sql).await.unwrap();
    conn.disconnect().await.unwrap();
}

#[tokio::test]
async fn a_postgres_is_killed_and_keeps_what_it_committed() {
    let mut server = own(Product::Postgres).await;
    on_postgres(&server, "CREATE TABLE kept (n int)").await;
    server.kill();
    assert!(!server.answers().await, "it is dead");
    server.restart().await.unwrap();
    on_postgres(&server, "INSERT INTO kept VALUES (1)").await;
}

#[tokio::test]
async fn a_mariadb_is_killed_and_keeps_what_it_committed() {
    let mut server = own(Product::Mariadb).await;
    on_mariadb(&server, "CREATE TABLE kept (n INT)").await;
    server.kill();
    assert!(!server.answers().await, "it is dead");
    server.restart().await.unwrap();
    on_mariadb(&server, "INSERT INTO kept VALUES (1)").await;
}

/// What the brokers keep is for the tests of their adapters to say.
#[tokio::test]
async fn brokers_are_killed_and_start_again_and_their_directories_end_with_them() {
    for product in [Product::Nats, Product::Rabbitmq] {
        let mut server = own(product).await;
        server.kill();
        assert!(!server.answers().await, "{product} is dead");
        server.restart().await.unwrap();
        let directory = server.directory().to_owned();
        assert!(directory.exists());
        drop(server);
        assert!(!directory.exists());
    }
}

#[tokio::test]
async fn one_that_is_stopped_says_neither_yes_nor_no_and_goes_on() {
    for product in [Product::Postgres, Product::Mariadb, Product::Rabbitmq] {
        let mut server = own(product).await;
        server.stop();
        let asked = timeout(Duration::from_millis(500), server.answers()).await;
        assert!(asked.is_err(), "{product} has answered {asked:?}");
        server.go_on();
        server.ready().await.unwrap();
    }
}

#[tokio::test]
async fn it_ends_with_the_thread_that_has_started_it() {
    let begun = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(own(Product::Postgres))
    });
    let server = begun.join().unwrap();
    for _ in 0..100 {
        if !server.answers().await {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("it lives on");
}

#[tokio::test]
async fn what_keeps_one_from_starting_is_told() {
    let file = parent().join(format!("no-directory-{}", std::process::id()));
    std::fs::write(&file, "").unwrap();
    let refused = OwnServer::new(Product::Postgres, &file).await.unwrap_err().to_string();
    std::fs::remove_file(&file).unwrap();
    assert!(refused.contains(file.to_str().unwrap()), "{refused}");

    let mut server = own(Product::Postgres).await;
    server.kill();
    std::fs::remove_dir_all(server.directory().join("data")).unwrap();
    let refused = server.start().await.unwrap_err().to_string();
    assert!(refused.contains("PostgreSQL") && refused.contains("data"), "{refused}");
}
