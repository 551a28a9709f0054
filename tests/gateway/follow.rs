//! Rules that follow a migration: what was planned in one state is not answered in another.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use strangler_fig::gateway::{Gateway, GatewayBuildError, Response};
use strangler_fig::phase::{
    self, Family, Fleet, MigrationName, MigrationState, Move, MoveId, Phase, PhaseTracker,
};
use strangler_fig::resilience::{BreakerConfig, CircuitBreaker, Policy};
use strangler_fig::route::Predicates;

use crate::support::{Side, builder, get, post, response, whole};

pub(crate) const FOLLOWS: &str = r#"[{ "name": "orders", "path": { "prefix": "/" }, "fallback": true,
    "to": { "follow": { "migration": "orders", "sticky": { "header": "x-user", "as": "text" } } } }]"#;

pub(crate) fn tracker() -> Arc<PhaseTracker> {
    PhaseTracker::detached(MigrationState::new("orders".parse().unwrap()))
}

/// A state, as a service would hand it out after so many moves.
fn state(phase: Phase, epoch: u64) -> MigrationState {
    let is_legacy = phase == Phase::LegacyOnly;
    state_from(phase, if is_legacy { Family::Legacy } else { Family::Modern }, epoch)
}

/// The same of a phase that was entered from there.
pub(crate) fn state_from(phase: Phase, family: Family, epoch: u64) -> MigrationState {
    let name: MigrationName = "orders".parse().unwrap();
    let document = MigrationState::new(name.clone()).to_document();
    let mut document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let (left, modern) = (phase.leaves_legacy(), family == Family::Modern);
    let state = &mut document["state"];
    state["epoch"] = epoch.into();
    state["base"]["phase"] = serde_json::to_value(phase).unwrap();
    state["base"]["entered_from"] = serde_json::to_value(family).unwrap();
    state["base"]["since_epoch"] = 7.into();
    state["steered"]["epoch"] = 7.into();
    state["base"]["modern_complete"] = modern.into();
    state["legacy_complete_since"] = (!left).then_some(0).into();
    state["cut_over"]["below"] = 10_000.into();
    state["left_legacy"] = left.into();
    MigrationState::from_document(&document.to_string(), &name).unwrap()
}

/// Takes the tracker there, step by step.
fn walk(tracker: &PhaseTracker, phases: &[Phase]) {
    for phase in phases {
        let state = tracker.state();
        let next =
            state.transition(&Move::to(*phase), MoveId::random().unwrap(), &Fleet::default());
        assert!(tracker.adopt(next.unwrap_or_else(|error| panic!("to {phase}: {error}"))));
    }
}

fn gateway(legacy: &Arc<Side>, modern: &Arc<Side>, tracker: &Arc<PhaseTracker>) -> Gateway {
    builder(FOLLOWS, legacy, modern).with_tracker(tracker.clone()).build().unwrap()
}

/// A side that moves the migration on while it answers, the first time.
pub(crate) fn moves(
    tracker: &Arc<PhaseTracker>,
    phases: &'static [Phase],
    text: &'static str,
) -> Arc<Side> {
    let tracker = tracker.clone();
    let first = std::sync::Once::new();
    Side::does(move |_| {
        first.call_once(|| walk(&tracker, phases));
        async move { Ok(response(200, text)) }
    })
}

fn answers(gateway: &Gateway, to: &str) -> impl Future<Output = Response> {
    gateway.handle(get(to))
}

pub(crate) const CROSSES: &[Phase] = &[Phase::DualWrite, Phase::Shadow, Phase::Cutover];

#[tokio::test]
async fn a_phase_says_who_answers() {
    let (legacy, modern, tracker) = (Side::says("legacy"), Side::says("modern"), tracker());
    let gateway = gateway(&legacy, &modern, &tracker);
    assert_eq!(whole(answers(&gateway, "/").await).await.1, "legacy");
    assert!(tracker.adopt(state(Phase::Live, 9)));
    assert_eq!(whole(answers(&gateway, "/").await).await.1, "modern");
    assert!(tracker.adopt(state(Phase::Halted, 10)));
    let halted = answers(&gateway, "/").await;
    assert_eq!(halted.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(halted.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn a_read_that_met_a_move_is_made_again() {
    let tracker = tracker();
    let legacy = moves(&tracker, CROSSES, "legacy");
    let gateway = gateway(&legacy, &Side::says("modern"), &tracker);
    assert_eq!(whole(answers(&gateway, "/").await).await, (200, "legacy".to_owned()));
    assert_eq!(legacy.count(), 2);
}

/// Legacy may stand in for modern in `Live`, and not where it may be behind.
#[tokio::test]
async fn what_stood_in_for_an_open_breaker_counts_no_more_in_another_phase() {
    let tracker = tracker();
    assert!(tracker.adopt(state(Phase::Live, 9)));
    let moving = tracker.clone();
    let legacy = Side::does(move |_| {
        moving.adopt(state(Phase::RampDown, 10));
        async { Ok(response(200, "legacy")) }
    });
    let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
    breaker.force_open();
    let policy = Policy::new("modern").with_breaker(breaker);
    let builder = builder(FOLLOWS, &legacy, &Side::says("modern")).with_tracker(tracker.clone());
    let gateway = builder.with_policy(phase::Side::Modern, policy).build().unwrap();
    let answer = answers(&gateway, "/").await;
    assert_eq!((answer.status(), legacy.count()), (StatusCode::SERVICE_UNAVAILABLE, 1));
}

#[tokio::test]
async fn what_counts_after_cutover_may_have_been_asked_in_it() {
    let (tracker, epoch) = (tracker(), AtomicU64::new(9));
    let moving = tracker.clone();
    let restless = Side::does(move |_| {
        let at = epoch.fetch_add(1, Ordering::SeqCst);
        let phase = if at % 2 == 1 { Phase::Live } else { Phase::Cutover };
        moving.adopt(state(phase, at));
        async { Ok(response(200, "either")) }
    });
    let gateway = gateway(&restless, &restless, &tracker);
    let answer = answers(&gateway, "/").await;
    // Of `Cutover`, modern was asked, from where it was entered, and in `Live` it is modern's word that counts.
    assert_eq!((answer.status(), restless.count()), (StatusCode::OK, 3));
}

/// Answers when modern's word counts.
fn goes_live(tracker: &Arc<PhaseTracker>) -> Arc<Side> {
    let tracker = tracker.clone();
    Side::does(move |_| {
        assert!(tracker.adopt(state(Phase::Live, 9)));
        async { Ok(response(200, "legacy")) }
    })
}

/// `Cutover`, entered from legacy, whose word is asked.
fn cut_over(tracker: &Arc<PhaseTracker>) {
    walk(tracker, CROSSES);
}

#[tokio::test]
async fn what_legacy_answered_in_cutover_does_not_count_where_modern_does() {
    let tracker = tracker();
    cut_over(&tracker);
    let legacy = goes_live(&tracker);
    let gateway = gateway(&legacy, &Side::says("modern"), &tracker);
    assert_eq!(whole(answers(&gateway, "/").await).await, (200, "modern".to_owned()));
    assert_eq!(legacy.count(), 1);
}

#[tokio::test]
async fn what_legacy_answered_in_cutover_counts_where_it_does_again() {
    let tracker = tracker();
    cut_over(&tracker);
    let legacy = moves(&tracker, &[Phase::Shadow], "legacy");
    let gateway = gateway(&legacy, &Side::says("modern"), &tracker);
    assert_eq!(whole(answers(&gateway, "/").await).await, (200, "legacy".to_owned()));
    assert_eq!(legacy.count(), 1);
}

#[tokio::test]
async fn a_write_that_legacy_alone_took_in_cutover_is_told_as_unknown_in_live() {
    let tracker = tracker();
    cut_over(&tracker);
    let legacy = goes_live(&tracker);
    let gateway = gateway(&legacy, &Side::says("modern"), &tracker);
    let answer = gateway.handle(post("/", "pears")).await;
    assert_eq!((answer.status(), legacy.count()), (StatusCode::GATEWAY_TIMEOUT, 1));
}

#[tokio::test]
async fn a_write_that_failed_is_told_as_that_whatever_moved() {
    for status in [409, 422, 500] {
        let (tracker, closing) = (tracker(), status == 422);
        let moving = tracker.clone();
        let legacy = Side::does(move |_| {
            if closing {
                moving.adopt(state(Phase::Halted, 99));
            } else {
                walk(&moving, CROSSES);
            }
            async move { Ok(response(status, "no pears")) }
        });
        let gateway = gateway(&legacy, &Side::says("modern"), &tracker);
        let answer = gateway.handle(post("/", "pears")).await;
        assert_eq!(whole(answer).await, (status, "no pears".to_owned()));
        assert_eq!(legacy.count(), 1);
    }
}

#[tokio::test]
async fn a_read_is_planned_three_times_at_most() {
    let (tracker, epoch) = (tracker(), AtomicU64::new(9));
    let moving = tracker.clone();
    let restless = Side::does(move |_| {
        let at = epoch.fetch_add(1, Ordering::SeqCst);
        let next = if at % 2 == 1 { state(Phase::Live, at) } else { state(Phase::LegacyOnly, at) };
        moving.adopt(next);
        async { Ok(response(200, "of another state")) }
    });
    let gateway = gateway(&restless, &restless, &tracker);
    let answer = answers(&gateway, "/").await;
    assert_eq!((answer.status(), restless.count()), (StatusCode::SERVICE_UNAVAILABLE, 3));
}

#[tokio::test]
async fn what_stood_in_counts_only_where_it_still_may() {
    let tracker = tracker();
    assert!(tracker.adopt(state(Phase::Live, 9)));
    // Modern fails, and while legacy answers instead it is left behind: an older answer, perhaps.
    let moving = tracker.clone();
    let legacy = Side::does(move |_| {
        moving.adopt(state(Phase::RampDown, 10));
        async { Ok(response(200, "of the past")) }
    });
    let modern = Side::answers(503);
    let gateway = gateway(&legacy, &modern, &tracker);
    assert_eq!(answers(&gateway, "/").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((legacy.count(), modern.count()), (1, 2));
}

#[tokio::test]
async fn a_read_whose_move_changes_nothing_for_it_is_answered() {
    let tracker = tracker();
    let legacy = moves(&tracker, &[Phase::DualWrite], "legacy");
    let gateway = gateway(&legacy, &Side::says("modern"), &tracker);
    assert_eq!(whole(answers(&gateway, "/").await).await, (200, "legacy".to_owned()));
    assert_eq!(legacy.count(), 1);
}

#[tokio::test]
async fn an_unrecorded_write_that_met_a_move_is_told_as_unknown() {
    let tracker = tracker();
    let legacy = moves(&tracker, CROSSES, "legacy");
    let gateway = gateway(&legacy, &Side::says("modern"), &tracker);
    let answer = gateway.handle(post("/", "pears")).await;
    assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(legacy.count(), 1, "and is not made again");
}

#[tokio::test]
async fn a_rule_that_follows_needs_its_tracker() {
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let error = builder(FOLLOWS, &legacy, &modern).build().unwrap_err();
    let (rule, migration) = ("orders".into(), "orders".parse().unwrap());
    assert_eq!(error, GatewayBuildError::NoTracker { rule, migration });

    // A table that comes later is refused by request.
    let tables = crate::support::tables("[]");
    let gateway = Gateway::builder(tables.clone(), legacy.clone(), modern).build().unwrap();
    assert_eq!(gateway.handle(get("/")).await.status(), 200);
    let document = crate::support::tables(FOLLOWS).load().to_document();
    tables.replace_with_document(&document, &Predicates::default()).unwrap();
    assert_eq!(gateway.handle(get("/")).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(legacy.count(), 1);
}

/// Rules that were swapped meanwhile are those that are there when it is made again.
#[tokio::test]
async fn a_read_that_is_made_again_is_decided_by_the_table_of_then() {
    let (tracker, tables) = (tracker(), crate::support::tables(FOLLOWS));
    let (moving, swapped) = (tracker.clone(), tables.clone());
    let legacy = Side::does(move |_| {
        let rules = r#"[{ "name": "all", "path": { "prefix": "/" }, "to": "modern" }]"#;
        let document = crate::support::tables(rules).load().to_document();
        swapped.replace_with_document(&document, &Predicates::default()).unwrap();
        moving.adopt(state(Phase::Live, 9));
        async { Ok(response(200, "legacy")) }
    });
    let modern = Side::says("modern");
    let builder = Gateway::builder(tables, legacy.clone(), modern.clone()).with_tracker(tracker);
    let gateway = builder.build().unwrap();
    assert_eq!(whole(answers(&gateway, "/").await).await, (200, "modern".to_owned()));
    assert_eq!((legacy.count(), modern.count()), (1, 1));
}

/// A table is looked at once, and stays while what was decided by it is under way.
#[tokio::test]
async fn a_request_ends_by_the_table_that_it_began_with() {
    let tables = crate::support::tables(crate::support::MODERN_FIRST);
    let swapped = tables.clone();
    let modern = Side::does(move |_| {
        let document = crate::support::tables("[]").load().to_document();
        swapped.replace_with_document(&document, &Predicates::default()).unwrap();
        async { Ok(response(503, "modern")) }
    });
    let legacy = Side::says("legacy");
    let gateway = Gateway::builder(tables, legacy.clone(), modern.clone()).build().unwrap();
    for count in 1..3 {
        assert_eq!(whole(answers(&gateway, "/").await).await, (200, "legacy".to_owned()));
        assert_eq!(
            (legacy.count(), modern.count()),
            (count, 1),
            "it fell back, and then is legacy's"
        );
    }
}
