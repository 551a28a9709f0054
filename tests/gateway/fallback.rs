//! Modern first, legacy as its net.

use std::time::Duration;

use http::{Method, StatusCode};
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, GatewayConfig};
use strangler_fig::observe::Event;
use strangler_fig::phase::Side as Place;
use strangler_fig::resilience::{
    BreakerConfig, Bulkhead, CircuitBreaker, Exponential, Policy, Retry,
};
use tokio::time::Instant;

use crate::support::{
    MODERN_FIRST, Side, builder, configured, gateway, get, post, request, response, told, whole,
};

const LATE: Duration = Duration::from_millis(500);

#[tokio::test]
async fn modern_answers_where_it_can() {
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let (gateway, told) = told(&legacy, &modern);
    assert_eq!(whole(gateway.handle(get("/orders/7?a=b")).await).await, (200, "modern".to_owned()));
    assert_eq!(modern.only().target, "/orders/7?a=b");
    assert_eq!(legacy.count(), 0);
    let routed = Event::RequestRouted { side: "modern", reason: "fixed" };
    assert_eq!(told.events(), [routed]);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_500_ms_by_default() {
    let legacy = Side::says("legacy");
    for (pause, by) in [(499, "modern"), (501, "legacy")] {
        let modern = Side::says_after("modern", Duration::from_millis(pause));
        let gateway = gateway(&legacy, &modern);
        let began = Instant::now();
        assert_eq!(whole(gateway.handle(get("/")).await).await.1, by);
        assert_eq!(began.elapsed(), Duration::from_millis(pause.min(500)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_worst_case_is_the_deadline_plus_the_monolith() {
    let monolith = Duration::from_millis(1_234);
    let (legacy, modern) = (Side::says_after("legacy", monolith), Side::hangs());
    // Neither retries of modern nor a queue before it make it longer.
    let retry = Retry::new(Exponential::default().with_count(5)).with_timeouts();
    let queue =
        Bulkhead::new("modern", 1.try_into().unwrap()).with_queue(64, Duration::from_secs(60));
    let policy = Policy::new("modern").with_retry(retry).with_bulkhead(queue);
    let builder = builder(MODERN_FIRST, &legacy, &modern).with_policy(Place::Modern, policy);
    let gateway = builder.build().unwrap();
    let began = Instant::now();
    let (one, other) = tokio::join!(gateway.handle(get("/1")), gateway.handle(get("/2")));
    assert_eq!((whole(one).await.1, whole(other).await.1), ("legacy".into(), "legacy".into()));
    assert_eq!(began.elapsed(), LATE + monolith);
    assert_eq!(modern.count(), 1, "the other has waited for its place");
}

#[tokio::test]
async fn only_get_head_and_options_fall_back() {
    for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PURGE", "get"] {
        let (legacy, modern) = (Side::says("legacy"), Side::answers(503));
        let (gateway, told) = told(&legacy, &modern);
        let response = gateway.handle(request(method, "/").body(Body::empty()).unwrap()).await;
        let falls_back = ["GET", "HEAD", "OPTIONS"].contains(&method);
        assert_eq!(legacy.count(), usize::from(falls_back), "{method}");
        assert_eq!(modern.count(), 1, "{method}");
        assert_eq!(response.status().as_u16(), if falls_back { 200 } else { 503 }, "{method}");
        assert_eq!(told.fallbacks().len(), usize::from(falls_back));
    }
}

#[tokio::test]
async fn no_4xx_falls_back() {
    for status in 400..=499 {
        let (legacy, modern) = (Side::says("legacy"), Side::answers(status));
        let gateway = gateway(&legacy, &modern);
        let answer = whole(gateway.handle(get("/")).await).await;
        assert_eq!(answer, (status, "of its own".to_owned()));
        assert_eq!(legacy.count(), 0, "{status}");
    }
}

#[tokio::test]
async fn of_all_statuses_four_fall_back() {
    let falls_back = |status| matches!(status, 500 | 502 | 503 | 504);
    for status in (200..=399).chain(500..=599) {
        let (legacy, modern) = (Side::says("legacy"), Side::answers(status));
        let gateway = gateway(&legacy, &modern);
        let answer = gateway.handle(get("/")).await.status().as_u16();
        assert_eq!(answer, if falls_back(status) { 200 } else { status });
        assert_eq!(legacy.count(), usize::from(falls_back(status)), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_fallback_tells_its_reason() {
    let open = CircuitBreaker::new("modern", BreakerConfig::default());
    open.force_open();
    let full = Bulkhead::new("modern", 1.try_into().unwrap());
    let _taken = full.acquire().await.unwrap();
    let plain = Policy::new("modern");
    for (modern, policy, reason) in [
        (Side::fails(|| StoreError::unavailable("refused")), plain.clone(), "refused"),
        (Side::fails(|| StoreError::unknown("reset")), plain.clone(), "broken"),
        (Side::answers(502), plain.clone(), "failed"),
        (Side::hangs(), plain.clone(), "late"),
        (Side::does(|_| async { panic!("an upstream's bug") }), plain.clone(), "broken"),
        (Side::says("modern"), plain.clone().with_bulkhead(full.clone()), "full"),
    ] {
        let (legacy, told) = (Side::says("legacy"), std::sync::Arc::default());
        let builder = builder(MODERN_FIRST, &legacy, &modern).with_policy(Place::Modern, policy);
        let told: std::sync::Arc<crate::support::Told> = told;
        let gateway = builder.with_observer(told.clone()).build().unwrap();
        assert_eq!(whole(gateway.handle(get("/")).await).await.1, "legacy", "{reason}");
        assert_eq!(told.fallbacks(), [reason]);
    }
    // Behind an open breaker legacy is asked at once: no fallback, but a decision.
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let told: std::sync::Arc<crate::support::Told> = std::sync::Arc::default();
    let builder = builder(MODERN_FIRST, &legacy, &modern);
    let builder = builder.with_policy(Place::Modern, plain.with_breaker(open));
    let gateway = builder.with_observer(told.clone()).build().unwrap();
    assert_eq!(whole(gateway.handle(get("/")).await).await.1, "legacy");
    let routed = Event::RequestRouted { side: "legacy", reason: "breaker_open" };
    assert_eq!((told.events().as_slice(), modern.count()), (&[routed][..], 0));
}

#[tokio::test]
async fn where_nobody_answers_the_failure_of_modern_is_the_answer() {
    let (legacy, modern) = (Side::fails(|| StoreError::unknown("reset")), Side::answers(500));
    let (gateway, told) = told(&legacy, &modern);
    let answer = whole(gateway.handle(get("/")).await).await;
    assert_eq!(answer, (500, "of its own".to_owned()));
    assert!(told.fallbacks().is_empty(), "nobody stood in");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_answers_there_is_a_status_all_the_same() {
    let broken = || Side::fails(|| StoreError::unknown("reset"));
    for (legacy, method, status) in [
        (Side::hangs(), "GET", 504),
        (broken(), "GET", 502),
        (Side::fails(|| StoreError::unavailable("refused")), "GET", 502),
        (Side::answers(503), "GET", 503),
        (Side::says("unasked"), "POST", 502),
    ] {
        let gateway = gateway(&legacy, &broken());
        let answer = gateway.handle(request(method, "/").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status().as_u16(), status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_is_told_whether_it_was_done() {
    for (modern, status) in [
        (Side::fails(|| StoreError::unavailable("refused")), 503),
        (Side::fails(|| StoreError::unknown("reset")), 502),
        (Side::hangs(), 504),
    ] {
        let legacy = Side::says("legacy");
        let gateway = gateway(&legacy, &modern);
        let answer = gateway.handle(post("/orders", "pears")).await;
        assert_eq!((answer.status().as_u16(), legacy.count(), modern.count()), (status, 0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_is_given_more_time_than_a_read() {
    let modern = Side::says_after("modern", Duration::from_secs(4));
    let gateway = gateway(&Side::says("legacy"), &modern);
    assert_eq!(whole(gateway.handle(post("/orders", "pears")).await).await.1, "modern");
}

#[tokio::test]
async fn a_safe_request_is_made_again_where_nobody_else_can_answer() {
    let retry = Retry::new(Exponential::default().with_count(2));
    let policy = Policy::new("legacy").with_retry(retry);
    for (method, tries) in [("GET", 3), ("POST", 1)] {
        let legacy = Side::fails(|| StoreError::unknown("reset"));
        let builder = builder("[]", &legacy, &Side::says("modern"));
        let gateway = builder.with_policy(Place::Legacy, policy.clone()).build().unwrap();
        let answer = gateway.handle(request(method, "/").body(Body::full("x")).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
        assert_eq!(legacy.count(), tries, "{method}");
    }
}

#[tokio::test]
async fn an_open_breaker_leaves_writes_where_they_belong() {
    let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
    breaker.force_open();
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let policy = Policy::new("modern").with_breaker(breaker);
    let builder = builder(MODERN_FIRST, &legacy, &modern).with_policy(Place::Modern, policy);
    let gateway = builder.build().unwrap();
    let answer = gateway.handle(post("/orders", "pears")).await;
    assert_eq!((answer.status().as_u16(), legacy.count(), modern.count()), (503, 0, 0));
    assert!(answer.headers().contains_key("retry-after"));
}

#[tokio::test(start_paused = true)]
async fn a_late_head_counts_against_modern() {
    let (legacy, modern) = (Side::says("legacy"), Side::hangs());
    let gateway = gateway(&legacy, &modern);
    for _ in 0..40 {
        assert_eq!(whole(gateway.handle(get("/")).await).await.1, "legacy");
    }
    assert!(modern.count() < 40, "the default breaker has opened: {}", modern.count());
    assert_eq!(legacy.count(), 40);
}

#[tokio::test]
async fn a_4xx_says_nothing_against_modern() {
    let (legacy, modern) = (Side::says("legacy"), Side::answers(404));
    let gateway = gateway(&legacy, &modern);
    for _ in 0..100 {
        gateway.handle(get("/")).await;
    }
    assert_eq!(modern.count(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_probes_modern_within_its_limit() {
    let (legacy, modern) = (Side::says("legacy"), Side::answers(500));
    let config = BreakerConfig::default();
    let breaker = CircuitBreaker::new("modern", config);
    let policy = Policy::new("modern").with_breaker(breaker.clone());
    let builder = builder(MODERN_FIRST, &legacy, &modern).with_policy(Place::Modern, policy);
    let gateway = builder.build().unwrap();
    while breaker.state().admits() {
        gateway.handle(get("/")).await;
    }
    let before = modern.count();
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let calls = (0..100).map(|_| gateway.handle(get("/")));
    for response in futures::future::join_all(calls).await {
        assert_eq!(whole(response).await.1, "legacy");
    }
    let probes = modern.count() - before;
    assert!((1..20).contains(&probes), "{probes}");
}

#[tokio::test]
async fn a_side_that_answers_is_named_if_that_is_wanted() {
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let config = GatewayConfig::default().with_served_by();
    let (gateway, _) = configured(config, &legacy, &modern);
    let answer = gateway.handle(get("/")).await;
    assert_eq!(answer.headers()["strangler-served-by"], "modern");
}

#[tokio::test]
async fn beyond_the_most_in_flight_requests_are_refused_at_once() {
    let (legacy, modern) = (Side::says("legacy"), Side::hangs());
    let config = GatewayConfig::default().with_in_flight_max(1.try_into().unwrap());
    let (gateway, told) = configured(config, &legacy, &modern);
    let first = gateway.handle(post("/", "x"));
    let second = async {
        tokio::task::yield_now().await;
        gateway.handle(get("/")).await
    };
    tokio::select! {
        _ = first => panic!("it hangs"),
        answer = second => assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE),
    }
    assert_eq!(told.refusals(), ["busy"]);
    assert_eq!(
        gateway
            .handle(request("GET", "/").method(Method::TRACE).body(Body::empty()).unwrap())
            .await
            .status(),
        405,
        "the seat was given back"
    );
}

#[tokio::test]
async fn a_response_of_its_own_is_passed_on_with_its_headers() {
    let modern = Side::does(|_| async {
        let mut answer = response(201, "made");
        answer.headers_mut().insert("location", "/orders/8".parse().unwrap());
        Ok(answer)
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    let answer = gateway.handle(post("/orders", "pears")).await;
    assert_eq!(answer.headers()["location"], "/orders/8");
    assert_eq!(whole(answer).await, (201, "made".to_owned()));
}
