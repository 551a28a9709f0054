use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use storefront::Failed;
use tokio::time::timeout;

/// How long people wait.
const PATIENCE: Duration = Duration::from_secs(6);

/// How people reach the shop.
#[derive(Debug, Clone)]
pub(crate) struct Web(Client<HttpConnector, Full<Bytes>>);

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// None: there was none, or it broke off.
    pub(crate) status: Option<u16>,
    pub(crate) body: Bytes,
    pub(crate) waited: Duration,
}

/// What it means to whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// It was done, or is not there.
    Answered,
    /// It was refused: nothing was done.
    Refused,
    /// Come again.
    Unavailable,
    /// Something is broken.
    Broken,
    /// Nothing, for so long.
    Silent,
}

impl Outcome {
    pub(crate) const ALL: [Self; 5] =
        [Self::Answered, Self::Refused, Self::Unavailable, Self::Broken, Self::Silent];

    pub(crate) const fn of(status: Option<u16>) -> Self {
        match status {
            Some(200..=299 | 404) => Self::Answered,
            Some(503 | 429) => Self::Unavailable,
            Some(400..=499) => Self::Refused,
            Some(_) => Self::Broken,
            None => Self::Silent,
        }
    }
}

impl Answer {
    pub(crate) const fn outcome(&self) -> Outcome {
        Outcome::of(self.status)
    }

    /// What it holds, if it says so.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl Web {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.ask(Method::GET, url, String::new()).await
    }

    pub(crate) async fn ask(&self, method: Method, url: &str, body: String) -> Answer {
        let began = Instant::now();
        let answer = timeout(PATIENCE, self.asked(method, url, body)).await;
        let waited = began.elapsed();
        match answer {
            Ok(Ok((status, body))) => Answer { status: Some(status), body, waited },
            Ok(Err(_)) | Err(_) => Answer { status: None, body: Bytes::new(), waited },
        }
    }

    async fn asked(&self, method: Method, url: &str, body: String) -> Result<(u16, Bytes), Failed> {
        let request = Request::builder().method(method).uri(url);
        let request = request.header("content-type", "application/json");
        let response = self.0.request(request.body(Full::from(body))?).await?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_means_something() {
        assert_eq!(Outcome::of(Some(404)), Outcome::Answered);
        assert_eq!(Outcome::of(Some(410)), Outcome::Refused);
        assert_eq!(Outcome::of(Some(503)), Outcome::Unavailable);
        assert_eq!(Outcome::of(Some(502)), Outcome::Broken);
        assert_eq!(Outcome::of(None), Outcome::Silent);
    }

    #[tokio::test]
    async fn where_nobody_listens_nobody_answers() {
        let answer = Web::new().get("http://127.0.0.1:9/").await;
        assert_eq!(answer.outcome(), Outcome::Silent);
    }
}
