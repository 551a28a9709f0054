use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use strangler_fig::repository::MigrationRepository;

use super::{Answer, Side};

/// What is asked of `POST /newsletter/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subscription {
    /// Where the news go.
    pub email: String,
}

impl Subscription {
    /// What was sent, if it is one.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn of(sent: Result<Json<Self>, JsonRejection>) -> Result<Self, Answer> {
        let Json(subscription) =
            sent.map_err(|_| Answer::Malformed("a subscription has an email"))?;
        Ok(subscription)
    }
}

/// `POST /newsletter/{id}`, which gives a user an address for news, through the repository.
///
/// It reads and then saves, and no condition binds the two: what others write between them is overwritten, and a user whom
/// somebody has deleted between them is back again. Who cannot live with that needs a save that names the record it has read.
pub fn newsletter<L: Side, M: Side>(users: MigrationRepository<L, M>) -> Router {
    Router::new().route("/newsletter/{id}", post(subscribe::<L, M>)).with_state(users)
}

/// Two steps: whoever writes between them is overwritten, and whoever deletes is undone.
async fn subscribe<L: Side, M: Side>(
    State(users): State<MigrationRepository<L, M>>,
    Path(id): Path<String>,
    subscription: Result<Json<Subscription>, JsonRejection>,
) -> Result<StatusCode, Answer> {
    let Subscription { email } = Subscription::of(subscription)?;
    let mut customer = users.find(&id.into_bytes()).await?.ok_or(Answer::Missing)?;
    customer.email = Some(email);
    users.save(customer).await?;
    Ok(StatusCode::NO_CONTENT)
}
