use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::repository::{MigrationRepository, ScanRepository};

use super::{Answer, Draft, IDS_MAX, Side, User, newsletter, repairs};

/// What everybody may ask: `/users/{id}` and `/users?ids=a,b,c`.
pub fn routes<L: Side, M: Side>(users: MigrationRepository<L, M>) -> Router {
    Router::new()
        .route("/users", get(several::<L, M>))
        .route("/users/{id}", get(one::<L, M>).put(put::<L, M>).delete(delete::<L, M>))
        .with_state(users)
}

/// All that the user service answers: its users, wherever they are, its `store` and its `queue` of repairs.
pub fn service<L: Side, M: Side, S: Side + ScanRepository>(
    users: MigrationRepository<L, M>,
    store: Arc<S>,
    queue: Arc<dyn RepairQueue>,
) -> Router {
    routes(users.clone()).merge(newsletter(users)).merge(internal(store)).merge(repairs(queue))
}

/// What only the other service may ask: the store itself, whatever the phase.
pub fn internal<S: Side + ScanRepository>(store: Arc<S>) -> Router {
    Router::new().nest("/internal/users", adapters::http::router(store))
}

async fn one<L: Side, M: Side>(
    State(users): State<MigrationRepository<L, M>>,
    Path(id): Path<String>,
) -> Result<Json<User>, Answer> {
    let found = users.find(&id.into_bytes()).await?;
    found.map(|customer| Json(customer.into())).ok_or(Answer::Missing)
}

async fn put<L: Side, M: Side>(
    State(users): State<MigrationRepository<L, M>>,
    Path(id): Path<String>,
    draft: Result<Json<Draft>, JsonRejection>,
) -> Result<StatusCode, Answer> {
    let Json(draft) = draft.map_err(|_| Answer::Malformed("a user has name, email and visits"))?;
    users.save(draft.of(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete<L: Side, M: Side>(
    State(users): State<MigrationRepository<L, M>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Answer> {
    users.delete(&id.into_bytes()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
struct Asked {
    ids: Option<String>,
}

/// Those that there are, in the order in which they were asked for.
async fn several<L: Side, M: Side>(
    State(users): State<MigrationRepository<L, M>>,
    Query(Asked { ids }): Query<Asked>,
) -> Result<Json<Vec<User>>, Answer> {
    let ids = ids.ok_or(Answer::Malformed("which? ids=a,b,c"))?;
    let keys: Vec<_> = ids.split(',').filter(|id| !id.is_empty()).map(Vec::from).collect();
    if keys.len() > IDS_MAX {
        return Err(Answer::Malformed("too many ids at once"));
    }
    let found = users.find_many(&keys).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Json(found.into_iter().flatten().map(User::from).collect()))
}
