//! The heads of dual-written requests: what is written down of them, and what a side is sent.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request as HttpRequest};

use super::answer::Told;
use super::entity_id::random;
use super::{DualWriteConfig, EntityId, NewRequest, RecordedRequest, RequestKey, RequestKeyError};
use crate::gateway::{Body, Request, mark};
use crate::route::IdSource;
use crate::stamp::Stamp;

/// A header that is there more than once, or is no text.
struct NotOnce;

/// The value of a header, if it is there.
fn once<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, NotOnce> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| NotOnce),
        (Some(_), Some(_)) => Err(NotOnce),
    }
}

/// The key of a request: its client's, or a fresh one where the gateway makes ids.
pub(super) fn key_of(
    headers: &HeaderMap,
    ids: IdSource,
    config: &DualWriteConfig,
) -> Result<RequestKey, Told> {
    let scope = match &config.scope {
        None => "",
        Some(name) => match once(headers, name) {
            Ok(Some(scope)) if !scope.is_empty() => scope,
            _ => return Err(Told::NoScope),
        },
    };
    let made;
    let own = once(headers, &mark::IDEMPOTENCY_KEY);
    let key = match (own.map_err(|NotOnce| Told::BadKey(RequestKeyError::Key))?, ids) {
        (Some(key), _) => key,
        (None, IdSource::Client) => return Err(Told::NoKey),
        (None, IdSource::Gateway) => {
            made = format!("{:032x}", random().map_err(|_| Told::NotSent)?);
            &made
        }
    };
    RequestKey::new(scope, key).map_err(|error| match error {
        RequestKeyError::Scope => Told::NoScope,
        RequestKeyError::Key => Told::BadKey(error),
    })
}

/// What is written down of a request.
pub(super) fn recorded(parts: &Parts, body: &Bytes, config: &DualWriteConfig) -> RecordedRequest {
    let named = config.recorded_names().flat_map(|name| {
        let values = parts.headers.get_all(name).iter();
        values.map(|value| (name.as_str().to_owned(), value.as_bytes().to_vec()))
    });
    RecordedRequest {
        method: parts.method.as_str().to_owned(),
        target: target_of(parts).to_owned(),
        headers: named.collect(),
        body: body.to_vec(),
    }
}

/// Path and query.
pub(super) fn target_of(parts: &Parts) -> &str {
    parts.uri.path_and_query().map_or("/", |target| target.as_str())
}

/// What a side is sent, again and again: without marks.
#[derive(Debug, Clone)]
pub(super) struct Sendable {
    parts: Parts,
    body: Bytes,
}

impl Sendable {
    /// What a client has sent, just now.
    pub(super) const fn new(parts: Parts, body: Bytes) -> Self {
        Self { parts, body }
    }

    /// What was written down, if it can be a request.
    pub(super) fn of(request: &RecordedRequest) -> Option<Self> {
        let head =
            HttpRequest::builder().method(request.method.as_str()).uri(request.target.as_str());
        let add = |head: http::request::Builder, (name, value): &(String, Vec<u8>)| {
            head.header(name.as_str(), value.as_slice())
        };
        let (parts, ()) = request.headers.iter().fold(head, add).body(()).ok()?.into_parts();
        Some(Self { parts, body: Bytes::copy_from_slice(&request.body) })
    }

    pub(super) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.parts.headers
    }

    /// What another call of the same key has sent, with the headers that were written down in the place of its own:
    /// credentials that were not are the caller's.
    pub(super) fn resumed(&self, request: &RecordedRequest, config: &DualWriteConfig) -> Self {
        let mut sendable = self.clone();
        let headers = &mut sendable.parts.headers;
        for name in config.recorded_names() {
            headers.remove(name);
        }
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok();
            if let Some((name, value)) = name.zip(HeaderValue::from_bytes(value).ok()) {
                headers.append(name, value);
            }
        }
        sendable
    }

    /// The request, as both sides are sent it: under one stamp, key and id.
    pub(super) fn marked(&self, new: &NewRequest, stamp: Stamp) -> Request {
        let mut request = Request::from_parts(self.parts.clone(), Body::full(self.body.clone()));
        let headers = request.headers_mut();
        // The transport frames the body, which is there as a whole.
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        let ours = |name: &HeaderName| mark::is_ours(name.as_str());
        let ours: Vec<_> = headers.keys().filter(|name| ours(name)).cloned().collect();
        for name in ours {
            headers.remove(name);
        }
        headers.insert(mark::STAMP, plain(&stamp.to_string()));
        headers.insert(mark::IDEMPOTENCY_KEY, plain(&new.key.sent()));
        if let Some(id) = new.entity_id {
            headers.insert(mark::ID, plain(&id.to_string()));
        }
        request
    }
}

/// Of digits, or of what [`RequestKey`] lets through.
fn plain(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("visible ASCII is a header's value")
}

/// The id of what a request creates, if the gateway makes it.
pub(super) fn entity_id(ids: IdSource, stamp: Stamp) -> Result<Option<EntityId>, Told> {
    match ids {
        IdSource::Client => Ok(None),
        IdSource::Gateway => {
            EntityId::random_at(stamp.unix_millis()).map(Some).map_err(|_| Told::NotSent)
        }
    }
}
