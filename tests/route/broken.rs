//! Documents with several mistakes, large ones, and such as hold a secret.

use serde_json::{Value, json};
use strangler_fig::route::RouteTable;

use crate::mistakes::{faulty, problems};
use crate::support::document;

#[test]
fn a_doubled_field_is_named() {
    let text = document(&json!([])).replacen("\"salt\"", "\"salt\":\"a\",\"salt\"", 1);
    assert_eq!(problems(&text), ["salt: it is there twice"]);
    let rule = r#"[{"name":"a","name":"b","to":"modern"}]"#;
    let text = document(&json!(7)).replace("\"rules\":7", &format!("\"rules\":{rule}"));
    assert_eq!(problems(&text), ["rules[0].name: it is there twice"]);
}

#[test]
fn a_doubled_name_is_named() {
    let rule =
        |name: &str, path: &str| json!({"name": name, "path": {"exact": path}, "to": "modern"});
    let text =
        document(&json!([rule("a", "/a"), rule("b", "/b"), rule("a", "/c"), rule("a", "/d")]));
    let said = "rules[0] is called so already";
    assert_eq!(
        problems(&text),
        [format!("rules[2].name: {said}"), format!("rules[3].name: {said}")]
    );
}

#[test]
fn all_mistakes_of_a_rule_are_named_at_once() {
    let text = faulty(&json!({
        "name": "", "methods": ["get", "put"], "host": ":", "when": "x", "deadline_ms": 0,
        "headers": [{"name": ""}, {"name": "b"}], "mirror": {"basis_points": 20_000}, "salt": "",
        "path": {"exact": ""}, "to": {"share": {"basis_points": 20_000}}
    }));
    assert_eq!(problems(&text).len(), 14, "{:#?}", problems(&text));
}

/// The places of the problems of a rule, sorted.
fn places(fields: &Value) -> Vec<String> {
    let text = faulty(fields);
    let error = RouteTable::from_document(&text).unwrap_err();
    let mut places: Vec<_> = error.problems().iter().map(|it| it.place.to_string()).collect();
    places.sort();
    places.iter().map(|place| place.replacen("rules[0].", "", 1)).collect()
}

#[test]
fn one_mistake_in_a_rule_hides_no_other() {
    assert_eq!(places(&json!({"name": 7, "to": "nowhere", "colour": 1})), ["colour", "name", "to"]);
    let nested = json!({
        "to": {"share": {"basis_points": "5", "sticky": {"header": 7, "as": "f64", "x": 1}, "y": 1}},
        "headers": [{"name": 7, "equals": 7}, {"nam": "a", "present": true}],
        "mirror": {"points": 5}, "dual_write": {"ids": 7, "strict": 7}, "host": "a b"
    });
    assert_eq!(
        places(&nested),
        [
            "dual_write.ids",
            "dual_write.strict",
            "headers[0].equals",
            "headers[0].name",
            "headers[1].nam",
            "headers[1].name",
            "host",
            "mirror.basis_points",
            "mirror.points",
            "to.share.basis_points",
            "to.share.sticky.as",
            "to.share.sticky.header",
            "to.share.sticky.x",
            "to.share.y",
        ]
    );
}

/// What one field says of others is judged as far as the others are known.
#[test]
fn what_needs_no_missing_part_is_judged() {
    for (fields, expected) in [
        (
            json!({"methods": ["post"], "to": "legacy", "fallback": true}),
            &["fallback", "methods[0]"][..],
        ),
        (json!({"methods": ["POST"], "to": "nowhere", "fallback": true}), &["fallback", "to"]),
        (json!({"methods": ["POST"], "to": 7, "mirror": {"basis_points": 1}}), &["mirror", "to"]),
        (
            json!({"methods": [7], "to": {"aggregate": "p"}, "dual_write": {}}),
            &["dual_write", "dual_write.ids", "methods[0]"],
        ),
        (
            json!({"methods": [7], "to": {"follow": {"migration": 7}}, "override": true}),
            &["methods[0]", "override", "override", "to.follow.migration"],
        ),
        (
            json!({"to": {"follow": {}}, "dual_write": {"ids": 7, "strict": true}}),
            &["dual_write.ids", "dual_write.strict", "to.follow.migration"],
        ),
        (
            json!({"name": 7, "headers": [{"name": "a", "equals": "1"}, {"name": "a", "equals": "2"}]}),
            &["headers", "name"],
        ),
        (json!({"salt": 7, "to": "modern"}), &["salt", "salt"]),
        // Nobody knows whether these could be.
        (json!({"methods": ["get"], "fallback": true}), &["methods[0]"]),
        (json!({"to": 7, "fallback": true, "stale_fallback": true, "salt": "s"}), &["to"]),
        (
            json!({"path": {"exact": 7}, "to": {"share": {"basis_points": 1, "sticky": {"capture": "id"}}}}),
            &["path.exact"],
        ),
    ] {
        assert_eq!(places(&fields), expected, "{fields}");
    }
}

#[test]
fn no_error_tells_a_secret() {
    let secret = "correct-horse-battery-staple";
    let whole = |header: &Value| {
        let text = document(&json!([]));
        text.replacen('{', &format!("{{\"override\":{header},"), 1)
    };
    for header in [
        json!({"header": "x", "secret": secret}),
        json!({"header": "x", "secret": [secret]}),
        json!({"header": "x", "secret": {"header": format!("{secret} "), "value": "x"}}),
        json!({"header": "x", "secret": {"header": "y", "value": {"is": secret}}}),
        json!({"header": "x", "secret": {"header": "y", "value": [secret]}}),
        json!({"header": "x", "secret": {"header": "y", "value": format!("{secret}\n")}}),
        json!({"header": "x", "secret": {"header": "y", secret: "value"}}),
    ] {
        let text = whole(&header);
        let error = RouteTable::from_document(&text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("horse"), "{error}");
        assert!(error.problems()[0].place.to_string().starts_with("override.secret"), "{error}");
    }
    let number = whole(&json!({"header": "x", "secret": {"header": "y", "value": 123_456_789}}));
    let error = RouteTable::from_document(&number).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("123456789"), "{error}");

    let header = json!({"header": "x", "secret": {"header": "y", "value": secret}});
    // JSON in JSON.
    let quoted = whole(&header.to_string().into());
    let error = RouteTable::from_document(&quoted).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("horse"), "{error}");
    assert_eq!(error.problems()[0].place.to_string(), "override", "{error}");
    let encoded_twice = Value::from(whole(&header)).to_string();
    let error = RouteTable::from_document(&encoded_twice).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("horse"), "{error}");
    assert_eq!(error.problems()[0].place.to_string(), "the document", "{error}");
}

/// A field that is called nearly so is not it.
#[test]
fn another_field_is_no_override() {
    let text = document(&json!([{"name": "a", "override": true, "to": "legacy"}]));
    let text = text.replacen('{', r#"{"overrides": {"header": 7},"#, 1);
    assert_eq!(
        problems(&text),
        ["overrides: there is no such field", "rules[0].override: the table has no `override`"]
    );
}

#[test]
fn the_first_hundred_problems_are_told_and_how_many_more() {
    let rules: Value = (0..250).map(|at| json!({"name": format!("r{at}"), "to": 7})).collect();
    let error = RouteTable::from_document(&document(&rules)).unwrap_err();
    assert_eq!((error.problems().len(), error.more()), (100, 150));
    let text = error.to_string();
    assert!(text.ends_with("; and 150 more") && !text.contains('\n'), "{text}");
    let few = RouteTable::from_document(&document(&json!([7]))).unwrap_err();
    assert_eq!((few.problems().len(), few.more()), (1, 0));
    assert!(!few.to_string().contains("more"));
}

#[test]
fn what_a_document_says_breaks_no_line_and_is_cut() {
    let top = |fields: String| document(&json!([])).replacen('{', &format!("{{{fields},"), 1);
    let named = |name: &str| top(format!("{}:1", json!(name)));
    let doubled = |name: &str| top(format!("{0}:1,{0}:1", json!(name)));
    let worded = |word: &str| top(format!("\"default\":{}", json!(word)));
    let long = "leg\n\u{1b}[2J\u{202e}acy".repeat(10_000);
    for text in ["leg\nacy", &long] {
        for whole in [named(text), doubled(text), worded(text)] {
            let said = RouteTable::from_document(&whole).unwrap_err().to_string();
            assert!(!said.contains(['\n', '\u{1b}', '\u{202e}']), "{said}");
            assert!(said.contains("leg\\u{a}") && said.len() < 2_500, "{said}");
        }
    }
    assert_eq!(problems(&named("a\nb")), ["a\\u{a}b: there is no such field"]);
}

/// Rules are counted before they are looked at.
#[test]
fn too_many_broken_rules_are_one_mistake() {
    let rules = Value::Array(vec![json!(7); 10_001]);
    assert_eq!(problems(&document(&rules)), ["rules: it is more than 10000"]);
}

#[test]
fn what_is_nested_deeply_is_refused() {
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [100, 10_000, 200_000] {
        let text = document(&json!(7))
            .replace("\"rules\":7", &format!("\"rules\":[{{\"name\":{}}}]", deep(depth)));
        let error = RouteTable::from_document(&text).unwrap_err();
        assert!(!error.problems().is_empty(), "{depth}");
    }
}

/// Many fields of the top are compared by a hash.
#[test]
fn many_unknown_fields_take_no_time() {
    let fields: String = (0..100_000).fold(String::new(), |all, at| all + &format!("\"f{at}\":1,"));
    let text = document(&json!([])).replacen('{', &format!("{{{fields}"), 1);
    let begun = std::time::Instant::now();
    let error = RouteTable::from_document(&text).unwrap_err();
    assert_eq!(error.more(), 99_900);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn numbers_are_whole_and_no_more_than_fits() {
    for number in ["1e3", "5.5", "18446744073709551616", "-1", "\"5\"", "null"] {
        let text = faulty(&json!({"deadline_ms": 7}))
            .replace("\"deadline_ms\":7", &format!("\"deadline_ms\":{number}"));
        let problems = problems(&text);
        let [problem] = problems.as_slice() else { panic!("{number}: {problems:?}") };
        assert!(problem.starts_with("rules[0].deadline_ms: invalid"), "{problem}");
    }
    for version in ["2", "4294967296", "18446744073709551616", "99999999999999999999999"] {
        let text =
            document(&json!([7])).replace("\"version\":1", &format!("\"version\":{version}"));
        let problems = problems(&text);
        let [problem] = problems.as_slice() else { panic!("{version}: {problems:?}") };
        assert!(problem.starts_with("version: the document has version"), "{problem}");
    }
}
