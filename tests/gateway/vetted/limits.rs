//! How large a head may be, and what its fields are made of.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use strangler_fig::gateway::{Body, Fault, GatewayConfig, Limits, vet};

use super::{refused, vetted, with};
use crate::support::{Side, configured, gateway, get, request};

#[tokio::test]
async fn limits_have_their_status() {
    let many: Vec<_> = (0..100).map(|at| (format!("x-{at}"), "1")).collect();
    let many: Vec<_> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(vetted(&with(&many[..99])), Ok(()));
    refused(with(&many), Fault::HeadersTooLarge).await;
    refused(with(&[("x-long", &"x".repeat(32 * 1024))]), Fault::HeadersTooLarge).await;
    refused(get(&format!("/{}", "x".repeat(8 * 1024))), Fault::TargetTooLong).await;

    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let limits = Limits::default().with_body_max(5);
    let (gateway, _) = configured(GatewayConfig::default().with_limits(limits), &legacy, &modern);
    for (length, status) in [(5, 200), (6, 413)] {
        let request = request("POST", "/").body(Body::full(vec![0; length])).unwrap();
        assert_eq!(gateway.handle(request).await.status().as_u16(), status);
    }
    assert_eq!(modern.count(), 1, "nothing of the longer one");
    assert_eq!(Fault::HeadersTooLarge.status(), 431);
    assert_eq!(
        (Fault::TargetTooLong.status().as_u16(), Fault::BodyTooLong.status().as_u16()),
        (414, 413)
    );
}

#[tokio::test]
async fn underscores_are_refused() {
    refused(with(&[("x_user", "ada")]), Fault::Underscore).await;
    let limits = Limits::default().with_underscores();
    assert_eq!(vet(&with(&[("x_user", "ada")]), &limits), Ok(()));
}

#[tokio::test]
async fn an_idempotency_key_is_plain_and_short() {
    for key in ["", "a b", "a\tb", "caf\u{e9}", &"k".repeat(256)] {
        refused(with(&[("idempotency-key", key)]), Fault::IdempotencyKey).await;
    }
    refused(with(&[("idempotency-key", "k"); 2]), Fault::IdempotencyKey).await;
    assert_eq!(vetted(&with(&[("idempotency-key", &"k".repeat(255))])), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_costs_no_time() {
    let gateway = gateway(&Side::hangs(), &Side::hangs());
    let began = tokio::time::Instant::now();
    gateway.handle(get("//")).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn cookies_in_several_fields_are_read_as_one() {
    let modern = Side::says("modern");
    let gateway = gateway(&Side::says("legacy"), &modern);
    gateway.handle(with(&[("cookie", "a=1"), ("cookie", "b=2; c=3"), ("cookie", "d=4")])).await;
    let seen = modern.only();
    assert_eq!(seen.header("cookie"), Some("a=1; b=2; c=3; d=4"));
    assert_eq!(seen.headers.get_all("cookie").iter().count(), 1);
    // However many they are, they count as one.
    let crumbs = |count| with(&vec![("cookie", "a=1"); count]);
    assert_eq!(gateway.handle(crumbs(500)).await.status(), 200);
    let mut many = crumbs(500);
    for at in 0..99 {
        let name = HeaderName::from_bytes(format!("x-{at}").as_bytes()).unwrap();
        many.headers_mut().append(name, HeaderValue::from_static("1"));
    }
    refused(many, Fault::HeadersTooLarge).await;
}

/// 405, 414 and 501 may be kept by caches, and some keep every refusal: then one bad request is the answer to all that
/// ask for the same.
#[tokio::test]
async fn a_refusal_is_kept_by_no_cache() {
    let gateway = gateway(&Side::says("legacy"), &Side::answers(503));
    let long = format!("/{}", "x".repeat(8 * 1024));
    for (asked, status) in [
        (with(&[("transfer-encoding", "gzip")]), 501),
        (with(&[("x_user", "ada")]), 400),
        (get(&long), 414),
        (request("TRACE", "/").body(Body::empty()).unwrap(), 405),
    ] {
        let refused = gateway.handle(asked).await;
        assert_eq!(refused.status().as_u16(), status);
        assert_eq!(refused.headers()["cache-control"], "no-store", "{status}");
    }
}
