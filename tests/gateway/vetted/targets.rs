//! What a request is for: one host, and a path that can be read in one way.

use http::Version;
use strangler_fig::gateway::{Body, Fault, Request, Response};

use super::{refused, vetted, with};
use crate::support::{Side, gateway, get, request, whole};

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
    // To some a method is one however it is written.
    for method in ["CONNECT", "TRACE", "TRACK", "connect", "Trace", "track"] {
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
async fn a_target_without_a_path_has_one() {
    let modern = Side::does(|request: Request| async move {
        let target = request.uri().path_and_query().unwrap().as_str().to_owned();
        Ok(Response::new(Body::full(target)))
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    for (target, sent) in [("http://shop.example?a=b", "/?a=b"), ("http://shop.example", "/")] {
        let asked = http::Request::get(target).body(Body::empty()).unwrap();
        assert_eq!(whole(gateway.handle(asked).await).await.1, sent, "what rules have looked at");
    }
    // An asterisk is the whole target.
    if let Ok(asked) = request("OPTIONS", "*?a=b").body(Body::empty()) {
        refused(asked, Fault::Target).await;
    }
}
