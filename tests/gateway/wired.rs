//! Mirrors, dual writes and joined answers, behind one door.

use std::sync::Arc;

use futures::stream;
use http::StatusCode;
use http_body::Frame;
use http_body_util::StreamBody;
use strangler_fig::gateway::dual::DualWriter;
use strangler_fig::gateway::{
    Aggregate, Body, ClientAddress, Gateway, GatewayBuildError, GatewayConfig, Limits, Mirror,
    Part, Request, ResponseFields,
};
use strangler_fig::memory::InMemoryRequestJournal;
use strangler_fig::phase::{
    self, Fleet, Incarnation, MigrationState, Move, MoveId, NodeId, Phase, PhaseTracker,
};
use strangler_fig::resilience::{BreakerConfig, BreakerState, CircuitBreaker, Policy};
use strangler_fig::route::Predicates;
use strangler_fig::stamp::StampClock;

use crate::support::{Side, builder, get, request, response, tables, whole};

const MIRRORS: &str = r#"[{ "name": "all", "path": { "prefix": "/" }, "to": "legacy",
    "mirror": { "basis_points": 10000 } }]"#;
pub(crate) const WRITES: &str = r#"[{ "name": "orders", "path": { "prefix": "/orders" }, "methods": ["POST"],
    "to": "legacy", "dual_write": { "ids": "gateway" } }]"#;
pub(crate) const JOINS: &str = r#"[
    { "name": "page", "path": { "template": "/page/{id}" }, "methods": ["GET"], "to": { "aggregate": "page" } },
    { "name": "loop", "path": { "template": "/loop/{id}" }, "methods": ["GET", "HEAD"], "to": { "aggregate": "loop" } },
    { "name": "orders", "path": { "prefix": "/orders" }, "to": "modern" }]"#;

fn mirror() -> Mirror {
    Mirror::new(Arc::new(ResponseFields::default()))
}

pub(crate) fn writer(legacy: &Arc<Side>, modern: &Arc<Side>) -> DualWriter {
    let journal = Arc::new(InMemoryRequestJournal::default());
    let node =
        NodeId { name: "gateway-1".parse().unwrap(), incarnation: Incarnation::random().unwrap() };
    let stamps = Arc::new(StampClock::new().unwrap());
    DualWriter::new(journal, node, stamps, legacy.clone(), modern.clone())
}

pub(crate) fn aggregate(target: &str) -> Aggregate {
    Aggregate::of([Part::required("order", target)]).unwrap()
}

pub(crate) fn order() -> Request {
    let builder = request("POST", "/orders").header("idempotency-key", "k-1");
    builder.header("strangler-stamp", "forged").body(Body::full("pears")).unwrap()
}

#[tokio::test]
async fn a_mirrored_request_is_answered_by_one_and_seen_by_both() {
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let mirror = mirror();
    let builder = builder(MIRRORS, &legacy, &modern).with_mirror(mirror.clone());
    let gateway = builder.build().unwrap();
    let answer = gateway.handle(get("/orders/7?a=b")).await;
    assert_eq!(modern.count(), 0, "nothing before its end was passed on");
    assert_eq!(whole(answer).await.1, "legacy");
    gateway.drained().await;
    let seen = modern.seen();
    assert!(!seen.is_empty() && seen.iter().all(|seen| seen.target == "/orders/7?a=b"));
    assert!(seen.iter().all(|seen| seen.header("strangler-mirror") == Some("1")));
    assert_eq!(mirror.report().different, 1);
    assert_eq!(legacy.seen()[0].header("strangler-mirror"), None);
}

/// What mirrors find out about a service moves nobody's requests.
#[tokio::test(start_paused = true)]
async fn a_mirror_opens_no_breaker_and_is_refused_by_an_open_one() {
    let (legacy, modern) = (Side::says("legacy"), Side::answers(500));
    let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
    let policy = Policy::new("modern").with_breaker(breaker.clone());
    let builder = builder(MIRRORS, &legacy, &modern).with_policy(phase::Side::Modern, policy);
    let gateway = builder.with_mirror(mirror()).build().unwrap();
    for _ in 0..200 {
        drop(whole(gateway.handle(get("/orders/7")).await).await);
        gateway.drained().await;
    }
    assert!(modern.count() >= 200, "{}", modern.count());
    assert_eq!(breaker.state(), BreakerState::Closed);
    let asked = modern.count();
    breaker.force_open();
    drop(whole(gateway.handle(get("/orders/7")).await).await);
    gateway.drained().await;
    assert_eq!(modern.count(), asked);
}

#[tokio::test]
async fn a_dual_write_reaches_both_under_one_stamp_of_the_gateway_s() {
    let (legacy, modern) = (Side::answers(201), Side::answers(201));
    let builder = builder(WRITES, &legacy, &modern).with_dual_writer(writer(&legacy, &modern));
    let gateway = builder.build().unwrap();
    let answer = gateway.handle(order()).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    gateway.drained().await;
    let (one, other) = (legacy.only(), modern.only());
    for name in ["strangler-stamp", "strangler-id", "idempotency-key"] {
        assert!(one.header(name).is_some(), "{name}");
        assert_eq!(one.header(name), other.header(name));
    }
    assert_ne!(one.header("strangler-stamp"), Some("forged"));
    assert_eq!(one.header("idempotency-key"), Some("k-1"));
    assert_eq!(one.header("x-forwarded-host"), Some("shop.example"));
}

/// One that does not say how long it is, and turns out to be too long.
#[tokio::test]
async fn a_dual_written_body_is_no_longer_than_any() {
    let (legacy, modern) = (Side::answers(201), Side::answers(201));
    let builder = builder(WRITES, &legacy, &modern).with_dual_writer(writer(&legacy, &modern));
    let limits = Limits::default().with_body_max(5);
    let config = GatewayConfig::default().with_limits(limits);
    let gateway = builder.with_config(config).build().unwrap();
    for (text, status, count) in [("pear", 201, 1), ("pears and more", 413, 1)] {
        let body = Body::stream(StreamBody::new(stream::iter([Ok(Frame::data(text.into()))])));
        let answer = gateway.handle(request("POST", "/orders").body(body).unwrap()).await;
        gateway.drained().await;
        assert_eq!(
            (answer.status().as_u16(), legacy.count(), modern.count()),
            (status, count, count)
        );
    }
}

#[tokio::test]
async fn what_a_side_marks_is_stripped_from_a_dual_write_s_answer() {
    let marks = || {
        Side::does(|_| async {
            let mut answer = response(201, "made");
            answer.headers_mut().insert("strangler-id", "forged".parse().unwrap());
            answer.headers_mut().insert("connection", "close".parse().unwrap());
            answer.headers_mut().insert("location", "/orders/1".parse().unwrap());
            Ok(answer)
        })
    };
    let (legacy, modern) = (marks(), marks());
    let builder = builder(WRITES, &legacy, &modern).with_dual_writer(writer(&legacy, &modern));
    let answer = builder.build().unwrap().handle(order()).await;
    let names: Vec<_> = answer.headers().keys().map(ToString::to_string).collect();
    assert_eq!(names, ["location"]);
}

#[tokio::test]
async fn a_recorded_write_goes_on_under_the_new_plan() {
    const FOLLOWS: &str = r#"[{ "name": "orders", "path": { "prefix": "/" },
        "to": { "follow": { "migration": "orders", "sticky": { "header": "x-user", "as": "text" } } },
        "dual_write": { "ids": "gateway" } }]"#;
    let tracker = PhaseTracker::detached(MigrationState::new("orders".parse().unwrap()));
    let walk = |tracker: &PhaseTracker, phase| {
        let id = MoveId::random().unwrap();
        let next = tracker.state().transition(&Move::to(phase), id, &Fleet::default());
        assert!(tracker.adopt(next.unwrap()));
    };
    walk(&tracker, Phase::DualWrite);
    // The migration cuts over while legacy, which counts, is asked: from now on both have to have it.
    let moving = tracker.clone();
    let legacy = Side::does(move |_| {
        walk(&moving, Phase::Shadow);
        walk(&moving, Phase::Cutover);
        async { Ok(response(201, "made")) }
    });
    let modern = Side::answers(201);
    let builder = builder(FOLLOWS, &legacy, &modern).with_tracker(tracker);
    let gateway = builder.with_dual_writer(writer(&legacy, &modern)).build().unwrap();
    let answer = gateway.handle(order()).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!((legacy.count(), modern.count()), (1, 1), "both have it before it is answered");
    assert_eq!(legacy.only().header("strangler-stamp"), modern.only().header("strangler-stamp"));
}

#[tokio::test]
async fn parts_follow_routes_of_their_own_and_an_aggregate_cannot_reach_itself() {
    let (legacy, modern) = (Side::says("1"), Side::says("2"));
    let builder = builder(JOINS, &legacy, &modern)
        .with_aggregate("page", aggregate("/orders/{id}"))
        .with_aggregate("loop", aggregate("/loop/{id}"));
    let gateway = builder.build().unwrap();
    assert_eq!(
        whole(gateway.handle(get("/page/7")).await).await,
        (200, r#"{"order":2}"#.to_owned())
    );
    assert_eq!(modern.only().target, "/orders/7");
    let looped = gateway.handle(get("/loop/7")).await;
    assert!(looped.status().is_server_error(), "{}", looped.status());
    assert_eq!((legacy.count(), modern.count()), (0, 1));
}

#[tokio::test]
async fn a_part_is_decided_by_the_address_of_the_client() {
    let rules = r#"[
        { "name": "page", "path": { "template": "/page/{id}" }, "methods": ["GET"], "to": { "aggregate": "page" } },
        { "name": "all", "path": { "prefix": "/" }, "to": "legacy", "override": true }]"#;
    let (legacy, modern) = (Side::says("1"), Side::says("2"));
    let config = GatewayConfig::default().with_trusted(["192.0.2.1/32".parse().unwrap()]);
    let builder = builder(rules, &legacy, &modern).with_config(config);
    let gateway = builder.with_aggregate("page", aggregate("/orders/{id}")).build().unwrap();
    let mut page = get("/page/7");
    page.headers_mut().insert("x-forwarded-for", "198.51.100.7".parse().unwrap());
    gateway.handle_from(page, Some([192, 0, 2, 1].into())).await;
    assert_eq!(legacy.only().header("x-forwarded-for"), Some("198.51.100.7, 192.0.2.1"));
}

const PAGE: &str = r#"[
    { "name": "page", "path": { "template": "/page/{id}" }, "methods": ["GET"], "to": { "aggregate": "page" } },
    { "name": "all", "path": { "prefix": "/" }, "to": "legacy", "override": true }]"#;

#[tokio::test]
async fn a_part_is_sent_what_a_trusted_proxy_has_said_of_the_whole() {
    let (legacy, modern) = (Side::says("1"), Side::says("2"));
    let config = GatewayConfig::default().with_trusted(["192.0.2.1/32".parse().unwrap()]);
    let builder = builder(PAGE, &legacy, &modern).with_config(config);
    let gateway = builder.with_aggregate("page", aggregate("/orders/{id}")).build().unwrap();
    let said = [
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-host", "front.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "8443"),
        ("x-forwarded-prefix", "/shop"),
        ("x-real-ip", "198.51.100.7"),
        ("connection", "x-of-this-hop"),
        ("x-of-this-hop", "1"),
        ("strangler-stamp", "forged"),
    ];
    let mut page = get("/page/7");
    for (name, value) in said {
        page.headers_mut().insert(name, value.parse().unwrap());
    }
    // As many as are allowed: those that the gateway adds are its own.
    for at in page.headers().len()..100 {
        page.headers_mut().insert(name(at), "1".parse().unwrap());
    }
    let answer = gateway.handle_from(page, Some([192, 0, 2, 1].into())).await;
    assert_eq!(whole(answer).await, (200, r#"{"order":1}"#.to_owned()));
    let seen = legacy.only();
    assert_eq!(seen.header("x-forwarded-for"), Some("198.51.100.7, 192.0.2.1"));
    for (name, value) in &said[1..6] {
        assert_eq!(seen.header(name), Some(*value), "{name}");
    }
    for (name, _) in &said[6..] {
        assert_eq!(seen.header(name), None, "{name}");
    }
}

fn name(at: usize) -> http::HeaderName {
    format!("x-{at}").parse().unwrap()
}

#[tokio::test]
async fn an_override_counts_for_the_parts_of_a_page_as_for_a_page() {
    let (legacy, modern) = (Side::says("1"), Side::says("2"));
    let builder = builder(PAGE, &legacy, &modern);
    let gateway = builder.with_aggregate("page", aggregate("/orders/{id}")).build().unwrap();
    for (peer, by) in [([10, 0, 0, 1], 2), ([192, 0, 2, 9], 1)] {
        for (target, text) in [("/page/7", format!(r#"{{"order":{by}}}"#)), ("/", by.to_string())] {
            let mut page = get(target);
            page.headers_mut().insert("x-canary", "always".parse().unwrap());
            let answer = gateway.handle_from(page, Some(peer.into())).await;
            assert_eq!(whole(answer).await, (200, text));
        }
    }
    assert!(modern.seen().iter().chain(&legacy.seen()).all(|it| it.header("x-canary").is_none()));
}

/// What an extension of a request says, where there is none of that kind.
#[derive(Debug, Clone, Copy)]
struct Who(&'static str);

fn tells_who() -> Arc<Side> {
    Side::does(|request: Request| async move {
        let who = request.extensions().get::<Who>().map_or("nobody", |who| who.0);
        Ok(http::Response::new(Body::full(format!("\"{who}\""))))
    })
}

#[tokio::test]
async fn what_is_known_of_a_client_is_known_of_each_part_and_to_whoever_stands_in() {
    let legacy = tells_who();
    let rules = PAGE.replace(r#""to": "legacy""#, r#""to": "modern", "fallback": true"#);
    let builder = builder(&rules, &legacy, &Side::answers(503));
    let gateway = builder.with_aggregate("page", aggregate("/orders/{id}")).build().unwrap();
    for (target, text) in [("/page/7", r#"{"order":"ada"}"#), ("/orders/7", r#""ada""#)] {
        let mut asked = get(target);
        asked.extensions_mut().insert(Who("ada"));
        assert_eq!(whole(gateway.handle(asked).await).await, (200, text.to_owned()));
    }
}

#[tokio::test]
async fn a_page_counts_once_among_those_in_flight() {
    let (legacy, modern) = (Side::says("1"), Side::says("2"));
    let config = GatewayConfig::default()
        .with_in_flight_max(1.try_into().unwrap())
        .with_responses_max(1.try_into().unwrap());
    let builder = builder(PAGE, &legacy, &modern).with_config(config);
    let gateway = builder.with_aggregate("page", aggregate("/orders/{id}")).build().unwrap();
    assert_eq!(gateway.handle(get("/page/7")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn who_asks_a_page_for_something_else_is_told_what_it_takes() {
    let (legacy, modern) = (Side::says("1"), Side::says("2"));
    let rules = PAGE.replace(r#"["GET"]"#, r#"["GET", "OPTIONS"]"#);
    let builder = builder(&rules, &legacy, &modern);
    let gateway = builder.with_aggregate("page", aggregate("/orders/{id}")).build().unwrap();
    let answer = gateway.handle(request("OPTIONS", "/page/7").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers()["allow"], "GET, HEAD");
}

#[tokio::test]
async fn a_gateway_has_what_its_table_asks_for() {
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let built = |rules| builder(rules, &legacy, &modern).build().unwrap_err();
    assert!(matches!(built(MIRRORS), GatewayBuildError::NoMirror { rule } if rule == "all"));
    assert!(matches!(built(WRITES), GatewayBuildError::NoWriter { rule } if rule == "orders"));
    let error = built(JOINS);
    assert_eq!(error.to_string(), "rule page asks for aggregate page, which is not here");
    let page = aggregate("/orders/{number}");
    let builder = builder(JOINS, &legacy, &modern).with_aggregate("page", page);
    let error = builder.build().unwrap_err();
    assert_eq!(error.to_string(), "rule page captures no number, which aggregate page asks for");
}

#[tokio::test]
async fn what_a_later_table_asks_for_is_refused_request_by_request() {
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let in_force = tables("[]");
    let gateway =
        Gateway::builder(in_force.clone(), legacy.clone(), modern.clone()).build().unwrap();
    for rules in [WRITES, JOINS] {
        let document = tables(rules).load().to_document();
        in_force.replace_with_document(&document, &Predicates::default()).unwrap();
        let request = if rules == WRITES { order() } else { get("/page/7") };
        assert_eq!(gateway.handle(request).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!((legacy.count(), modern.count()), (0, 0));
}

/// What a proxy would say is no stranger's to say, also where a rule looks at it.
#[tokio::test]
async fn a_stranger_s_word_on_where_it_came_from_picks_no_rule() {
    const BY_HOST: &str = r#"[
        { "name": "canary", "headers": [{ "name": "x-forwarded-host", "equals": "canary.example" }],
          "to": "modern" },
        { "name": "all", "path": { "prefix": "/" }, "to": "legacy" }]"#;
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let proxied = || {
        let request = request("GET", "/").header("x-forwarded-host", "canary.example");
        request.extension(ClientAddress([10, 0, 0, 1].into())).body(Body::empty()).unwrap()
    };
    let strange = builder(BY_HOST, &legacy, &modern).build().unwrap();
    assert_eq!(whole(strange.handle(proxied()).await).await.1, "legacy");
    let config = GatewayConfig::default().with_trusted(["10.0.0.0/8".parse().unwrap()]);
    let trusting = builder(BY_HOST, &legacy, &modern).with_config(config).build().unwrap();
    assert_eq!(whole(trusting.handle(proxied()).await).await.1, "modern");
}
