use std::net::SocketAddr;

use futures::{StreamExt, stream};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use strangler_fig::gateway::{Body, mark};

use super::Failed;
use super::front::HttpClient;

/// Somebody who asks the gateway for things.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) client: HttpClient,
    pub(crate) at: SocketAddr,
}

/// What the gateway has answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn served_by(&self) -> &str {
        self.header(mark::SERVED_BY.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Caller {
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<Answer, Failed> {
        self.send("GET", path, headers, Body::empty()).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Result<Answer, Failed> {
        let at = format!("http://{}{path}", self.at);
        let request = Request::builder().method(method).uri(at);
        let request = headers.iter().fold(request, |it, &(name, value)| it.header(name, value));
        let (head, body) = self.client.request(request.body(body)?).await?.into_parts();
        let text = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        Ok(Answer { status: head.status, headers: head.headers, text })
    }

    /// Each of so many users asks for an order, `at_once` at a time.
    pub(crate) async fn users(&self, users: u32, at_once: usize) -> Result<Vec<Answer>, Failed> {
        let asked = stream::iter(1..=users).map(|user| async move {
            let name = format!("user-{user}");
            self.get(&format!("/orders/{user}"), &[("x-user", &name)]).await
        });
        asked.buffered(at_once).collect::<Vec<_>>().await.into_iter().collect()
    }
}
