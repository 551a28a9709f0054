use std::time::{Duration, Instant};

use crate::Failed;
use axum::body::Bytes;
use axum::http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// How long people wait.
const PATIENCE: Duration = Duration::from_secs(6);

/// How people reach the shop.
#[derive(Debug, Clone)]
pub struct Web(Client<HttpConnector, Full<Bytes>>);

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// None: there was none, or it broke off.
    pub status: Option<u16>,
    /// What it says.
    pub body: Bytes,
    /// How long it took.
    pub waited: Duration,
}

/// What it means to whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
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
    /// Each of them.
    pub const ALL: [Self; 5] =
        [Self::Answered, Self::Refused, Self::Unavailable, Self::Broken, Self::Silent];

    /// What a status means; none is none.
    #[must_use]
    pub const fn of(status: Option<u16>) -> Self {
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
    /// What it means.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        Outcome::of(self.status)
    }

    /// What it holds, if it says so.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl Default for Web {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Web {
    /// What is there.
    pub async fn get(&self, url: &str) -> Answer {
        self.ask(Method::GET, url, String::new()).await
    }

    /// Asks, and waits for six seconds at most.
    pub async fn ask(&self, method: Method, url: &str, body: String) -> Answer {
        let request = Request::builder().method(method).uri(url);
        let request = request.header("content-type", "application/json").body(Full::from(body));
        match request {
            Ok(request) => self.send(request).await,
            Err(_) => Answer { status: None, body: Bytes::new(), waited: Duration::ZERO },
        }
    }

    /// The same, of any request.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let began = Instant::now();
        let answer = timeout(PATIENCE, self.sent(request)).await;
        let waited = began.elapsed();
        match answer {
            Ok(Ok((status, body))) => Answer { status: Some(status), body, waited },
            Ok(Err(_)) | Err(_) => Answer { status: None, body: Bytes::new(), waited },
        }
    }

    /// Asks as nobody should: it waits for as long as it takes.
    ///
    /// # Errors
    ///
    /// There is no answer, or it breaks off.
    pub async fn get_without_deadline(&self, url: &str) -> Result<u16, Failed> {
        let (status, _) = self.sent(Request::get(url).body(Full::default())?).await?;
        Ok(status)
    }

    async fn sent(&self, request: Request<Full<Bytes>>) -> Result<(u16, Bytes), Failed> {
        let response = self.0.request(request).await?;
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
        let answer = Web::default().get("http://127.0.0.1:9/").await;
        assert_eq!(answer.outcome(), Outcome::Silent);
    }
}
