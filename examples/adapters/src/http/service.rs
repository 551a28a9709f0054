//! The service's side: any repository, served.

use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use strangler_fig::error::StoreError;
use strangler_fig::repository::{ScanRepository, StampedRepository};
use strangler_fig::stamp::Record;

use super::wire::{Answer, BODY_MAX, Failure, Keyed, Page, hex_of, key_of};

type EntityOf<R> = <R as StampedRepository>::Entity;
type Served<T> = Result<Json<T>, Failure>;

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status(), Json(self)).into_response()
    }
}

/// Serves `repository`. Nest it where the clients look for it, behind whatever
/// tells who may call.
pub fn router<R>(repository: Arc<R>) -> Router
where
    R: ScanRepository<Entity: Serialize + DeserializeOwned>,
{
    Router::new()
        .route("/records/{key}", get(read::<R>).put(apply::<R>))
        .route("/reads", post(read_many::<R>))
        .route("/applies", post(apply_many::<R>))
        .route("/page", get(scan::<R>))
        .route("/last-key", get(last_key::<R>))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(repository)
}

async fn read<R: ScanRepository>(
    State(repository): State<Arc<R>>,
    Path(key): Path<String>,
) -> Served<Record<EntityOf<R>>> {
    let key = key_of(&key)?;
    Ok(Json(repository.read(&key).await?))
}

async fn apply<R: ScanRepository>(
    State(repository): State<Arc<R>>,
    Path(key): Path<String>,
    Json(record): Json<Record<EntityOf<R>>>,
) -> Served<Answer> {
    let (key, record) = checked(&*repository, (key, record))?;
    Ok(Json(repository.apply(&key, &record).await?.into()))
}

async fn read_many<R: ScanRepository>(
    State(repository): State<Arc<R>>,
    Json(keys): Json<Vec<String>>,
) -> Served<Vec<Result<Record<EntityOf<R>>, Failure>>> {
    let keys = keys.iter().map(|key| key_of(key)).collect::<Result<Vec<_>, _>>()?;
    let answers = repository.read_many(&keys).await;
    Ok(Json(answers.into_iter().map(|answer| answer.map_err(Failure::from)).collect()))
}

async fn apply_many<R: ScanRepository>(
    State(repository): State<Arc<R>>,
    Json(records): Json<Vec<Keyed<EntityOf<R>>>>,
) -> Served<Vec<Result<Answer, Failure>>> {
    // Who is refused here is refused alone.
    let (mut good, mut refused) = (Vec::with_capacity(records.len()), Vec::new());
    for (place, keyed) in records.into_iter().enumerate() {
        match checked(&*repository, keyed) {
            Ok(record) => good.push(record),
            Err(error) => refused.push((place, error)),
        }
    }
    let mut answers = repository.apply_many(&good).await;
    if answers.len() != good.len() {
        return Err(StoreError::unknown("the repository did not answer for each record").into());
    }
    for (place, error) in refused {
        answers.insert(place, Err(error));
    }
    let answers = answers.into_iter();
    Ok(Json(answers.map(|answer| answer.map(Answer::from).map_err(Failure::from)).collect()))
}

#[derive(Debug, Deserialize)]
struct Range {
    after: Option<String>,
    limit: NonZeroUsize,
}

async fn scan<R: ScanRepository>(
    State(repository): State<Arc<R>>,
    Query(range): Query<Range>,
) -> Served<Page<EntityOf<R>>> {
    let after = range.after.as_deref().map(key_of).transpose()?;
    // The answer has a limit of its own: fewer than asked for are no error.
    let limit = range.limit.min(PAGE_MAX);
    Ok(Json(Page::of(repository.scan(after.as_ref(), limit).await?)))
}

async fn last_key<R: ScanRepository>(State(repository): State<Arc<R>>) -> Served<Option<String>> {
    Ok(Json(repository.last_key().await?.as_ref().map(hex_of)))
}

const PAGE_MAX: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// A record under another's key would be lost: who sends one is refused.
fn checked<R: ScanRepository>(
    repository: &R,
    (key, record): Keyed<EntityOf<R>>,
) -> Result<(R::Key, Record<EntityOf<R>>), StoreError> {
    let key = key_of(&key)?;
    let is_its_own = record.value.as_ref().is_none_or(|value| repository.key(value) == key);
    if !is_its_own {
        return Err(StoreError::rejected("the value has another key"));
    }
    Ok((key, record))
}
