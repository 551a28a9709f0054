//! What else a rule says: deadlines, nets, mirrors, dual writes, aggregates.

use std::time::Duration;

use serde_json::json;
use strangler_fig::phase::{Share, Side};
use strangler_fig::route::{DualWritePlan, IdSource, MirrorPlan, Reason, RequestHead};

use crate::support::{get, post, table};

#[test]
fn the_deadline_is_500_ms_by_default() {
    let table = table(&json!([
        {"name": "own", "path": {"exact": "/own"}, "to": "modern", "deadline_ms": 50},
        {"name": "rest", "to": "modern"}
    ]));
    assert_eq!(table.decide(&get("/own")).deadline, Duration::from_millis(50));
    assert_eq!(table.decide(&get("/")).deadline, Duration::from_millis(500));
}

#[test]
fn only_get_head_and_options_fall_back() {
    let table = table(&json!([{"name": "all", "to": "modern"}]));
    for method in
        ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "PURGE"]
    {
        let fallback = table.decide(&RequestHead::new(method, "/")).fallback;
        let is_netted = ["GET", "HEAD", "OPTIONS"].contains(&method);
        assert_eq!(fallback, is_netted.then_some(Side::Legacy), "{method}");
    }
}

#[test]
fn only_safe_requests_are_mirrored_and_to_the_other_side() {
    let table = table(&json!([
        {"name": "a", "path": {"exact": "/a"}, "to": "modern", "mirror": {"basis_points": 100}},
        {"name": "b", "to": "legacy", "mirror": {"basis_points": 100}}
    ]));
    let plan = |to| Some(MirrorPlan::new(to, Share::percent(1)));
    assert_eq!(table.decide(&get("/a")).mirror, plan(Side::Legacy));
    assert_eq!(table.decide(&get("/b")).mirror, plan(Side::Modern));
    assert_eq!(table.decide(&post("/b")).mirror, None);
}

#[test]
fn unsafe_requests_are_written_to_both_sides_if_the_rule_says_so() {
    let table = table(&json!([
        {"name": "a", "path": {"exact": "/a"}, "to": "modern", "dual_write": {"ids": "client", "strict": true}},
        {"name": "b", "to": "legacy", "dual_write": {"ids": "gateway"}}
    ]));
    let plan = |first, ids, strict| {
        let mut plan = DualWritePlan::new(first, ids);
        plan.is_strict = strict;
        Some(plan)
    };
    assert_eq!(table.decide(&post("/a")).dual_write, plan(Side::Modern, IdSource::Client, true));
    assert_eq!(table.decide(&post("/b")).dual_write, plan(Side::Legacy, IdSource::Gateway, false));
    assert_eq!(table.decide(&get("/a")).dual_write, None);
}

#[test]
fn an_aggregate_has_no_side() {
    let table = table(&json!([
        {"name": "page", "path": {"template": "/page/{id}"}, "methods": ["GET"], "to": {"aggregate": "order-page"}}
    ]));
    let decision = table.decide(&get("/page/7"));
    assert_eq!((decision.primary, decision.fallback), (None, None));
    assert_eq!((decision.aggregate, decision.reason), (Some("order-page"), Reason::Aggregated));
    assert_eq!(decision.capture("/page/7", "id"), Some("7"));
}

#[test]
fn a_rule_tells_what_a_gateway_must_have() {
    let table = table(&json!([
        {"name": "a", "path": {"exact": "/a"}, "methods": ["GET"], "to": {"aggregate": "page"}},
        {"name": "b", "path": {"exact": "/b"}, "to": {"follow": {"migration": "orders"}}, "dual_write": {"ids": "client"}},
        {"name": "c", "to": "legacy", "mirror": {"basis_points": 1}}
    ]));
    let told: Vec<_> = table
        .rules()
        .map(|it| {
            (
                it.aggregate(),
                it.follows().map(strangler_fig::phase::MigrationName::as_str),
                it.dual_writes(),
                it.mirrors(),
            )
        })
        .collect();
    let share = Share::new(1);
    assert_eq!(
        told,
        [
            (Some("page"), None, None, None),
            (None, Some("orders"), Some(IdSource::Client), None),
            (None, None, None, share),
        ]
    );
}
