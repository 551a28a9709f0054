use std::fmt::Write as _;

use crate::phase::{PartName, Phase};
use crate::status::{PartStanding, PastMove};

/// The longest label.
const LABEL_MAX: usize = 40;

/// The phases from left to right, and an arrow for each move of a part, dotted for those of a cohort.
pub(super) fn course(parts: &[PartStanding], history: &[PastMove]) -> String {
    let mut drawing = "flowchart LR\n".to_owned();
    for phase in Phase::ALL {
        let _ = writeln!(drawing, "    {phase}[\"{phase}{}\"]", standing(parts, phase));
    }
    for past in history {
        let Some((part, to)) = past.moved else { continue };
        let arrow = match part {
            PartName::Base => "-->",
            PartName::Cohort => "-.->",
        };
        let label = label(past);
        let _ = match past.from {
            Some(from) => writeln!(drawing, "    {from} {arrow}|\"{label}\"| {to}"),
            None => writeln!(drawing, "    before[\"before\"] {arrow}|\"{label}\"| {to}"),
        };
    }
    for part in parts {
        let _ = writeln!(drawing, "    style {} stroke-width:4px", part.phase);
    }
    drawing
}

fn standing(parts: &[PartStanding], phase: Phase) -> String {
    let there = parts.iter().filter(|part| part.phase == phase);
    let words = there.map(|part| match part.part {
        PartName::Base => format!("<br/>base, {}", part.keys),
        PartName::Cohort => format!("<br/>cohort, {}", part.keys),
    });
    words.collect()
}

/// Letters, digits and a few signs: the rest means something to Mermaid, or to who shows the drawing.
fn label(past: &PastMove) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || " .,_-@".contains(c) { c } else { '?' };
    let actor = past.actor.as_deref().unwrap_or("nobody named");
    let actor: String = actor.chars().take(LABEL_MAX).map(plain).collect();
    format!("{}, by {actor}", past.epoch)
}
