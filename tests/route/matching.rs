//! Which requests a rule is for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use strangler_fig::phase::Side;
use strangler_fig::route::{Reason, RequestHead, RequestMeta, RouteTable, RuleBuilder};

use crate::support::{built, get, post, rule, table};

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = |first: &str, second: &str| {
        table(&json!([
            {"name": first, "path": {"exact": "/a"}, "methods": ["GET"], "to": "legacy"},
            {"name": second, "path": {"prefix": "/a"}, "to": "modern"}
        ]))
    };
    let table = rules("narrow", "wide");
    assert_eq!(rule(&table, &get("/a")), Some("narrow"));
    assert_eq!(rule(&table, &post("/a")), Some("wide"));
    let turned = built([
        RuleBuilder::prefix("wide", "/a").methods(["GET", "POST"]),
        RuleBuilder::exact("narrow", "/a").methods(["GET", "PUT"]),
    ])
    .unwrap();
    assert_eq!(rule(&turned, &get("/a")), Some("wide"), "though the other says more of the path");
    assert_eq!(rule(&turned, &RequestHead::new("PUT", "/a")), Some("narrow"));
}

#[test]
fn the_order_counts_across_the_branches_of_the_index() {
    for turned in [false, true] {
        let mut rules = vec![
            RuleBuilder::template("capture", "/{any}/b").methods(["GET"]),
            RuleBuilder::exact("literal", "/a/b").methods(["GET", "PUT"]),
            RuleBuilder::prefix("prefix", "/a").methods(["GET", "DELETE"]),
        ];
        if turned {
            rules.reverse();
        }
        let first = if turned { "prefix" } else { "capture" };
        assert_eq!(rule(&built(rules).unwrap(), &get("/a/b")), Some(first));
    }
}

#[test]
fn a_prefix_ends_where_a_segment_does() {
    let table = table(&json!([{"name": "orders", "path": {"prefix": "/orders"}, "to": "modern"}]));
    for path in ["/orders", "/orders/", "/orders/7", "/orders/7/lines", "/%6Frders/7"] {
        assert_eq!(rule(&table, &get(path)), Some("orders"), "{path}");
    }
    for path in ["/orders2", "/order", "/", "/Orders", "/a/orders", "/orders;v=1", "/orders.json"] {
        assert_eq!(rule(&table, &get(path)), None, "{path}");
    }
}

#[test]
fn a_slash_at_the_end_makes_another_path() {
    let table = table(&json!([
        {"name": "without", "path": {"exact": "/a"}, "to": "modern"},
        {"name": "with", "path": {"exact": "/a/"}, "to": "modern"},
        {"name": "root", "path": {"exact": "/"}, "to": "modern"},
        {"name": "template", "path": {"template": "/b/{id}"}, "to": "modern"}
    ]));
    assert_eq!(rule(&table, &get("/a")), Some("without"));
    assert_eq!(rule(&table, &get("/a/")), Some("with"));
    assert_eq!(rule(&table, &get("/")), Some("root"));
    assert_eq!(rule(&table, &get("/b/7")), Some("template"));
    assert_eq!(rule(&table, &get("/b/7/")), None);
}

#[test]
fn a_capture_is_one_segment() {
    let table = table(&json!([
        {"name": "lines", "path": {"template": "/orders/{id}/lines/{line}"}, "to": "modern"}
    ]));
    assert_eq!(rule(&table, &get("/orders/7/lines/3")), Some("lines"));
    for path in
        ["/orders//lines/3", "/orders/7/lines/", "/orders/7/8/lines/3", "/orders/7/lines/3/4"]
    {
        assert_eq!(rule(&table, &get(path)), None, "{path}");
    }
}

#[test]
fn captures_are_the_bytes_of_the_path() {
    let names: Vec<String> = (0..8).map(|at| format!("c{at}")).collect();
    let template = format!("/{{{}}}", names.join("}/{"));
    let table = table(
        &json!([{"name": "all", "path": {"template": template}, "parameters": true, "to": "modern"}]),
    );
    let path = "/a/b%20c/d;e=f/%C3%A9/g/h/i/j%2Bk";
    let decision = table.decide(&get(path));
    let captured: Vec<_> = names.iter().map(|name| decision.capture(path, name).unwrap()).collect();
    assert_eq!(captured, ["a", "b%20c", "d;e=f", "%C3%A9", "g", "h", "i", "j%2Bk"]);
    assert_eq!(decision.captures.len(), 8);
    assert_eq!(decision.capture(path, "c8"), None);
    assert_eq!(decision.capture("/", "c7"), None, "of another path there is nothing");
}

#[test]
fn a_rule_is_for_its_methods_only() {
    let table = table(&json!([
        {"name": "known", "methods": ["GET", "PATCH"], "to": "modern"},
        {"name": "own", "methods": ["PURGE", "VERSION-CONTROL"], "to": "modern"}
    ]));
    let of = |method: &str| rule(&table, &RequestHead::new(method, "/"));
    assert_eq!([of("GET"), of("PATCH")], [Some("known"); 2]);
    assert_eq!([of("PURGE"), of("VERSION-CONTROL")], [Some("own"); 2]);
    for method in ["get", "POST", "HEAD", "purge", ""] {
        assert_eq!(of(method), None, "{method}");
    }
}

#[test]
fn a_rule_is_for_its_host_only() {
    let table = table(&json!([
        {"name": "shop", "host": "Shop.Example", "to": "modern"},
        {"name": "below", "host": "*.shop.example", "to": "modern"}
    ]));
    let of = |host: &str| rule(&table, &get("/").with_host(host));
    assert_eq!([of("shop.example"), of("SHOP.EXAMPLE:443")], [Some("shop"); 2]);
    assert_eq!([of("a.shop.example"), of("a.b.shop.example:1")], [Some("below"); 2]);
    assert_eq!([of("shop.example.org"), of("myshop.example"), of("")], [None; 3]);
    assert_eq!(rule(&table, &get("/")), None, "it has no host");
}

#[test]
fn a_rule_is_for_its_headers_only() {
    let table = table(&json!([
        {"name": "equals", "headers": [{"name": "X-Api", "equals": "2"}], "to": "modern"},
        {"name": "begins", "headers": [{"name": "x-api", "begins": "3."}], "to": "modern"},
        {"name": "absent", "headers": [{"name": "x-api", "present": false},
                                       {"name": "x-old", "present": true}], "to": "modern"}
    ]));
    let of = |value: &str| rule(&table, &get("/").with_header("x-API", value));
    assert_eq!(
        (of("2"), of("3.1"), of("22"), of("")),
        (Some("equals"), Some("begins"), None, None)
    );
    let doubled = get("/").with_header("x-api", "2").with_header("x-api", "2");
    assert_eq!(rule(&table, &doubled), None, "which of the two counts, each reader says otherwise");
    assert_eq!(rule(&table, &get("/").with_header("x-old", "")), Some("absent"));
    assert_eq!(rule(&table, &get("/")), None);
}

#[test]
fn a_value_may_begin_with_a_blank_at_the_end() {
    let table = table(&json!([
        {"name": "token", "headers": [{"name": "authorization", "begins": "Bearer "}], "to": "modern"}
    ]));
    let of = |value: &str| rule(&table, &get("/").with_header("Authorization", value));
    assert_eq!((of("Bearer abc"), of("Bearerabc"), of("Bearer")), (Some("token"), None, None));
}

/// A host is compared without what stands before it, so that nobody gets past a rule by adding it.
#[test]
fn a_user_evades_no_rule_for_a_host() {
    let table = table(&json!([
        {"name": "admin", "host": "admin.example", "to": "legacy"},
        {"name": "six", "host": "[fd00::1]", "to": "legacy"},
        {"name": "rest", "to": "modern"}
    ]));
    let of = |host: &str| rule(&table, &get("/").with_host(host));
    for host in ["u@admin.example", "u:p@admin.example:80", "a@b@admin.example", "@admin.example"] {
        assert_eq!(of(host), Some("admin"), "{host}");
    }
    assert_eq!(of("admin.example@evil"), Some("rest"));
    for host in ["[fd00::1]", "[FD00:0:0::1]:443", "[fd00:0:0:0:0:0:0:1]", "u@[fd00::0.0.0.1]"] {
        assert_eq!(of(host), Some("six"), "{host}");
    }
    assert_eq!(of("[fd00::2]"), Some("rest"));
}

#[test]
fn a_rule_may_ask_a_predicate() {
    let even = |request: &dyn RequestMeta| request.path().len() % 2 == 0;
    let table = RouteTable::builder("shop")
        .with_predicate("even", even)
        .rule(RuleBuilder::any("even").when("even").to(Side::Modern))
        .build()
        .unwrap();
    assert_eq!((rule(&table, &get("/a")), rule(&table, &get("/ab"))), (Some("even"), None));
}

/// Counted, not measured: of rules that are told apart by their paths, only those of the request's are asked.
#[test]
fn of_a_thousand_rules_two_predicates_are_asked_at_most() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let counting =
        move |_: &dyn RequestMeta| count.fetch_add(1, Ordering::Relaxed) > usize::MAX / 2;
    let empty = RouteTable::builder("shop").with_predicate("counting", counting);
    let each = |at: usize| RuleBuilder::template(&format!("r{at}"), &format!("/api/r{at}/{{id}}"));
    let rest = RuleBuilder::prefix("rest", "/api").when("counting");
    let table = (0..1_000).fold(empty, |table, at| table.rule(each(at).when("counting")));
    let table = table.rule(rest).build().unwrap();
    for at in [0, 499, 999] {
        asked.store(0, Ordering::Relaxed);
        assert_eq!(rule(&table, &get(&format!("/api/r{at}/7"))), None);
        assert_eq!(asked.load(Ordering::Relaxed), 2, "the rule's own, and the last one's");
    }
    asked.store(0, Ordering::Relaxed);
    assert_eq!(rule(&table, &get("/other/7")), None);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[test]
fn a_predicate_that_panics_does_not_hold() {
    let broken = |_: &dyn RequestMeta| panic!("it was never tried");
    let table = RouteTable::builder("shop")
        .with_predicate("broken", broken)
        .rule(RuleBuilder::any("broken").when("broken").to(Side::Modern))
        .build()
        .unwrap();
    let decision = table.decide(&get("/"));
    assert_eq!((decision.primary, decision.reason), (Some(Side::Legacy), Reason::NoRule));
}

#[test]
fn whom_no_rule_is_for_goes_to_the_default_side() {
    let table = table(&json!([{"name": "a", "path": {"exact": "/a"}, "to": "modern"}]));
    let decision = table.decide(&get("/b"));
    assert!(decision.rule.is_none() && decision.fallback.is_none());
    assert_eq!((decision.primary, decision.reason), (Some(Side::Legacy), Reason::NoRule));
    let modern = RouteTable::builder("shop").default_side(Side::Modern).build().unwrap();
    let decision = modern.decide(&get("/b"));
    assert_eq!((decision.primary, decision.fallback), (Some(Side::Modern), Some(Side::Legacy)));
    assert_eq!(modern.decide(&post("/b")).fallback, None);
}

#[test]
fn only_a_rule_for_every_path_is_for_none() {
    let table = table(&json!([
        {"name": "root", "path": {"prefix": "/"}, "to": "modern"},
        {"name": "any", "to": "modern"}
    ]));
    assert_eq!(rule(&table, &RequestHead::new("OPTIONS", "*")), Some("any"));
    assert_eq!(rule(&table, &RequestHead::new("OPTIONS", "/")), Some("root"));
    assert_eq!(table.decide(&get("*")).reason, Reason::PathNotPlain);
}
