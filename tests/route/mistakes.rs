//! Every mistake in a document, named with its place.

use serde_json::{Value, json};
use strangler_fig::route::RouteTable;

use crate::support::document;

/// The problems of a document, each with its place.
pub(crate) fn problems(text: &str) -> Vec<String> {
    match RouteTable::from_document(text) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(ToString::to_string).collect(),
    }
}

/// A rule without a fault, with these fields put over it.
pub(crate) fn faulty(fields: &Value) -> String {
    let mut rule = json!({"name": "a", "path": {"template": "/a/{id}"}, "to": "modern"});
    for (name, value) in fields.as_object().unwrap() {
        rule[name] = value.clone();
    }
    document(&json!([rule]))
}

/// Fields of a rule, the place that is named, and what is said there.
type Mistake = (Value, &'static str, &'static str);

/// Mistakes in what a rule is for.
fn of_conditions() -> Vec<Mistake> {
    let long = "x".repeat(300);
    vec![
        (json!({"name": ""}), "name", "a name is 1 to 128"),
        (json!({"name": "a b"}), "name", "not \"a b\""),
        (json!({"name": 7}), "name", "invalid type: integer `7`, expected a string"),
        (json!({"path": {"exact": "a"}}), "path.exact", "does not begin with a slash"),
        (json!({"path": {"exact": "/a/../b"}}), "path.exact", "segment of dots"),
        (json!({"path": {"exact": "/a%2Fb"}}), "path.exact", "`encoded_slashes`"),
        (json!({"path": {"exact": format!("/{long}")}}), "path.exact", "more than 256 bytes"),
        (json!({"path": {"prefix": "/a/"}}), "path.prefix", "ends without a slash"),
        (json!({"path": {"prefix": "/a b"}}), "path.prefix", "must be escaped"),
        (json!({"path": {"prefix": "/{id}"}}), "path.prefix", "must be escaped"),
        (json!({"path": {"template": "/{}"}}), "path.template", "no name of a capture"),
        (json!({"path": {"template": "/{id}.json"}}), "path.template", "whole segment"),
        (json!({"path": {"template": "/{id}/{id}"}}), "path.template", "two captures \"id\""),
        (
            json!({"path": {"template": "/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}/{9}"}}),
            "path.template",
            "more than 8",
        ),
        (json!({"path": {"regex": ".*"}}), "path.regex", "no such field"),
        (json!({"path": {}}), "path", "one of `exact`, `prefix` and `template`"),
        (json!({"path": {"exact": "/a", "prefix": "/a"}}), "path", "one of `exact`"),
        (json!({"path": ["/a"]}), "path", "expected an object"),
        (json!({"path": null}), "path", "expected an object"),
        (json!({"path": {"exact": "/a;v=1"}}), "path.exact", "`parameters`"),
        (json!({"path": {"prefix": "/a%3bv"}}), "path.prefix", "`parameters`"),
        (json!({"encoded_slashes": 1}), "encoded_slashes", "expected a boolean"),
        (json!({"methods": vec!["GET"; 33]}), "methods", "more than 32"),
        (json!({"methods": "GET"}), "methods", "expected a sequence"),
        (json!({"methods": ["GET", 7]}), "methods[1]", "expected a string"),
        (
            json!({"headers": vec![json!({"name": "a", "present": true}); 33]}),
            "headers",
            "more than 32",
        ),
        (json!({"headers": [["a", "1"]]}), "headers[0]", "expected an object"),
        (json!({"headers": [{"present": true}]}), "headers[0].name", "it is missing"),
        (
            json!({"headers": [{"name": "a", "begins": " b"}]}),
            "headers[0].begins",
            "cannot be the value",
        ),
        (
            json!({"headers": [{"name": "a", "equals": "b "}]}),
            "headers[0].equals",
            "cannot be the value",
        ),
        (json!({"methods": []}), "methods", "it is empty"),
        (json!({"methods": ["GET", "post"]}), "methods[1]", "methods differ by case"),
        (json!({"methods": ["GE T"]}), "methods[0]", "no method"),
        (json!({"host": "shop.example:80"}), "host", "without a port"),
        (json!({"host": "*"}), "host", "no host"),
        (
            json!({"headers": [{"name": "a b", "present": true}]}),
            "headers[0].name",
            "no name of a header",
        ),
        (json!({"headers": [{"name": "a"}]}), "headers[0]", "one of `equals`"),
        (
            json!({"headers": [{"name": "a", "equals": "1", "begins": "2"}]}),
            "headers[0]",
            "one of `equals`",
        ),
        (
            json!({"headers": [{"name": "a", "equals": "a\r\nb"}]}),
            "headers[0].equals",
            "cannot be the value",
        ),
        (
            json!({"headers": [{"name": "a", "begins": ""}]}),
            "headers[0].begins",
            "cannot be the value",
        ),
        (json!({"headers": [{"name": "a", "like": "1"}]}), "headers[0].like", "no such field"),
        (
            json!({"headers": [{"name": "a", "equals": "1"}, {"name": "A", "equals": "2"}]}),
            "headers",
            "no request meets all",
        ),
        (json!({"when": "beta"}), "when", "no predicate \"beta\""),
    ]
}

/// Mistakes in where it goes.
fn of_targets() -> Vec<Mistake> {
    let share = |sticky: Value| json!({"to": {"share": {"basis_points": 5, "sticky": sticky}}});
    let follow = |sticky: Value| json!({"to": {"follow": {"migration": "m", "sticky": sticky}}});
    vec![
        (json!({"override": true}), "override", "the table has no `override`"),
        (json!({"to": "nowhere"}), "to", "`legacy`, `modern`, or one of"),
        (json!({"to": {"legacy": null}}), "to.legacy", "no such field"),
        (json!({"to": {}}), "to", "`legacy`, `modern`, or one of"),
        (json!({"to": ["modern"]}), "to", "expected an object"),
        (json!({"to": {"share": [5]}}), "to.share", "expected an object"),
        (share(json!({"address": true, "at": 1})), "to.share.sticky.at", "no such field"),
        (json!({"to": {"follow": {}}}), "to.follow.migration", "it is missing"),
        (json!({"to": {"share": {"basis_points": 5}}}), "to.share.sticky", "needs a `sticky` key"),
        (
            json!({"to": {"share": {"basis_points": 10_001, "sticky": {"address": true}}}}),
            "to.share.basis_points",
            "more than 10000",
        ),
        (
            json!({"to": {"share": {"basis_points": -1, "sticky": {"address": true}}}}),
            "to.share.basis_points",
            "invalid value: integer `-1`",
        ),
        (share(json!({})), "to.share.sticky", "needs one of `header`"),
        (share(json!({"header": "a", "cookie": "b"})), "to.share.sticky", "needs one of `header`"),
        (share(json!({"header": "a:"})), "to.share.sticky.header", "no name of a header"),
        (
            share(json!({"cookie": "a;b"})),
            "to.share.sticky.cookie",
            "no name of a header or a cookie",
        ),
        (share(json!({"capture": "user"})), "to.share.sticky.capture", "captures no \"user\""),
        (
            share(json!({"address": true, "as": "text"})),
            "to.share.sticky.as",
            "an address has no `as`",
        ),
        (
            share(json!({"capture": "id", "as": "f64"})),
            "to.share.sticky.as",
            "unknown variant `f64`",
        ),
        (json!({"to": {"follow": {"migration": "a b"}}}), "to.follow.migration", "a name is"),
        (follow(json!({"capture": "id"})), "to.follow.sticky", "the form of the repository's keys"),
        (
            follow(json!({"address": true})),
            "to.follow.sticky",
            "keys of a migration are no addresses",
        ),
        (json!({"to": {"aggregate": ""}, "methods": ["GET"]}), "to.aggregate", "a name is"),
        (json!({"to": {"aggregate": "page"}}), "methods", "for safe methods only"),
        (json!({"to": "legacy", "fallback": true}), "fallback", "may fall back"),
        (json!({"methods": ["POST"], "fallback": true}), "fallback", "may fall back"),
        (json!({"stale_fallback": true}), "stale_fallback", "follows a migration"),
        (json!({"deadline_ms": 0}), "deadline_ms", "it is empty"),
        (json!({"deadline_ms": 3_600_001}), "deadline_ms", "more than 3600000"),
        (json!({"deadline_ms": 5.5}), "deadline_ms", "floating point `5.5`"),
        (json!({"deadline_ms": 1e3}), "deadline_ms", "floating point `1000.0`"),
        (json!({"deadline_ms": 18_446_744_073_709_551_616.0}), "deadline_ms", "floating point"),
        (json!({"mirror": {"basis_points": 0}}), "mirror.basis_points", "it is empty"),
        (json!({"mirror": {}}), "mirror.basis_points", "it is missing"),
        (json!({"mirror": [5]}), "mirror", "expected an object"),
        (json!({"mirror": {"basis_points": 10_001}}), "mirror.basis_points", "more than 10000"),
        (
            json!({"mirror": {"basis_points": 1}, "methods": ["POST"]}),
            "mirror",
            "nothing of this rule may be mirrored",
        ),
        (json!({"dual_write": {}}), "dual_write.ids", "it is missing"),
        (json!({"dual_write": {"ids": {"client": null}}}), "dual_write.ids", "expected a string"),
        (json!({"dual_write": {"ids": "both"}}), "dual_write.ids", "unknown variant `both`"),
        (
            json!({"dual_write": {"ids": "client"}, "methods": ["GET"]}),
            "dual_write",
            "nothing of this rule is a write",
        ),
        (
            json!({"to": {"follow": {"migration": "m"}}, "dual_write": {"ids": "client", "strict": true}}),
            "dual_write.strict",
            "the phase says",
        ),
        (
            json!({"salt": "", "to": {"share": {"basis_points": 5, "sticky": {"address": true}}}}),
            "salt",
            "it is empty",
        ),
        (json!({"salt": "s"}), "salt", "only a share is drawn with"),
        (json!({"salt": "s", "to": {"follow": {"migration": "m"}}}), "salt", "only a share"),
        (
            json!({"salt": "s", "to": {"aggregate": "page"}, "methods": ["GET"]}),
            "salt",
            "only a share",
        ),
        (json!({"colour": "red"}), "colour", "no such field"),
    ]
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let cases = [of_conditions(), of_targets()].concat();
    assert!(cases.len() >= 80);
    assert_eq!(problems(&faulty(&json!({}))), [""; 0], "nothing is wrong to begin with");
    for (fields, place, said) in cases {
        let problems = problems(&faulty(&fields));
        let [problem] = problems.as_slice() else { panic!("{fields}: {problems:?}") };
        let place = format!("rules[0].{place}: ");
        assert!(problem.starts_with(&place), "{fields}: {problem}");
        assert!(problem.contains(said), "{fields}: {problem}");
    }
}

#[test]
fn every_mistake_of_the_whole_table_is_named_with_its_place() {
    let whole = |fields: Value| {
        let mut all =
            json!({"format": "strangler-fig/route-table", "version": 1, "salt": "s", "rules": []});
        for (name, value) in fields.as_object().unwrap() {
            match value {
                Value::Null => drop(all.as_object_mut().unwrap().remove(name)),
                value => all[name] = value.clone(),
            }
        }
        all.to_string()
    };
    let header = |fields: Value| json!({"override": fields});
    for (fields, place, said) in [
        (json!({"salt": null}), "salt", "it is missing"),
        (json!({"salt": ""}), "salt", "it is empty"),
        (json!({"salt": 7}), "salt", "expected a string"),
        (json!({"rules": null}), "rules", "it is missing"),
        (json!({"rules": {}}), "rules", "expected a sequence"),
        (json!({"version": "1"}), "version", "expected u64"),
        (json!({"version": 0}), "version", "no version 0"),
        (json!({"version": 1.5}), "version", "floating point `1.5`"),
        (json!({"version": 4_294_967_297_u64}), "version", "has version 4294967297, this crate"),
        (json!({"default": {"legacy": null}}), "default", "expected a string"),
        (header(json!(["x", ["::1"]])), "override", "may be a secret"),
        (
            header(json!({"header": "x", "allow": vec!["::1"; 257]})),
            "override.allow",
            "more than 256",
        ),
        (header(json!({"header": "x", "allow": [7]})), "override.allow[0]", "expected a string"),
        (
            header(json!({"header": "Host", "allow": ["::1"]})),
            "override.header",
            "\"host\" has a meaning",
        ),
        (
            header(
                json!({"header": "x", "secret": {"header": "Content-Length", "value": "0123456789abcdef"}}),
            ),
            "override.secret.header",
            "cannot be stripped",
        ),
        (
            header(
                json!({"header": "x-a", "secret": {"header": "X-A", "value": "0123456789abcdef"}}),
            ),
            "override.secret.header",
            "needs another header",
        ),
        (json!({"version": null}), "version", "it is missing"),
        (json!({"default": "both"}), "default", "unknown variant `both`"),
        (json!({"rule": []}), "rule", "no such field"),
        (header(json!({"header": "x"})), "override", "allows nobody"),
        (
            header(json!({"header": "x y", "allow": ["::1"]})),
            "override.header",
            "no name of a header",
        ),
        (
            header(json!({"header": "x", "allow": ["::1", "10.0.0.1/8"]})),
            "override.allow[1]",
            "no range",
        ),
        (
            header(json!({"header": "x", "secret": {"header": "y", "value": "short"}})),
            "override.secret.value",
            "16",
        ),
        (
            header(json!({"header": "x", "secret": {"header": "y"}})),
            "override.secret.value",
            "it is missing",
        ),
        (header(json!({"allow": ["::1"]})), "override.header", "it is missing"),
    ] {
        let problems = problems(&whole(fields.clone()));
        let [problem] = problems.as_slice() else { panic!("{fields}: {problems:?}") };
        assert!(problem.starts_with(&format!("{place}: ")), "{fields}: {problem}");
        assert!(problem.contains(said), "{fields}: {problem}");
    }
}
