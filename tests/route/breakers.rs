//! Modern's breaker as an input.

use serde_json::json;
use strangler_fig::phase::Side;
use strangler_fig::resilience::BreakerState;
use strangler_fig::route::{Reason, RouteTable};

use crate::support::{State, get, post, table};

fn rules() -> RouteTable {
    table(&json!([
        {"name": "net", "path": {"prefix": "/net"}, "to": "modern", "mirror": {"basis_points": 10000}},
        {"name": "bare", "path": {"prefix": "/bare"}, "to": "modern", "fallback": false},
        {"name": "old", "path": {"prefix": "/old"}, "to": "legacy", "mirror": {"basis_points": 10000}}
    ]))
}

fn modern(modern: BreakerState) -> State {
    State { modern, ..State::default() }
}

#[test]
fn an_open_breaker_sends_safe_requests_to_legacy() {
    let table = rules();
    for state in [BreakerState::Open, BreakerState::ForcedOpen] {
        let decision = table.decide_in(&get("/net"), &modern(state));
        assert_eq!((decision.primary, decision.fallback), (Some(Side::Legacy), None));
        assert_eq!((decision.reason, decision.mirror), (Reason::BreakerOpen, None));
        let bare = table.decide_in(&get("/bare"), &modern(state));
        assert_eq!(
            (bare.primary, bare.reason),
            (Some(Side::Modern), Reason::Fixed),
            "it has no net"
        );
        let old = table.decide_in(&get("/old"), &modern(state));
        assert_eq!((old.primary, old.mirror), (Some(Side::Legacy), None), "nobody would answer it");
    }
    let closed = table.decide_in(&get("/old"), &State::default());
    assert_eq!(closed.mirror.map(|mirror| mirror.to), Some(Side::Modern));
}

#[test]
fn a_half_open_breaker_is_probed() {
    let table = rules();
    for state in [BreakerState::HalfOpen, BreakerState::Closed, BreakerState::Disabled] {
        let decision = table.decide_in(&get("/net"), &modern(state));
        assert_eq!((decision.primary, decision.fallback), (Some(Side::Modern), Some(Side::Legacy)));
    }
}

#[test]
fn an_unsafe_request_stays_where_it_belongs() {
    let table = rules();
    let decision = table.decide_in(&post("/net"), &modern(BreakerState::Open));
    assert_eq!((decision.primary, decision.fallback), (Some(Side::Modern), None));
    assert_eq!(decision.reason, Reason::Fixed);
}

#[test]
fn an_open_breaker_of_legacy_takes_away_its_mirror_only() {
    let state = State { legacy: BreakerState::Open, ..State::default() };
    let table = rules();
    let decision = table.decide_in(&get("/net"), &state);
    assert_eq!((decision.primary, decision.fallback), (Some(Side::Modern), Some(Side::Legacy)));
    assert_eq!(decision.mirror, None);
}
