//! Drawings, 360 units wide, so that they can be read on a telephone. Colours are classes of the style; no figure is
//! told by a colour alone.

use std::fmt::Write as _;
use std::time::Duration;

use super::html::escaped;
use crate::phase::{PartName, Phase};
use crate::status::plain::{per_cent, spoken};
use crate::status::{MigrationStatus, PartStanding, PercentileStatus};

/// Between two phases of the path.
const STEP: usize = 34;
/// The longest bar.
const BAR: f64 = 190.0;

fn drawing(id: &str, height: usize, title: &str, description: &str, inside: &str) -> String {
    format!(
        "<svg class=\"drawing\" viewBox=\"0 0 360 {height}\" role=\"img\" aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-desc\">\
         <title id=\"{id}-title\">{}</title><desc id=\"{id}-desc\">{}</desc>{inside}</svg>\n",
        escaped(title),
        escaped(description)
    )
}

/// The phases from top to bottom, and where the parts stand.
pub(super) fn path(status: &MigrationStatus) -> String {
    let is_there = |phase: Phase| status.parts.iter().any(|part| part.phase == phase);
    let phases = Phase::ALL.into_iter().filter(|phase| *phase != Phase::Halted || is_there(*phase));
    let phases: Vec<_> = phases.collect();
    let present = phases.iter().position(|phase| *phase == status.phase()).unwrap_or(0);
    let end = STEP * (phases.len() - 1) + 18;
    let mut inside = format!("<path class=\"way\" d=\"M20 18V{end}\"/>");
    if status.phase() != Phase::Halted {
        let _ = write!(inside, "<path class=\"gone\" d=\"M20 18V{}\"/>", STEP * present + 18);
    }
    for (place, phase) in phases.iter().enumerate() {
        let y = STEP * place + 18;
        let here: Vec<_> =
            status.parts.iter().filter(|part| part.phase == *phase).map(named).collect();
        let (class, radius) = match (here.is_empty(), place < present) {
            (false, _) => ("here", 10),
            (true, true) => ("gone", 6),
            (true, false) => ("ahead", 6),
        };
        let _ = write!(inside, "<circle class=\"{class}\" cx=\"20\" cy=\"{y}\" r=\"{radius}\"/>");
        let _ = write!(inside, "<text class=\"{class}\" x=\"42\" y=\"{}\">{phase}</text>", y + 5);
        if !here.is_empty() {
            let _ = write!(
                inside,
                "<text x=\"140\" y=\"{}\">\u{25c0} {}</text>",
                y + 5,
                here.join(", ")
            );
        }
    }
    let standing = status.parts.iter().map(|part| format!("{} in {}", named(part), part.phase));
    let description =
        format!("The phases in their order. {}.", standing.collect::<Vec<_>>().join("; "));
    let mut drawn = drawing("path", end + 18, "Phases of the migration", &description, &inside);
    if status.parts.len() > 1 {
        let parts = status.parts.iter().rev();
        let shares: Vec<_> = parts.map(|part| (name(part.part), share(part))).collect();
        drawn.push_str(&bar("keys", "Keys of cohort and base", &shares));
    }
    drawn
}

const fn name(part: PartName) -> &'static str {
    match part {
        PartName::Base => "base",
        PartName::Cohort => "cohort",
    }
}

fn share(part: &PartStanding) -> f64 {
    f64::from(part.keys.basis_points()) / 10_000.0
}

fn named(part: &PartStanding) -> String {
    format!("{} {}", name(part.part), per_cent(share(part)))
}

/// One bar, divided.
fn bar(id: &str, title: &str, shares: &[(&str, f64)]) -> String {
    let (mut inside, mut words, mut x) = (String::new(), Vec::new(), 2.0);
    for (place, (name, share)) in shares.iter().enumerate() {
        let width = 356.0 * share;
        let class = if place % 2 == 0 { "first" } else { "second" };
        let _ = write!(
            inside,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"2\" width=\"{width:.1}\" height=\"22\"/>"
        );
        let label = format!("{name} {}", per_cent(*share));
        let (anchor, at) = if place == 0 { ("start", 2) } else { ("end", 358) };
        let _ = write!(
            inside,
            "<rect class=\"{class}\" x=\"{}\" y=\"33\" width=\"10\" height=\"10\"/>\
             <text x=\"{}\" y=\"43\" text-anchor=\"{anchor}\">{label}</text>",
            if place == 0 { 2 } else { 346 },
            if place == 0 { at + 16 } else { at - 18 },
        );
        words.push(label);
        x += width;
    }
    drawing(id, 50, title, &words.join(", "), &inside)
}

/// Where requests went.
pub(super) fn routes(status: &MigrationStatus) -> String {
    let shares = ["legacy", "modern"].map(|side| (side, status.traffic.share(side).unwrap_or(0.0)));
    bar("requests", "Requests to legacy and to modern", &shares)
}

/// Half, 95 and 99 of 100 calls, primary beside secondary.
pub(super) fn latency(latencies: &[PercentileStatus]) -> String {
    let times = |seen: &PercentileStatus| [("p50", seen.p50), ("p95", seen.p95), ("p99", seen.p99)];
    let longest =
        latencies.iter().filter_map(|seen| seen.p99).max().unwrap_or(Duration::from_millis(1));
    let (mut inside, mut words, mut y) = (String::new(), Vec::new(), 4);
    for (place, seen) in latencies.iter().enumerate() {
        let class = if place % 2 == 0 { "first" } else { "second" };
        let _ =
            write!(inside, "<text class=\"here\" x=\"2\" y=\"{}\">{}</text>", y + 12, seen.role);
        y += 20;
        for (percentile, time) in times(seen) {
            let Some(time) = time else { continue };
            let width = (BAR * time.as_secs_f64() / longest.as_secs_f64().max(1e-9)).max(1.0);
            let _ = write!(
                inside,
                "<text x=\"14\" y=\"{}\">{percentile}</text>\
                 <rect class=\"{class}\" x=\"52\" y=\"{y}\" width=\"{width:.1}\" height=\"14\"/>\
                 <text x=\"{:.1}\" y=\"{}\">{}</text>",
                y + 12,
                width + 60.0,
                y + 12,
                spoken(time)
            );
            words.push(format!("{} {percentile} {}", seen.role, spoken(time)));
            y += 20;
        }
        y += 6;
    }
    drawing("latency", y, "Latency of primary and secondary", &words.join(", "), &inside)
}
