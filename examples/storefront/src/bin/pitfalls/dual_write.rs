//! The naive dual write: to one store, and then to the other, and that will have gone well.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use storefront::Failed;
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

use crate::line::{Line, Weather, address, through};
use crate::scene::Scene;

const WRITES: i64 = 60;
/// During these the stores are parted.
const PARTED: std::ops::Range<i64> = 20..40;
const PAUSE: Duration = Duration::from_millis(10);
/// How long the second store may take.
const PATIENCE: Duration = Duration::from_millis(100);

/// What was acknowledged, and how much of it either store holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) acknowledged: i64,
    pub(crate) first: i64,
    pub(crate) second: i64,
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
    for number in 0..WRITES {
        line.turn(if PARTED.contains(&number) { Weather::Cut } else { Weather::Fair });
        first.execute("INSERT INTO naive VALUES ($1)", &[&number]).await?;
        // Where it fails, somebody may read the log.
        let _ = timeout(PATIENCE, insert(&second, number)).await;
        sleep(PAUSE).await;
    }
    line.turn(Weather::Fair);
    let count: Option<i64> =
        connected(&second).await?.query_first("SELECT COUNT(*) FROM naive").await?;
    Ok(Written {
        acknowledged: WRITES,
        first: first.query_one("SELECT count(*) FROM naive", &[]).await?.get(0),
        second: count.unwrap_or_default(),
    })
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
