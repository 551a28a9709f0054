//! What a head may be, whatever transport made it: nothing else reaches a side, and each refusal has its status.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Version};
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, Fault, GatewayConfig, Limits, Request, Response, vet};

use crate::support::{Side, configured, gateway, get, request, response, told, whole};

fn vetted(request: &Request) -> Result<(), Fault> {
    vet(request, &Limits::default())
}

/// A request with these headers and no others but its host.
fn with(headers: &[(&str, &str)]) -> Request {
    let mut request = get("/orders");
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request
}

/// A response with these headers.
fn answer(headers: &'static [(&'static str, &'static str)], body: Body) -> Response {
    let mut response = Response::new(body);
    for (name, value) in headers {
        response.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    response
}

/// It is refused with this, and no side sees it.
async fn refused(request: Request, fault: Fault) {
    let what = format!("{request:?}");
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let (gateway, told) = told(&legacy, &modern);
    let response = gateway.handle(request).await;
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    let (status, text) = whole(response).await;
    assert_eq!((status, text), (fault.status().as_u16(), fault.to_string()), "{what}");
    assert_eq!((legacy.count(), modern.count()), (0, 0), "{what}");
    assert_eq!(told.refusals(), [fault.name()]);
}

#[tokio::test]
async fn content_length_and_transfer_encoding_reach_nobody_together() {
    let both = [("content-length", "0"), ("transfer-encoding", "chunked")];
    refused(with(&both), Fault::ContentLength).await;
}

#[tokio::test]
async fn a_content_length_is_one_number() {
    let other = "18446744073709551616";
    for length in ["5, 5", "+5", "5 ", "-0", "", "0x5", "5.0", "five", other, "\t0"] {
        refused(with(&[("content-length", length)]), Fault::ContentLength).await;
    }
    for lengths in [["0", "0"], ["0", "5"]] {
        refused(with(&lengths.map(|it| ("content-length", it))), Fault::ContentLength).await;
    }
    // It is that of the body.
    let says = |length: &str| {
        request("POST", "/").header("content-length", length).body(Body::full("12345")).unwrap()
    };
    assert_eq!(vetted(&says("5")), Ok(()));
    let modern = Side::says("modern");
    assert_eq!(gateway(&Side::says("legacy"), &modern).handle(says("5")).await.status(), 200);
    assert_eq!(modern.only().header("content-length"), None, "whoever sends it on frames it anew");
    for length in ["4", "6", "0"] {
        refused(says(length), Fault::ContentLength).await;
    }
}

#[tokio::test]
async fn only_chunked_once_is_a_transfer_encoding() {
    assert_eq!(vetted(&with(&[("transfer-encoding", "Chunked")])), Ok(()));
    for coding in ["gzip", "identity", "xchunked", "deflate"] {
        refused(with(&[("transfer-encoding", coding)]), Fault::TransferCoding).await;
    }
    for coding in
        ["chunked, chunked", "gzip, chunked", "chunked;a=b", "", "\"chunked\"", "chunked,"]
    {
        refused(with(&[("transfer-encoding", coding)]), Fault::TransferEncoding).await;
    }
    refused(with(&[("transfer-encoding", "chunked"); 2]), Fault::TransferEncoding).await;
    for version in [Version::HTTP_10, Version::HTTP_2] {
        let mut request = with(&[("transfer-encoding", "chunked")]);
        *request.version_mut() = version;
        refused(request, Fault::TransferEncoding).await;
    }
}

#[tokio::test]
async fn a_request_has_one_host() {
    let bare = |uri: &str| http::Request::get(uri);
    refused(bare("/").body(Body::empty()).unwrap(), Fault::Host).await;
    refused(with(&[("host", "shop.example")]), Fault::Host).await;
    refused(with(&[("host", "evil.example")]), Fault::Host).await;
    for host in [
        "",
        "shop:",
        "shop:0",
        "shop:99999",
        "ada@shop",
        "a b",
        "shop/x",
        "shop,evil",
        "shop#x",
        "s%68op",
    ] {
        refused(bare("/").header("host", host).body(Body::empty()).unwrap(), Fault::Host).await;
    }
    let both =
        |host: &str| bare("http://shop.example/").header("host", host).body(Body::empty()).unwrap();
    assert_eq!(vetted(&both("Shop.Example")), Ok(()));
    refused(both("evil.example"), Fault::Host).await;
    refused(both("shop.example:8080"), Fault::Host).await;
    let named = bare("http://ada:secret@shop.example/").body(Body::empty()).unwrap();
    refused(named, Fault::Host).await;
}

#[tokio::test]
async fn an_absolute_target_chooses_nothing() {
    let evil = http::Request::get("http://evil.example/x").header("host", "shop.example");
    refused(evil.body(Body::empty()).unwrap(), Fault::Host).await;
    let other = http::Request::get("ftp://shop.example/x").body(Body::empty()).unwrap();
    refused(other, Fault::Target).await;

    let modern = Side::says("modern");
    let gateway = gateway(&Side::says("legacy"), &modern);
    let own = http::Request::get("http://shop.example/x?y=z").body(Body::empty()).unwrap();
    gateway.handle(own).await;
    let seen = modern.only();
    assert_eq!((seen.target.as_str(), seen.header("host")), ("/x?y=z", Some("shop.example")));
}

#[tokio::test]
async fn connect_and_trace_are_refused() {
    for method in ["CONNECT", "TRACE", "TRACK"] {
        refused(request(method, "/").body(Body::empty()).unwrap(), Fault::Method).await;
    }
    let allowed = Fault::Method.response().headers()["allow"].clone();
    assert_eq!(allowed, "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE");
    let asterisk = |method| request(method, "*").body(Body::empty()).unwrap();
    assert_eq!(vetted(&asterisk("OPTIONS")), Ok(()));
    refused(asterisk("GET"), Fault::Target).await;
    // The form that only `CONNECT` has.
    refused(http::Request::get("shop.example:80").body(Body::empty()).unwrap(), Fault::Target)
        .await;
    let mut old = get("/");
    *old.version_mut() = Version::HTTP_09;
    refused(old, Fault::Version).await;
}

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
async fn ambiguous_paths_are_refused() {
    for path in [
        "//",
        "//orders",
        "/orders//7",
        "/orders/7//",
        "/./orders",
        "/.",
        "/..",
        "/../orders",
        "/orders/..",
        "/orders/../admin",
        "/orders/./7",
        "/%2e",
        "/%2E%2e",
        "/orders/%2e%2e/admin",
        "/orders/.%2e/admin",
        "/orders/%2e./admin",
        "/orders/..;/admin",
        "/orders/..;x=y/admin",
        "/orders/.;/7",
        "/orders/%2e%2e;/a",
        "/orders/..%3b/admin",
        "/orders%5cadmin",
        "/orders%5Cadmin",
        "/orders%00",
        "/%00",
        "/orders%0a",
        "/orders%0d%0aHost:%20evil",
        "/orders%7f",
        "/%252e%252e/admin",
        "/orders/%252e%252e",
        "/%252f",
        "/%255c",
        "/%2500",
        "/orders%",
        "/orders%2",
        "/orders%zz",
        "/orders%2g",
        "/%",
        "/%%32%65",
        "/orders/%u002e",
        "/%25%32%65",
        "/orders/7%",
    ] {
        refused(request("GET", path).body(Body::empty()).unwrap(), Fault::PathNotPlain).await;
    }
    // What only some of those in front of it let through; `http` lets few of them be.
    for path in ["/a\\b", "/a\"b", "/a{b}", "/a|b", "/a^b", "/a`b", "/é", "/a b", "/a\tb", "/a<b>"]
    {
        if let Ok(request) = request("GET", path).body(Body::empty()) {
            refused(request, Fault::PathNotPlain).await;
        }
    }
    // An escaped slash is data, where a rule says so; here none does.
    refused(get("/orders%2fadmin"), Fault::PathNotPlain).await;
    refused(get("/orders/%2F"), Fault::PathNotPlain).await;
    for path in [
        "/",
        "/orders",
        "/orders/",
        "/a.b/..c/d..",
        "/%20",
        "/caf%C3%A9",
        "/a;b=c",
        "/a:b@c",
        "/~ada",
        "/...",
    ] {
        assert_eq!(vetted(&request("GET", path).body(Body::empty()).unwrap()), Ok(()), "{path}");
    }
}

#[tokio::test]
async fn a_query_is_plain_text() {
    if let Ok(request) = request("GET", "/orders?a=é").body(Body::empty()) {
        refused(request, Fault::Target).await;
    }
    let modern = Side::says("modern");
    let gateway = gateway(&Side::says("legacy"), &modern);
    gateway.handle(get("/orders?path=/../%2e&url=http://evil//#gone")).await;
    assert_eq!(modern.only().target, "/orders?path=/../%2e&url=http://evil//");
}

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
async fn only_100_continue_is_expected() {
    refused(with(&[("expect", "the unexpected")]), Fault::Expectation).await;
    refused(with(&[("expect", "100-continue"), ("expect", "200-ok")]), Fault::Expectation).await;
    let modern = Side::says("modern");
    let gateway = gateway(&Side::says("legacy"), &modern);
    assert_eq!(gateway.handle(with(&[("expect", "100-Continue")])).await.status(), 200);
    assert_eq!(modern.only().header("expect"), None, "the transport has answered it");
}

#[tokio::test]
async fn an_idempotency_key_is_plain_and_short() {
    for key in ["", "a b", "a\tb", "caf\u{e9}", &"k".repeat(256)] {
        refused(with(&[("idempotency-key", key)]), Fault::IdempotencyKey).await;
    }
    refused(with(&[("idempotency-key", "k"); 2]), Fault::IdempotencyKey).await;
    assert_eq!(vetted(&with(&[("idempotency-key", &"k".repeat(255))])), Ok(()));
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
async fn no_header_names_an_upstream() {
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let gateway = gateway(&legacy, &modern);
    let tries = [
        ("x-forwarded-host", "evil.example"),
        ("x-host", "evil.example"),
        ("x-original-host", "evil.example"),
        ("x-original-url", "/admin"),
        ("x-rewrite-url", "/admin"),
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
async fn a_101_is_no_answer() {
    for status in [100, 101, 103, 199] {
        let modern = Side::does(move |_| async move { Ok(response(status, "")) });
        let gateway = gateway(&Side::says("legacy"), &modern);
        let write = request("POST", "/").body(Body::empty()).unwrap();
        assert_eq!(gateway.handle(write).await.status(), 502);
        assert_eq!(whole(gateway.handle(get("/")).await).await.1, "legacy");
    }
}

#[tokio::test]
async fn a_malformed_response_is_a_502() {
    const MALFORMED: &[&[(&str, &str)]] = &[
        &[("content-length", "6"), ("content-length", "6")],
        &[("content-length", "6, 6")],
        &[("content-length", "+6")],
        &[("content-length", "7")],
        &[("content-length", "6"), ("transfer-encoding", "chunked")],
        &[("transfer-encoding", "gzip, chunked")],
        &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
    ];
    for headers in MALFORMED {
        let modern = Side::does(move |_| async move { Ok(answer(headers, Body::full("secret"))) });
        let gateway = gateway(&Side::fails(|| StoreError::unknown("reset")), &modern);
        let (status, text) = whole(gateway.handle(get("/")).await).await;
        assert_eq!((status, text), (502, Fault::NoAnswer.to_string()), "{headers:?}");
    }
    let huge = Side::does(|_| async {
        let mut response = answer(&[], Body::full("secret"));
        response.headers_mut().insert("x-huge", "x".repeat(64 * 1024).parse().unwrap());
        Ok(response)
    });
    assert_eq!(gateway(&huge, &huge).handle(get("/")).await.status(), 502);
    let well =
        Side::does(|_| async { Ok(answer(&[("content-length", "6")], Body::full("secret"))) });
    let response = gateway(&well, &well).handle(get("/")).await;
    assert_eq!(
        (response.status().as_u16(), response.headers().len()),
        (200, 0),
        "it is framed anew"
    );
}

#[tokio::test]
async fn a_length_stays_where_there_is_no_body() {
    let modern = Side::does(|request: Request| async move {
        let mut response = answer(&[("content-length", "1234")], Body::empty());
        if request.method() == http::Method::GET {
            *response.status_mut() = http::StatusCode::NOT_MODIFIED;
        }
        Ok(response)
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    for method in ["HEAD", "GET"] {
        let response = gateway.handle(request(method, "/").body(Body::empty()).unwrap()).await;
        assert_eq!(response.headers()["content-length"], "1234");
    }
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
