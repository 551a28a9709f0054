use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use storefront::orders::Answer;

use crate::ledger::{Books, Ledger, Payment};

pub(crate) fn routes(ledger: Ledger) -> Router {
    Router::new().route("/payments/{order}", get(of)).route("/books", get(books)).with_state(ledger)
}

async fn of(
    State(ledger): State<Ledger>,
    Path(order): Path<String>,
) -> Result<Json<Payment>, Answer> {
    ledger.of(&order).await.map(Json)
}

async fn books(State(ledger): State<Ledger>) -> Result<Json<Books>, Answer> {
    ledger.books().await.map(Json)
}
