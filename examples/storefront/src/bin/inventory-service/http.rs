use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use storefront::orders::Answer;

use crate::stock::{Books, Reservation, Stock};

pub(crate) fn routes(stock: Stock) -> Router {
    Router::new()
        .route("/stock/{product}", get(left))
        .route("/reservations/{order}", get(reserved))
        .route("/books", get(books))
        .with_state(stock)
}

async fn left(
    State(stock): State<Stock>,
    Path(product): Path<String>,
) -> Result<Json<Value>, Answer> {
    let pieces = stock.left(&product).await?;
    Ok(Json(json!({ "product": product, "pieces": pieces })))
}

async fn reserved(
    State(stock): State<Stock>,
    Path(order): Path<String>,
) -> Result<Json<Reservation>, Answer> {
    stock.reserved(&order).await.map(Json)
}

async fn books(State(stock): State<Stock>) -> Result<Json<Books>, Answer> {
    stock.books().await.map(Json)
}
