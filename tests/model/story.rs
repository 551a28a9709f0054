//! A counterexample as a story: who did what, and what the stores then held.

use std::fmt::Write as _;

use stateright::Path;
use strangler_fig::phase::{Move, PartName, ReadPlan, Side};
use strangler_fig::stamp::{Record, Stamp};

use crate::act::Act;
use crate::judge::{Id, Seen};
use crate::spec::Spec;
use crate::world::{Wall, World};

/// The names of the nodes.
pub(crate) const NODES: [&str; 3] = ["ada", "bob", "cyd"];

/// The story of a path that ends where `property` is broken.
pub(crate) fn story(property: &str, path: Path<World, Act>) -> String {
    let steps = path.into_vec();
    let mut story = String::new();
    let first = &steps[0].0;
    let _ = writeln!(story, "     at rest in {}; {}", phases(first.current()), stores(first));
    for (number, pair) in steps.windows(2).enumerate() {
        let [(before, act), (after, _)] = pair else { unreachable!("windows of two") };
        let act = act.as_ref().expect("every state but the last is left");
        let _ = write!(story, "{:>3}. {}", number + 1, told(act, before, after));
        if stores(before) != stores(after) {
            let _ = write!(story, "; {}", stores(after));
        }
        story.push('\n');
    }
    let last = &steps[steps.len() - 1].0;
    let _ = writeln!(story, "     violated: {property}; {}", seen_by_all(last));
    story
}

fn told(act: &Act, before: &World, after: &World) -> String {
    match act {
        Act::Move(step, _) => {
            format!("the operator {}: {}", moving(step), phases(after.current()))
        }
        Act::Adopt { node, to } => {
            let spec = before.history[usize::from(*to)];
            format!("{} learns of epoch {}: {}", NODES[*node], spec.state.epoch(), phases(spec))
        }
        Act::Crash { node } => format!("{} crashes", NODES[*node]),
        Act::Evict { node } => format!("the operator evicts what {} was", NODES[*node]),
        Act::Restart { node, wall: Wall::Behind } => format!("{} starts again", NODES[*node]),
        Act::Restart { node, wall: Wall::Ahead } => {
            format!("{} starts again, its clock ahead", NODES[*node])
        }
        Act::Fence { node } => format!("the lease of {} runs out", NODES[*node]),
        Act::Reopen { node } => format!("{} renews it after all", NODES[*node]),
        Act::EvictFenced { node } => format!("{} is evicted", NODES[*node]),
        Act::Forget { node, side } => {
            format!("{} forgets the stamp of {}", NODES[*node], side.name())
        }
        Act::Land { effect } => {
            let effect = &before.effects[*effect];
            format!(
                "an effect lands late in {}: {}",
                effect.side.name(),
                row(&effect.record, before)
            )
        }
        Act::Write { node, deletes: false } => format!("{} begins a save", NODES[*node]),
        Act::Write { node, deletes: true } => format!("{} begins a deletion", NODES[*node]),
        Act::Read { node } => format!("{} begins a read", NODES[*node]),
        Act::Query { node } => format!("{} begins a query", NODES[*node]),
        Act::Repair { node } => format!("{} begins a repair", NODES[*node]),
        Act::Sweep { node } => format!("{} begins a sweep", NODES[*node]),
        Act::Bypass { deletes: false } => "code without the crate saves in legacy".to_owned(),
        Act::Bypass { deletes: true } => "code without the crate deletes in legacy".to_owned(),
        Act::Outside { deletes: false } => "a writer outside saves in legacy".to_owned(),
        Act::Outside { deletes: true } => "a writer outside deletes in legacy".to_owned(),
        Act::SwitchOff => "writers outside are switched off".to_owned(),
        Act::Step { job, choice } => {
            let job = &before.jobs[*job];
            format!("{}'s {}", NODES[job.node()], job.tell(*choice, before))
        }
    }
}

fn moving(step: &Move) -> String {
    match step {
        Move::Phase { part: PartName::Base, to } => format!("moves to {to}"),
        Move::Phase { part: PartName::Cohort, to } => format!("moves the cohort to {to}"),
        Move::StartCohort { share } => format!("starts a cohort of {share}"),
        Move::GrowCohort { share } => format!("lets the cohort grow to {share}"),
        Move::EndCohort => "ends the cohort".to_owned(),
        other => format!("does {other:?}"),
    }
}

fn phases(spec: Spec) -> String {
    let facts = if spec.state.legacy_complete() { "" } else { ", legacy incomplete" };
    let complete = if spec.part().modern_complete { ", modern complete" } else { "" };
    let base = spec.state.base().phase;
    match spec.state.cohort() {
        None => format!("{base}{facts}{complete}"),
        Some(cohort) => format!(
            "{base} with {} of the keys in {}, the key in {}{facts}{complete}",
            cohort.share,
            cohort.part.phase,
            spec.phase()
        ),
    }
}

fn stores(world: &World) -> String {
    let row = |side: Side| {
        let mut record = world.store(side).clone();
        if !world.forgets(side) {
            return row(&record, world);
        }
        let known = world.nodes.iter().map(|node| node.remembered[side as usize]);
        let known = known.map(|stamp| match stamp {
            None => "forgotten".to_owned(),
            Some(stamp) => {
                record.stamp = stamp;
                row(&record, world)
            }
        });
        let known: Vec<_> = known.collect();
        format!("{} [{}]", value(world.store(side).value), known.join(", "))
    };
    format!("legacy {}, modern {}", row(Side::Legacy), row(Side::Modern))
}

/// A record, its stamp by its place among all there are.
pub(crate) fn row(record: &Record<Id>, world: &World) -> String {
    let mut stamps: Vec<_> = [world.legacy.stamp, world.modern.stamp].into();
    stamps.extend(world.effects.iter().map(|effect| effect.record.stamp));
    stamps.extend(world.nodes.iter().flat_map(|node| [node.last, node.start]));
    stamps.push(record.stamp);
    stamps.retain(|stamp| *stamp > Stamp::BASE);
    stamps.sort_unstable();
    stamps.dedup();
    let place = stamps.iter().position(|stamp| *stamp == record.stamp);
    let stamp = match place {
        _ if record.stamp == Stamp::ZERO => return value(record.value),
        Some(place) => format!("stamp {}", place + 1),
        None => "BASE".to_owned(),
    };
    format!("{} ({stamp})", value(record.value))
}

pub(crate) fn value(seen: Seen) -> String {
    match seen {
        None => "nothing".to_owned(),
        Some(0) => "the first row".to_owned(),
        Some(15) => "a row of long ago".to_owned(),
        Some(id) => format!("value {id}"),
    }
}

/// What each node would answer now.
fn seen_by_all(world: &World) -> String {
    let seen = (0..world.nodes.len()).filter_map(|node| {
        let spec = world.spec_of(node)?;
        let phase = spec.phase();
        let (name, store) = (NODES[node], |side| value(world.store(side).value));
        let read = match ReadPlan::of(phase) {
            ReadPlan::Single(side) | ReadPlan::Shadowed(side) => {
                format!("{name}, in {phase}, would now read {}", store(side))
            }
            ReadPlan::Both => format!("{name}, in {phase}, would ask both"),
            ReadPlan::Wait => format!("{name} waits"),
        };
        let query = spec.state.query_side().map(store);
        Some(query.map_or(read.clone(), |shown| format!("{read} (a query: {shown})")))
    });
    seen.collect::<Vec<_>>().join("; ")
}
