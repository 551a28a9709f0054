use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use mysql_async::prelude::Queryable;
use serde::Deserialize;
use storefront::users::Answer;

use crate::Users;
use crate::shop::{Broken, Shop};
use crate::switch::Switch;

/// Old code that gives a user an address for news: by SQL of its own, or through the repository.
#[derive(Debug, Clone)]
pub(crate) struct Newsletter {
    users: Users,
    shop: Shop,
    direct: Switch,
}

#[derive(Debug, Deserialize)]
struct Subscription {
    email: String,
}

impl Newsletter {
    pub(crate) const fn new(users: Users, shop: Shop, direct: Switch) -> Self {
        Self { users, shop, direct }
    }

    pub(crate) fn routes(self) -> Router {
        Router::new().route("/newsletter/{id}", post(subscribe)).with_state(self)
    }

    /// Behind everybody's back: what follows is told by a trigger.
    async fn write_directly(&self, id: &str, email: &str) -> Result<bool, mysql_async::Error> {
        let mut conn = self.shop.pool.get_conn().await?;
        let sql = "SELECT COUNT(*) FROM customer WHERE id = ? AND name IS NOT NULL";
        let found: Option<u64> = conn.exec_first(sql, (id,)).await?;
        let sql = "UPDATE customer SET email = ? WHERE id = ? AND name IS NOT NULL";
        conn.exec_drop(sql, (email, id)).await?;
        Ok(found == Some(1))
    }

    /// Two steps: whoever writes between them is overwritten, as ever.
    async fn write(&self, id: String, email: String) -> Result<bool, Answer> {
        let Some(mut customer) = self.users.find(&id.into_bytes()).await? else {
            return Ok(false);
        };
        customer.email = Some(email);
        self.users.save(customer).await?;
        Ok(true)
    }
}

async fn subscribe(
    State(newsletter): State<Newsletter>,
    Path(id): Path<String>,
    subscription: Result<Json<Subscription>, JsonRejection>,
) -> Result<StatusCode, Response> {
    let wrong = |_| Answer::Malformed("a subscription has an email").into_response();
    let Json(Subscription { email }) = subscription.map_err(wrong)?;
    let is_there = match newsletter.direct {
        Switch::On => {
            let written = newsletter.write_directly(&id, &email).await;
            written.map_err(|error| Broken::from(error).into_response())?
        }
        Switch::Off => newsletter.write(id, email).await.map_err(IntoResponse::into_response)?,
    };
    if is_there { Ok(StatusCode::NO_CONTENT) } else { Err(Answer::Missing.into_response()) }
}
