//! The application's side: a repository that asks a service.

use std::error::Error;
use std::fmt;
use std::iter::repeat_with;
use std::num::NonZeroUsize;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::uri::Scheme;
use axum::http::{Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::key::Key;
use strangler_fig::repository::{Applied, Entity, Page, ScanRepository, StampedRepository};
use strangler_fig::stamp::Record;
use tokio::time::timeout;

use super::wire::{self, Answer, BODY_MAX, Failure, hex_of, key_of};
use crate::batch;
use crate::effect::Effect;

/// A repository behind a service that serves [`router`](super::router).
pub struct HttpRepository<K, E> {
    base: String,
    key: fn(&E) -> K,
    client: Client<HttpConnector, Full<Bytes>>,
    deadline: Duration,
    headers: fn() -> Vec<(&'static str, String)>,
}

impl<K: Key, E> HttpRepository<K, E> {
    /// How many records go into one request.
    const RECORDS_MAX: usize = 5_000;

    /// The repository at `base`, `http://customers:8080/store` say; `deadline` is
    /// that of each answer.
    ///
    /// # Errors
    ///
    /// `Rejected`: `base` is no URL, or not one of `http` with a host. It speaks no TLS.
    pub fn new(base: &str, key: fn(&E) -> K, deadline: Duration) -> Result<Self, StoreError> {
        let uri: Uri = base.parse().map_err(StoreError::rejected)?;
        if uri.scheme() != Some(&Scheme::HTTP) || uri.authority().is_none() || uri.query().is_some()
        {
            return Err(StoreError::rejected(format!("{base:?} is not http://host:port/path")));
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(deadline));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            key,
            client,
            deadline,
            headers: Vec::new,
        })
    }

    /// The same, with more headers in each request, asked for where it is made: by them the service finds the trace that
    /// the caller is part of.
    #[must_use]
    pub fn with_headers(mut self, headers: fn() -> Vec<(&'static str, String)>) -> Self {
        self.headers = headers;
        self
    }

    async fn call<T: DeserializeOwned>(
        &self,
        effect: Effect,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, StoreError> {
        let body = serde_json::to_vec(body).map_err(StoreError::rejected)?;
        let uri: Uri = format!("{}{path}", self.base).parse().map_err(StoreError::rejected)?;
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::CONTENT_TYPE, "application/json");
        let more = (self.headers)().into_iter();
        let request = more.fold(request, |request, (name, value)| request.header(name, value));
        let request = request.body(Full::from(body)).map_err(StoreError::rejected)?;
        let answer = timeout(self.deadline, self.send(effect, request)).await;
        answer.map_err(|_| effect.timed_out())?
    }

    async fn send<T: DeserializeOwned>(
        &self,
        effect: Effect,
        request: Request<Full<Bytes>>,
    ) -> Result<T, StoreError> {
        let cut_off =
            |error: Box<dyn Error + Send + Sync>| StoreError::new(effect.when_cut_off(), error);
        let response = match self.client.request(request).await {
            Ok(response) => response,
            // Nothing was sent.
            Err(error) if error.is_connect() => return Err(StoreError::unavailable(error)),
            Err(error) => return Err(cut_off(error.into())),
        };
        let status = response.status();
        let body = Limited::new(response.into_body(), BODY_MAX).collect().await;
        let body = body.map_err(cut_off)?.to_bytes();
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| {
                cut_off(format!("not an answer of this service: {error}").into())
            });
        }
        match serde_json::from_slice::<Failure>(&body) {
            Ok(failure) => Err(effect.of(failure.into())),
            // A proxy's answer, or a panic's.
            Err(_) => Err(cut_off(format!("the answer was {status}").into())),
        }
    }
}

impl<K, E> fmt::Debug for HttpRepository<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRepository").field("base", &self.base).finish_non_exhaustive()
    }
}

/// No body.
const NOTHING: &() = &();

#[async_trait]
impl<K, E> StampedRepository for HttpRepository<K, E>
where
    K: Key,
    E: Entity + Serialize + DeserializeOwned,
{
    type Key = K;
    type Entity = E;

    fn key(&self, entity: &E) -> K {
        (self.key)(entity)
    }

    async fn read(&self, key: &K) -> Result<Record<E>, StoreError> {
        let path = format!("/records/{}", hex_of(key));
        self.call(Effect::None, Method::GET, &path, NOTHING).await
    }

    async fn apply(&self, key: &K, record: &Record<E>) -> Result<Applied, StoreError> {
        let path = format!("/records/{}", hex_of(key));
        let answer: Answer = self.call(Effect::Possible, Method::PUT, &path, record).await?;
        Ok(answer.into())
    }

    async fn apply_many(&self, records: &[(K, Record<E>)]) -> Vec<Result<Applied, StoreError>> {
        let mut answers = Vec::with_capacity(records.len());
        for records in records.chunks(Self::RECORDS_MAX) {
            let body: Vec<_> = records.iter().map(|(key, record)| (hex_of(key), record)).collect();
            let answer = self.call(Effect::Possible, Method::POST, "/applies", &body).await;
            let each = each::<Answer>(Effect::Possible, answer, records.len());
            answers.extend(each.into_iter().map(|answer| answer.map(Applied::from)));
        }
        answers
    }

    fn read_batch(&self) -> NonZeroUsize {
        batch::KEYS
    }

    async fn read_many(&self, keys: &[K]) -> Vec<Result<Record<E>, StoreError>> {
        let mut answers = Vec::with_capacity(keys.len());
        for keys in keys.chunks(Self::RECORDS_MAX) {
            let body: Vec<_> = keys.iter().map(hex_of).collect();
            let answer = self.call(Effect::None, Method::POST, "/reads", &body).await;
            answers.extend(each(Effect::None, answer, keys.len()));
        }
        answers
    }
}

#[async_trait]
impl<K, E> ScanRepository for HttpRepository<K, E>
where
    K: Key,
    E: Entity + Serialize + DeserializeOwned,
{
    async fn scan(&self, after: Option<&K>, limit: NonZeroUsize) -> Result<Page<K, E>, StoreError> {
        let after = after.map_or_else(String::new, |key| format!("&after={}", hex_of(key)));
        let path = format!("/page?limit={limit}{after}");
        let page: wire::Page<E> = self.call(Effect::None, Method::GET, &path, NOTHING).await?;
        page.into_page()
    }

    async fn last_key(&self) -> Result<Option<K>, StoreError> {
        let key: Option<String> =
            self.call(Effect::None, Method::GET, "/last-key", NOTHING).await?;
        key.as_deref().map(key_of).transpose()
    }
}

/// An answer for each of `count`, whatever came.
fn each<T>(
    effect: Effect,
    answer: Result<Vec<Result<T, Failure>>, StoreError>,
    count: usize,
) -> Vec<Result<T, StoreError>> {
    let error = match answer {
        Ok(answers) if answers.len() == count => {
            let of = |failure: Failure| effect.of(failure.into());
            return answers.into_iter().map(|answer| answer.map_err(of)).collect();
        }
        Ok(answers) => {
            let message = format!("{} answers to {count} records", answers.len());
            StoreError::new(effect.when_cut_off(), message)
        }
        Err(error) => error,
    };
    repeat_with(|| Err(error.clone())).take(count).collect()
}

#[cfg(test)]
mod tests {
    use strangler_fig::error::StoreErrorKind;

    use super::*;

    #[test]
    fn a_base_that_cannot_be_asked_is_refused_at_once() {
        let new = |base| {
            let key = |key: &u64| *key;
            HttpRepository::<u64, u64>::new(base, key, Duration::from_secs(1)).map(drop)
        };
        assert!(new("http://customers:8080/store/").is_ok());
        for wrong in
            ["customers:8080", "https://customers", "/store", "http://", "a b", "http://c/?a"]
        {
            let refused = new(wrong).map_err(|error| error.kind());
            assert_eq!(refused, Err(StoreErrorKind::Rejected), "{wrong}");
        }
    }
}
