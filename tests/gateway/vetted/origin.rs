//! Where a request comes from, and where it goes: neither is chosen by what it says.

use strangler_fig::gateway::GatewayConfig;

use super::with;
use crate::support::{Side, configured, gateway, whole};

#[tokio::test]
async fn no_header_names_an_upstream() {
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let gateway = gateway(&legacy, &modern);
    let tries = [
        ("x-forwarded-host", "evil.example"),
        ("x-host", "evil.example"),
        ("x-original-host", "evil.example"),
        ("x-original-url", "/admin"),
        ("x-rewrite-url", "/admin"),
        ("x-rewrite-path", "/admin"),
        ("x-original-method", "DELETE"),
        ("x-original-uri", "/admin"),
        ("x-envoy-original-path", "/admin"),
        ("x-http-host-override", "evil.example"),
        ("x-envoy-external-address", "10.0.0.1"),
        ("x-azure-clientip", "10.0.0.1"),
        ("x-remote-addr", "10.0.0.1"),
        ("x-remote-ip", "10.0.0.1"),
        ("x-originating-ip", "10.0.0.1"),
        ("x-upstream", "legacy"),
        ("forwarded", "host=evil.example"),
        ("strangler-served-by", "legacy"),
        ("strangler-mirror", "1"),
        ("x-canary", "never"),
        ("x-real-ip", "10.0.0.1"),
        ("x-forwarded-for", "10.0.0.1"),
        ("true-client-ip", "10.0.0.1"),
        ("client-ip", "10.0.0.1"),
        ("x-client-ip", "10.0.0.1"),
        ("x-cluster-client-ip", "10.0.0.1"),
        ("cf-connecting-ip", "10.0.0.1"),
        ("x-forwarded", "for=10.0.0.1"),
    ];
    for one in tries {
        assert_eq!(whole(gateway.handle(with(&[one])).await).await.1, "modern", "{one:?}");
    }
    assert_eq!(whole(gateway.handle(with(&tries)).await).await.1, "modern");
    for seen in modern.seen() {
        assert_eq!((seen.target.as_str(), seen.header("host")), ("/orders", Some("shop.example")));
        let is_kept = |name: &str| matches!(name, "x-upstream" | "x-forwarded-host");
        for (name, _) in tries.iter().filter(|(name, _)| !is_kept(name)) {
            assert_eq!(seen.header(name), None, "{name}");
        }
        assert_eq!(seen.header("x-forwarded-host"), Some("shop.example"));
    }
    assert_eq!(legacy.count(), 0);
}

#[tokio::test]
async fn a_safe_request_is_safe_to_whoever_reads_it() {
    let modern = Side::says("modern");
    let gateway = gateway(&Side::says("legacy"), &modern);
    let names = ["x-http-method-override", "x-http-method", "x-method-override"];
    gateway.handle(with(&names.map(|name| (name, "DELETE")))).await;
    assert!(names.iter().all(|name| modern.only().header(name).is_none()));
    let mut write = with(&[(names[0], "PUT")]);
    *write.method_mut() = http::Method::POST;
    gateway.handle(write).await;
    assert_eq!(modern.seen()[1].header(names[0]), Some("PUT"), "a write is sent once anyway");
}

#[tokio::test]
async fn what_the_gateway_adds_cannot_be_injected() {
    let modern = Side::says("modern");
    let trusting = GatewayConfig::default().with_trusted(["10.0.0.0/8".parse().unwrap()]);
    let (gateway, _) = configured(trusting, &Side::says("legacy"), &modern);
    let odd =
        with(&[("x-forwarded-for", "evil\t, \"x\", 192.0.2.1"), ("x-forwarded-for", "\u{e9}")]);
    gateway.handle_from(odd, Some([10, 0, 0, 1].into())).await;
    let seen = modern.only();
    let list = seen.header("x-forwarded-for").unwrap();
    assert_eq!(list, "evil\t, \"x\", 192.0.2.1, unknown, 10.0.0.1");
    assert_eq!(seen.headers.get_all("x-forwarded-for").iter().count(), 1);
}

#[tokio::test]
async fn forwarded_headers_of_strangers_are_replaced() {
    let modern = Side::says("modern");
    let trusting =
        GatewayConfig::default().with_trusted(["10.0.0.0/8".parse().unwrap()]).with_https();
    let (gateway, _) = configured(trusting, &Side::says("legacy"), &modern);
    let lies = || {
        with(&[
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-host", "front.example"),
            ("x-forwarded-proto", "gopher"),
            ("x-forwarded-port", "70"),
            ("x-real-ip", "192.0.2.1"),
            ("forwarded", "for=192.0.2.1"),
        ])
    };
    let names = [
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-real-ip",
        "forwarded",
    ];
    let told = |at: usize| {
        let seen = modern.seen().swap_remove(at);
        names.map(|name| seen.header(name).map(ToString::to_string).unwrap_or_default())
    };
    gateway.handle_from(lies(), Some([198, 51, 100, 7].into())).await;
    assert_eq!(told(0), ["198.51.100.7", "shop.example", "https", "", "", ""]);
    gateway.handle_from(lies(), Some([10, 1, 2, 3].into())).await;
    let believed = ["192.0.2.1, 10.1.2.3", "front.example", "gopher", "70", "192.0.2.1", ""];
    assert_eq!(told(1), believed);
    gateway.handle_from(lies(), None).await;
    assert_eq!(told(2), ["", "shop.example", "https", "", "", ""]);
}

#[tokio::test]
async fn an_override_is_not_forwarded_and_counts_from_the_allow_list_only() {
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let rules =
        r#"[{ "name": "all", "path": { "prefix": "/" }, "to": "legacy", "override": true }]"#;
    let config = GatewayConfig::default().with_trusted(["192.0.2.1/32".parse().unwrap()]);
    let gateway =
        crate::support::builder(rules, &legacy, &modern).with_config(config).build().unwrap();
    let canary = || with(&[("x-canary", "always"), ("x-forwarded-for", "10.9.8.7")]);
    for (peer, by) in [
        ([10, 0, 0, 1], "modern"),
        ([198, 51, 100, 7], "legacy"),
        // A proxy that is believed says who asks.
        ([192, 0, 2, 1], "modern"),
    ] {
        let answer = gateway.handle_from(canary(), Some(peer.into())).await;
        assert_eq!(whole(answer).await.1, by, "{peer:?}");
    }
    // Who is behind a proxy that says nothing which can be read is nobody, and not that proxy.
    let config = GatewayConfig::default().with_trusted(["10.0.0.1/32".parse().unwrap()]);
    let gateway =
        crate::support::builder(rules, &legacy, &modern).with_config(config).build().unwrap();
    for (list, by) in
        [("10.9.8.7:51234", "modern"), ("unknown", "legacy"), ("192.0.2.9:1", "legacy")]
    {
        let asked = with(&[("x-canary", "always"), ("x-forwarded-for", list)]);
        let answer = gateway.handle_from(asked, Some([10, 0, 0, 1].into())).await;
        assert_eq!(whole(answer).await.1, by, "{list}");
    }
    for side in [legacy, modern] {
        assert!(side.seen().iter().all(|seen| seen.header("x-canary").is_none()));
    }
}
