use super::page::{fact, more};
use super::{Block, Cell, Entry, Figure, Mark, Section, Table};
use crate::phase::Side;
use crate::status::plain::spoken;
use crate::status::{Authority, GateSeen, MigrationStatus, PartStanding, Way, WayStep};

pub(super) fn standing(status: &MigrationStatus) -> Option<Section> {
    let legacy = if status.legacy_complete { "complete" } else { "not complete" };
    let nodes = format!("{} serving, {} expected", status.nodes_serving, status.nodes_expected);
    let mut facts = vec![
        fact(
            "queries",
            Cell::new(format!("answered by {}", status.query_side.map_or("nobody", Side::name))),
        ),
        fact("legacy", Cell::new(legacy)),
        fact("nodes", Cell::marked(enough(status), nodes)),
    ];
    if status.is_decommissioned {
        facts.push(fact("way back", Cell::new("given up: legacy is decommissioned")));
    }
    let table = Table {
        caption: "Parts of the keys",
        head: vec!["part", "keys", "phase", "authoritative", "nodes follow", "modern"],
        rows: status.parts.iter().map(part).collect(),
    };
    let section = Section::of("now", "Now", vec![Block::Table(table), Block::Facts(facts)])?;
    Some(section.drawn(Figure::Path))
}

fn enough(status: &MigrationStatus) -> Mark {
    if status.nodes_serving < status.nodes_expected { Mark::Warn } else { Mark::None }
}

fn part(part: &PartStanding) -> Vec<Cell> {
    let halted = part.authority == Authority::Nobody;
    vec![
        Cell::new(part.part.to_string()),
        Cell::new(part.keys),
        Cell::marked(if halted { Mark::Bad } else { Mark::None }, part.phase),
        Cell::new(part.authority.name()),
        if part.is_settled { Cell::new("all") } else { Cell::marked(Mark::Warn, "not all yet") },
        Cell::new(if part.modern_complete { "complete" } else { "not known complete" }),
    ]
}

/// What comes next, and what blocks it.
pub(super) fn next(status: &MigrationStatus) -> Option<Section> {
    Section::of("next", "Next", way(&status.next, "forward"))
}

/// The way back.
pub(super) fn back(status: &MigrationStatus) -> Option<Section> {
    let mut entries: Vec<_> = status.back.steps.iter().map(step).collect();
    if let Some(why) = &status.back.dead_end {
        let title = Cell::new(format!("no way on: {why}"));
        entries.push(Entry { title, details: Vec::new() });
    }
    Section::of("back", "Way back", vec![Block::Entries(entries)])
}

fn way(way: &Way, name: &'static str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for next in &way.steps {
        blocks.push(Block::Facts(vec![fact("step", stepped(next))]));
        if let Some(refused) = &next.refused {
            blocks.push(Block::Facts(vec![fact("blocked", Cell::marked(Mark::Warn, refused))]));
        }
        let mut rows: Vec<_> = next.gates.iter().map(gate).collect();
        rows.extend(more(next.gates_left_out, "gates", 3));
        blocks.push(Block::Table(Table {
            caption: "Gates",
            head: vec!["gate", "is", "saw"],
            rows,
        }));
    }
    if let Some(why) = &way.dead_end {
        blocks.push(Block::Facts(vec![fact(name, Cell::new(format!("no way on: {why}")))]));
    }
    if blocks.is_empty() {
        blocks.push(Block::Facts(vec![fact(name, Cell::new("nothing is to be done"))]));
    }
    blocks
}

fn stepped(step: &WayStep) -> Cell {
    let waits = if step.waits_for_fleet { ", once every node follows" } else { "" };
    let (mark, blocked) =
        match (step.is_blocked(), step.gates_closed + usize::from(step.refused.is_some())) {
            (true, 1) => (Mark::Warn, "; blocked by one thing".to_owned()),
            (true, count) => (Mark::Warn, format!("; blocked by {count} things")),
            (false, _) => (Mark::Good, "; nothing blocks it".to_owned()),
        };
    Cell::marked(mark, format!("{}{waits}{blocked}", step.step))
}

fn gate(gate: &GateSeen) -> Vec<Cell> {
    let (mark, is) = if gate.is_open { (Mark::Good, "open") } else { (Mark::Warn, "closed") };
    vec![Cell::new(&gate.gate), Cell::marked(mark, is), Cell::new(&gate.saw)]
}

fn step(step: &WayStep) -> Entry {
    let waits = if step.waits_for_fleet { ", once every node follows" } else { "" };
    let details = step.blockers().map(|why| Cell::new(format!("now: {why}"))).collect();
    Entry { title: Cell::new(format!("{}{waits}", step.step)), details }
}

pub(super) fn warnings(status: &MigrationStatus) -> Option<Section> {
    let warning =
        |text: &String| Entry { title: Cell::marked(Mark::Warn, text), details: Vec::new() };
    let mut entries: Vec<_> = status.warnings.iter().map(warning).collect();
    if status.warnings_left_out > 0 {
        let text = format!("and {} more warnings", status.warnings_left_out);
        entries.push(Entry { title: Cell::marked(Mark::Warn, text), details: Vec::new() });
    }
    let window = spoken(status.traffic.window);
    let alarms = status.traffic.alarms.iter().map(|alarm| {
        let text = format!("{}: {} in {window}", alarm.reason, alarm.count);
        Entry { title: Cell::marked(Mark::Warn, text), details: Vec::new() }
    });
    entries.extend(alarms);
    Section::of("warnings", "Warnings", vec![Block::Entries(entries)])
}
