use serde::Serialize;

use super::plain::{NAME_MAX, TEXT_MAX, capped};
use crate::controller::{Plan, PlannedStep, ReadGate};
use crate::phase::{Move, MoveRecord, PartName, Phase};

/// How many steps of a way, gates of a step and lines of evidence are kept.
const KEPT_MAX: usize = 32;

/// A gate before a step, as it stands now.
///
/// ```
/// use strangler_fig::status::GateSeen;
///
/// fn line(gate: &GateSeen) -> String {
///     format!("{} {}: {}", gate.gate, if gate.is_open { "is open" } else { "blocks" }, gate.saw)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GateSeen {
    /// Which gate.
    pub gate: String,
    /// Whether it lets a move pass.
    pub is_open: bool,
    /// What it saw.
    pub saw: String,
}

impl GateSeen {
    fn of(gate: &ReadGate) -> Self {
        Self {
            gate: capped(&gate.name, NAME_MAX),
            is_open: gate.reading.is_open,
            saw: capped(&gate.reading.saw, TEXT_MAX),
        }
    }
}

/// A step of the way, and what stands in front of it.
///
/// ```
/// use strangler_fig::status::WayStep;
///
/// fn line(step: &WayStep) -> String {
///     format!("{}{}", step.step, if step.is_blocked() { ", blocked" } else { "" })
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WayStep {
    /// What is to be done, in words.
    pub step: String,
    /// Whether it must wait until every node works by the step before it.
    pub waits_for_fleet: bool,
    /// What the rules say against it now.
    pub refused: Option<String>,
    /// The gates before it.
    pub gates: Vec<GateSeen>,
}

impl WayStep {
    fn of(step: &PlannedStep) -> Self {
        Self {
            step: capped(&step.step, TEXT_MAX),
            waits_for_fleet: step.waits_for_fleet,
            refused: step.refused.as_deref().map(|refused| capped(refused, TEXT_MAX)),
            gates: step.gates.iter().take(KEPT_MAX).map(GateSeen::of).collect(),
        }
    }

    /// Whether a rule or a closed gate stands in front of it.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.refused.is_some() || self.gates.iter().any(|gate| !gate.is_open)
    }

    /// What blocks it, in words.
    pub fn blockers(&self) -> impl Iterator<Item = String> + '_ {
        let gates = self.gates.iter().filter(|gate| !gate.is_open);
        let gates = gates.map(|gate| format!("gate {}: {}", gate.gate, gate.saw));
        self.refused.clone().into_iter().chain(gates)
    }
}

/// The steps to somewhere.
///
/// ```
/// use strangler_fig::status::Way;
///
/// fn next(way: &Way) -> &str {
///     way.steps.first().map_or("nothing is to be done", |step| step.step.as_str())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Way {
    /// Its steps, in their order.
    pub steps: Vec<WayStep>,
    /// Why it ends before its goal, if it does.
    pub dead_end: Option<String>,
}

impl Way {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            steps: plan.steps.iter().take(KEPT_MAX).map(WayStep::of).collect(),
            dead_end: plan.dead_end.as_deref().map(|why| capped(why, TEXT_MAX)),
        }
    }

    /// Whether its first step could not be taken now.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.steps.first().map_or(self.dead_end.is_some(), WayStep::is_blocked)
    }
}

/// What a gate saw when a move was made.
///
/// ```
/// use strangler_fig::status::SeenEvidence;
///
/// fn line(evidence: &SeenEvidence) -> String {
///     format!("{}: {}{}", evidence.gate, evidence.saw, if evidence.forced { " (forced)" } else { "" })
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SeenEvidence {
    /// Which gate.
    pub gate: String,
    /// What it saw.
    pub saw: String,
    /// Whether the actor went through it though it was closed.
    pub forced: bool,
}

/// A move that was made.
///
/// ```
/// use strangler_fig::status::PastMove;
///
/// fn line(past: &PastMove) -> String {
///     format!("epoch {}: {}, by {}", past.epoch, past.step, past.actor.as_deref().unwrap_or("nobody"))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PastMove {
    /// The epoch it made.
    pub epoch: u64,
    /// What was done, in words.
    pub step: String,
    /// Which part went to another phase, and which; `None`: none did.
    pub moved: Option<(PartName, Phase)>,
    /// Whether it changed the phase of any key.
    pub steers: bool,
    /// Who; `None`: nobody said.
    pub actor: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When, by the clock of whoever moved, in Unix milliseconds.
    pub at_unix_ms: u64,
    /// What the gates saw.
    pub evidence: Vec<SeenEvidence>,
}

impl PastMove {
    pub(super) fn of(record: &MoveRecord) -> Self {
        let text = |text: &str| capped(text, TEXT_MAX);
        let evidence = record.evidence.iter().take(KEPT_MAX).map(|evidence| SeenEvidence {
            gate: capped(&evidence.gate, NAME_MAX),
            saw: text(&evidence.saw),
            forced: evidence.forced,
        });
        Self {
            epoch: record.epoch,
            step: text(&record.step.to_string()),
            moved: match record.step {
                Move::Phase { part, to } => Some((part, to)),
                _ => None,
            },
            steers: record.step.steers(),
            actor: record.actor.as_ref().map(|actor| capped(actor.as_str(), NAME_MAX)),
            reason: record.reason.as_ref().map(|reason| text(reason.as_str())),
            at_unix_ms: record.at_unix_ms,
            evidence: evidence.collect(),
        }
    }
}
