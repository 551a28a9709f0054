//! What a request may be: looked at before anything is made of it.

use http::header::HeaderMap;
use http::{Method, Request as HttpRequest, Version};
use http_body::Body as HttpBody;

use super::host::is_host;
use super::{Body, Fault, Limits, hop};
use crate::route::PlainPath;

/// Whether a request can be read in one way only, and is no larger than it may be. Pure; nothing of what it
/// refuses is sent on.
///
/// The second line of defence: the first is the transport's parser, which reads bytes, and the third that no
/// framing is passed on. It trusts none of the others.
///
/// ```
/// use strangler_fig::gateway::{Body, Fault, Limits, vet};
///
/// let request = http::Request::get("/orders/7").header("host", "shop.example");
/// let request = request.body(Body::empty()).unwrap();
/// assert_eq!(vet(&request, &Limits::default()), Ok(()));
///
/// let request = http::Request::get("/orders/%2e%2e/admin").header("host", "shop.example");
/// let request = request.body(Body::empty()).unwrap();
/// assert_eq!(vet(&request, &Limits::default()), Err(Fault::PathNotPlain));
/// ```
///
/// # Errors
///
/// What is wrong with it: the first that is found.
pub fn vet(request: &HttpRequest<Body>, limits: &Limits) -> Result<(), Fault> {
    vet_line(request, limits)?;
    let seen = Seen::of(request.headers(), limits)?;
    vet_host(request, seen.host)?;
    vet_length(request, &seen, limits)?;
    if seen.connection {
        vet_connection(request.headers())?;
    }
    Ok(())
}

/// The same of the first line alone.
pub(super) fn vet_line(request: &HttpRequest<Body>, limits: &Limits) -> Result<(), Fault> {
    let (method, uri) = (request.method(), request.uri());
    // However they are written: to some it makes no difference.
    let is_it = |other: &str| method.as_str().eq_ignore_ascii_case(other);
    if ["CONNECT", "TRACE", "TRACK"].into_iter().any(is_it) {
        return Err(Fault::Method);
    }
    if request.version() == Version::HTTP_09 {
        return Err(Fault::Version);
    }
    if !matches!(uri.scheme_str(), None | Some("http" | "https")) {
        return Err(Fault::Target);
    }
    // Without a path it is in the form that only `CONNECT` has.
    let target = uri.path_and_query().ok_or(Fault::Target)?;
    if target.as_str().len() > limits.target_max {
        return Err(Fault::TargetTooLong);
    }
    if target.path() == "*" {
        let is_whole = *method == Method::OPTIONS && target.query().is_none();
        return if is_whole { Ok(()) } else { Err(Fault::Target) };
    }
    if !target.query().unwrap_or_default().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Fault::Target);
    }
    PlainPath::of(target.path()).map(|_| ()).map_err(|_| Fault::PathNotPlain)
}

/// What one pass over the headers has found.
#[derive(Default)]
struct Seen<'h> {
    host: Option<&'h [u8]>,
    has_length: bool,
    has_encoding: bool,
    connection: bool,
}

impl<'h> Seen<'h> {
    fn of(headers: &'h HeaderMap, limits: &Limits) -> Result<Self, Fault> {
        let (mut seen, mut bytes, mut keys, mut cookies) = (Self::default(), 0, 0, 0);
        for (name, value) in headers {
            let (name, value) = (name.as_str(), value.as_bytes());
            bytes += name.len() + value.len();
            match name {
                "host" if seen.host.is_some() => return Err(Fault::Host),
                "host" => seen.host = Some(value),
                "content-length" => seen.has_length = true,
                "transfer-encoding" => seen.has_encoding = true,
                "connection" => seen.connection = true,
                "cookie" => cookies += 1,
                "expect" if !value.eq_ignore_ascii_case(b"100-continue") => {
                    return Err(Fault::Expectation);
                }
                "idempotency-key" => {
                    keys += 1;
                    if keys > 1 || !is_key(value) {
                        return Err(Fault::IdempotencyKey);
                    }
                }
                _ if !limits.underscores && name.as_bytes().contains(&b'_') => {
                    return Err(Fault::Underscore);
                }
                _ => {}
            }
        }
        // Cookies that come in several fields, as HTTP/2 has them come, are passed on as one.
        let count = headers.len() - usize::saturating_sub(cookies, 1);
        let is_large = count > limits.headers_max || bytes > limits.header_bytes_max;
        if is_large { Err(Fault::HeadersTooLarge) } else { Ok(seen) }
    }
}

fn is_key(value: &[u8]) -> bool {
    (1..=255).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic)
}

/// Exactly one host, whether the target names it, a header, or both.
fn vet_host(request: &HttpRequest<Body>, header: Option<&[u8]>) -> Result<(), Fault> {
    let authority = request.uri().authority().map(|it| it.as_str().as_bytes());
    let host = match (authority, header) {
        (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other) => return Err(Fault::Host),
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) => return Err(Fault::Host),
    };
    if is_host(host) { Ok(()) } else { Err(Fault::Host) }
}

fn vet_length(request: &HttpRequest<Body>, seen: &Seen<'_>, limits: &Limits) -> Result<(), Fault> {
    let hint = request.body().size_hint();
    if seen.has_encoding {
        vet_encoding(request)?;
        if seen.has_length {
            return Err(Fault::ContentLength);
        }
    }
    if seen.has_length {
        let length = hop::content_length(request.headers()).map_err(|_| Fault::ContentLength)?;
        if length > Some(limits.body_max) {
            return Err(Fault::BodyTooLong);
        }
        if hint.exact().is_some_and(|exact| Some(exact) != length) {
            return Err(Fault::ContentLength);
        }
    }
    if hint.lower() > limits.body_max { Err(Fault::BodyTooLong) } else { Ok(()) }
}

/// `chunked`, once, where there is such a thing.
fn vet_encoding(request: &HttpRequest<Body>) -> Result<(), Fault> {
    if request.version() != Version::HTTP_11 {
        return Err(Fault::TransferEncoding);
    }
    let mut values = request.headers().get_all(http::header::TRANSFER_ENCODING).iter();
    let value = values.next().filter(|_| values.next().is_none());
    let value = value.ok_or(Fault::TransferEncoding)?.as_bytes();
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let is_one_coding = !value.is_empty() && value.iter().all(u8::is_ascii_alphabetic);
    Err(if is_one_coding { Fault::TransferCoding } else { Fault::TransferEncoding })
}

fn vet_connection(headers: &HeaderMap) -> Result<(), Fault> {
    let is_text = |value: &http::HeaderValue| value.to_str().is_ok();
    if !headers.get_all(http::header::CONNECTION).iter().all(is_text) {
        return Err(Fault::Connection);
    }
    for option in hop::options(headers).filter(|option| !hop::is_plain_option(option)) {
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if !option.bytes().all(is_token) || hop::matters(option) {
            return Err(Fault::Connection);
        }
    }
    Ok(())
}
