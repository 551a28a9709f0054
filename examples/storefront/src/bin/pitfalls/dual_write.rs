//! The naive dual write: to one store, and then to the other, and that will have gone well.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use storefront::Failed;
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

use crate::kept::{Kept, Store};
use crate::line::{Line, Weather, address, through};
use crate::scene::Scene;

const WRITES: i64 = 60;
/// During these the stores are parted.
const PARTED: std::ops::Range<i64> = 20..40;
const PAUSE: Duration = Duration::from_millis(10);
/// How long the second store may take.
const PATIENCE: Duration = Duration::from_millis(100);

/// What was acknowledged, and what either store holds of it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) kept: Vec<Kept>,
    pub(crate) stores: [Store; 2],
}

/// Writes to the user service's PostgreSQL, and to the monolith's MariaDB over a line that is cut for a while.
pub(crate) async fn naive(scene: &Scene<'_>) -> Result<Written, Failed> {
    let (first, connection) =
        tokio_postgres::connect(&scene.rooms.postgres("users"), NoTls).await?;
    tokio::spawn(connection);
    first.batch_execute("CREATE TABLE naive (number bigint)").await?;
    let shop = scene.rooms.shop();
    let line = Line::to(address(&shop)).await?;
    let second = through(&shop, &line);
    connected(&second).await?.query_drop("CREATE TABLE naive (number BIGINT)").await?;
    let mut kept = Vec::new();
    for number in 1..=WRITES {
        line.turn(if PARTED.contains(&number) { Weather::Cut } else { Weather::Fair });
        first.execute("INSERT INTO naive VALUES ($1)", &[&number]).await?;
        // Where it fails, somebody may read the log.
        let _ = timeout(PATIENCE, insert(&second, number)).await;
        kept.push(Kept { key: key(number), acknowledged: number, asked: number });
        sleep(PAUSE).await;
    }
    line.turn(Weather::Fair);
    let rows = first.query("SELECT number FROM naive", &[]).await?;
    let first = rows.iter().map(|row| row.get(0));
    let second: Vec<i64> = connected(&second).await?.query("SELECT number FROM naive").await?;
    Ok(Written { kept, stores: [store(first), store(second)] })
}

fn key(number: i64) -> String {
    format!("naive-{number}")
}

fn store(numbers: impl IntoIterator<Item = i64>) -> Store {
    numbers.into_iter().map(|number| (key(number), number)).collect()
}

async fn insert(url: &str, number: i64) -> Result<(), Failed> {
    let mut conn = connected(url).await?;
    conn.exec_drop("INSERT INTO naive VALUES (?)", (number,)).await?;
    Ok(conn.disconnect().await?)
}

/// By TCP, or the line would be passed by.
async fn connected(url: &str) -> Result<Conn, Failed> {
    let opts = OptsBuilder::from_opts(Opts::from_url(url)?).prefer_socket(false);
    Ok(Conn::new(opts).await?)
}
