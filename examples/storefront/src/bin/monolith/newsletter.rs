use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use mysql_async::Error;
use mysql_async::prelude::Queryable;
use storefront::users::{Answer, Subscription};

use crate::shop::{Broken, Shop};

/// Old code that gives a user an address for news, by SQL of its own: what follows is told by a trigger.
pub(crate) fn direct_newsletter(shop: Shop) -> Router {
    Router::new().route("/newsletter/{id}", post(subscribe)).with_state(shop)
}

async fn subscribe(
    State(shop): State<Shop>,
    Path(id): Path<String>,
    subscription: Result<Json<Subscription>, JsonRejection>,
) -> Result<StatusCode, Response> {
    let subscription = Subscription::of(subscription).map_err(IntoResponse::into_response)?;
    match written(&shop, &id, &subscription.email).await {
        Ok(true) => Ok(StatusCode::NO_CONTENT),
        Ok(false) => Err(Answer::Missing.into_response()),
        Err(error) => Err(Broken::from(error).into_response()),
    }
}

/// Behind everybody's back. A deleted customer is a row without a name.
async fn written(shop: &Shop, id: &str, email: &str) -> Result<bool, Error> {
    let mut conn = shop.pool.get_conn().await?;
    let sql = "SELECT COUNT(*) FROM customer WHERE id = ? AND name IS NOT NULL";
    let found: Option<u64> = conn.exec_first(sql, (id,)).await?;
    let sql = "UPDATE customer SET email = ? WHERE id = ? AND name IS NOT NULL";
    conn.exec_drop(sql, (email, id)).await?;
    Ok(found == Some(1))
}
