use std::time::Duration;

use adapters::mariadb::CUSTOMER_SCHEMA;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use mysql_async::prelude::Queryable;
use mysql_async::{Error, Opts, OptsBuilder, Pool, TxOpts};
use serde::{Deserialize, Serialize};
use serde_json::json;
use storefront::Failed;
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
        let opts = OptsBuilder::from_opts(Opts::from_url(url)?).prefer_socket(false);
        let shop = Self { pool: Pool::new(opts.setup(vec![session])) };
        loop {
            match shop.made().await {
                Ok(()) => return Ok(shop),
                Err(error @ Error::Server(_)) => return Err(error.into()),
                Err(error) => warn!(%error, "the database is away"),
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

/// The database has failed.
pub(crate) struct Broken(Error);

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Broken {
    fn into_response(self) -> Response {
        warn!(error = %self.0, "the database has failed");
        let body = Json(json!({ "error": "unknown", "message": "it may have been done" }));
        (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
    }
}

#[derive(Debug, Serialize)]
struct Product {
    id: String,
    name: String,
    cents: i64,
    pieces: i64,
}

async fn products(State(shop): State<Shop>) -> Result<Json<Vec<Product>>, Broken> {
    let mut conn = shop.pool.get_conn().await?;
    let sql = "SELECT p.id, p.name, p.cents, s.pieces
               FROM products AS p JOIN stock AS s ON s.product = p.id ORDER BY p.id";
    let product = |(id, name, cents, pieces)| Product { id, name, cents, pieces };
    Ok(Json(conn.query_map(sql, product).await?))
}

#[derive(Debug, Deserialize)]
struct Checkout {
    order: String,
    user: String,
    product: String,
    pieces: i64,
    cents: i64,
}

const TAKE: &str = "UPDATE stock SET pieces = pieces - ? WHERE product = ? AND pieces >= ?";

/// The old path of an order: stock, order and payment in one transaction.
async fn checkout(
    State(shop): State<Shop>,
    Json(it): Json<Checkout>,
) -> Result<StatusCode, Broken> {
    if it.pieces < 1 {
        return Ok(StatusCode::BAD_REQUEST);
    }
    let mut open = shop.pool.start_transaction(TxOpts::default()).await?;
    let order =
        "INSERT IGNORE INTO orders (id, customer, product, pieces, cents) VALUES (?, ?, ?, ?, ?)";
    open.exec_drop(order, (&it.order, &it.user, &it.product, it.pieces, it.cents)).await?;
    if open.affected_rows() == 0 {
        return Ok(StatusCode::OK); // it was made already
    }
    open.exec_drop(TAKE, (it.pieces, &it.product, it.pieces)).await?;
    if open.affected_rows() == 0 {
        return Ok(StatusCode::CONFLICT); // sold out; what is dropped is rolled back
    }
    let paid = "INSERT INTO payments (orders, cents) VALUES (?, ?)";
    open.exec_drop(paid, (&it.order, it.cents)).await?;
    open.commit().await?;
    Ok(StatusCode::CREATED)
}
