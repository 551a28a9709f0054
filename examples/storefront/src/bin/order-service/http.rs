use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use storefront::orders::{Answer, Order};

use crate::orders::{Books, Orders};

pub(crate) fn routes(orders: Orders) -> Router {
    Router::new()
        .route("/orders", post(place))
        .route("/orders/{id}", get(status))
        .route("/books", get(books))
        .with_state(orders)
}

async fn place(
    State(orders): State<Orders>,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Answer> {
    let Json(order) = order.map_err(|why| Answer::Wrong(why.body_text()))?;
    orders.place(&order).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "order": order.order }))))
}

async fn status(
    State(orders): State<Orders>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Answer> {
    let status = orders.status(&id).await?;
    Ok(Json(json!({ "status": status })))
}

async fn books(State(orders): State<Orders>) -> Result<Json<Books>, Answer> {
    orders.books().await.map(Json)
}
