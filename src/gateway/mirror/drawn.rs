use std::future::Future;

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Method};
use http_body::Body as _;
use smol_str::SmolStr;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, debug_span};

use super::request::MirroredRequest;
use super::round::Round;
use super::tee::Tee;
use super::verdict::Verdict;
use super::{Mirror, Snapshot};
use crate::error::StoreError;
use crate::gateway::{Body, Request, Response, traced};
use crate::observe::{field, span};
use crate::phase::Side;
use crate::resilience::CallError;

/// A request that was chosen to be mirrored, until it is answered. If that never happens, this is dropped.
#[derive(Debug)]
#[must_use = "a request is mirrored when its response is handed to `tee`"]
pub struct DrawnMirror {
    pub(super) mirror: Mirror,
    pub(super) rule: SmolStr,
    pub(super) to: Side,
    pub(super) request: MirroredRequest,
    pub(super) _kept: OwnedSemaphorePermit,
}

impl DrawnMirror {
    /// The response of the side that has `answered`, to be passed on as it is. When its end was, the other side is
    /// asked by `ask` beside the caller, and the answers are compared.
    ///
    /// `ask` sends one request to one side, and answers when the head of the response is there. It may be called
    /// several times, for both sides; it must not retry, fall back, or mirror, and what it refuses is not
    /// compared.
    pub fn tee<A, F>(mut self, answered: Side, response: Response, ask: A) -> Response
    where
        A: Fn(Side, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, CallError<StoreError>>> + Send + 'static,
    {
        if answered == self.to || self.is_too_long(response.body()) {
            self.mirror.tell(self.to, Verdict::Skipped);
            return response;
        }
        self.request.is_less |= is_encoded(response.headers());
        let (head, body) = response.into_parts();
        let (status, headers) = (head.status, head.headers.clone());
        let is_empty = self.request.head.method() == Method::HEAD || body.is_end_stream();
        let body_max = self.mirror.body_max;
        let at_end = move |body: Option<Bytes>| {
            let seen = body.map(|body| Snapshot { status, headers, body });
            self.begin(answered, seen, ask);
        };
        let body = if is_empty {
            at_end(Some(Bytes::new()));
            body
        } else {
            Body::stream(Tee::new(body, body_max, at_end))
        };
        Response::from_parts(head, body)
    }

    fn is_too_long(&self, body: &Body) -> bool {
        let is_head = self.request.head.method() == Method::HEAD;
        !is_head && body.size_hint().lower() > self.mirror.body_max as u64
    }

    /// Begins the comparison beside the caller, if there is something to compare.
    fn begin<A, F>(self, answered: Side, seen: Option<Snapshot>, ask: A)
    where
        A: Fn(Side, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, CallError<StoreError>>> + Send + 'static,
    {
        let (mirror, side) = (self.mirror.clone(), self.to);
        // A body may be dropped after the runtime that it was read on.
        let Some(seen) = seen.filter(|_| Handle::try_current().is_ok()) else {
            return mirror.tell(side, Verdict::Skipped);
        };
        let begun = mirror.aside.run(|| {
            let span = debug_span!(
                parent: None,
                span::MIRROR,
                { field::SIDE } = side.name(),
                { field::RULE } = self.rule.as_str()
            );
            let mut drawn = self;
            traced::step_aside(&span, drawn.request.head.headers_mut());
            Round { drawn, answered, seen, ask }.run().instrument(span)
        });
        if !begun {
            mirror.tell(side, Verdict::Skipped);
        }
    }
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity")
}
