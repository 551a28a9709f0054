//! Paths that can be read in one way only.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;
use strangler_fig::phase::Side;
use strangler_fig::route::{PathFault, PlainPath, Reason, RouteTable, RuleBuilder};

use crate::reference;
use crate::support::{get, rule, table};

const AMBIGUOUS: &[&str] = &[
    "",
    "a",
    "a/b",
    "*",
    "//",
    "//a",
    "/a//b",
    "/a//",
    "/./a",
    "/a/.",
    "/a/..",
    "/../a",
    "/a/../b",
    "/..",
    "/.",
    "/a/..;/b",
    "/a/..;x=1/b",
    "/a/.;/b",
    "/;/../a",
    "/a/%2e/b",
    "/a/%2E%2e/b",
    "/a/.%2e/b",
    "/a/%2e./b",
    "/a/%2e%2e;/b",
    "/a/..%3b/b",
    "/a/%2e%3Bx/b",
    "/a%00",
    "/a%00.html",
    "/a%0d%0ab",
    "/a%0A",
    "/a%7f",
    "/a%1f",
    "/a\\b",
    "/a%5cb",
    "/a%5C..%5Cb",
    "/..\\a",
    "/a b",
    "/a\tb",
    "/a\r\nb",
    "/a\0",
    "/a#b",
    "/a?b",
    "/\u{e9}",
    "/a%",
    "/a%2",
    "/a%zz",
    "/a%2x",
    "/a%%",
    "/a%u002e",
    "/%252e%252e/a",
    "/a%252fb",
    "/a%255cb",
    "/a%2525",
    "/a%2500",
    "/a/%25%32%65/b",
    "/%c0%ae%c0%ae/a",
    "/a%c0%afb",
    "/a%e0%80%af",
    "/a%f0%80%80%af",
    "/a%ff",
    "/a%ed%a0%80",
    "/a[b]",
    "/a|b",
    "/a\"b",
    "/<a>",
    "/a`b",
    "/{a}",
    "/a^b",
    "http://evil/a",
    "/files/..%2f..%2fetc",
    "/files/a%2f..%2fb",
    "/files/a%2F.",
    "/files/%2fetc",
    "/files/a%2f%2fb",
    "/files/a%2f",
    "/files/..;x%2fetc",
    "/;/a",
    "/a/;x=1",
    "/a/%3Bx/b",
    "/a%2f;x",
    "/%2561dmin",
    "/orders%253bv=1",
    "/a%250ab",
    "/a%253Fb",
    "/caf%25C3%25A9",
    "/a/%25ab",
    "/caf%E9",
    "/a%C3",
];

#[test]
fn ambiguous_paths_are_refused() {
    let table = RouteTable::builder("shop").rule(RuleBuilder::any("all").to(Side::Modern));
    let table = table.build().unwrap();
    assert!(AMBIGUOUS.len() >= 80);
    let lenient = RuleBuilder::any("all").with_encoded_slashes().with_parameters();
    let lenient = lenient.to(Side::Modern);
    let lenient = RouteTable::builder("shop").rule(lenient).build().unwrap();
    for path in AMBIGUOUS {
        let decision = table.decide(&get(path));
        assert_eq!((decision.primary, decision.reason), (None, Reason::PathNotPlain), "{path:?}");
        assert_eq!(lenient.decide(&get(path)).reason, Reason::PathNotPlain, "{path:?}");
        assert!(decision.rule.is_none() && reference::plain(path).is_none(), "{path:?}");
    }
}

#[test]
fn plain_paths_are_taken() {
    for path in [
        "/",
        "/a",
        "/a/",
        "/a/b.json",
        "/a;v=1/b",
        "/...",
        "/.a",
        "/a..",
        "/a/..b",
        "/%2e%2e%2e",
        "/a%20b",
        "/%C3%A9",
        "/100%25",
        "/a:b@c",
        "/~ada/(x)!$&'*+,=",
        "/a/%25xy",
        "/a/..%252",
        "/a;../b",
    ] {
        assert!(PlainPath::of(path).is_ok() && reference::plain(path).is_some(), "{path}");
    }
}

#[test]
fn a_path_has_its_limits() {
    let deep = |segments: usize| "/a".repeat(segments);
    assert!(PlainPath::of(&deep(64)).is_ok());
    assert_eq!(PlainPath::of(&deep(65)).unwrap_err(), PathFault::TooDeep);
    let long = |bytes: usize| format!("/{}", "a".repeat(bytes - 1));
    assert!(PlainPath::of(&long(8_192)).is_ok());
    assert_eq!(PlainPath::of(&long(8_193)).unwrap_err(), PathFault::TooLong);
}

#[test]
fn an_escaped_slash_is_no_boundary() {
    let table = table(&json!([
        {"name": "files", "path": {"template": "/files/{name}"}, "encoded_slashes": true, "to": "modern"},
        {"name": "closed", "path": {"prefix": "/closed"}, "to": "modern"}
    ]));
    let path = "/files/a%2Fb";
    let decision = table.decide(&get(path));
    assert_eq!(decision.capture(path, "name"), Some("a%2Fb"));
    assert_eq!(rule(&table, &get("/closed/a")), Some("closed"));
    for path in ["/closed/a%2fb", "/closed%2Fa", "/other/a%2Fb", "/files/a/b%2Fc"] {
        assert_eq!(table.decide(&get(path)).reason, Reason::PathNotPlain, "{path}");
    }
}

#[test]
fn a_parameter_evades_no_rule() {
    let rules = json!([
        {"name": "orders", "path": {"prefix": "/orders"}, "to": "legacy"},
        {"name": "matrix", "path": {"template": "/matrix/{cell}"}, "parameters": true, "to": "modern"},
        {"name": "one", "path": {"exact": "/one;v=1"}, "parameters": true, "to": "modern"},
        {"name": "rest", "to": "modern"}
    ]);
    let table = table(&rules);
    for path in
        ["/orders;v=1/7", "/orders;/7", "/orders%3bv=1/7", "/orders/7;v=1", "/a;b", "/matrix;x/7"]
    {
        let decision = table.decide(&get(path));
        assert_eq!((decision.primary, decision.reason), (None, Reason::PathNotPlain), "{path}");
        assert!(PlainPath::of(path).unwrap().has_parameter(), "{path}");
    }
    let path = "/matrix/row=1;column=2";
    assert_eq!(table.decide(&get(path)).capture(path, "cell"), Some("row=1;column=2"));
    assert_eq!(rule(&table, &get("/one%3bv=1")), Some("one"));
    assert_eq!(table.decide(&get("/one;v=2")).reason, Reason::PathNotPlain);
    assert!(!PlainPath::of("/orders/7").unwrap().has_parameter());
}

#[test]
fn a_literal_means_what_it_says_however_it_is_written() {
    let table = table(&json!([
        {"name": "space", "path": {"exact": "/a%20b"}, "to": "modern"},
        {"name": "orders", "path": {"exact": "/orders"}, "to": "modern"}
    ]));
    assert_eq!(rule(&table, &get("/%61%20b")), Some("space"));
    assert_eq!(rule(&table, &get("/%6f%72%64%65%72%73")), Some("orders"));
    let long = format!("/{}", "%61".repeat(300));
    assert_eq!(rule(&table, &get(&long)), None, "longer than any literal");
}

/// A path in another spelling: some characters escaped.
fn spelled(path: &str, escaped: &[bool]) -> String {
    let mut all = escaped.iter().cycle();
    let mut spelled = String::new();
    for byte in path.bytes() {
        if byte != b'/' && *all.next().unwrap_or(&false) {
            let _ = write!(spelled, "%{byte:02x}");
        } else {
            spelled.push(byte.into());
        }
    }
    spelled
}

proptest! {
    /// However a path is spelled, it is decided alike or refused.
    #[test]
    fn a_rule_cannot_be_evaded_by_spelling(
        path in "(/(admin|a|b|\\.\\.|;|x)){1,4}/?",
        escaped in proptest::collection::vec(any::<bool>(), 1..24),
    ) {
        let table = table(&json!([
            {"name": "admin", "path": {"prefix": "/admin"}, "to": "legacy"},
            {"name": "b", "path": {"template": "/{x}/b"}, "to": "legacy"},
            {"name": "all", "to": "modern"}
        ]));
        let (plain, other) = (get(&path), get(&spelled(&path, &escaped)));
        let (of_plain, of_other) = (table.decide(&plain), table.decide(&other));
        let is_refused = of_other.reason == Reason::PathNotPlain;
        prop_assert!(is_refused || rule(&table, &plain) == rule(&table, &other), "{other:?}");
        prop_assert!(is_refused || of_plain.primary == of_other.primary);
    }

    #[test]
    fn a_path_is_plain_to_the_table_if_it_is_to_the_list(
        path in "(/?(a|%2e|%2F|%25|\\.|\\.\\.|;|%3b|%C3%A9|%c0%af|%0a|\\\\|%5c|%6|é|//|32|65|2e)){0,6}",
    ) {
        prop_assert_eq!(PlainPath::of(&path).is_ok(), reference::plain(&path).is_some(), "{}", path);
    }
}
