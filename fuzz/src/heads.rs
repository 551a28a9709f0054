//! Whatever a head may be: what a gateway sends on of it has one host, no framing, no mark of a gateway, nothing
//! of one connection, and may be sent to a gateway again.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Method, Uri, Version};
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, Gateway, Limits, Request, Response, Upstream, vet};
use strangler_fig::route::{OverrideHeader, PlainPath, RouteTable, TableHandle};

/// Who has sent it.
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Checks the head that the bytes spell.
pub fn check(bytes: &[u8]) {
    check_with(sent, bytes);
}

/// The same of what `sent` would send on.
pub fn check_with(sent: impl Fn(Request) -> Option<Request>, bytes: &[u8]) {
    let Some(request) = head(bytes) else { return };
    let (method, is_let_in) = (request.method().clone(), vet(&request, &Limits::default()).is_ok());
    let named = named(request.headers());
    let Some(on) = sent(request) else { return };
    assert!(is_let_in, "what was refused is not sent on");
    assert_eq!(*on.method(), method);
    assert!(on.uri().authority().is_none() && on.uri().scheme().is_none(), "{}", on.uri());
    assert!(on.uri().path() == "*" || PlainPath::of(on.uri().path()).is_ok(), "{}", on.uri());
    let hosts: Vec<_> = on.headers().get_all("host").iter().collect();
    assert_eq!(hosts.len(), 1, "{hosts:?}");
    for (name, value) in on.headers() {
        is_passed_on(name.as_str(), value);
        let is_own = ADDED.contains(&name.as_str());
        assert!(
            is_own || !named.contains(&name.as_str().to_owned()),
            "{name} is of one connection"
        );
    }
    assert!(on.headers().get_all("cookie").iter().count() <= 1, "each reader takes another");
    assert_eq!(on.headers()["x-forwarded-for"], PEER.to_string());
    assert_eq!(vet(&on, &Limits::default().with_headers_max(103)), Ok(()), "again: {on:?}");
}

/// What a gateway says itself.
const ADDED: [&str; 3] = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

/// By these some choose a side, and show that they may.
const CHOOSES: [&str; 2] = ["x-canary", "x-canary-key"];

/// What a `Connection` field names, in lower case.
fn named(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all("connection").iter().filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(','));
    names.map(|name| name.trim_matches([' ', '\t']).to_ascii_lowercase()).collect()
}

fn is_passed_on(name: &str, value: &HeaderValue) {
    let of_one_connection = [
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    assert!(!of_one_connection.contains(&name), "{name}");
    let of_strangers = [
        "client-ip",
        "forwarded",
        "true-client-ip",
        "x-client-ip",
        "x-forwarded",
        "x-host",
        "x-real-ip",
    ];
    assert!(!of_strangers.contains(&name) && !CHOOSES.contains(&name), "{name}");
    assert!(!name.starts_with("x-forwarded-") || ADDED.contains(&name), "{name}");
    let begins = ["strangler-", "proxy-", "x-original-", "x-rewrite-"];
    assert!(begins.iter().all(|beginning| !name.starts_with(beginning)), "{name}");
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^`|~".contains(&byte);
    assert!(!name.is_empty() && name.bytes().all(is_token), "{name:?}");
    let is_text = |byte: &u8| *byte == b'\t' || *byte >= b' ' && *byte != 0x7f;
    assert!(value.as_bytes().iter().all(is_text), "{name}: {value:?}");
    if name == "idempotency-key" {
        assert!(value.as_bytes().iter().all(u8::is_ascii_graphic) && !value.is_empty());
    }
}

/// A request as the bytes spell it, where the crate `http` has one: a line with method and target, lines with
/// headers, and after an empty one a body.
#[must_use]
pub fn head(bytes: &[u8]) -> Option<Request> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.split(|byte| *byte == b' ');
    let method = Method::from_bytes(words.next()?).ok()?;
    let uri = Uri::try_from(words.next()?).ok()?;
    let version = match words.next() {
        None => Version::HTTP_11,
        Some(b"0.9") => Version::HTTP_09,
        Some(b"1.0") => Version::HTTP_10,
        Some(_) => Version::HTTP_2,
    };
    let mut headers = HeaderMap::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let at = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..at]).ok()?;
        headers.append(name, HeaderValue::from_bytes(&line[at + 1..]).ok()?);
    }
    let body: Vec<u8> = lines.flatten().copied().collect();
    let mut request = Request::new(Body::full(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.version_mut() = version;
    *request.headers_mut() = headers;
    Some(request)
}

/// What a gateway sends on of a request, if anything.
fn sent(request: Request) -> Option<Request> {
    let keeps = Arc::new(Keeps::default());
    let header = OverrideHeader::new(CHOOSES[0]).allow_secret(CHOOSES[1], "a secret of heads");
    let table = RouteTable::builder("heads").with_override(header).build();
    let table = table.expect("it has no rule");
    let builder = Gateway::builder(TableHandle::new(table), keeps.clone(), keeps.clone());
    let gateway = builder.build().expect("it needs nothing");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let response = runtime.expect("it starts").block_on(gateway.handle_from(request, Some(PEER)));
    let kept = keeps.0.lock().expect("nobody panics").take();
    assert_eq!(kept.is_some(), response.status() == 200, "{response:?}");
    kept
}

/// Keeps what it is sent.
#[derive(Debug, Default)]
struct Keeps(Mutex<Option<Request>>);

#[strangler_fig::async_trait]
impl Upstream for Keeps {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let before = self.0.lock().expect("nobody panics").replace(request);
        assert!(before.is_none(), "one in is one out");
        Ok(Response::new(Body::empty()))
    }
}
