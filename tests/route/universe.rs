//! Every request of a small world: what is called dead is, and what is dead or partly taken is told.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use strangler_fig::route::{ProblemKind, RequestHead, RouteTable, Warning};

use crate::reference::{self, Verdict};
use crate::support::document;

/// Methods that rules name, and two that none does.
const METHODS: [&str; 5] = ["GET", "POST", "OPTIONS", "PURGE", "X"];

/// Segments that rules name, and some that none does: of each kind enough for what all of one kind have in common.
fn paths() -> Vec<String> {
    let segments = ["a", "b", "x", "x;x", "x%2Fx"];
    let mut paths = vec![String::new()];
    let mut all = vec!["/".to_owned()];
    for _ in 0..3 {
        let longer = paths.iter().flat_map(|path| segments.map(|next| format!("{path}/{next}")));
        paths = longer.collect();
        all.extend(paths.iter().cloned());
        all.extend(paths.iter().map(|path| format!("{path}/")));
    }
    all.extend(["/a/x/x/x/x", "/x/x/x/x/x", "/a/b/x/x/x"].map(str::to_owned));
    all.push("*".to_owned());
    all
}

/// What a request has for the header: nothing, one value, or two.
const HEADERS: [&[&str]; 6] = [&[], &["1"], &["1x"], &["12"], &["x"], &["1", "1"]];

/// A request, by the numbers of its parts.
struct Request {
    path: usize,
    method: usize,
    headers: usize,
    is_asterisk: bool,
}

struct World {
    paths: Vec<String>,
    requests: Vec<Request>,
}

fn world() -> World {
    let paths = paths();
    let mut requests = Vec::new();
    for (path, text) in paths.iter().enumerate() {
        let is_asterisk = text == "*";
        let methods = METHODS.iter().enumerate();
        for (method, _) in methods.filter(|(_, method)| !is_asterisk || **method == "OPTIONS") {
            let each =
                (0..HEADERS.len()).map(|headers| Request { path, method, headers, is_asterisk });
            requests.extend(each);
        }
    }
    World { paths, requests }
}

fn path() -> impl Strategy<Value = Option<Value>> {
    let exact = prop::sample::select(vec!["/", "/a", "/a/", "/a/b", "/b"]);
    let prefix = prop::sample::select(vec!["/", "/a", "/a/b"]);
    let template = prop::sample::select(vec!["/{x}", "/a/{x}", "/{x}/b", "/{x}/{y}", "/{x}/"]);
    prop_oneof![
        2 => Just(None),
        2 => exact.prop_map(|text| Some(json!({"exact": text}))),
        3 => prefix.prop_map(|text| Some(json!({"prefix": text}))),
        3 => template.prop_map(|text| Some(json!({"template": text}))),
    ]
}

fn rule() -> impl Strategy<Value = Value> {
    let methods = prop::sample::subsequence(vec!["GET", "POST", "OPTIONS", "PURGE"], 1..=3);
    let methods = prop_oneof![1 => Just(None), 2 => methods.prop_map(|all| Some(json!(all)))];
    let header = prop::sample::select(vec![
        json!({"name": "h", "equals": "1"}),
        json!({"name": "h", "equals": "12"}),
        json!({"name": "h", "begins": "1"}),
        json!({"name": "h", "present": true}),
        json!({"name": "h", "present": false}),
    ]);
    let headers = prop_oneof![2 => Just(None), 1 => header.prop_map(|one| Some(json!([one])))];
    let flag = || prop_oneof![4 => Just(None), 1 => Just(Some(json!(true)))];
    (path(), methods, headers, flag(), flag()).prop_map(
        |(path, methods, headers, slashes, parameters)| {
            let named = [
                ("path", path),
                ("methods", methods),
                ("headers", headers),
                ("encoded_slashes", slashes),
                ("parameters", parameters),
                ("to", Some(json!("modern"))),
            ];
            let fields =
                named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Value::Object(fields.collect::<Map<_, _>>())
        },
    )
}

fn rules() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(rule(), 2..6).prop_map(|mut rules| {
        for (at, rule) in rules.iter_mut().enumerate() {
            rule["name"] = json!(format!("r{at}"));
        }
        rules
    })
}

/// What a rule is for, part by part: what it asks of a path, of a method and of a header has nothing to do with each
/// other.
struct Parts {
    paths: Vec<bool>,
    methods: Vec<bool>,
    headers: Vec<bool>,
}

impl Parts {
    fn of(rule: &Value, world: &World) -> Self {
        let without = |names: &[&str]| {
            let mut rule = rule.clone();
            for name in names {
                rule.as_object_mut().unwrap().remove(*name);
            }
            json!({"rules": [rule]})
        };
        let is_for =
            |list: &Value, request| matches!(reference::first(list, &request), Verdict::Rule(..));
        let (of_path, of_method) =
            (without(&["methods", "headers"]), without(&["path", "headers"]));
        let of_header = without(&["path", "methods"]);
        let paths = world.paths.iter().map(|path| {
            let method = if path == "*" { "OPTIONS" } else { "GET" };
            is_for(&of_path, RequestHead::new(method, path.clone()))
        });
        let headers = HEADERS.iter().map(|values| {
            let plain = RequestHead::new("GET", "/");
            is_for(
                &of_header,
                values.iter().fold(plain, |head, value| head.with_header("h", *value)),
            )
        });
        let methods = METHODS.map(|method| is_for(&of_method, RequestHead::new(method, "/")));
        Self { paths: paths.collect(), methods: methods.to_vec(), headers: headers.collect() }
    }

    fn holds(&self, request: &Request) -> bool {
        self.paths[request.path] && self.methods[request.method] && self.headers[request.headers]
    }
}

/// Which requests of the world each rule is for, were it alone.
fn alone(parts: &[Parts], world: &World) -> Vec<Vec<bool>> {
    let of = |parts: &Parts| world.requests.iter().map(|request| parts.holds(request)).collect();
    parts.iter().map(of).collect()
}

/// What is left to a rule of each method, and of `*`, by the earlier ones that are not dead: nothing, if for each
/// one of them takes all. This is what is found; rules that take all only together, for one method, are not.
fn is_dead(rule: usize, alone: &[Vec<bool>], dead: &[bool], world: &World) -> bool {
    let kinds = (0..METHODS.len()).flat_map(|method| [(method, false), (method, true)]);
    kinds.into_iter().all(|kind| {
        let is_of_kind = |request: &Request| (request.method, request.is_asterisk) == kind;
        is_taken(rule, alone, dead, world, is_of_kind)
    })
}

/// The same, where one rule has to take all that is asked by one method, `*` included.
fn is_plainly_dead(rule: usize, alone: &[Vec<bool>], dead: &[bool], world: &World) -> bool {
    (0..METHODS.len())
        .all(|method| is_taken(rule, alone, dead, world, |request| request.method == method))
}

/// Whether one of the earlier rules takes all requests of a kind.
fn is_taken(
    rule: usize,
    alone: &[Vec<bool>],
    dead: &[bool],
    world: &World,
    is_of_kind: impl Fn(&Request) -> bool,
) -> bool {
    let all = world.requests.iter().enumerate();
    let own = all.filter(|(at, request)| is_of_kind(request) && alone[rule][*at]);
    let own: Vec<_> = own.map(|(at, _)| at).collect();
    let takes_all = |taker: usize| own.iter().all(|at| alone[taker][*at]);
    own.is_empty() || (0..rule).any(|taker| !dead[taker] && takes_all(taker))
}

fn has(within: &[bool], of: &[bool]) -> bool {
    within.iter().zip(of).all(|(within, of)| *within || !*of)
}

/// Whether a rule is narrower than a later one, as a part that is taken on purpose is.
fn is_narrower(taker: &Parts, rule: &Parts, world: &World) -> bool {
    let asterisk = world.paths.iter().position(|path| path == "*").unwrap();
    let options = METHODS.iter().position(|method| *method == "OPTIONS").unwrap();
    let is_for_asterisk = |parts: &Parts| parts.paths[asterisk] && parts.methods[options];
    let paths = |parts: &Parts| parts.paths[..asterisk].to_vec();
    let holds = |one: &Parts, other: &Parts| {
        has(&paths(one), &paths(other)) && has(&one.headers, &other.headers)
    };
    (is_for_asterisk(rule) || !is_for_asterisk(taker))
        && holds(rule, taker)
        && (has(&rule.methods, &taker.methods) || !holds(taker, rule))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_dead_rule_is_reported_and_every_partly_taken_one_is_warned_of(rules in rules()) {
        let world = world();
        let parts: Vec<_> = rules.iter().map(|rule| Parts::of(rule, &world)).collect();
        let alone = alone(&parts, &world);
        let mut dead = vec![false; rules.len()];
        for rule in 0..rules.len() {
            dead[rule] = is_dead(rule, &alone, &dead, &world);
            // That one rule takes `*` and another all the rest of OPTIONS is found of some patterns only.
            prop_assume!(dead[rule] == is_plainly_dead(rule, &alone, &dead, &world));
        }
        let mut told = vec![false; rules.len()];
        if let Err(error) = RouteTable::from_document(&document(&json!(rules))) {
            for problem in error.problems() {
                let is_unreachable = matches!(problem.kind, ProblemKind::Unreachable { .. });
                prop_assert!(is_unreachable, "{}", problem);
                told[problem.place.of_rule().unwrap()] = true;
            }
        }
        prop_assert_eq!(&told, &dead, "{}", json!(rules));

        let live: Vec<_> = (0..rules.len()).filter(|rule| !dead[*rule]).collect();
        let rules: Vec<_> = live.iter().map(|rule| rules[*rule].clone()).collect();
        let alone: Vec<_> = live.iter().map(|rule| alone[*rule].clone()).collect();
        let table = RouteTable::from_document(&document(&json!(rules))).unwrap();
        let parts: Vec<_> = live.iter().map(|rule| &parts[*rule]).collect();
        let first = |at: usize| (0..rules.len()).find(|rule| alone[*rule][at]);
        for rule in 0..rules.len() {
            let takes_part = |taker: usize| {
                (0..world.requests.len()).any(|at| alone[rule][at] && first(at) == Some(taker))
            };
            let takers: Vec<_> = (0..rule)
                .filter(|taker| takes_part(*taker) && !is_narrower(parts[*taker], parts[rule], &world))
                .map(|taker| rules[taker]["name"].as_str().unwrap())
                .collect();
            let warned = table.warnings().iter().find_map(|warning| match warning {
                Warning::Shadowed { rule: name, by, .. } if rules[rule]["name"] == name.as_str() => {
                    Some(by.as_str())
                }
                _ => None,
            });
            prop_assert_eq!(warned.is_some(), !takers.is_empty(), "{} of {}", rule, json!(rules));
            prop_assert!(warned.is_none_or(|by| takers.contains(&by)), "{:?} {:?}", warned, takers);
        }
    }
}
