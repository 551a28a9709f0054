//! Routes that follow a migration.

use std::sync::Arc;

use serde_json::json;
use strangler_fig::key::Key;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    Bucket, Fleet, MigrationState, MigrationStateService, Move, MoveId, Phase, PhaseTracker, Salt,
    Share, Side, TrackerConfig,
};
use strangler_fig::resilience::BreakerState;
use strangler_fig::route::{
    Decision, DualWritePlan, IdSource, KeyForm, Reason, RouteTable, RuleBuilder, StickyKey,
    Trackers,
};

use crate::support::{State, built, get, post, table};

/// The migration in a phase.
pub(crate) fn state_in(phase: Phase) -> MigrationState {
    measure::state_in(phase)
}

fn moved(state: &MigrationState, step: &Move) -> MigrationState {
    state.transition(step, MoveId::random().unwrap(), &Fleet::default()).unwrap()
}

fn in_word(state: &MigrationState) -> State {
    State { word: Some(state.word()), ..State::default() }
}

fn follow() -> RuleBuilder {
    let key = StickyKey::capture("id").in_form(KeyForm::Text);
    RuleBuilder::template("orders", "/orders/{id}")
        .follow(&"orders".parse().unwrap(), key)
        .with_mirror(Share::WHOLE)
        .with_dual_write(IdSource::Client)
}

const LEGACY: Option<Side> = Some(Side::Legacy);
const MODERN: Option<Side> = Some(Side::Modern);

/// What a row says: of a safe request primary, fallback and mirror; of an unsafe one primary, and of a dual
/// write first, answers and whether it is strict.
type Row = ([Option<Side>; 3], Option<Side>, Option<(Side, Side, bool)>);

/// The rows, written down again.
fn row(phase: Phase, came_from: Side) -> Row {
    use Side::{Legacy, Modern};
    match phase {
        Phase::LegacyOnly => ([LEGACY, None, None], LEGACY, None),
        Phase::DualWrite => ([LEGACY, None, None], LEGACY, Some((Legacy, Legacy, false))),
        Phase::Shadow => ([LEGACY, None, MODERN], LEGACY, Some((Legacy, Legacy, false))),
        Phase::Cutover => {
            ([Some(came_from), None, None], Some(came_from), Some((Legacy, came_from, true)))
        }
        Phase::Live => ([MODERN, LEGACY, LEGACY], MODERN, Some((Legacy, Modern, true))),
        Phase::RampDown => ([MODERN, None, None], MODERN, Some((Modern, Modern, false))),
        Phase::ModernOnly => ([MODERN, None, None], MODERN, None),
        Phase::Halted => ([None, None, None], None, None),
    }
}

/// Every phase that there is, with where it was come to from.
fn states() -> Vec<(Phase, Side, MigrationState)> {
    let whole = Phase::ALL.into_iter().map(|phase| (phase, Side::Legacy, state_in(phase)));
    let back = moved(&state_in(Phase::Live), &Move::to(Phase::Cutover));
    whole.chain([(Phase::Cutover, Side::Modern, back)]).collect()
}

#[test]
fn each_phase_routes_as_its_row_says() {
    let table = built([follow()]).unwrap();
    for (phase, came_from, state) in states() {
        let (safe, primary, dual) = row(phase, came_from);
        let read = table.decide_in(&get("/orders/7"), &in_word(&state));
        let mirror = read.mirror.map(|mirror| mirror.to);
        assert_eq!([read.primary, read.fallback, mirror], safe, "{phase} from {came_from}");
        assert_eq!((read.reason, read.dual_write), (Reason::Phase(phase), None), "{phase}");
        assert_eq!(read.word, Some(state.word()));

        let write = table.decide_in(&post("/orders/7"), &in_word(&state));
        assert_eq!((write.primary, write.fallback, write.mirror), (primary, None, None), "{phase}");
        let ids = IdSource::Client;
        let plan = |(first, answers, strict)| {
            let mut plan = DualWritePlan::new(first, ids);
            (plan.answers, plan.is_strict) = (answers, strict);
            plan
        };
        assert_eq!(write.dual_write, dual.map(plan), "{phase} from {came_from}");
    }
}

#[test]
fn a_stale_fallback_is_one_that_was_asked_for() {
    let table = built([follow().with_stale_fallback()]).unwrap();
    for (phase, came_from, state) in states() {
        let fallback = table.decide_in(&get("/orders/7"), &in_word(&state)).fallback;
        let expected = if phase == Phase::RampDown { LEGACY } else { row(phase, came_from).0[1] };
        assert_eq!(fallback, expected, "{phase}");
    }
    let without = built([follow().without_fallback()]).unwrap();
    let live = without.decide_in(&get("/orders/7"), &in_word(&state_in(Phase::Live)));
    assert_eq!((live.primary, live.fallback), (MODERN, None));
}

#[test]
fn a_breaker_counts_where_a_phase_has_a_net() {
    let table = built([follow()]).unwrap();
    for (phase, came_from, state) in states() {
        let open = State { modern: BreakerState::Open, ..in_word(&state) };
        let read = table.decide_in(&get("/orders/7"), &open);
        let is_live = phase == Phase::Live;
        let (safe, primary, _) = row(phase, came_from);
        assert_eq!(read.primary, if is_live { LEGACY } else { safe[0] }, "{phase}");
        assert_eq!(read.reason == Reason::BreakerOpen, is_live, "{phase}");
        assert_eq!(table.decide_in(&post("/orders/7"), &open).primary, primary, "{phase}");
    }
}

#[test]
fn each_key_is_in_the_phase_of_its_part() {
    let share = Share::percent(50);
    let state = moved(&state_in(Phase::LegacyOnly), &Move::StartCohort { share });
    let state = moved(&state, &Move::cohort_to(Phase::Shadow));
    let table = built([follow()]).unwrap();
    let mut ahead = 0;
    for id in 0..1_000 {
        let decision = table.decide_in(&get(&format!("/orders/{id}")), &in_word(&state));
        let phase = state.word().phase_of(Bucket::of(&id.to_string(), Salt::of("orders")));
        assert_eq!(decision.reason, Reason::Phase(phase));
        ahead += u32::from(phase == Phase::Shadow);
    }
    assert!((400..600).contains(&ahead), "{ahead}");
}

fn agree<K: Key>(form: KeyForm, key: impl Fn(u64) -> (String, K)) {
    let sticky = StickyKey::capture("id").in_form(form);
    let rule = RuleBuilder::template("orders", "/orders/{id}");
    let table = built([rule.follow(&"orders".parse().unwrap(), sticky)]).unwrap();
    // The state's own salt is the one that a repository uses.
    let state = MigrationState::new("orders".parse().unwrap());
    for number in 0..10_000_u64 {
        let (text, key) = key(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let of_gateway = table.decide_in(&get(&format!("/orders/{text}")), &in_word(&state)).bucket;
        assert_eq!(of_gateway, Some(Bucket::of(&key, state.salt())), "{text}");
    }
}

#[test]
fn gateway_and_repository_agree_on_every_key() {
    agree(KeyForm::Bytes, |number| {
        let text = format!("{number:016x}");
        let bytes: [u8; 16] = text.as_bytes().try_into().unwrap();
        (text, bytes)
    });
    agree(KeyForm::Text, |number| (format!("order-{number}"), format!("order-{number}")));
    agree(KeyForm::Text, |number| (format!("%C3%A9%20{number}"), format!("\u{e9} {number}")));
    agree(KeyForm::U32, |number| {
        let number = u32::try_from(number >> 32).unwrap();
        (number.to_string(), number)
    });
    agree(KeyForm::U64, |number| (number.to_string(), number));
    let signed = |number: u64| i64::from_ne_bytes(number.to_ne_bytes());
    agree(KeyForm::I64, |number| (signed(number).to_string(), signed(number)));
    agree(KeyForm::Uuid, |number| {
        let id = u128::from(number) << 64 | u128::from(!number);
        let hex = format!("{id:032x}");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        (parts.join("-"), id.to_be_bytes())
    });
}

fn refused(decision: &Decision<'_>, reason: Reason) {
    let asked = [decision.primary, decision.fallback, decision.mirror.map(|mirror| mirror.to)];
    assert_eq!((asked, decision.dual_write, decision.reason), ([None; 3], None, reason));
}

#[test]
fn without_a_state_nothing_is_answered() {
    let table = built([follow()]).unwrap();
    refused(&table.decide(&get("/orders/7")), Reason::NoState);
    refused(&table.decide_in(&post("/orders/7"), &Trackers::default()), Reason::NoState);
}

#[tokio::test]
async fn a_closed_node_answers_nothing() {
    let service = Arc::new(InMemoryStateService::default());
    let name: strangler_fig::phase::MigrationName = "orders".parse().unwrap();
    service.create(&MigrationState::new(name.clone())).await.unwrap();
    let (node, config) = ("node-1".parse().unwrap(), TrackerConfig::default());
    let tracker = PhaseTracker::start(service, name, node, config).await.unwrap();
    let state = Trackers::default().with_tracker(Arc::clone(&tracker));
    let table = built([follow()]).unwrap();
    assert_eq!(table.decide_in(&get("/orders/7"), &state).primary, LEGACY);
    tracker.release().await.unwrap();
    assert!(tracker.word().is_closed());
    refused(&table.decide_in(&get("/orders/7"), &state), Reason::Closed);
    refused(&table.decide_in(&post("/orders/7"), &state), Reason::Closed);
}

/// A list of orders and a new one, which have no key.
fn keyless() -> RouteTable {
    table(&json!([{"name": "list", "path": {"exact": "/orders"},
        "to": {"follow": {"migration": "orders"}}, "dual_write": {"ids": "gateway"}}]))
}

#[test]
fn what_has_no_key_follows_the_one_phase_there_is() {
    let table = keyless();
    for (phase, came_from, state) in states() {
        let (safe, primary, _) = row(phase, came_from);
        let read = table.decide_in(&get("/orders"), &in_word(&state));
        assert_eq!((read.primary, read.reason), (safe[0], Reason::Phase(phase)));
        assert_eq!(table.decide_in(&post("/orders"), &in_word(&state)).primary, primary);
    }
}

#[test]
fn what_has_no_key_among_two_phases_is_answered_by_who_has_all_or_not_at_all() {
    let table = keyless();
    let begun =
        moved(&state_in(Phase::LegacyOnly), &Move::StartCohort { share: Share::percent(5) });
    for (base, ahead, is_written) in [
        (Phase::LegacyOnly, Phase::DualWrite, false),
        (Phase::DualWrite, Phase::Shadow, true),
        (Phase::DualWrite, Phase::Cutover, false),
    ] {
        let state = moved(&begun, &Move::cohort_to(ahead));
        let state = match base {
            Phase::LegacyOnly => state,
            base => moved(&state, &Move::to(base)),
        };
        let read = table.decide_in(&get("/orders"), &in_word(&state));
        assert_eq!(read.primary, state.word().query_side(), "{ahead}");
        assert_eq!(read.reason, Reason::NoStickyKey);
        let write = table.decide_in(&post("/orders"), &in_word(&state));
        assert_eq!(write.primary.is_some(), is_written, "{base} {ahead}");
        assert_eq!(write.dual_write.is_some(), is_written, "{base} {ahead}");
        assert_eq!(write.reason, Reason::NoStickyKey);
    }
}
