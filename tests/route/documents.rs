//! Tables as documents.

use serde_json::{Value, json};
use strangler_fig::phase::{Share, Side};
use strangler_fig::route::{
    IdSource, KeyForm, OverrideHeader, Predicates, ProblemKind, RequestMeta, RouteTable,
    RuleBuilder, StickyKey, Warning,
};

use crate::support::{built, document, get, rule};

#[test]
fn a_table_comes_back_from_its_document() {
    let key = StickyKey::capture("id").in_form(KeyForm::Uuid);
    let of_staff = |request: &dyn RequestMeta| request.header("x-staff").is_some();
    let header = OverrideHeader::new("x-canary").allow("10.0.0.0/8".parse().unwrap());
    let table = RouteTable::builder("shop")
        .with_predicate("staff", of_staff)
        .with_override(header.allow_secret("x-key", "0123456789abcdef"))
        .default_side(Side::Modern)
        .rule(RuleBuilder::exact("a", "/a").methods(["GET"]).aggregate("page"))
        .rule(
            RuleBuilder::template("b", "/b/{id}")
                .follow(&"orders".parse().unwrap(), key)
                .with_stale_fallback()
                .with_dual_write(IdSource::Gateway),
        )
        .rule(
            RuleBuilder::prefix("c", "/c")
                .host("*.shop.example")
                .header_equals("x-a", "1")
                .header_begins("x-b", "2")
                .header_present("x-c", false)
                .when("staff")
                .with_encoded_slashes()
                .with_parameters()
                .share(Share::percent(5), StickyKey::address())
                .with_salt("other")
                .with_override()
                .without_fallback()
                .with_deadline(std::time::Duration::from_millis(70))
                .with_mirror(Share::percent(1))
                .with_strict_dual_write(IdSource::Client),
        )
        .build()
        .unwrap();
    let text = table.to_document();
    let predicates = Predicates::default().with_predicate("staff", of_staff);
    let again = RouteTable::from_document_with(&text, &predicates).unwrap();
    assert_eq!(again.to_document(), text);
    let without = RouteTable::from_document(&text).unwrap_err();
    assert_eq!(without.problems()[0].kind, ProblemKind::Predicate("staff".to_owned()));
}

#[test]
fn every_cut_is_noticed() {
    let whole = built([RuleBuilder::prefix("a", "/a").to(Side::Modern)]).unwrap().to_document();
    for end in 0..whole.len() {
        assert!(RouteTable::from_document(&whole[..end]).is_err(), "{end}");
    }
}

#[test]
fn a_foreign_and_a_newer_document_are_judged_no_further() {
    let rules = json!([{"name": "a", "to": "nowhere"}]);
    let newer = document(&rules).replace("\"version\":1", "\"version\":2");
    let error = RouteTable::from_document(&newer).unwrap_err();
    let [problem] = error.problems() else { panic!("{error}") };
    assert_eq!(problem.kind, ProblemKind::Newer { found: 2 });
    for foreign in ["{}", "7", "[]", "", "{\"format\": \"other\"}", "{\"format\": 7}"] {
        let error = RouteTable::from_document(foreign).unwrap_err();
        let [problem] = error.problems() else { panic!("{error}") };
        assert!(matches!(problem.kind, ProblemKind::Foreign { .. }), "{foreign}: {problem}");
    }
}

#[test]
fn one_broken_rule_hides_no_other() {
    let rules = json!([
        {"name": "a", "to": "nowhere"},
        {"name": "b", "path": {"exact": "/b"}, "to": "modern"},
        7,
        {"name": "c", "path": {"prefix": "c"}, "host": "a b", "to": "modern"},
        {"name": "d", "path": {"exact": "/b"}, "to": "modern"}
    ]);
    let error = RouteTable::from_document(&document(&rules)).unwrap_err();
    let places: Vec<_> = error.problems().iter().map(|it| it.place.to_string()).collect();
    let expected = ["rules[0].to", "rules[2]", "rules[3].path.prefix", "rules[3].host", "rules[4]"];
    assert_eq!(places, expected, "{error}");
    let of_rules: Vec<_> = error.problems().iter().map(|it| it.place.of_rule()).collect();
    assert_eq!(of_rules, [0, 2, 3, 3, 4].map(Some));
}

#[test]
fn the_numbers_of_rules_are_those_of_the_document() {
    let rules = json!([
        {"name": "a", "path": {"exact": "/a"}, "to": "modern"},
        {"name": "b", "path": {"exact": "/b"}, "to": "modern"}
    ]);
    let table = RouteTable::from_document(&document(&rules)).unwrap();
    assert_eq!((rule(&table, &get("/a")), rule(&table, &get("/b"))), (Some("a"), Some("b")));
    assert!(table.warnings().is_empty());
}

#[test]
fn a_thousand_rules_are_taken_and_more_than_ten_thousand_are_not() {
    let rules = |count: usize| -> Value {
        let rule = |at| json!({"name": format!("r{at}"), "path": {"exact": format!("/{at}")}, "to": "modern"});
        (0..count).map(rule).collect()
    };
    let table = RouteTable::from_document(&document(&rules(10_000))).unwrap();
    assert_eq!(rule(&table, &get("/9999")), Some("r9999"));
    let error = RouteTable::from_document(&document(&rules(10_001))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the table of routes cannot be used: rules: it is more than 10000"
    );
}

#[test]
fn a_rule_that_follows_and_writes_to_one_side_is_told() {
    let orders = "orders".parse().unwrap();
    let follow = || RuleBuilder::prefix("orders", "/orders").follow_without_key(&orders);
    let table = built([follow()]).unwrap();
    let expected = Warning::FollowsWithoutDualWrite { rule: "orders".into() };
    assert_eq!(table.warnings(), [expected]);
    assert!(table.warnings()[0].to_string().contains("\"orders\""));
    assert!(built([follow().with_dual_write(IdSource::Client)]).unwrap().warnings().is_empty());
    assert!(built([follow().methods(["GET"])]).unwrap().warnings().is_empty());
}
