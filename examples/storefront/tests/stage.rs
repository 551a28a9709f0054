//! What runs make on servers that they share, on the real ones.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::time::Duration;

use storefront::stage::{Doors, Rooms, Servers};
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

const PATIENCE: Duration = Duration::from_secs(20);

fn servers() -> Servers {
    let server = |variable, usual: &str| env::var(variable).unwrap_or_else(|_| usual.to_owned());
    Servers {
        postgres: server("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test"),
        mariadb: server("MARIADB_URL", "mysql://root@127.0.0.1:3306/test"),
        amqp: server("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672"),
    }
}

/// Whoever administers the same server, by way of another of its databases.
fn by_another_database(rooms: &Rooms) -> Servers {
    let (server, _) =
        servers().postgres.rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    Servers { postgres: format!("{server}/{}_users", rooms.run()), ..servers() }
}

async fn is_open(url: &str) -> bool {
    tokio_postgres::connect(url, NoTls).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_lives_keeps_what_it_has_made_and_one_that_does_not_is_tidied_up_after() {
    let first = Rooms::open(servers()).await.unwrap();
    let second = Rooms::open(by_another_database(&first)).await.unwrap();
    // They are of one process: its number is no sign of life.
    assert_ne!(first.run(), second.run());
    assert!(is_open(&first.postgres("users")).await, "the second has removed it");
    let third = Rooms::open(servers()).await.unwrap();
    assert!(is_open(&second.postgres("users")).await, "the third has removed it");
    third.close().await.unwrap();

    let doors = Doors::tried(&second).await.unwrap();
    assert_eq!((doors.open, doors.closed), (Vec::new(), 24));
    second.unlock("operator", "payments").await.unwrap();
    assert_eq!(Doors::tried(&second).await.unwrap().open, ["operator opens payments"]);
    second.close().await.unwrap();

    // As if it had been killed.
    let left = first.postgres("users");
    drop(first);
    let removed = async {
        while is_open(&left).await {
            Rooms::open(servers()).await.unwrap().close().await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, removed).await.expect("nobody tidies up");
}
