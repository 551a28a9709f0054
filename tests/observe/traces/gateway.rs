//! Requests through a gateway: whose trace they are in, and what upstreams are told.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use http_body_util::BodyExt;
use opentelemetry::trace::SpanId;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::dual::DualWriter;
use strangler_fig::gateway::{Body, Gateway, Mirror, Request, Response, ResponseFields, Upstream};
use strangler_fig::memory::InMemoryRequestJournal;
use strangler_fig::phase::{Incarnation, NodeId, Share, Side};
use strangler_fig::route::{DualWritePlan, IdSource, RouteTable, RuleBuilder, TableHandle};
use strangler_fig::stamp::StampClock;
use tracing::{Instrument, Level, info_span};

use super::world::{World, is_child, is_linked_root, traceparent};

const FOREIGN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A service, which keeps the headers it is sent.
#[derive(Debug, Default)]
struct Service(Mutex<Vec<HeaderMap>>);

impl Service {
    /// A header of what it was sent first: legacy is asked again to tell what differs by itself.
    fn sent(&self, name: &str) -> Option<String> {
        let headers = self.0.lock().unwrap();
        Some(headers[0].get(name)?.to_str().unwrap().to_owned())
    }

    /// The same of all it was sent.
    fn sent_ever(&self, name: &str) -> Vec<Option<String>> {
        let text = |headers: &HeaderMap| Some(headers.get(name)?.to_str().unwrap().to_owned());
        self.0.lock().unwrap().iter().map(text).collect()
    }
}

#[strangler_fig::async_trait]
impl Upstream for Service {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        self.0.lock().unwrap().push(request.headers().clone());
        Ok(Response::new(Body::full("{}")))
    }
}

struct Fronted {
    legacy: Arc<Service>,
    modern: Arc<Service>,
    gateway: Gateway,
}

/// Everything goes to legacy, and is mirrored.
fn fronted() -> Fronted {
    let all = RuleBuilder::prefix("all", "/").to(Side::Legacy).with_mirror(Share::WHOLE);
    let tables = TableHandle::new(RouteTable::builder("shop").rule(all).build().unwrap());
    let [legacy, modern] = [(); 2].map(|()| Arc::new(Service::default()));
    let mirror = Mirror::new(Arc::new(ResponseFields::default()));
    let gateway = Gateway::builder(tables, legacy.clone(), modern.clone()).with_mirror(mirror);
    Fronted { legacy, modern, gateway: gateway.build().unwrap() }
}

impl Fronted {
    /// A request with these headers, and all that comes of it.
    async fn asked(&self, headers: &[(&str, &str)]) {
        let request = http::Request::get("/orders/1").header("host", "shop.example");
        let add = |request: http::request::Builder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        let request = headers.iter().fold(request, add).body(Body::empty()).unwrap();
        let response = self.gateway.handle(request).await;
        response.into_body().collect().await.unwrap();
        self.gateway.drained().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_in_its_caller_s_trace_and_its_upstream_in_the_request_s() {
    let (world, fronted) = (World::new(), fronted());
    fronted.asked(&[("traceparent", FOREIGN), ("tracestate", "vendor=1")]).await;
    let request = world.span("strangler.request");
    assert_eq!(format!("{:032x}", request.span_context.trace_id()), &FOREIGN[3..35]);
    assert_eq!(format!("{:016x}", request.parent_span_id), &FOREIGN[36..52]);
    assert!(request.parent_span_is_remote);
    assert_eq!(fronted.legacy.sent("traceparent"), Some(traceparent(&request)));
    assert_eq!(fronted.legacy.sent("tracestate"), Some("vendor=1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_request_of_nobody_s_trace_is_in_that_of_the_server_s_span() {
    let (world, fronted) = (World::new(), fronted());
    fronted.asked(&[]).instrument(info_span!("server")).await;
    let request = world.span("strangler.request");
    assert!(is_child(&request, &world.span("server")));
    assert_eq!(fronted.legacy.sent("traceparent"), Some(traceparent(&request)));
}

#[tokio::test(start_paused = true)]
async fn a_mirrored_request_is_a_trace_of_its_own_linked_to_the_one_that_was_answered() {
    let (world, fronted) = (World::new(), fronted());
    fronted.asked(&[("traceparent", FOREIGN)]).await;
    let (request, mirror) = (world.span("strangler.request"), world.span("strangler.mirror"));
    assert!(is_linked_root(&mirror, &request), "{mirror:?}");
    assert_eq!(fronted.modern.sent("traceparent"), Some(traceparent(&mirror)));
}

/// The server's span, say, is the request's caller then.
#[tokio::test(start_paused = true)]
async fn a_mirrored_request_is_in_nobody_s_trace_where_the_mirror_s_span_is_not_kept() {
    let (world, fronted) = (World::keeping(|it| *it.level() <= Level::INFO), fronted());
    for headers in [&[][..], &[("traceparent", FOREIGN), ("tracestate", "vendor=1")]] {
        fronted.asked(headers).instrument(info_span!("server")).await;
    }
    assert!(world.spans("strangler.mirror").is_empty());
    let server = traceparent(&world.spans("server")[0]);
    assert_eq!(fronted.legacy.sent("traceparent"), Some(server));
    assert_eq!(fronted.modern.sent_ever("traceparent"), [None, None]);
    assert_eq!(fronted.modern.sent_ever("tracestate"), [None, None]);
}

#[tokio::test(start_paused = true)]
async fn a_mirrored_request_is_in_nobody_s_trace_where_nobody_keeps_any() {
    let fronted = fronted();
    fronted.asked(&[("traceparent", FOREIGN), ("tracestate", "vendor=1")]).await;
    assert_eq!(fronted.legacy.sent("traceparent"), Some(FOREIGN.to_owned()));
    assert_eq!(fronted.modern.sent_ever("traceparent"), [None]);
    assert_eq!(fronted.modern.sent_ever("tracestate"), [None]);
}

#[tokio::test(start_paused = true)]
async fn headers_that_say_nothing_go_no_further() {
    for headers in [
        &[("traceparent", "")][..],
        &[("traceparent", "00-0-0-01"), ("tracestate", "vendor=1")],
        &[("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01")],
        &[("traceparent", FOREIGN), ("traceparent", FOREIGN)],
        &[("tracestate", "vendor=1")],
    ] {
        // Nobody keeps traces here, so that nothing takes their place.
        let fronted = fronted();
        fronted.asked(headers).await;
        assert_eq!(fronted.legacy.sent("traceparent"), None, "{headers:?}");
        assert_eq!(fronted.legacy.sent("tracestate"), None, "{headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_tracestate_is_dropped_and_the_traceparent_stays() {
    for state in ["", " ", "\t"] {
        let fronted = fronted();
        fronted.asked(&[("traceparent", FOREIGN), ("tracestate", state)]).await;
        assert_eq!(fronted.legacy.sent("traceparent"), Some(FOREIGN.to_owned()));
        assert_eq!(fronted.legacy.sent("tracestate"), None);
    }
    let (_world, fronted) = (World::new(), fronted());
    fronted.asked(&[("traceparent", FOREIGN), ("tracestate", "")]).await;
    assert_eq!(fronted.legacy.sent("tracestate"), None, "nor does a span bring one");
}

/// It is away at first.
#[derive(Debug, Default)]
struct Late(Service);

#[strangler_fig::async_trait]
impl Upstream for Late {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let is_first = self.0.0.lock().unwrap().is_empty();
        let answer = self.0.send(request).await;
        if is_first { Err(StoreError::unavailable("it starts")) } else { answer }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_sent_again_is_a_trace_of_its_own_linked_to_the_first() {
    let (legacy, modern) = (Arc::new(Service::default()), Arc::new(Late::default()));
    let node =
        NodeId { name: "gateway-1".parse().unwrap(), incarnation: Incarnation::random().unwrap() };
    let (journal, stamps) =
        (Arc::new(InMemoryRequestJournal::default()), Arc::new(StampClock::new().unwrap()));
    let writer = DualWriter::new(journal, node, stamps, legacy, modern.clone());
    let plan = DualWritePlan::new(Side::Legacy, IdSource::Gateway);
    let request = http::Request::post("/orders").header("traceparent", FOREIGN);
    writer.handle(request.body(Body::full("two pears")).unwrap(), plan, "orders").await;

    let world = World::new();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        writer.replayer().drain(pending()).instrument(info_span!("process")).await.unwrap();
    }
    let replay = world.span("strangler.replay");
    let [link] = &replay.links[..] else { panic!("{:?}", replay.links) };
    assert_eq!(format!("{:016x}", link.span_context.span_id()), &FOREIGN[36..52]);
    assert_eq!(replay.parent_span_id, SpanId::INVALID);
    let sent = modern.0.0.lock().unwrap()[1]["traceparent"].to_str().unwrap().to_owned();
    assert_eq!(sent, traceparent(&replay));
}
