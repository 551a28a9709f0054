use std::fmt;

use bytes::Bytes;
use futures::FutureExt;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, COOKIE, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, PROXY_AUTHORIZATION, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use http_body::Body as _;
use http_body_util::BodyExt;

use crate::gateway::{Body, Request, mark};

/// What is meant for one side, and its answer is.
const CREDENTIALS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// What asks for less than the whole, by what one side has said before.
const CONDITIONS: [HeaderName; 7] = [
    IF_MATCH,
    IF_NONE_MATCH,
    IF_MODIFIED_SINCE,
    IF_UNMODIFIED_SINCE,
    IF_RANGE,
    RANGE,
    HeaderName::from_static("a-im"),
];

/// A request as both sides are sent it to be compared.
pub(super) struct MirroredRequest {
    pub(super) head: http::Request<()>,
    body: Bytes,
    /// Whether it is less than what the caller has sent, whose answer so cannot be compared.
    pub(super) is_less: bool,
}

impl MirroredRequest {
    /// The bytes that are sent again; none if it is not safe, or its body cannot be sent twice.
    pub(super) fn body_of(request: &Request, body_max: usize) -> Option<Bytes> {
        if is_safe(request.method()) { bytes(request.body(), body_max) } else { None }
    }

    /// It, with what was found to be its body.
    pub(super) fn new(request: &Request, body: Bytes, has_credentials: bool) -> Self {
        let mut head = http::Request::new(());
        *head.method_mut() = request.method().clone();
        // Where it goes is the side's affair, not the caller's.
        *head.uri_mut() =
            request.uri().path_and_query().cloned().map_or_else(Uri::default, Uri::from);
        *head.headers_mut() = request.headers().clone();
        // What layers have put there, a side within this process answers by.
        *head.extensions_mut() = request.extensions().clone();
        let headers = head.headers_mut();
        let without: &[HeaderName] = if has_credentials { &[] } else { &CREDENTIALS };
        let mut is_less = false;
        for name in without.iter().chain(&CONDITIONS) {
            is_less |= removed(headers, name);
        }
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(mark::MIRROR, HeaderValue::from_static("1"));
        Self { head, body, is_less }
    }

    /// It, to be sent.
    pub(super) fn to_request(&self) -> Request {
        let mut request = Request::new(Body::full(self.body.clone()));
        *request.method_mut() = self.head.method().clone();
        *request.uri_mut() = self.head.uri().clone();
        *request.headers_mut() = self.head.headers().clone();
        *request.extensions_mut() = self.head.extensions().clone();
        request
    }
}

/// How much there is only: credentials may be in it.
impl fmt::Debug for MirroredRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, headers) = (self.head.method(), self.head.headers().len());
        write!(f, "MirroredRequest({method}, {headers} headers, {} bytes)", self.body.len())
    }
}

/// A body that can be sent as often as one likes.
fn bytes(body: &Body, length_max: usize) -> Option<Bytes> {
    if body.is_end_stream() {
        return Some(Bytes::new());
    }
    // The bytes are there, so that nothing is waited for.
    let bytes = body.try_clone()?.collect().now_or_never()?.ok()?.to_bytes();
    Some(bytes).filter(|bytes| bytes.len() <= length_max)
}

fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

fn removed(headers: &mut HeaderMap, name: &HeaderName) -> bool {
    headers.remove(name).is_some()
}
