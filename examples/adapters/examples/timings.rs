//! How long full scans and a copy take, beside `COPY` over the same link:
//! `cargo run --release -p adapters --example timings -- 1000000`.
//!
//! It works in a schema and a database called `strangler_fig_timings`, and
//! drops them.

#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use adapters::customer::Customer;
use adapters::mariadb::{self, MariadbCustomers, MariadbDatabase, MariadbRepository};
use adapters::postgres::{self, PostgresDatabase, PostgresRepository};
use futures::TryStreamExt;
use mysql_async::prelude::Queryable;
use strangler_fig::repository::ScanRepository;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const COLUMNS: &str = "id, stamp, name, email, balance, joined, visits, is_active, seal";
const PAGES: [usize; 3] = [1_000, 5_000, 20_000];

#[tokio::main]
async fn main() -> Outcome<()> {
    let rows: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |rows| rows.parse())?;
    let url = |name, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    let new = url("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test");
    let old = url("MARIADB_URL", "mysql://root@127.0.0.1:3306/test");
    let (client, connection) = tokio_postgres::connect(&new, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let mut conn = mysql_async::Conn::from_url(&old).await?;
    fill(&client, &mut conn, rows).await?;

    let host = old.rsplit_once('/').map_or(old.as_str(), |(host, _)| host);
    let old = MariadbDatabase::with_deadline(&format!("{host}/{NAME}"), PATIENCE)?;
    let new = format!("{new}?options=-csearch_path%3D{NAME}");
    let new = PostgresDatabase::with_deadline(&new, PATIENCE)?;
    let modern = PostgresRepository::new(new);
    let legacy = MariadbRepository::new(old.clone());
    let plain = MariadbCustomers::new(old).stamped();
    for page in PAGES {
        println!("legacy, pages of {page}: {:?}", scan(&legacy, page).await?);
        println!("legacy, stamps beside, pages of {page}: {:?}", scan(&plain, page).await?);
    }
    println!("legacy, SELECT: {:?}", select(&mut conn).await?);
    println!("legacy to modern, pages of 5000: {:?}", copy(&legacy, &modern, 5_000).await?);
    client.batch_execute(&format!("ANALYZE {NAME}.customer")).await?;
    for page in PAGES {
        println!("modern, pages of {page}: {:?}", scan(&modern, page).await?);
    }
    println!("modern, COPY: {:?}", copy_out(&client).await?);
    let copied = format!(
        "CREATE TABLE {NAME}.copied (LIKE {NAME}.customer INCLUDING ALL);
        INSERT INTO {NAME}.copied SELECT * FROM {NAME}.customer"
    );
    let start = Instant::now();
    client.batch_execute(&copied).await?;
    println!("modern, INSERT … SELECT within the server: {:?}", start.elapsed());

    client.batch_execute(&format!("DROP SCHEMA {NAME} CASCADE")).await?;
    conn.query_drop(format!("DROP DATABASE {NAME}")).await?;
    Ok(())
}

const NAME: &str = "strangler_fig_timings";
const PATIENCE: Duration = Duration::from_mins(1);

async fn fill(
    client: &tokio_postgres::Client,
    conn: &mut mysql_async::Conn,
    rows: u64,
) -> Outcome<()> {
    let schema = format!(
        "DROP SCHEMA IF EXISTS {NAME} CASCADE; CREATE SCHEMA {NAME}; SET search_path = {NAME}; {}",
        postgres::CUSTOMER_SCHEMA
    );
    client.batch_execute(&schema).await?;
    let values = "CONCAT('Customer ', seq), CONCAT(seq, '@example.org'), seq * 1.2345, \
        TIMESTAMP '2020-01-01 00:00:00' + INTERVAL seq SECOND, seq, seq % 2, UNHEX(MD5(seq))";
    let columns = "name, email, balance, joined, visits, is_active, seal";
    let fill = format!(
        "DROP DATABASE IF EXISTS {NAME}; CREATE DATABASE {NAME}; USE {NAME}; {} {}
        INSERT INTO customer (id, {columns})
            SELECT UNHEX(LPAD(HEX(seq * 7), 16, '0')), {values} FROM seq_1_to_{rows};
        INSERT INTO plain_customer (id, {columns}) SELECT id, {columns} FROM customer;
        INSERT INTO plain_customer_stamp (id, stamp) SELECT id, stamp FROM customer",
        mariadb::CUSTOMER_SCHEMA,
        mariadb::PLAIN_SCHEMA
    );
    Ok(conn.query_drop(fill).await?)
}

async fn scan<S>(side: &S, page: usize) -> Outcome<Duration>
where
    S: ScanRepository<Key = Vec<u8>, Entity = Customer>,
{
    let (start, limit) = (Instant::now(), NonZeroUsize::new(page).ok_or("a page holds something")?);
    let mut after = None;
    loop {
        let page = side.scan(after.as_ref(), limit).await?;
        after = page.records.last().map(|(key, _)| key.clone());
        if page.is_last {
            return Ok(start.elapsed());
        }
    }
}

/// The next page is read while one is applied.
async fn copy<L, M>(from: &L, to: &M, page: usize) -> Outcome<Duration>
where
    L: ScanRepository<Key = Vec<u8>, Entity = Customer>,
    M: ScanRepository<Key = Vec<u8>, Entity = Customer>,
{
    let (start, limit) = (Instant::now(), NonZeroUsize::new(page).ok_or("a page holds something")?);
    let mut page = from.scan(None, limit).await?;
    loop {
        let after = page.records.last().map(|(key, _)| key.clone());
        let next = async {
            if page.is_last { Ok(None) } else { from.scan(after.as_ref(), limit).await.map(Some) }
        };
        let (answers, next) = futures::join!(to.apply_many(&page.records), next);
        answers.into_iter().collect::<Result<Vec<_>, _>>()?;
        match next? {
            Some(next) => page = next,
            None => return Ok(start.elapsed()),
        }
    }
}

async fn select(conn: &mut mysql_async::Conn) -> Outcome<Duration> {
    let start = Instant::now();
    let mut rows =
        conn.exec_iter(format!("SELECT {COLUMNS} FROM {NAME}.customer ORDER BY id"), ()).await?;
    rows.for_each(drop).await?;
    Ok(start.elapsed())
}

async fn copy_out(client: &tokio_postgres::Client) -> Outcome<Duration> {
    let start = Instant::now();
    let sql = format!("COPY (SELECT {COLUMNS} FROM customer ORDER BY id) TO STDOUT BINARY");
    let mut bytes = 0;
    let mut rows = Box::pin(client.copy_out(&sql).await?);
    while let Some(row) = rows.try_next().await? {
        bytes += row.len();
    }
    println!("modern, bytes of COPY: {bytes}");
    Ok(start.elapsed())
}
