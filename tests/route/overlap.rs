//! Rules for which nothing is left, and rules of which a part is taken.

use serde_json::{Value, json};
use strangler_fig::phase::Side;
use strangler_fig::route::{ProblemKind, RequestMeta, RouteTable, RuleBuilder, Warning};

use crate::reference::{self, Verdict};
use crate::support::{built, document, get};

/// Whom nothing is left for, and who takes it.
fn unreachable(rules: &Value) -> Vec<(String, Vec<String>)> {
    let Err(error) = RouteTable::from_document(&document(rules)) else { return Vec::new() };
    let each = error.problems().iter().map(|problem| match &problem.kind {
        ProblemKind::Unreachable { rule, by } => (rule.clone(), by.clone()),
        other => panic!("{other}"),
    });
    each.collect()
}

fn taken(rule: &str, by: &[&str]) -> Vec<(String, Vec<String>)> {
    vec![(rule.to_owned(), by.iter().map(|it| (*it).to_owned()).collect())]
}

#[test]
fn an_unreachable_rule_is_an_error_that_names_who_takes_it() {
    for (first, second) in [
        (json!({"path": {"prefix": "/a"}}), json!({"path": {"exact": "/a/b"}})),
        (json!({"path": {"prefix": "/a"}}), json!({"path": {"exact": "/a"}})),
        (json!({"path": {"prefix": "/"}}), json!({"path": {"template": "/{x}/b"}})),
        (json!({"path": {"template": "/{x}/b"}}), json!({"path": {"exact": "/a/b"}})),
        (json!({"path": {"template": "/{x}"}}), json!({"path": {"template": "/{y}"}})),
        (json!({}), json!({"path": {"prefix": "/"}})),
        (json!({"path": {"exact": "/%61"}}), json!({"path": {"exact": "/a"}})),
        (json!({"methods": ["GET", "PUT"]}), json!({"methods": ["PUT"]})),
        (json!({"host": "*.b"}), json!({"host": "a.b"})),
        (json!({}), json!({"host": "a.b", "methods": ["GET"]})),
        (
            json!({"headers": [{"name": "a", "present": true}]}),
            json!({"headers": [{"name": "A", "equals": "1"}]}),
        ),
        (
            json!({"headers": [{"name": "a", "begins": "1"}]}),
            json!({"headers": [{"name": "a", "begins": "12"}, {"name": "b", "present": false}]}),
        ),
        (json!({"encoded_slashes": true}), json!({"encoded_slashes": false})),
        (json!({"parameters": true}), json!({"path": {"prefix": "/a"}})),
        (json!({"path": {"prefix": "/"}}), json!({"methods": ["GET", "POST"]})),
        (json!({"path": {"prefix": "/a"}}), json!({"path": {"exact": "/a/b"}, "parameters": true})),
        (json!({"host": "[::1]"}), json!({"host": "[0:0::1]", "methods": ["GET"]})),
    ] {
        let rule = |name: &str, fields: &Value| {
            let mut rule = json!({"name": name, "to": "modern"});
            rule.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            rule
        };
        let rules = json!([rule("first", &first), rule("second", &second)]);
        assert_eq!(unreachable(&rules), taken("second", &["first"]), "{rules}");
        // One of the two is wider, unless they are the same.
        let turned = json!([rule("second", &second), rule("first", &first)]);
        let is_same = ["%61", "{y}"].iter().any(|same| turned.to_string().contains(same));
        assert_eq!(unreachable(&turned).is_empty(), !is_same, "{turned}");
    }
}

#[test]
fn rules_that_leave_something_are_no_mistake() {
    for (first, second) in [
        (json!({"path": {"exact": "/a"}}), json!({"path": {"prefix": "/a"}})),
        (json!({"path": {"template": "/a/{x}"}}), json!({"path": {"exact": "/a/"}})),
        (json!({"path": {"prefix": "/"}}), json!({})),
        (json!({"path": {"prefix": "/"}}), json!({"methods": ["GET", "OPTIONS"]})),
        (
            json!({"path": {"prefix": "/a"}}),
            json!({"path": {"prefix": "/a/b"}, "parameters": true}),
        ),
        (json!({"methods": ["GET"]}), json!({})),
        (json!({"host": "a.b"}), json!({"host": "*.b"})),
        (json!({"host": "*.b"}), json!({"host": "b"})),
        (
            json!({"headers": [{"name": "a", "equals": "1"}]}),
            json!({"headers": [{"name": "a", "begins": "1"}]}),
        ),
        (json!({"headers": [{"name": "a", "present": false}]}), json!({})),
        (json!({}), json!({"encoded_slashes": true})),
    ] {
        let mut rules =
            json!([{"name": "first", "to": "modern"}, {"name": "second", "to": "modern"}]);
        for (rule, fields) in rules.as_array_mut().unwrap().iter_mut().zip([first, second]) {
            rule.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        }
        assert_eq!(unreachable(&rules), [], "{rules}");
    }
}

#[test]
fn rules_that_together_leave_nothing_are_named() {
    let rules = |last: Value| {
        json!([
            {"name": "read", "path": {"prefix": "/a"}, "methods": ["GET", "HEAD"], "to": "modern"},
            {"name": "other", "path": {"prefix": "/b"}, "methods": ["POST"], "to": "modern"},
            {"name": "write", "path": {"prefix": "/a"}, "methods": ["POST", "PUT"], "to": "legacy"},
            {"name": "last", "path": {"template": "/a/{id}"}, "methods": last, "to": "legacy"}
        ])
    };
    assert_eq!(unreachable(&rules(json!(["GET", "PUT"]))), taken("last", &["read", "write"]));
    assert_eq!(unreachable(&rules(json!(["PUT", "POST"]))), taken("last", &["write"]));
    assert_eq!(unreachable(&rules(json!(["GET", "DELETE"]))), []);
}

#[test]
fn who_leaves_the_asterisk_leaves_something() {
    let rules = |last: Value| {
        json!([
            {"name": "root", "path": {"prefix": "/"}, "to": "modern"},
            {"name": "options", "methods": ["OPTIONS"], "to": "modern"},
            {"name": "last", "methods": last, "to": "legacy"}
        ])
    };
    assert_eq!(unreachable(&rules(json!(["GET"]))), taken("last", &["root"]));
    assert_eq!(unreachable(&rules(json!(["GET", "OPTIONS"]))), taken("last", &["root", "options"]));
}

#[test]
fn a_rule_behind_the_same_predicate_is_unreachable() {
    let staff = |request: &dyn RequestMeta| request.header("x-staff").is_some();
    let table = |second: &str| {
        RouteTable::builder("shop")
            .with_predicate("staff", staff)
            .with_predicate("other", staff)
            .rule(RuleBuilder::any("first").when("staff"))
            .rule(RuleBuilder::exact("second", "/a").when(second))
            .build()
    };
    assert!(table("staff").is_err() && table("other").is_ok(), "nobody knows what they ask");
}

#[test]
fn a_shadowed_rule_is_told_with_an_example() {
    let staff = |request: &dyn RequestMeta| request.header("x-staff").is_some();
    let table = RouteTable::builder("shop")
        .with_predicate("staff", staff)
        .rule(RuleBuilder::prefix("staff", "/").when("staff").methods(["PATCH"]))
        .rule(RuleBuilder::template("read", "/{any}/b%20c").methods(["GET"]).host("*.shop.example"))
        .rule(RuleBuilder::exact("narrow", "/a/b/c").to(Side::Modern))
        .rule(RuleBuilder::prefix("a", "/a").header_begins("x-api", "2").to(Side::Modern))
        .build()
        .unwrap();
    let [warning] = table.warnings() else { panic!("{:?}", table.warnings()) };
    let Warning::Shadowed { rule, by, example } = warning else { panic!("{warning}") };
    assert_eq!((rule.as_str(), by.as_str()), ("a", "read"));
    assert_eq!(example, "GET /a/b%20c at any.shop.example, x-api: 2");
    let request = get("/a/b%20c").with_host("any.shop.example").with_header("x-api", "2");
    assert_eq!(table.decide(&request).rule.map(strangler_fig::route::Rule::name), Some("read"));
}

#[test]
fn a_narrower_rule_before_a_wider_one_is_as_it_should_be() {
    let table = built([
        RuleBuilder::exact("health", "/a/health").to(Side::Modern),
        RuleBuilder::template("one", "/a/{id}").methods(["GET"]).to(Side::Modern),
        RuleBuilder::prefix("a", "/a").to(Side::Modern),
        RuleBuilder::any("rest").to(Side::Legacy),
    ]);
    assert_eq!(table.unwrap().warnings(), []);
    let side_by_side = built([
        RuleBuilder::any("one").methods(["GET", "POST"]).to(Side::Modern),
        RuleBuilder::any("two").methods(["GET", "PUT"]).to(Side::Legacy),
    ]);
    assert_eq!(side_by_side.unwrap().warnings().len(), 1, "neither is narrower");
}

/// Who takes part of whom, by a warning.
fn shadows(rules: &Value) -> Vec<(String, String, String)> {
    let table = RouteTable::from_document(&document(rules)).unwrap();
    let told = table.warnings().iter().map(|warning| match warning {
        Warning::Shadowed { rule, by, example } => (rule.clone(), by.clone(), example.clone()),
        other => panic!("{other}"),
    });
    told.collect()
}

/// The first request that two rules have in common is a third rule's: another shows that part is taken.
#[test]
fn a_third_rule_hides_no_warning() {
    let taker = json!({"name": "taker", "path": {"prefix": "/a"}, "methods": ["GET", "PUT"], "to": "modern"});
    let rule = json!({"name": "rule", "path": {"prefix": "/a"}, "methods": ["GET", "PUT", "POST"],
        "headers": [{"name": "h", "begins": "1"}], "to": "legacy"});
    for (third, example) in [
        (json!({"path": {"exact": "/a"}}), "GET /a/x, h: 1"),
        (json!({"path": {"template": "/a/{x}"}}), "GET /a, h: 1"),
        (json!({"methods": ["GET"]}), "PUT /a, h: 1"),
        (json!({"headers": [{"name": "h", "equals": "1"}]}), "GET /a, h: 1x"),
        (json!({"headers": [{"name": "i", "present": false}]}), "GET /a, h: 1x, i: x"),
    ] {
        let mut third = third;
        (third["name"], third["to"]) = (json!("third"), json!("modern"));
        let told = shadows(&json!([third, taker, rule]));
        let of_rule: Vec<_> = told.iter().filter(|(name, ..)| name == "rule").collect();
        let [(_, by, _)] = of_rule.as_slice() else { panic!("{third}: {told:?}") };
        if by == "taker" {
            assert_eq!(of_rule[0].2, example, "{third}");
        }
    }
    // A third that is narrower than the rule is not told, so the taker must be.
    let headers = json!([{"name": "h", "begins": "1"}]);
    for (third, example) in [
        (json!({"path": {"exact": "/a"}, "methods": ["GET", "PUT"]}), "GET /a/x, h: 1"),
        (json!({"path": {"prefix": "/a"}, "methods": ["GET"]}), "PUT /a, h: 1"),
        (json!({"path": {"prefix": "/a/x"}, "methods": ["PUT"]}), "GET /a, h: 1"),
    ] {
        let mut third = third;
        (third["name"], third["to"], third["headers"]) =
            (json!("third"), json!("modern"), headers.clone());
        let told = shadows(&json!([third, taker, rule]));
        let expected = ("rule".to_owned(), "taker".to_owned(), example.to_owned());
        assert_eq!(told, [expected], "{third}");
    }
    let literal = json!([
        {"name": "third", "path": {"exact": "/x/y"}, "headers": [{"name": "h", "present": true}], "to": "modern"},
        {"name": "taker", "path": {"template": "/{one}/y"}, "to": "modern"},
        {"name": "rule", "path": {"template": "/{one}/{two}"}, "headers": [{"name": "h", "present": true}], "to": "modern"}
    ]);
    let told = shadows(&literal);
    assert_eq!(told[0].2, "GET /xx/y, h: x", "no rule names such a segment: {told:?}");
}

/// Rules that have only a beginning in common are not compared with each other.
#[test]
fn ten_thousand_rules_of_one_beginning_are_judged_soon() {
    let rule = |at: usize| json!({"name": format!("r{at}"), "path": {"template": format!("/api/r{at}/{{id}}")}, "to": "modern"});
    let rules: Value = (0..10_000).map(rule).collect();
    let text = document(&rules);
    let begun = std::time::Instant::now();
    let table = RouteTable::from_document(&text).unwrap();
    let spent = begun.elapsed();
    assert!(table.warnings().is_empty() && spent.as_secs() < 30, "{spent:?}");
    assert_eq!(
        table.decide(&get("/api/r9999/7")).rule.map(strangler_fig::route::Rule::name),
        Some("r9999")
    );
}

/// Were nobody to look, such a table would be taken, and the list shows what it is worth.
#[test]
fn a_table_without_the_check_has_dead_rules() {
    let rules = json!([
        {"name": "all", "path": {"prefix": "/a"}, "to": "legacy"},
        {"name": "dead", "path": {"exact": "/a/b"}, "to": "modern"}
    ]);
    assert_eq!(unreachable(&rules), taken("dead", &["all"]));
    let unchecked = json!({"rules": rules});
    let decided = reference::first(&unchecked, &get("/a/b"));
    assert_eq!(decided, Verdict::Rule(0, Vec::new()), "the rule that names this path is dead");
}
