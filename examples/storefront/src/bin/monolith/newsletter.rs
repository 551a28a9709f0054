use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use mysql_async::prelude::Queryable;
use storefront::users::{Answer, Subscription};

use crate::shop::{Shop, in_doubt, undone};

/// A deleted customer is a row without a name.
const FIND: &str = "SELECT COUNT(*) FROM customer WHERE id = ? AND name IS NOT NULL";
const WRITE: &str = "UPDATE customer SET email = ? WHERE id = ? AND name IS NOT NULL";

/// Old code that gives a user an address for news, by SQL of its own: what follows is told by a trigger.
pub(crate) fn direct_newsletter(shop: Shop) -> Router {
    Router::new().route("/newsletter/{id}", post(subscribe)).with_state(shop)
}

async fn subscribe(
    State(shop): State<Shop>,
    Path(id): Path<String>,
    subscription: Result<Json<Subscription>, JsonRejection>,
) -> Result<StatusCode, Answer> {
    let Subscription { email } = Subscription::of(subscription)?;
    let mut conn = shop.pool.get_conn().await.map_err(undone)?;
    let found: Option<u64> = conn.exec_first(FIND, (&id,)).await.map_err(undone)?;
    if found == Some(0) {
        return Err(Answer::Missing);
    }
    // Behind everybody's back.
    conn.exec_drop(WRITE, (&email, &id)).await.map_err(in_doubt)?;
    Ok(StatusCode::NO_CONTENT)
}
