//! Requests of the crate `http`, and the law of every request.

#![cfg(feature = "http")]

use std::net::IpAddr;

use strangler_fig::phase::{Share, Side};
use strangler_fig::route::{
    ClientAddress, Reason, RequestHead, RequestMeta, RuleBuilder, StickyKey,
};

use crate::support::built;

fn request() -> http::Request<()> {
    let mut request = http::Request::builder()
        .method("PATCH")
        .uri("/orders/7?x=1")
        .header("Host", "shop.example:80")
        .header("X-User", "ada")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("x-bytes", http::HeaderValue::from_bytes(b"\xE9").unwrap())
        .body(())
        .unwrap();
    request.extensions_mut().insert(ClientAddress([10, 0, 0, 7].into()));
    request
}

/// The value of a header is the only one that is visited.
fn obeys(request: &dyn RequestMeta, names: &[&str]) {
    for name in names {
        let mut values = Vec::new();
        request.each_header(name, &mut |value| values.push(value.to_vec()));
        let only = (values.len() == 1).then(|| values[0].as_slice());
        assert_eq!(request.header(name), only, "{name}");
        assert_eq!(request.header(&name.to_uppercase()), only, "{name}");
    }
}

#[test]
fn every_kind_of_request_obeys() {
    let names = ["host", "x-user", "cookie", "x-bytes", "none"];
    let head = RequestHead::new("GET", "/").with_header("X-User", "ada");
    obeys(&head.with_header("cookie", "a=1").with_header("Cookie", "b=2"), &names);
    obeys(&request(), &names);
    obeys(&request().into_parts().0, &names);
}

#[test]
fn a_request_of_http_is_read_as_it_is() {
    let whole = request();
    let parts = request().into_parts().0;
    let address: IpAddr = [10, 0, 0, 7].into();
    for request in [&whole as &dyn RequestMeta, &parts] {
        assert_eq!((request.method(), request.path()), ("PATCH", "/orders/7"));
        assert_eq!((request.host(), request.address()), (Some("shop.example:80"), Some(address)));
        assert_eq!(request.header("x-bytes"), Some(&b"\xE9"[..]));
    }
    let plain = http::Request::builder().uri("/").body(()).unwrap();
    assert_eq!((RequestMeta::host(&plain), RequestMeta::address(&plain)), (None, None));
    let doubled =
        http::Request::builder().header("host", "a").header("host", "b").body(()).unwrap();
    assert_eq!(RequestMeta::host(&doubled), None);
    let absolute =
        http::Request::builder().uri("http://shop/a").header("host", "evil").body(()).unwrap();
    assert_eq!((RequestMeta::host(&absolute), RequestMeta::path(&absolute)), (Some("shop"), "/a"));
}

/// A target may name a user; that is no part of the host, and evades no rule for it.
#[test]
fn a_user_in_a_target_is_no_host() {
    let table = built([
        RuleBuilder::any("admin").host("admin.example").to(Side::Legacy),
        RuleBuilder::any("rest").to(Side::Modern),
    ])
    .unwrap();
    for uri in
        ["http://u@admin.example/x", "http://u:p@admin.example:80/x", "http://admin.example/x"]
    {
        let request = http::Request::builder().uri(uri).header("host", "evil").body(()).unwrap();
        assert_eq!(table.decide(&request).primary, Some(Side::Legacy), "{uri}");
        assert!(!RequestMeta::host(&request).unwrap().contains('@'), "{uri}");
        assert_eq!(table.decide(&request.into_parts().0).primary, Some(Side::Legacy), "{uri}");
    }
    let header = http::Request::builder().uri("/x").header("host", "u@admin.example");
    let header = header.body(()).unwrap();
    assert_eq!(RequestMeta::host(&header), Some("admin.example"));
}

#[test]
fn a_table_decides_it() {
    let key = StickyKey::address();
    let rule =
        RuleBuilder::template("orders", "/orders/{id}").host("shop.example").methods(["PATCH"]);
    let table = built([rule.share(Share::WHOLE, key)]).unwrap();
    let decision = table.decide(&request());
    assert_eq!((decision.primary, decision.reason), (Some(Side::Modern), Reason::InShare));
}
