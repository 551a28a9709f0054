use std::time::Duration;

use adapters::mariadb::CUSTOMER_SCHEMA;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use mysql_async::prelude::Queryable;
use mysql_async::{Error, Opts, OptsBuilder, Pool, Transaction, TxOpts};
use serde::{Deserialize, Serialize};
use storefront::Failed;
use storefront::users::Answer;
use strangler_fig::error::StoreError;
use tokio::time::sleep;
use tracing::warn;

const PAUSE: Duration = Duration::from_millis(500);

/// What the monolith does with its tables directly, as it always has. Clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Shop {
    pub(crate) pool: Pool,
}

impl Shop {
    /// Makes the tables that are not there; waits for the server.
    pub(crate) async fn open(url: &str) -> Result<Self, Failed> {
        let session = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', \
                       innodb_lock_wait_timeout = 3, max_statement_time = 3";
        let opts = OptsBuilder::from_opts(Opts::from_url(url)?);
        let opts = opts.prefer_socket(false).client_found_rows(false);
        let shop = Self { pool: Pool::new(opts.setup(vec![session])) };
        loop {
            match shop.made().await {
                Ok(()) => return Ok(shop),
                Err(error @ Error::Server(_)) => return Err(error.into()),
                Err(error) => warn!(%error, "the database of DATABASE_URL is away"),
            }
            sleep(PAUSE).await;
        }
    }

    async fn made(&self) -> Result<(), Error> {
        let mut conn = self.pool.get_conn().await?;
        let found: Option<String> = conn.query_first("SHOW TABLES LIKE 'customer'").await?;
        if found.is_none() {
            conn.query_drop(CUSTOMER_SCHEMA).await?;
        }
        conn.query_drop(include_str!("monolith.sql")).await
    }

    pub(crate) fn routes(&self) -> Router {
        Router::new()
            .route("/products", get(products))
            .route("/checkout", post(checkout))
            .with_state(self.clone())
    }
}

/// The database has failed, before anything was done; or it takes no such data (class 22).
pub(crate) fn undone(error: Error) -> Answer {
    match error {
        Error::Server(ref why) if why.state.starts_with("22") => StoreError::rejected(error),
        error => StoreError::unavailable(error),
    }
    .into()
}

/// What a server says of a statement that has waited too long for others, or was given up for one.
const ROLLED_BACK: [u16; 2] = [1205, 1213];

/// The database has failed, and may have done it.
pub(crate) fn in_doubt(error: Error) -> Answer {
    let is_not_done =
        |code: u16, state: &str| ROLLED_BACK.contains(&code) || state.starts_with("22");
    match error {
        Error::Server(ref why) if is_not_done(why.code, &why.state) => undone(error),
        error => StoreError::unknown(error).into(),
    }
}

#[derive(Debug, Serialize)]
struct Product {
    id: String,
    name: String,
    cents: i64,
    pieces: i64,
}

async fn products(State(shop): State<Shop>) -> Result<Json<Vec<Product>>, Answer> {
    let sql = "SELECT p.id, p.name, p.cents, s.pieces
               FROM products AS p JOIN stock AS s ON s.product = p.id ORDER BY p.id";
    let product = |(id, name, cents, pieces)| Product { id, name, cents, pieces };
    let mut conn = shop.pool.get_conn().await.map_err(undone)?;
    Ok(Json(conn.query_map(sql, product).await.map_err(undone)?))
}

#[derive(Debug, Deserialize)]
struct Checkout {
    order: String,
    user: String,
    product: String,
    pieces: u32,
    cents: u32,
}

/// What is sold, and kept in the books.
enum Sale {
    Made(Transaction<'static>),
    /// The same once more.
    MadeBefore,
    /// The id is that of another order.
    Other,
    SoldOut,
}

/// It changes no row if there is one.
const ORDER: &str = "\
    INSERT INTO orders (id, customer, product, pieces, cents) VALUES (?, ?, ?, ?, ?)
    ON DUPLICATE KEY UPDATE id = VALUES(id)";
const IS_SAME: &str = "\
    SELECT customer = ? AND product = ? AND pieces = ? AND cents = ? FROM orders WHERE id = ? FOR UPDATE";
const TAKE: &str = "UPDATE stock SET pieces = pieces - ? WHERE product = ? AND pieces >= ?";
const PAY: &str = "INSERT INTO payments (orders, cents) VALUES (?, ?)";

/// The old path of an order: order, stock and payment in one transaction.
async fn checkout(
    State(shop): State<Shop>,
    wanted: Result<Json<Checkout>, JsonRejection>,
) -> Result<StatusCode, Answer> {
    let malformed = Answer::Malformed("an order has order, user, product, pieces and cents");
    let Ok(Json(wanted)) = wanted else { return Err(malformed) };
    if wanted.pieces == 0 {
        return Err(malformed);
    }
    match sale(&shop, &wanted).await.map_err(undone)? {
        Sale::Made(open) => {
            open.commit().await.map_err(in_doubt)?;
            Ok(StatusCode::CREATED)
        }
        Sale::MadeBefore => Ok(StatusCode::OK),
        Sale::Other => Err(StoreError::conflict("another order has this id").into()),
        Sale::SoldOut => Ok(StatusCode::CONFLICT),
    }
}

/// Nothing of it is so before it is committed.
async fn sale(shop: &Shop, it: &Checkout) -> Result<Sale, Error> {
    let mut open = shop.pool.start_transaction(TxOpts::default()).await?;
    open.exec_drop(ORDER, (&it.order, &it.user, &it.product, it.pieces, it.cents)).await?;
    if open.affected_rows() == 0 {
        let wanted = (&it.user, &it.product, it.pieces, it.cents, &it.order);
        let is_same: Option<bool> = open.exec_first(IS_SAME, wanted).await?;
        open.rollback().await?;
        return Ok(if is_same == Some(true) { Sale::MadeBefore } else { Sale::Other });
    }
    open.exec_drop(TAKE, (it.pieces, &it.product, it.pieces)).await?;
    if open.affected_rows() == 0 {
        open.rollback().await?;
        return Ok(Sale::SoldOut);
    }
    open.exec_drop(PAY, (&it.order, it.cents)).await?;
    Ok(Sale::Made(open))
}
