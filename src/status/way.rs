use serde::Serialize;

use super::plain::{NAME_MAX, TEXT_MAX, capped};
use crate::controller::{Plan, PlannedStep, ReadGate};
use crate::phase::{Move, MoveRecord, PartName, Phase, Share};

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
    /// The gates before it; of very many, the closed ones first.
    pub gates: Vec<GateSeen>,
    /// How many more there are.
    pub gates_left_out: usize,
    /// How many of all are closed.
    pub gates_closed: usize,
}

impl WayStep {
    fn of(step: &PlannedStep) -> Self {
        let mut gates: Vec<_> = step.gates.iter().collect();
        let left_out = gates.len().saturating_sub(KEPT_MAX);
        if left_out > 0 {
            gates.sort_by_key(|gate| gate.reading.is_open);
        }
        Self {
            step: capped(&step.step, TEXT_MAX),
            waits_for_fleet: step.waits_for_fleet,
            refused: step.refused.as_deref().map(|refused| capped(refused, TEXT_MAX)),
            gates: gates.iter().take(KEPT_MAX).map(|gate| GateSeen::of(gate)).collect(),
            gates_left_out: left_out,
            gates_closed: gates.iter().filter(|gate| !gate.reading.is_open).count(),
        }
    }

    /// Whether a rule or a closed gate stands in front of it.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.refused.is_some() || self.gates_closed > 0
    }

    /// What blocks it, in words; of gates, those that are kept.
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
///     format!("{}: {}{}", evidence.gate, evidence.saw, if evidence.is_forced { " (forced)" } else { "" })
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
    #[serde(rename = "forced")]
    pub is_forced: bool,
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
    /// Which part went to another phase, and which: a cohort that ends goes where the base is, a base whose keys a
    /// cohort has all taken goes where that is. `None`: none did, as far as is known.
    pub moved: Option<(PartName, Phase)>,
    /// Which phase that part came from; `None`: none did, or the history does not go back so far.
    pub from: Option<Phase>,
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

/// Where the parts stood, as far as a history tells.
#[derive(Debug, Default)]
struct Places {
    base: Option<Phase>,
    cohort: Option<Phase>,
}

impl Places {
    /// Which part goes where by the next move, and from where.
    fn go(&mut self, step: &Move) -> (Option<(PartName, Phase)>, Option<Phase>) {
        let between = |part, from: Option<Phase>, to: Option<Phase>| match (from, to) {
            (Some(from), Some(to)) if from != to => (Some((part, to)), Some(from)),
            // A move that is not known to have happened is none.
            _ => (None, None),
        };
        match *step {
            Move::Phase { part: part @ PartName::Base, to } => {
                (Some((part, to)), self.base.replace(to))
            }
            Move::Phase { part: part @ PartName::Cohort, to } => {
                (Some((part, to)), self.cohort.replace(to))
            }
            Move::StartCohort { .. } => {
                self.cohort = self.base;
                (None, None)
            }
            Move::GrowCohort { share: Share::WHOLE } => {
                let (base, cohort) = (self.base, self.cohort.take());
                self.base = cohort;
                between(PartName::Base, base, cohort)
            }
            Move::EndCohort => between(PartName::Cohort, self.cohort.take(), self.base),
            _ => (None, None),
        }
    }
}

impl PastMove {
    /// All that a history remembers, in its order.
    pub(super) fn all<'a>(history: impl IntoIterator<Item = &'a MoveRecord>) -> Vec<Self> {
        // Before the first move all is in legacy.
        let (mut epoch, mut places) = (0, Places { base: Some(Phase::LegacyOnly), cohort: None });
        let past = history.into_iter().map(|record| {
            epoch += 1;
            if record.epoch != epoch {
                (epoch, places) = (record.epoch, Places::default());
            }
            let (moved, from) = places.go(&record.step);
            Self { moved, from, ..Self::of(record) }
        });
        past.collect()
    }

    fn of(record: &MoveRecord) -> Self {
        let text = |text: &str| capped(text, TEXT_MAX);
        let evidence = record.evidence.iter().take(KEPT_MAX).map(|evidence| SeenEvidence {
            gate: capped(&evidence.gate, NAME_MAX),
            saw: text(&evidence.saw),
            is_forced: evidence.is_forced,
        });
        Self {
            epoch: record.epoch,
            step: text(&record.step.to_string()),
            moved: None,
            from: None,
            steers: record.step.steers(),
            actor: record.actor.as_ref().map(|actor| capped(actor.as_str(), NAME_MAX)),
            reason: record.reason.as_ref().map(|reason| text(reason.as_str())),
            at_unix_ms: record.at_unix_ms,
            evidence: evidence.collect(),
        }
    }
}
