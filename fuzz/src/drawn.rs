//! Documents made field by field: far more of them are nearly right than of
//! those made byte by byte.

use serde_json::{Value, json};
use strangler_fig::phase::{Incarnation, MigrationName, NodeId};

use crate::source::Source;

const PHASES: [&str; 9] = [
    "legacy_only",
    "dual_write",
    "shadow",
    "cutover",
    "live",
    "ramp_down",
    "modern_only",
    "halted",
    "sideways",
];

/// The migration that every document is read as one of.
pub fn airports() -> MigrationName {
    "airports".parse().expect("it is a name")
}

/// One of three nodes.
pub fn node(number: u8) -> NodeId {
    let name = ["node-1", "node-2", "node-3"][usize::from(number) % 3];
    NodeId { name: name.parse().expect("it is a name"), incarnation: Incarnation::fixed(1) }
}

/// A document of a state, with its head.
pub fn state_document(source: &mut Source<'_>) -> Value {
    let format = source.one_of(&["strangler-fig/migration-state"; 15]);
    let version = if source.byte() == 0xFF { source.number() } else { 1 };
    json!({ "format": format, "version": version, "state": state(source) })
}

fn state(source: &mut Source<'_>) -> Value {
    let epoch = source.number();
    let move_id = id(source);
    let steered = if source.flag() {
        json!({ "epoch": epoch, "move_id": move_id })
    } else {
        json!({ "epoch": source.number(), "move_id": id(source) })
    };
    let mut state = json!({
        "name": if source.byte() == 0xFF { "users" } else { "airports" },
        "epoch": epoch,
        "move_id": move_id,
        "steered": steered,
        "hash": "xxh3_v1",
        "base": part(source),
        "cohort": Value::Null,
        "legacy_complete_since": epoch_if(source),
        "left_legacy": source.flag(),
        "cut_over": { "below": share(source), "from": share(source) },
        "nodes_expected": source.number(),
        "decommissioned_since": Value::Null,
        "history": source.many(3, record),
    });
    if source.flag() {
        state["cohort"] = json!({ "share": share(source), "part": part(source) });
    }
    if source.byte() % 8 == 7 {
        state["decommissioned_since"] = epoch_if(source);
    }
    state
}

fn part(source: &mut Source<'_>) -> Value {
    json!({
        "phase": source.one_of(&PHASES),
        "entered_from": source.one_of(&["legacy", "modern"]),
        "since_epoch": source.number(),
        "modern_complete": source.flag(),
    })
}

fn epoch_if(source: &mut Source<'_>) -> Value {
    if source.flag() { source.number().into() } else { Value::Null }
}

/// Basis points, the borders among them.
pub fn share(source: &mut Source<'_>) -> u16 {
    match source.byte() {
        0..=0x3F => 0,
        0x40..=0x7F => 10_000,
        0x80..=0xBF => source.one_of(&[1, 2_500, 5_000, 9_999]),
        0xC0..=0xFD => u16::from_be_bytes(source.bytes()) % 10_001,
        _ => u16::from_be_bytes(source.bytes()),
    }
}

fn id(source: &mut Source<'_>) -> Value {
    match source.byte() {
        plain @ 0..=0xF7 => format!("{plain:032x}").into(),
        _ => source.text().into(),
    }
}

fn record(source: &mut Source<'_>) -> Value {
    let steps = [
        json!({ "phase": { "part": "base", "to": source.one_of(&PHASES) } }),
        json!({ "start_cohort": { "share": share(source) } }),
        json!("end_cohort"),
        json!({ "expect_nodes": source.number() }),
        json!({ "evict": { "node": node_id(source), "ground": "process_ended" } }),
        json!("decommission"),
    ];
    json!({
        "epoch": source.number(),
        "move_id": id(source),
        "step": steps[usize::from(source.byte()) % steps.len()],
        "actor": if source.flag() { source.text().into() } else { Value::Null },
        "reason": Value::Null,
        "at_unix_ms": source.number(),
        "evidence": source.many(2, |source| json!({ "gate": source.text(), "saw": source.text() })),
    })
}

/// A document of a lease, with its head.
pub fn lease_document(source: &mut Source<'_>) -> Value {
    let version = if source.byte() == 0xFF { source.number() } else { 1 };
    json!({ "format": "strangler-fig/node-lease", "version": version, "lease": lease(source) })
}

/// A lease.
pub fn lease(source: &mut Source<'_>) -> Value {
    let mut lease = json!({
        "node": node_id(source),
        "adopted": Value::Null,
        "scopes": {
            "legacy": source.one_of(&["store", "process"]),
            "modern": source.one_of(&["store", "process"]),
        },
        "holds": source.number(),
        "role": source.one_of(&["serving", "worker"]),
        "renewal": source.number(),
        "interval_ms": source.number(),
        "term_ms": epoch_if(source),
        "backlog": { "keys": source.number(), "overflowed": source.flag() },
    });
    if source.flag() {
        lease["adopted"] = json!({ "epoch": source.number(), "move_id": id(source) });
    }
    lease
}

/// What names one life of a node.
pub fn node_id(source: &mut Source<'_>) -> Value {
    match source.byte() {
        number @ 0..=0xF0 => json!(node(number)),
        _ => json!({ "name": source.text(), "incarnation": id(source) }),
    }
}
