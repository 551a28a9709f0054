//! The repair queue over HTTP: one queue for the migration, beside the modern store, whoever notes a key.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Request, Uri, header};
use axum::routing::post;
use axum::{Json, Router};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};

use crate::Failed;
use crate::chassis::outgoing;

const PATH: &str = "/internal/repairs";
const DEADLINE: Duration = Duration::from_secs(5);
const BODY_MAX: usize = 16 << 20;

#[derive(Debug, Serialize, Deserialize)]
enum Call {
    Note(Vec<RepairNote>),
    Take(NonZeroUsize, Duration),
    Finish(RepairEntry),
    Postpone(RepairEntry, Duration, String),
    Park(RepairEntry, String),
    Retry(Vec<u8>),
    Waiting(Option<Vec<u8>>, NonZeroUsize),
    Parked(Option<Vec<u8>>, NonZeroUsize),
    Depth,
}

/// What the queue has answered, or of what kind its failure is.
type Told = Result<Value, (StoreErrorKind, String)>;

/// Serves a queue to other nodes, at `/internal/repairs`.
pub fn repairs(queue: Arc<dyn RepairQueue>) -> Router {
    Router::new().route(PATH, post(answer)).with_state(queue)
}

async fn answer(State(queue): State<Arc<dyn RepairQueue>>, Json(call): Json<Call>) -> Json<Told> {
    let told = made(&*queue, call).await;
    Json(told.map_err(|error| (error.kind(), error.with_causes())))
}

async fn made(queue: &dyn RepairQueue, call: Call) -> Result<Value, StoreError> {
    match call {
        Call::Note(notes) => value(&queue.note(&notes).await?),
        Call::Take(limit, hidden_for) => value(&queue.take(limit, hidden_for).await?),
        Call::Finish(entry) => value(&queue.finish(&entry).await?),
        Call::Postpone(entry, delay, error) => value(&queue.postpone(&entry, delay, &error).await?),
        Call::Park(entry, error) => value(&queue.park(&entry, &error).await?),
        Call::Retry(key) => value(&queue.retry(&key).await?),
        Call::Waiting(after, limit) => value(&queue.waiting(after.as_deref(), limit).await?),
        Call::Parked(after, limit) => value(&queue.parked(after.as_deref(), limit).await?),
        Call::Depth => value(&queue.depth().await?),
    }
}

fn value<T: Serialize>(answer: &T) -> Result<Value, StoreError> {
    serde_json::to_value(answer).map_err(StoreError::rejected)
}

/// The queue that the service at some base serves.
pub struct HttpRepairQueue {
    uri: Uri,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl HttpRepairQueue {
    /// That of the service at `base`.
    ///
    /// # Errors
    ///
    /// It is no URL.
    pub fn new(base: &str) -> Result<Self, Failed> {
        let uri = format!("{}{PATH}", base.trim_end_matches('/')).parse()?;
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(DEADLINE));
        Ok(Self { uri, client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    async fn call<T: DeserializeOwned>(&self, call: &Call) -> Result<T, StoreError> {
        let body = serde_json::to_vec(call).map_err(StoreError::rejected)?;
        let request =
            Request::post(self.uri.clone()).header(header::CONTENT_TYPE, "application/json");
        let headers = outgoing().into_iter();
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        let request = request.body(Full::from(body)).map_err(StoreError::rejected)?;
        let told = tokio::time::timeout(DEADLINE, self.told(request)).await;
        let told = told.map_err(|_| StoreError::unknown("the queue did not answer in time"))??;
        let value = told.map_err(|(kind, why)| StoreError::new(kind, why))?;
        serde_json::from_value(value).map_err(StoreError::unknown)
    }

    async fn told(&self, request: Request<Full<Bytes>>) -> Result<Told, StoreError> {
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) if error.is_connect() => return Err(StoreError::unavailable(error)),
            Err(error) => return Err(StoreError::unknown(error)),
        };
        let body = Limited::new(response.into_body(), BODY_MAX).collect().await;
        serde_json::from_slice(&body.map_err(StoreError::unknown)?.to_bytes())
            .map_err(StoreError::unknown)
    }
}

impl fmt::Debug for HttpRepairQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRepairQueue").field("uri", &self.uri).finish_non_exhaustive()
    }
}

#[async_trait]
impl RepairQueue for HttpRepairQueue {
    async fn note(&self, notes: &[RepairNote]) -> Result<(), StoreError> {
        self.call(&Call::Note(notes.to_vec())).await
    }

    async fn take(
        &self,
        limit: NonZeroUsize,
        hidden_for: Duration,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        self.call(&Call::Take(limit, hidden_for)).await
    }

    async fn finish(&self, entry: &RepairEntry) -> Result<(), StoreError> {
        self.call(&Call::Finish(entry.clone())).await
    }

    async fn postpone(
        &self,
        entry: &RepairEntry,
        delay: Duration,
        error: &str,
    ) -> Result<(), StoreError> {
        self.call(&Call::Postpone(entry.clone(), delay, error.to_owned())).await
    }

    async fn park(&self, entry: &RepairEntry, error: &str) -> Result<(), StoreError> {
        self.call(&Call::Park(entry.clone(), error.to_owned())).await
    }

    async fn retry(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.call(&Call::Retry(key.to_vec())).await
    }

    async fn waiting(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        self.call(&Call::Waiting(after.map(<[u8]>::to_vec), limit)).await
    }

    async fn parked(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        self.call(&Call::Parked(after.map(<[u8]>::to_vec), limit)).await
    }

    async fn depth(&self) -> Result<RepairDepth, StoreError> {
        self.call(&Call::Depth).await
    }
}
