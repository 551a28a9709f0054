use super::page::more;
use super::{Block, Cell, Entry, Mark, Section, Table};
use crate::status::plain::{isolated, moment, spoken};
use crate::status::{MigrationStatus, NodeStanding, PastMove, SeenEvidence};

pub(super) fn nodes(status: &MigrationStatus) -> Option<Section> {
    let mut rows: Vec<_> = status.nodes.iter().map(node).collect();
    rows.extend(more(status.nodes_left_out, "nodes", 5));
    let head = vec!["node", "role", "works by epoch", "renewed", "knows of"];
    let table = Table { caption: "Nodes", head, rows };
    Section::of("nodes", "Nodes", vec![Block::Table(table)])
}

fn node(node: &NodeStanding) -> Vec<Cell> {
    let epoch = node.epoch.map_or("starting".to_owned(), |epoch| epoch.to_string());
    let settled = if node.is_settled { Mark::None } else { Mark::Warn };
    let ago =
        node.renewed_ago.map_or("not seen yet".to_owned(), |ago| format!("{} ago", spoken(ago)));
    let renewed = if node.is_silent {
        Cell::marked(Mark::Warn, format!("{ago}, silent"))
    } else {
        Cell::new(ago)
    };
    let knows = match (node.holds, node.backlog) {
        (0, 0) => Cell::new("nothing"),
        (holds, keys) => Cell::marked(Mark::Warn, format!("{holds} holds, {keys} keys")),
    };
    let role = Cell::new(node.role.to_string());
    vec![Cell::new(&node.node), role, Cell::marked(settled, epoch), renewed, knows]
}

/// The moves, the newest first.
pub(super) fn history(status: &MigrationStatus) -> Option<Section> {
    let entries = status.history.iter().rev().map(entry).collect();
    Section::of("history", "History", vec![Block::Entries(entries)])
}

fn entry(past: &PastMove) -> Entry {
    let when = moment(past.at_unix_ms);
    let actor = past.actor.as_deref().unwrap_or("nobody named");
    let reason = past.reason.as_deref().unwrap_or("no reason given");
    let mut details = vec![Cell::new(format!("by {}: {}", isolated(actor), isolated(reason)))];
    details.extend(past.evidence.iter().map(evidence));
    Entry { title: Cell::new(format!("epoch {}, {when}: {}", past.epoch, past.step)), details }
}

fn evidence(seen: &SeenEvidence) -> Cell {
    let text = format!("gate {}: {}", isolated(&seen.gate), isolated(&seen.saw));
    if seen.is_forced {
        Cell::marked(Mark::Warn, format!("{text} (forced)"))
    } else {
        Cell::new(text)
    }
}
