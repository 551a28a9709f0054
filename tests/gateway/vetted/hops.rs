//! What is between two neighbours only, and what only a gateway may say.

use http::HeaderName;
use strangler_fig::gateway::{Body, Fault};

use super::{answer, refused, with};
use crate::support::{Side, gateway, whole};

#[tokio::test]
async fn an_upgrade_is_not_passed_on() {
    let modern = Side::says("modern");
    let gateway = gateway(&Side::says("legacy"), &modern);
    let upgrades = [
        ("connection", "upgrade, HTTP2-Settings"),
        ("upgrade", "websocket, h2c"),
        ("http2-settings", "AAMAAABkAAQAAP__"),
    ];
    assert_eq!(gateway.handle(with(&upgrades)).await.status(), 200);
    let seen = modern.only();
    assert!(upgrades.iter().all(|(name, _)| seen.header(name).is_none()), "{seen:?}");
}

#[tokio::test]
async fn what_is_between_two_neighbours_is_passed_on_by_none() {
    let modern = Side::does(|_| async {
        let headers = &[
            ("connection", "x-of-this-hop, close"),
            ("x-of-this-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-authenticate", "Basic"),
            ("upgrade", "h2c"),
            ("x-of-both-ends", "1"),
        ];
        Ok(answer(headers, Body::full("modern")))
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    let response = gateway.handle(with(&[
        ("connection", "close, X-Of-This-Hop"),
        ("connection", "another"),
        ("another", "1"),
        ("x-of-this-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("proxy-authorization", "Basic QQ=="),
        ("te", "trailers"),
        ("x-of-both-ends", "1"),
    ]));
    let response = response.await;
    let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["x-of-both-ends"]);
    let mut seen: Vec<_> = modern.only().headers.keys().map(ToString::to_string).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["host", "x-forwarded-host", "x-forwarded-proto", "x-of-both-ends"]);
}

#[tokio::test]
async fn connection_cannot_take_away_what_matters() {
    for option in [
        "host",
        "Cookie",
        "authorization",
        "x-forwarded-for",
        "X-Forwarded-Proto",
        "idempotency-key",
        "strangler-stamp",
        "content-length",
        "content-type",
        "transfer-encoding",
        "forwarded",
        "expect",
        "cache-control",
        "if-match",
        "range",
        "x-real-ip",
        "True-Client-IP",
        ":path",
        "two words",
        "a=b",
        "\"quoted\"",
    ] {
        refused(with(&[("connection", option)]), Fault::Connection).await;
        refused(with(&[("connection", &format!("close,{option}"))]), Fault::Connection).await;
    }
}

#[tokio::test]
async fn no_strangler_header_comes_from_outside() {
    let modern = Side::does(|_| async {
        let headers = &[
            ("strangler-served-by", "the moon"),
            ("strangler-partial", "x"),
            ("strangler-x", "y"),
        ];
        Ok(answer(headers, Body::full("modern")))
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    let marks = ["stamp", "id", "mirror", "served-by", "partial", "anything"];
    let marks: Vec<_> = marks.iter().map(|mark| format!("Strangler-{mark}")).collect();
    let marks: Vec<_> = marks.iter().map(|mark| (mark.as_str(), "1")).collect();
    let response = gateway.handle(with(&marks)).await;
    assert!(response.headers().is_empty(), "{response:?}");
    let seen = modern.only();
    assert!(seen.headers.keys().all(|name| !name.as_str().starts_with("strangler-")), "{seen:?}");
}

#[tokio::test]
async fn what_is_decided_by_is_what_is_sent() {
    let rules = r#"[
        { "name": "testers", "path": { "prefix": "/" }, "headers": [{ "name": "x-tester", "equals": "1" }], "to": "modern" },
        { "name": "all", "path": { "prefix": "/" }, "to": "legacy", "override": true }]"#;
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let gateway = crate::support::builder(rules, &legacy, &modern).build().unwrap();
    for (option, by) in [("close", "modern"), ("X-Tester", "legacy"), ("close, x-tester", "legacy")]
    {
        let asked = with(&[("connection", option), ("x-tester", "1")]);
        assert_eq!(whole(gateway.handle(asked).await).await.1, by, "{option}");
    }
    let asked = with(&[("connection", "x-canary"), ("x-canary", "always")]);
    let answer = gateway.handle_from(asked, Some([10, 0, 0, 1].into())).await;
    assert_eq!(whole(answer).await.1, "legacy");
}

/// To what reads fields as variables, `Proxy` is `HTTP_PROXY`: where its own requests go.
#[tokio::test]
async fn a_proxy_is_no_stranger_s_to_choose() {
    let modern = Side::says("modern");
    let gateway = gateway(&Side::says("legacy"), &modern);
    gateway.handle(with(&[("proxy", "http://evil.example")])).await;
    assert_eq!(modern.only().header("proxy"), None);
}
