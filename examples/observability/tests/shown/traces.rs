//! Traces as they reach a collector over OTLP.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;

use crate::running::{PATIENCE, Running};

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const OTHER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const THIRD: &str = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01";

/// Keeps what it is sent.
#[derive(Debug, Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    /// One that listens, and its URL.
    async fn listening() -> (Self, String) {
        let (collector, listener) =
            (Self::default(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keeps = collector.clone();
        let taken = move |body: Bytes| async move { keeps.take(body) };
        let app = Router::new().route("/v1/traces", post(taken));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (collector, url)
    }

    fn take(&self, body: Bytes) {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        for resource in request.resource_spans {
            for scope in resource.scope_spans {
                self.0.lock().unwrap().extend(scope.spans);
            }
        }
    }

    /// A span of this name that is so, which is waited for.
    async fn span(&self, name: &str, is_it: impl Fn(&Span) -> bool) -> Span {
        let until = Instant::now() + PATIENCE;
        loop {
            let is_it = |span: &&Span| span.name == name && is_it(span);
            let found = self.0.lock().unwrap().iter().find(is_it).cloned();
            if let Some(found) = found {
                return found;
            }
            assert!(Instant::now() < until, "{name} did not come");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn digit(of: u8) -> char {
    char::from_digit(of.into(), 16).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

/// Whether it is a child of whoever sent this header.
fn is_of(traceparent: &str) -> impl Fn(&Span) -> bool {
    move |span| {
        hex(&span.trace_id) == traceparent[3..35]
            && hex(&span.parent_span_id) == traceparent[36..52]
    }
}

fn is_child(parent: &Span) -> impl Fn(&Span) -> bool {
    move |span| span.trace_id == parent.trace_id && span.parent_span_id == parent.span_id
}

/// Whether it is a root, and linked to the other.
fn is_linked(cause: &Span) -> impl Fn(&Span) -> bool {
    move |span| {
        let is_cause = |id: &[u8], trace: &[u8]| id == cause.span_id && trace == cause.trace_id;
        span.parent_span_id.is_empty()
            && span.trace_id != cause.trace_id
            && span.links.iter().any(|link| is_cause(&link.span_id, &link.trace_id))
    }
}

/// What blocks goes to a thread of its own: the collector answers in this one.
async fn asked(running: &Arc<Running>, [method, path, trace, body]: [&'static str; 4]) -> String {
    let running = Arc::clone(running);
    let call = move || running.ask(method, path, Some(trace), body);
    tokio::task::spawn_blocking(call).await.unwrap()
}

async fn started(collector: String) -> Arc<Running> {
    let start = move || Arc::new(Running::start(Some(&collector)));
    tokio::task::spawn_blocking(start).await.unwrap()
}

#[tokio::test]
async fn from_caller_to_store_over_otlp() {
    let (collector, url) = Collector::listening().await;
    let running = started(url).await;
    asked(&running, ["PUT", "/users/700", CALLER, "Ada"]).await;
    // Caller, request, write, stores.
    let request = collector.span("request", is_of(CALLER)).await;
    let write = collector.span("strangler.write", is_child(&request)).await;
    collector.span("store", is_child(&write)).await;

    // A shadow read is linked, and what it asks is its own.
    assert_eq!(asked(&running, ["GET", "/users/700", OTHER, ""]).await, "Ada");
    let request = collector.span("request", is_of(OTHER)).await;
    collector.span("store", is_child(&request)).await;
    let shadow = collector.span("strangler.shadow", is_linked(&request)).await;
    collector.span("store", is_child(&shadow)).await;

    // A saga, its steps, and what they say: relayed and handled in traces of their own.
    asked(&running, ["POST", "/orders/o-1/700", THIRD, ""]).await;
    let request = collector.span("request", is_of(THIRD)).await;
    let saga = collector.span("strangler.saga", is_child(&request)).await;
    let step = |name: &'static str| {
        let is_in_saga = is_child(&saga);
        move |span: &Span| is_in_saga(span) && format!("{:?}", span.attributes).contains(name)
    };
    let looked_up = collector.span("strangler.step", step("look-up")).await;
    collector.span("store", is_child(&looked_up)).await;
    let said = collector.span("strangler.step", step("say")).await;
    collector.span("strangler.relay", is_linked(&said)).await;
    let handle = collector.span("strangler.handle", is_linked(&said)).await;
    collector.span("bill", is_child(&handle)).await;

    // A request that the gateway mirrors.
    let mirror = collector.span("strangler.mirror", |_| true).await;
    let is_cause = |span: &Span| is_linked(span)(&mirror);
    collector.span("strangler.request", is_cause).await;
}
