//! What is between two neighbours only, and what only a gateway may say: none of it is passed on.

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, HeaderMap, HeaderName, HeaderValue, TRAILER,
};
use http::uri::PathAndQuery;
use http::{Method, StatusCode, Uri};
use http_body::Body as _;

use super::{Response, mark};

/// Who has sent what is cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct From {
    /// A proxy whose word on clients is taken.
    pub(super) trusted: bool,
    /// The method is safe: the request may be sent twice.
    pub(super) safe: bool,
}

/// Makes of a request's fields what is looked at and passed on, both: those that its `Connection` field names are
/// gone, what a stranger says of where the request came from is, too, and its cookies, which may come in several,
/// are one.
pub(super) fn settle(headers: &mut HeaderMap, trusted: bool) {
    remove_named(headers);
    if !trusted {
        remove(headers, |name| name == "forwarded" || is_word_of_a_proxy(name));
    }
    join_cookies(headers);
}

/// Removes from a request what is not passed on: hop-by-hop fields, framing, marks, and what a stranger says of
/// where the request came from or is meant for.
pub(super) fn clean_request(headers: &mut HeaderMap, from: From) {
    let is_foreign = |name: &str| {
        is_hop(name)
            || matches!(name, "content-length" | "expect" | "http2-settings" | "forwarded")
            || mark::is_ours(name)
            || !from.trusted && is_word_of_a_proxy(name)
            || from.safe && is_other_method(name)
    };
    remove(headers, is_foreign);
    keep_trailer_if_plain(headers);
}

/// A target as path and query, if it is written otherwise: rules have looked at `/`, where it has no path.
pub(super) fn origin_form(target: &Uri) -> Option<Uri> {
    let written = target.path_and_query();
    match written.map_or("", PathAndQuery::as_str).strip_prefix('?') {
        Some(query) => format!("/?{query}").parse().ok(),
        None => target.authority().map(|_| written.cloned().map_or_else(Uri::default, Uri::from)),
    }
}

/// Puts cookies that came in several fields, as HTTP/2 allows, into one.
fn join_cookies(headers: &mut HeaderMap) {
    let mut values = headers.get_all(COOKIE).iter();
    let (Some(first), Some(second)) = (values.next(), values.next()) else { return };
    let mut joined = first.as_bytes().to_vec();
    for value in std::iter::once(second).chain(values) {
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(value.as_bytes());
    }
    if let Ok(joined) = HeaderValue::from_bytes(&joined) {
        headers.insert(COOKIE, joined);
    }
}

/// Removes from a response what is not passed on, and a body that it may not have. A length stays where it speaks
/// of a body that is not there.
pub(super) fn clean_response(response: &mut Response, method: &Method) {
    let tells_length = tells_length(method, response.status());
    let said = content_length(response.headers()).ok().flatten();
    let is_foreign = |name: &str| {
        is_hop(name) || name == "content-length" && !tells_length || mark::is_ours(name)
    };
    let headers = response.headers_mut();
    remove_named(headers);
    remove(headers, is_foreign);
    keep_trailer_if_plain(headers);
    let is_empty = matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
    if !(tells_length || is_empty) {
        return response.body_mut().keep_to(said);
    }
    if response.body().is_end_stream() {
        return;
    }
    let body = std::mem::take(response.body_mut());
    let is_untold = *method == Method::HEAD && said.is_none();
    if let Some(length) = body.size_hint().exact().filter(|_| is_untold) {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
}

/// Whether a response to a request of `method` has no body, and yet may say how long it would be.
pub(super) fn tells_length(method: &Method, status: StatusCode) -> bool {
    *method == Method::HEAD || status == StatusCode::NOT_MODIFIED
}

/// Removes from trailers what must not come after a body: what frames it, names the host, lets somebody in, or
/// only a gateway may say.
pub(super) fn clean_trailers(trailers: &mut HeaderMap) {
    remove(trailers, |name| !may_trail(name));
    trailers.remove(TRAILER);
}

fn remove(headers: &mut HeaderMap, is_foreign: impl Fn(&str) -> bool) {
    let foreign = headers.keys().filter(|name| is_foreign(name.as_str())).cloned();
    // Without an element it allocates nothing, which is the rule.
    let doomed: Vec<HeaderName> = foreign.collect();
    for name in doomed {
        headers.remove(name);
    }
}

fn remove_named(headers: &mut HeaderMap) {
    let named = options(headers).filter(|option| !is_plain_option(option));
    let named = named.filter_map(|option| HeaderName::from_bytes(option.as_bytes()).ok());
    let doomed: Vec<HeaderName> = named.collect();
    for name in doomed {
        headers.remove(name);
    }
}

/// What a `Connection` field names.
pub(super) fn options(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|it| it.trim_matches([' ', '\t']))
}

/// The options that most requests have, if any: they name no field that is there.
pub(super) fn is_plain_option(option: &str) -> bool {
    option.is_empty()
        || option.eq_ignore_ascii_case("keep-alive")
        || option.eq_ignore_ascii_case("close")
}

/// Whether a `Connection` field may not take it away.
pub(super) fn matters(option: &str) -> bool {
    let name = option.to_ascii_lowercase();
    let begins = ["x-forwarded-", "content-", "if-", "access-control-", "sec-", ":"];
    let is = [
        "accept",
        "authorization",
        "cache-control",
        "cookie",
        "date",
        "expect",
        "forwarded",
        "host",
        "idempotency-key",
        "origin",
        "range",
        "referer",
        "set-cookie",
        "transfer-encoding",
    ];
    mark::is_ours(&name)
        || is_word_of_a_proxy(&name)
        || is.contains(&name.as_str())
        || begins.iter().any(|beginning| name.starts_with(beginning))
}

/// Fields of one connection, and `Proxy`, which is none, and to programs that read fields as variables says where
/// their own requests go. `Trailer` is looked at apart.
fn is_hop(name: &str) -> bool {
    matches!(name, "connection" | "keep-alive" | "proxy" | "te" | "transfer-encoding" | "upgrade")
        || name.starts_with("proxy-")
}

/// What only a proxy in front may say: where a request came from, and what it was meant for before.
fn is_word_of_a_proxy(name: &str) -> bool {
    matches!(
        name,
        "cf-connecting-ip"
            | "cf-connecting-ipv6"
            | "client-ip"
            | "fastly-client-ip"
            | "true-client-ip"
            | "x-azure-clientip"
            | "x-azure-socketip"
            | "x-client-ip"
            | "x-cluster-client-ip"
            | "x-envoy-external-address"
            | "x-envoy-original-path"
            | "x-forwarded"
            | "x-host"
            | "x-http-host-override"
            | "x-originating-ip"
            | "x-real-ip"
            | "x-remote-addr"
            | "x-remote-ip"
    ) || ["x-forwarded-", "x-original-", "x-rewrite-"].iter().any(|family| name.starts_with(family))
}

/// By these a service takes a request for one of another method.
fn is_other_method(name: &str) -> bool {
    matches!(name, "x-http-method-override" | "x-http-method" | "x-method-override")
}

fn may_trail(name: &str) -> bool {
    let is_control = matches!(
        name,
        "age"
            | "authorization"
            | "cache-control"
            | "cookie"
            | "date"
            | "expect"
            | "expires"
            | "forwarded"
            | "host"
            | "idempotency-key"
            | "location"
            | "max-forwards"
            | "pragma"
            | "range"
            | "retry-after"
            | "set-cookie"
            | "trailer"
            | "vary"
            | "warning"
            | "www-authenticate"
    );
    let begins = ["content-", "if-", "x-forwarded-", "access-control-"];
    !is_control
        && !is_hop(name)
        && !mark::is_ours(name)
        && !is_word_of_a_proxy(name)
        && !is_other_method(name)
        && !name.contains('_')
        && begins.iter().all(|beginning| !name.starts_with(beginning))
}

/// `Trailer` says which trailers come, and goes with them; unless it names one that does not.
fn keep_trailer_if_plain(headers: &mut HeaderMap) {
    if !headers.contains_key(TRAILER) {
        return;
    }
    let is_plain = headers.get_all(TRAILER).iter().all(|value| {
        value.to_str().is_ok_and(|names| {
            names.split(',').all(|name| {
                HeaderName::from_bytes(name.trim().as_bytes())
                    .is_ok_and(|name| may_trail(name.as_str()))
            })
        })
    });
    if !is_plain {
        headers.remove(TRAILER);
    }
}

/// The length that a head says, if it says one: one field of digits.
pub(super) fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Malformed> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Malformed);
    }
    number(value.as_bytes()).map(Some).ok_or(Malformed)
}

/// It is not one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}
