//! Tables against lists.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use strangler_fig::route::{ProblemKind, RequestHead, RouteTable};

use crate::reference::{self, Verdict};
use crate::support::document;

fn path() -> impl Strategy<Value = Option<Value>> {
    let text = "(/(a|b|%61|c%20d)){1,3}/?";
    let prefix = "(/(a|b|c)){1,2}|/";
    let template = prop::sample::select(vec![
        "/{x}",
        "/a/{x}",
        "/{x}/b",
        "/{x}/{y}",
        "/a/{x}/b",
        "/{x}/{y}/c",
        "/{x}/",
        "/b/{x}/{y}",
    ]);
    prop_oneof![
        1 => Just(None),
        3 => text.prop_map(|text| Some(json!({"exact": text}))),
        3 => prefix.prop_map(|text| Some(json!({"prefix": text}))),
        4 => template.prop_map(|text| Some(json!({"template": text}))),
    ]
}

fn methods() -> impl Strategy<Value = Option<Value>> {
    let names = vec!["GET", "HEAD", "POST", "PURGE"];
    let some = prop::sample::subsequence(names, 1..=3).prop_map(|names| Some(json!(names)));
    prop_oneof![1 => Just(None), 2 => some]
}

fn host() -> impl Strategy<Value = Option<Value>> {
    let hosts = vec!["shop", "*.shop", "a.shop", "*.a.shop"];
    prop_oneof![3 => Just(None), 1 => prop::sample::select(hosts).prop_map(|host| Some(json!(host)))]
}

fn headers() -> impl Strategy<Value = Option<Value>> {
    let one = prop::sample::select(vec![
        json!({"name": "x", "equals": "1"}),
        json!({"name": "X", "equals": "12"}),
        json!({"name": "x", "begins": "1"}),
        json!({"name": "x", "present": true}),
        json!({"name": "x", "present": false}),
        json!({"name": "y", "present": true}),
    ]);
    let some = prop::collection::vec(one, 1..3).prop_map(|all| Some(json!(all)));
    prop_oneof![3 => Just(None), 1 => some]
}

fn rule() -> impl Strategy<Value = Value> {
    let slashes = prop_oneof![4 => Just(None), 1 => Just(Some(json!(true)))];
    (path(), methods(), host(), headers(), slashes).prop_map(
        |(path, methods, host, headers, slashes)| {
            let named = [
                ("path", path),
                ("methods", methods),
                ("host", host),
                ("headers", headers),
                ("encoded_slashes", slashes),
            ];
            let fields =
                named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            let mut rule: Map<String, Value> = fields.collect();
            rule.insert("to".to_owned(), json!("modern"));
            Value::Object(rule)
        },
    )
}

fn rules() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(rule(), 1..16).prop_map(|mut rules| {
        for (at, rule) in rules.iter_mut().enumerate() {
            rule["name"] = json!(format!("r{at}"));
        }
        rules
    })
}

/// What a request is made of: a head shows less of it.
#[derive(Debug, Clone)]
struct Parts {
    method: &'static str,
    path: String,
    host: Option<&'static str>,
    headers: Vec<(&'static str, &'static str)>,
}

impl Parts {
    fn head(&self) -> RequestHead {
        let mut head = RequestHead::new(self.method, &self.path);
        if let Some(host) = self.host {
            head = head.with_host(host);
        }
        self.headers.iter().fold(head, |head, (name, value)| head.with_header(*name, *value))
    }
}

fn request() -> impl Strategy<Value = Parts> {
    let method = prop::sample::select(vec!["GET", "HEAD", "POST", "PURGE", "PUT"]);
    let path = "(/(a|b|c|%61|c%20d|a%2Fb|%2e|x)){0,4}/?";
    let host =
        prop::option::of(prop::sample::select(vec!["shop", "a.shop:80", "b.a.SHOP", "b.shop."]));
    let x = prop::sample::subsequence(vec!["1", "12", "2"], 0..=2);
    (method, path, host, x, any::<bool>()).prop_map(|(method, path, host, x, y)| {
        let mut headers: Vec<_> = x.into_iter().map(|value| ("X", value)).collect();
        headers.extend(y.then_some(("y", "")));
        Parts { method, path, host, headers }
    })
}

/// The table of these rules without those for which nothing is left, and which those are.
fn accepted(mut rules: Vec<Value>) -> (RouteTable, Vec<Value>, Vec<Vec<Value>>) {
    let mut dead = Vec::new();
    loop {
        match RouteTable::from_document(&document(&json!(rules))) {
            Ok(table) => return (table, rules, dead),
            Err(error) => {
                let problem = &error.problems()[0];
                let of_rule = problem.place.of_rule().expect("only rules are wrong");
                let is_dead = matches!(
                    problem.kind,
                    ProblemKind::Unreachable { .. } | ProblemKind::Contradiction
                );
                assert!(is_dead, "{problem}");
                // With all before it, of which none is dead.
                dead.push(rules[..=of_rule].to_vec());
                rules.remove(of_rule);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_table_decides_as_a_list_of_rules_would(
        rules in rules(),
        requests in prop::collection::vec(request(), 24),
    ) {
        let (table, rules, _) = accepted(rules);
        let list = json!({"rules": rules});
        for request in requests {
            let head = request.head();
            let decided = reference::decided(&table, &head);
            prop_assert_eq!(decided, reference::first(&list, &head), "{:?} {}", request, list);
        }
    }

    #[test]
    fn what_is_called_unreachable_is_never_reached(
        rules in rules(),
        requests in prop::collection::vec(request(), 48),
    ) {
        let (_, _, dead) = accepted(rules);
        for rules in dead {
            let last = rules.len() - 1;
            let list = json!({"rules": rules});
            for request in &requests {
                let verdict = reference::first(&list, &request.head());
                prop_assert!(!matches!(verdict, Verdict::Rule(at, _) if at == last), "{request:?} {list}");
            }
        }
    }
}

/// That the two would disagree: a table whose rules are in another order than the list's.
#[test]
fn a_list_in_another_order_is_told_apart() {
    let rules = vec![
        json!({"name": "a", "path": {"prefix": "/a"}, "methods": ["GET", "PUT"], "to": "modern"}),
        json!({"name": "b", "path": {"template": "/{x}"}, "methods": ["GET", "POST"], "to": "modern"}),
    ];
    let table = RouteTable::from_document(&document(&json!(rules))).unwrap();
    let turned: Vec<_> = rules.iter().rev().collect();
    let request = RequestHead::new("GET", "/a");
    let decided = reference::decided(&table, &request);
    assert_eq!(decided, reference::first(&json!({"rules": rules}), &request));
    assert_ne!(decided, reference::first(&json!({"rules": turned}), &request));
}
