//! Traces as they reach a collector over OTLP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use observability::{Collector, Span, hex};

use crate::running::{PATIENCE, Running};

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const OTHER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const THIRD: &str = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01";

/// A span of this name that is so, which is waited for.
async fn span(collector: &Collector, name: &str, is_it: impl Fn(&Span) -> bool) -> Span {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut spans = collector.spans().into_iter().map(|reported| reported.span);
        if let Some(found) = spans.find(|span| span.name == name && is_it(span)) {
            return found;
        }
        assert!(Instant::now() < until, "{name} did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
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
    let (collector, url) = Collector::listening().await.unwrap();
    let running = started(url).await;
    asked(&running, ["PUT", "/users/700", CALLER, "Ada"]).await;
    // Caller, request, write, stores.
    let request = span(&collector, "request", is_of(CALLER)).await;
    let write = span(&collector, "strangler.write", is_child(&request)).await;
    span(&collector, "store", is_child(&write)).await;

    // A shadow read is linked, and what it asks is its own.
    assert_eq!(asked(&running, ["GET", "/users/700", OTHER, ""]).await, "Ada");
    let request = span(&collector, "request", is_of(OTHER)).await;
    span(&collector, "store", is_child(&request)).await;
    let shadow = span(&collector, "strangler.shadow", is_linked(&request)).await;
    span(&collector, "store", is_child(&shadow)).await;

    // A saga, its steps, and what they say: relayed and handled in traces of their own.
    asked(&running, ["POST", "/orders/o-1/700", THIRD, ""]).await;
    let request = span(&collector, "request", is_of(THIRD)).await;
    let saga = span(&collector, "strangler.saga", is_child(&request)).await;
    let step = |name: &'static str| {
        let is_in_saga = is_child(&saga);
        move |span: &Span| is_in_saga(span) && format!("{:?}", span.attributes).contains(name)
    };
    let looked_up = span(&collector, "strangler.step", step("look-up")).await;
    span(&collector, "store", is_child(&looked_up)).await;
    let said = span(&collector, "strangler.step", step("say")).await;
    span(&collector, "strangler.relay", is_linked(&said)).await;
    let handle = span(&collector, "strangler.handle", is_linked(&said)).await;
    span(&collector, "bill", is_child(&handle)).await;

    // A request that the gateway mirrors.
    let mirror = span(&collector, "strangler.mirror", |_| true).await;
    let is_cause = |span: &Span| is_linked(span)(&mirror);
    span(&collector, "strangler.request", is_cause).await;
}
