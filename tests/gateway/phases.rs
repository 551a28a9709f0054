//! Each phase by a table of its own: which sides are asked, in which order, and who answers; and what becomes of an
//! answer when the phase has moved meanwhile.

use std::sync::{Arc, Mutex};

use strangler_fig::gateway::dual::DualWriter;
use strangler_fig::gateway::{Gateway, Request, Response};
use strangler_fig::memory::InMemoryRequestJournal;
use strangler_fig::phase::{Family, Incarnation, NodeId, Phase, PhaseTracker, Side as Place};
use strangler_fig::resilience::{BreakerConfig, CircuitBreaker, Policy};
use strangler_fig::stamp::StampClock;

use crate::follow::state_from;
use crate::support::{Side, builder, get, post, response, whole};

const ALONE: &str = r#"[{ "name": "orders", "path": { "prefix": "/" }, "fallback": true,
    "to": { "follow": { "migration": "orders", "sticky": { "header": "x-user", "as": "text" } } } }]"#;
const BOTH: &str = r#"[{ "name": "orders", "path": { "prefix": "/" }, "fallback": true, "dual_write": { "ids": "gateway" },
    "to": { "follow": { "migration": "orders", "sticky": { "header": "x-user", "as": "text" } } } }]"#;

/// Who is asked, in this order, and who answers; `503` where nobody does.
type Row = (&'static [&'static str], &'static str);

const NOBODY: Row = (&[], "503");
const LEGACY: Row = (&["legacy"], "legacy");
const MODERN: Row = (&["modern"], "modern");
const LEGACY_OF_BOTH: Row = (&["legacy", "modern"], "legacy");
const MODERN_OF_BOTH: Row = (&["legacy", "modern"], "modern");
const MODERN_FIRST: Row = (&["modern", "legacy"], "modern");

/// A phase and where it was entered from; of a safe request, of one that is not and that one side is sent, and of one
/// that is written to both: with modern's breaker closed, and open.
type Line = (Phase, Family, [Row; 2], [Row; 2], [Row; 2]);

/// The table, as the design has it. Where a breaker is open, nobody stands in for modern but legacy in `Live`, which
/// then has all that was acknowledged; and what is written to both has bounds of its own.
const TABLE: [Line; 9] = [
    (Phase::LegacyOnly, Family::Legacy, [LEGACY; 2], [LEGACY; 2], [LEGACY; 2]),
    (Phase::DualWrite, Family::Legacy, [LEGACY; 2], [LEGACY; 2], [LEGACY_OF_BOTH; 2]),
    (Phase::Shadow, Family::Legacy, [LEGACY; 2], [LEGACY; 2], [LEGACY_OF_BOTH; 2]),
    (Phase::Cutover, Family::Legacy, [LEGACY; 2], [LEGACY; 2], [LEGACY_OF_BOTH; 2]),
    (Phase::Cutover, Family::Modern, [MODERN, NOBODY], [MODERN, NOBODY], [MODERN_OF_BOTH; 2]),
    (Phase::Live, Family::Modern, [MODERN, LEGACY], [MODERN, NOBODY], [MODERN_OF_BOTH; 2]),
    (Phase::RampDown, Family::Modern, [MODERN, NOBODY], [MODERN, NOBODY], [MODERN_FIRST; 2]),
    (Phase::ModernOnly, Family::Modern, [MODERN, NOBODY], [MODERN, NOBODY], [MODERN, NOBODY]),
    (Phase::Halted, Family::Modern, [NOBODY; 2], [NOBODY; 2], [NOBODY; 2]),
];

/// Both sides, and who was asked in which order.
struct World {
    legacy: Arc<Side>,
    modern: Arc<Side>,
    asked: Arc<Mutex<Vec<&'static str>>>,
}

impl World {
    fn new(meanwhile: impl Fn() + Clone + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<&'static str>>> = Arc::default();
        let side = |name: &'static str| {
            let (asked, meanwhile) = (asked.clone(), meanwhile.clone());
            Side::does(move |_| {
                asked.lock().unwrap().push(name);
                meanwhile();
                async move { Ok(response(200, name)) }
            })
        };
        let (legacy, modern) = (side("legacy"), side("modern"));
        Self { legacy, modern, asked }
    }

    fn gateway(
        &self,
        rules: &str,
        tracker: &Arc<PhaseTracker>,
        breaker: &CircuitBreaker,
    ) -> Gateway {
        let builder = builder(rules, &self.legacy, &self.modern).with_tracker(tracker.clone());
        let policy = Policy::new("modern").with_breaker(breaker.clone());
        let builder = builder.with_policy(Place::Modern, policy);
        builder.with_dual_writer(self.writer()).build().unwrap()
    }

    fn writer(&self) -> DualWriter {
        let journal = Arc::new(InMemoryRequestJournal::default());
        let name = "gateway-1".parse().unwrap();
        let node = NodeId { name, incarnation: Incarnation::random().unwrap() };
        let stamps = Arc::new(StampClock::new().unwrap());
        DualWriter::new(journal, node, stamps, self.legacy.clone(), self.modern.clone())
    }

    fn asked(&self) -> Vec<&'static str> {
        self.asked.lock().unwrap().clone()
    }
}

fn breaker() -> CircuitBreaker {
    CircuitBreaker::new("modern", BreakerConfig::default())
}

fn tracker(phase: Phase, came_from: Family) -> Arc<PhaseTracker> {
    PhaseTracker::detached(state_from(phase, came_from, 9))
}

fn write() -> Request {
    post("/orders", "pears")
}

/// The answer's text, or its status where it is no answer.
async fn said(response: Response) -> String {
    match whole(response).await {
        (200, text) => text,
        (status, _) => status.to_string(),
    }
}

#[tokio::test]
async fn each_phase_asks_whom_its_row_says() {
    for (phase, came_from, safe, alone, both) in TABLE {
        let kinds = [
            ("read", ALONE, safe),
            ("read of what is written to both", BOTH, safe),
            ("write", ALONE, alone),
            ("write to both", BOTH, both),
        ];
        for (kind, rules, rows) in kinds {
            for (is_open, (asked, answers)) in [false, true].into_iter().zip(rows) {
                let (world, breaker) = (World::new(|| {}), breaker());
                let gateway = world.gateway(rules, &tracker(phase, came_from), &breaker);
                if is_open {
                    breaker.force_open();
                }
                let request = if kind.starts_with("read") { get("/orders") } else { write() };
                let answer = gateway.handle(request).await;
                let what = format!("{kind} in {phase} from {came_from:?}, open: {is_open}");
                assert_eq!(said(answer).await, answers, "{what}");
                gateway.drained().await;
                assert_eq!(world.asked(), asked, "{what}");
            }
        }
    }
}

/// Who alone is asked in a phase.
fn asks(phase: Phase, came_from: Family) -> &'static str {
    let is_it = |line: &Line| (line.0, line.1) == (phase, came_from);
    TABLE.into_iter().find(is_it).unwrap().2[0].1
}

/// The end check (R6), of a read and of a write: a row for each phase of the table that something is answered in, a
/// column for each that it may be by then. `=`: the answer holds; `x`: a read is made again, a write is told as
/// unknown.
///
/// Within a family an answer holds; `Cutover`, `Halted` and the other family are other plans, and a write that legacy
/// was left out of holds only where it still is. An operation of a store in `Cutover` has asked both, and needs no
/// check. A gateway has asked one: that holds where that one's word counts, and not where nobody's does.
const AFTER: [[&str; 2]; 8] = [
    // To:   LegacyOnly, DualWrite, Shadow, Cutover of legacy and of modern, Live, RampDown, ModernOnly, Halted.
    ["=== xx xxx x", "=== xx xxx x"], // LegacyOnly
    ["=== xx xxx x", "=== xx xxx x"], // DualWrite
    ["=== xx xxx x", "=== xx xxx x"], // Shadow
    ["=== =x xxx x", "=== =x xxx x"], // Cutover, of legacy
    ["xxx x= === x", "xxx x= === x"], // Cutover, of modern
    ["xxx xx === x", "xxx xx === x"], // Live
    ["xxx xx === x", "xxx xx x== x"], // RampDown
    ["xxx xx === x", "xxx xx x== x"], // ModernOnly
];

#[tokio::test]
async fn what_was_answered_in_one_phase_counts_in_another_as_its_rule_says() {
    for ((phase, came_from, ..), after) in TABLE.into_iter().zip(AFTER) {
        for (is_write, after) in [false, true].into_iter().zip(after) {
            let after: Vec<_> = after.chars().filter(|it| *it != ' ').collect();
            assert_eq!(after.len(), TABLE.len());
            for ((now, then_from, ..), holds) in TABLE.into_iter().zip(after) {
                let tracker = tracker(phase, came_from);
                let moving = tracker.clone();
                let world = World::new(move || {
                    moving.adopt(state_from(now, then_from, 10));
                });
                let gateway = world.gateway(ALONE, &tracker, &breaker());
                let request = if is_write { write() } else { get("/orders") };
                let answer = said(gateway.handle(request).await).await;
                let (first, second) = (asks(phase, came_from), asks(now, then_from));
                let (said, asked) = match (holds, is_write) {
                    ('=', _) => (first, vec![first]),
                    (_, true) => ("504", vec![first]),
                    (_, false) if second == "503" => ("503", vec![first]),
                    (_, false) => (second, vec![first, second]),
                };
                let what = format!(
                    "{phase} of {came_from:?}, then {now} of {then_from:?}, a write: {is_write}"
                );
                assert_eq!((answer.as_str(), world.asked()), (said, asked), "{what}");
            }
        }
    }
}

/// By name, for it is the one that a store has no need of.
#[tokio::test]
async fn of_what_was_asked_in_cutover_nothing_counts_in_halted() {
    for came_from in [Family::Legacy, Family::Modern] {
        for (request, status) in [(get("/orders"), 503), (write(), 504)] {
            let tracker = tracker(Phase::Cutover, came_from);
            let moving = tracker.clone();
            let world = World::new(move || {
                moving.adopt(state_from(Phase::Halted, Family::Modern, 10));
            });
            let gateway = world.gateway(ALONE, &tracker, &breaker());
            assert_eq!(gateway.handle(request).await.status().as_u16(), status);
            assert_eq!(world.asked(), [asks(Phase::Cutover, came_from)], "and nobody else");
        }
    }
}
