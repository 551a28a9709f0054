use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use futures::future::try_join_all;
use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::template::{TargetTemplate, Unfilled};
use super::{Aggregate, Part, PartAnswer};
use crate::gateway::{Body, Request, Response, mark};

/// On a request: it is a part of an aggregate.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfAggregate;

/// Headers of the client's request that speak of its body, of the whole response, or of what it has already.
const NOT_OF_PARTS: [&str; 15] = [
    "accept-encoding",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-type",
    "expect",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
    "transfer-encoding",
];

/// Why a part has no answer to be joined.
enum Unanswered {
    /// It was refused: if the part is required, this is the answer to all.
    Refused(Response),
    /// It failed, was too long or of another kind.
    Failed,
    Late,
}

pub(super) async fn answer<'c, C, A, F>(
    aggregate: &Aggregate,
    client: &Parts,
    capture: C,
    ask: A,
) -> Response
where
    C: Fn(&str) -> Option<&'c str>,
    A: Fn(Request) -> F,
    F: Future<Output = Response>,
{
    let is_head = client.method == Method::HEAD;
    if client.method != Method::GET && !is_head {
        let mut refused = told(StatusCode::METHOD_NOT_ALLOWED);
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let whole = Whole { aggregate, left: AtomicUsize::new(aggregate.whole_max), ask };
    let requests = aggregate
        .parts
        .iter()
        .map(|(part, target)| request(client, target, &capture).map(|request| (part, request)));
    let answer = match requests.collect::<Result<Vec<_>, _>>() {
        Ok(requests) => whole.answer(requests).await,
        Err(Unfilled::NotPlain) => told(StatusCode::NOT_FOUND),
        Err(Unfilled::Missing) => told(StatusCode::INTERNAL_SERVER_ERROR),
    };
    if is_head { answer.map(|_| Body::empty()) } else { answer }
}

/// What all parts share.
struct Whole<'a, A> {
    aggregate: &'a Aggregate,
    /// How many bytes they still may have together.
    left: AtomicUsize,
    ask: A,
}

impl<A, F> Whole<'_, A>
where
    A: Fn(Request) -> F,
    F: Future<Output = Response>,
{
    async fn answer(&self, requests: Vec<(&Part, Request)>) -> Response {
        let limit = Instant::now().checked_add(self.aggregate.deadline);
        let asked = requests.into_iter().map(async |(part, request)| {
            let answered = self.part(request);
            let answer = match limit {
                Some(limit) => timeout_at(limit, answered).await.unwrap_or(Err(Unanswered::Late)),
                None => answered.await,
            };
            match answer {
                Ok(answer) => Ok((part.name(), Some(answer))),
                Err(_) if !part.is_required() => Ok((part.name(), None)),
                Err(unanswered) => Err(unanswered),
            }
        });
        match try_join_all(asked).await {
            Ok(parts) => self.joined(&parts),
            Err(Unanswered::Refused(response)) => response,
            Err(Unanswered::Failed) => told(StatusCode::BAD_GATEWAY),
            Err(Unanswered::Late) => told(StatusCode::GATEWAY_TIMEOUT),
        }
    }

    async fn part(&self, request: Request) -> Result<PartAnswer, Unanswered> {
        let response = (self.ask)(request).await;
        let status = response.status();
        if status.is_client_error() {
            return Err(Unanswered::Refused(response));
        }
        if status == StatusCode::GATEWAY_TIMEOUT {
            return Err(Unanswered::Late);
        }
        if !status.is_success() {
            return Err(Unanswered::Failed);
        }
        let (head, body) = response.into_parts();
        let mut taken = Taken { left: &self.left, bytes: 0 };
        let body = self.read(body, &mut taken).await.ok_or(Unanswered::Failed)?;
        let answer = PartAnswer { headers: head.headers, body };
        let accepts = || self.aggregate.join.accepts(&answer);
        match catch_unwind(AssertUnwindSafe(accepts)) {
            Ok(true) => {
                taken.keep();
                Ok(answer)
            }
            _ => Err(Unanswered::Failed),
        }
    }

    /// The body, if there is room for it.
    async fn read(&self, mut body: Body, taken: &mut Taken<'_>) -> Option<Bytes> {
        let part_max = self.aggregate.part_max;
        if body.size_hint().lower() > part_max as u64 {
            return None;
        }
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.ok()?.into_data() else { continue };
            if bytes.len() + data.len() > part_max || !taken.take(data.len()) {
                return None;
            }
            bytes.extend_from_slice(&data);
        }
        Some(bytes.freeze())
    }

    fn joined(&self, parts: &[(&str, Option<PartAnswer>)]) -> Response {
        let join = || self.aggregate.join.join(parts);
        let Ok(mut response) = catch_unwind(AssertUnwindSafe(join)) else {
            return told(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let missing = parts.iter().filter(|(_, answer)| answer.is_none()).map(|(name, _)| *name);
        let missing = missing.collect::<Vec<_>>().join(", ");
        response.headers_mut().remove(mark::PARTIAL);
        if !missing.is_empty() {
            let names = HeaderValue::try_from(missing).expect("names of parts are letters");
            response.headers_mut().insert(mark::PARTIAL, names);
        }
        response
    }
}

/// What one part has of the bytes that all may have together. It is given back unless the part is joined.
struct Taken<'a> {
    left: &'a AtomicUsize,
    bytes: usize,
}

impl Taken<'_> {
    /// So many more, if there are.
    fn take(&mut self, bytes: usize) -> bool {
        let take = |left: usize| left.checked_sub(bytes);
        let is_taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        self.bytes += if is_taken { bytes } else { 0 };
        is_taken
    }

    fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

/// A part, as a request of the same client, with what layers have found out about that.
fn request<'c>(
    client: &Parts,
    target: &TargetTemplate,
    capture: impl Fn(&str) -> Option<&'c str>,
) -> Result<Request, Unfilled> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = target.fill(capture)?.parse().map_err(|_| Unfilled::NotPlain)?;
    *request.headers_mut() = headers(client);
    *request.extensions_mut() = client.extensions.clone();
    request.extensions_mut().insert(OfAggregate);
    Ok(request)
}

fn headers(client: &Parts) -> HeaderMap {
    let mut headers = client.headers.clone();
    for name in NOT_OF_PARTS {
        headers.remove(name);
    }
    let authority = client.uri.authority().map(|it| HeaderValue::from_str(it.as_str()));
    if let Some(Ok(host)) = authority {
        headers.insert(HOST, host);
    }
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers
}

/// An answer of the gateway's own, which no cache may keep.
fn told(status: StatusCode) -> Response {
    let text = status.canonical_reason().unwrap_or_default();
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
