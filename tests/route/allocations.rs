//! What a decision costs in memory: nothing.

use serde_json::json;
use strangler_fig::phase::Phase;
use strangler_fig::route::{Predicates, RequestHead, RequestMeta, RouteTable};

use crate::phases::state_in;
use crate::support::{State, document, get, post};

const FORMS: [&str; 13] =
    ["bytes", "text", "u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "i128", "uuid"];

/// A rule of every kind.
fn everything() -> RouteTable {
    let mut rules = vec![
        json!({"name": "fixed", "path": {"exact": "/fixed"}, "to": "modern", "mirror": {"basis_points": 5}}),
        json!({"name": "prefix", "path": {"prefix": "/pre fix".replace(' ', "%20")}, "to": "legacy", "override": true}),
        json!({"name": "header", "path": {"prefix": "/h"}, "headers": [{"name": "x-user", "begins": "a"}],
               "to": {"share": {"basis_points": 5000, "sticky": {"header": "x-user"}}}}),
        json!({"name": "cookie", "path": {"prefix": "/c"}, "host": "*.example",
               "to": {"share": {"basis_points": 5000, "sticky": {"cookie": "user"}}}}),
        json!({"name": "address", "path": {"prefix": "/a"}, "when": "odd",
               "to": {"share": {"basis_points": 5000, "sticky": {"address": true}}}}),
        json!({"name": "page", "path": {"template": "/page/{id}"}, "methods": ["GET"], "to": {"aggregate": "page"}}),
    ];
    for form in FORMS {
        rules.push(json!({"name": form, "path": {"template": format!("/{form}/{{id}}")}, "dual_write": {"ids": "client"},
            "to": {"follow": {"migration": "orders", "sticky": {"capture": "id", "as": form}}}}));
    }
    let text = document(&json!(rules));
    let text =
        text.replacen('{', r#"{"override": {"header": "x-canary", "allow": ["10.0.0.0/8"]},"#, 1);
    let odd = |request: &dyn RequestMeta| request.path().len() % 2 == 1;
    RouteTable::from_document_with(&text, &Predicates::default().with_predicate("odd", odd))
        .unwrap()
}

fn requests() -> Vec<RequestHead> {
    let uuid = "01234567-89ab-cdef-0123-456789abcdef";
    let texts = ["/bytes/%61", "/text/%C3%A9%20a"].map(get);
    let longest = get(&format!("/text/{}", "a".repeat(1_024)));
    let mut requests = vec![
        get("/fixed"),
        get("/pre%20fix/a").with_header("x-canary", "always"),
        get("/h/a").with_header("x-user", "ada"),
        get("/c/a").with_host("a.example:80").with_header("cookie", "a=1; user=ada"),
        get("/a/bc").with_address([10, 0, 0, 1].into()),
        get("/page/7"),
        get("/nothing/of/that"),
        get("/a//b"),
        get("/a%2Fb"),
        RequestHead::new("OPTIONS", "*"),
        get(&format!("/uuid/{uuid}")),
        post(&format!("/uuid/{uuid}")),
        post("/text/ada"),
    ];
    let numbers = FORMS.iter().filter(|form| form.starts_with(['u', 'i']) && **form != "uuid");
    requests.extend(numbers.map(|form| get(&format!("/{form}/7"))));
    requests.extend(texts);
    requests.push(longest);
    requests
}

#[test]
fn a_decision_allocates_nothing() {
    let (table, requests) = (everything(), requests());
    for phase in Phase::ALL {
        let state = State { word: Some(state_in(phase).word()), ..State::default() };
        let decided = || {
            let before = measure::allocations();
            for request in &requests {
                std::hint::black_box(table.decide_in(request, &state));
            }
            measure::allocations() - before
        };
        // Also the first of a thread, whose keys grow longer.
        let of_another = std::thread::scope(|scope| scope.spawn(decided).join().unwrap());
        assert_eq!((of_another, decided()), (0, 0), "{phase}");
    }
    let rules = requests.iter().filter_map(|request| table.decide(request).rule);
    let mut names: Vec<_> = rules.map(strangler_fig::route::Rule::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), table.rules().len(), "every rule was met: {names:?}");
}

/// That the counter counts.
#[test]
fn an_allocation_would_be_counted() {
    let before = measure::allocations();
    std::hint::black_box(vec![7_u8]);
    assert!(measure::allocations() > before);
}
