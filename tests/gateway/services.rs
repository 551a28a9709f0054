//! The gateway as a service, services as its sides, and the gateway as a layer of a monolith.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Extension;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::gateway::tower::{GatewayLayer, GatewayService, ServiceUpstream};
use strangler_fig::gateway::{Body, Gateway, Request, Upstream};
use strangler_fig::phase::Side as Place;
use strangler_fig::resilience::Policy;
use tower::{Service, ServiceExt};

use crate::support::{MODERN_FIRST, Side, request, tables};

fn monolith() -> Router {
    let here = async |Extension(who): Extension<&'static str>| format!("the monolith and {who}");
    let echo = async |body: String| body;
    Router::new().route("/here", get(here)).route("/echo", post(echo))
}

async fn text<B>(response: http::Response<B>) -> (u16, String)
where
    B: http_body::Body<Data = bytes::Bytes>,
    B::Error: std::fmt::Debug,
{
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn a_monolith_has_its_gateway_within() {
    let modern = Side::answers(404);
    let behind = modern.clone();
    let rules = r#"[{ "name": "moved", "path": { "prefix": "/moved" }, "to": "modern" }]"#;
    let layer = GatewayLayer::new(move |legacy| {
        Gateway::builder(tables(rules), legacy, behind.clone()).build().unwrap()
    });
    let service = tower::Layer::layer(&layer, monolith());
    // What layers before it have found out about a request is there.
    let mut here = request("GET", "/here").body(axum::body::Body::empty()).unwrap();
    here.extensions_mut().insert("who asks");
    let answer = service.clone().oneshot(here).await.unwrap();
    assert_eq!(text(answer).await, (200, "the monolith and who asks".to_owned()));
    let echo = request("POST", "/echo").body(axum::body::Body::from("pears")).unwrap();
    let answer = service.clone().oneshot(echo).await.unwrap();
    assert_eq!(text(answer).await, (200, "pears".to_owned()));
    let moved = request("GET", "/moved").body(axum::body::Body::empty()).unwrap();
    assert_eq!(service.clone().oneshot(moved).await.unwrap().status(), 404);
    assert_eq!(modern.count(), 1);
    // Laid over a router, it is one of its layers.
    let layered = Router::new().route("/here", get(async || "laid over")).layer(layer);
    let here = request("GET", "/here").body(axum::body::Body::empty()).unwrap();
    assert_eq!(text(layered.oneshot(here).await.unwrap()).await.1, "laid over");
}

#[tokio::test]
async fn a_gateway_stands_behind_a_router() {
    let gateway =
        Gateway::builder(tables(MODERN_FIRST), Side::says("legacy"), Side::says("modern"));
    let service = GatewayService::new(gateway.build().unwrap());
    let front = Router::new().route("/health", get(async || "well")).fallback_service(service);
    for (path, says) in [("/health", "well"), ("/orders", "modern")] {
        let asked = request("GET", path).body(axum::body::Body::empty()).unwrap();
        assert_eq!(text(front.clone().oneshot(asked).await.unwrap()).await, (200, says.to_owned()));
    }
}

/// A service that is busy at first, is never called without being ready, and then keeps what it sees.
#[derive(Debug, Default)]
struct Picky {
    asked: Arc<AtomicU32>,
    is_ready: bool,
}

impl Clone for Picky {
    fn clone(&self) -> Self {
        Self { asked: Arc::clone(&self.asked), is_ready: false }
    }
}

impl Service<Request> for Picky {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.asked.fetch_add(1, Ordering::SeqCst) == 0 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "it was not ready");
        ready(Ok(http::Response::new(Body::full(request.uri().to_string()))))
    }
}

#[tokio::test]
async fn a_service_is_awaited_until_it_is_ready_and_asked_at_one_place() {
    let upstream = ServiceUpstream::new(Picky::default()).at("http://10.0.0.7:8080").unwrap();
    for uri in ["/orders?a=b", "http://evil.example/orders?a=b"] {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.parse().unwrap();
        request.extensions_mut().insert("for nobody else");
        let answer = upstream.send(request).await.unwrap();
        assert_eq!(text(answer).await.1, "http://10.0.0.7:8080/orders?a=b");
    }
}

/// A service that fails: before it was called, or then.
#[derive(Debug, Clone, Copy)]
struct Fails {
    when_ready: bool,
}

impl Service<Request> for Fails {
    type Response = http::Response<Body>;
    type Error = std::io::Error;
    type Future = Ready<Result<Self::Response, std::io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(if self.when_ready { Err(std::io::ErrorKind::Other.into()) } else { Ok(()) })
    }

    fn call(&mut self, _: Request) -> Self::Future {
        ready(Err(std::io::ErrorKind::ConnectionRefused.into()))
    }
}

#[tokio::test]
async fn only_what_was_surely_not_sent_is_told_as_that() {
    let refused = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
    let kind = async |upstream: &dyn Upstream| {
        upstream.send(Request::new(Body::empty())).await.unwrap_err().kind()
    };
    let called = ServiceUpstream::new(Fails { when_ready: false });
    assert_eq!(kind(&called).await, StoreErrorKind::Unknown, "by default nobody knows");
    assert_eq!(kind(&called.surely_unsent(refused)).await, StoreErrorKind::Unavailable);
    let unready = ServiceUpstream::new(Fails { when_ready: true });
    assert_eq!(kind(&unready).await, StoreErrorKind::Unavailable, "it was not called");
}

#[tokio::test]
async fn who_sends_is_told_by_an_extension_or_by_the_connection() {
    let modern = Side::says("modern");
    let gateway = Gateway::builder(tables(MODERN_FIRST), Side::says("legacy"), modern.clone());
    let gateway = gateway.with_policy(Place::Modern, Policy::new("modern")).build().unwrap();
    let service = GatewayService::new(gateway);
    let told = |address: [u8; 4]| {
        let mut request = request("GET", "/").body(Body::empty()).unwrap();
        request.extensions_mut().insert(strangler_fig::gateway::ClientAddress(address.into()));
        request
    };
    let from = |at: usize| modern.seen()[at].header("x-forwarded-for").map(ToOwned::to_owned);
    service.clone().oneshot(told([192, 0, 2, 1])).await.unwrap();
    assert_eq!(from(0).as_deref(), Some("192.0.2.1"));
    service.for_peer([192, 0, 2, 7].into()).oneshot(told([192, 0, 2, 1])).await.unwrap();
    assert_eq!(from(1).as_deref(), Some("192.0.2.7"), "the connection counts");
}
