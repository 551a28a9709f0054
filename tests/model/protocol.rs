//! The protocol as a state machine for the checker: what may happen next, and
//! what must hold.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use stateright::{Model, Property};
use strangler_fig::phase::{Fleet, MigrationState, Move, Phase, ReadPlan, Scopes, Side};
use strangler_fig::repository::{Join, JoinRule};
use strangler_fig::stamp::{Record, Stamp};

use crate::ablation::{self, Ablation};
use crate::job::{Choice, Job, Next, Query, Read, Repair, Sweep, Write};
use crate::judge::{Id, Judge};
use crate::spec::{self, BUCKET, Spec};
use crate::world::{Budget, Lease, Node, World};

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    /// An operator's move.
    Move(Move, Spec),
    /// A node learns of a state.
    Adopt {
        node: usize,
        to: u8,
    },
    Crash {
        node: usize,
    },
    /// The operator asserts that the node's last life has ended.
    Evict {
        node: usize,
    },
    Restart {
        node: usize,
    },
    /// An effect that was to come, comes.
    Land {
        effect: usize,
    },
    Write {
        node: usize,
        deletes: bool,
    },
    Read {
        node: usize,
    },
    Query {
        node: usize,
    },
    Repair {
        node: usize,
    },
    Sweep {
        node: usize,
    },
    /// Code that does not know of the crate writes to legacy.
    Bypass {
        deletes: bool,
    },
    /// An operation goes on.
    Step {
        job: usize,
        choice: Choice,
    },
}

/// What the stores hold as exploring begins, in a settled fleet at rest.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) state: MigrationState,
    pub(crate) legacy: Record<Id>,
    pub(crate) modern: Record<Id>,
}

/// The legal moves of a state, with a fleet.
type Moves = HashMap<(Spec, Fleet), Vec<(Move, Spec)>>;

/// A model: where it starts, how much may happen, and which rule is left out.
#[derive(Debug)]
pub(crate) struct Protocol {
    pub(crate) starts: Vec<Start>,
    pub(crate) nodes: usize,
    pub(crate) budget: Budget,
    pub(crate) cohorts: bool,
    pub(crate) without: Option<Ablation>,
    moves: RwLock<Moves>,
}

impl Protocol {
    pub(crate) fn new(starts: Vec<Start>, budget: Budget) -> Self {
        let moves = RwLock::default();
        Self { starts, nodes: 2, budget, cohorts: false, without: None, moves }
    }

    pub(crate) fn with_cohorts(self, cohorts: bool) -> Self {
        Self { cohorts, ..self }
    }

    pub(crate) fn with_nodes(self, nodes: usize) -> Self {
        Self { nodes, ..self }
    }

    pub(crate) fn without(self, rule: Ablation) -> Self {
        Self { without: Some(rule), ..self }
    }

    fn begin(&self, start: &Start) -> World {
        let node = |_| Node {
            adopted: Some(0),
            is_up: true,
            life: 0,
            left_behind: None,
            last: Stamp::ZERO,
        };
        let exists = start.state.word().query_side().is_none_or(|side| {
            let record = if side == Side::Legacy { &start.legacy } else { &start.modern };
            record.value.is_some()
        });
        World {
            history: vec![Spec::of(start.state.clone())],
            nodes: (0..self.nodes).map(node).collect(),
            legacy: start.legacy.clone(),
            modern: start.modern.clone(),
            effects: Vec::new(),
            jobs: Vec::new(),
            left: self.budget,
            judge: Judge::new(exists),
            is_bypassed: false,
            has_missed: false,
        }
    }

    /// The legal moves of the current state, with this fleet.
    fn moves(&self, world: &World) -> Vec<(Move, Spec)> {
        let key = (world.current(), world.fleet());
        if let Some(known) = self.moves.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let state = key.0.state;
        let steps = spec::steps(self.cohorts).into_iter();
        let legal: Vec<_> = steps
            .filter_map(|step| {
                let spec = Spec::of(ablation::moved(self.without, state, &step, &key.1)?);
                Some((step, spec))
            })
            .collect();
        self.moves.write().unwrap_or_else(PoisonError::into_inner).insert(key, legal.clone());
        legal
    }

    fn begins(&self, world: &World, acts: &mut Vec<Act>) {
        let left = &world.left;
        for node in 0..self.nodes {
            let Some(spec) = world.spec_of(node) else { continue };
            let is_served = spec.phase() != Phase::Halted;
            if left.saves > 0 && is_served {
                acts.push(Act::Write { node, deletes: false });
            }
            if left.deletions > 0 && is_served {
                acts.push(Act::Write { node, deletes: true });
            }
            if left.reads > 0 && is_served {
                acts.push(Act::Read { node });
            }
            let is_free = |order: u8| world.jobs.iter().all(|job| job.order() != (order, node));
            if left.queries > 0 && spec.state.query_side().is_some() && is_free(2) {
                acts.push(Act::Query { node });
            }
            if left.repairs > 0 && is_free(3) {
                acts.push(Act::Repair { node });
            }
            if left.sweeps > 0 && is_free(4) && Sweep::begin(node, world, self.without).is_some() {
                acts.push(Act::Sweep { node });
            }
        }
        // Before the first `Cutover`, while every node is still in its family.
        let has_cut_over = world.history.iter().any(|spec| spec.state.cut_over().holds(BUCKET));
        if left.bypasses > 0 && !has_cut_over {
            acts.extend([false, true].map(|deletes| Act::Bypass { deletes }));
        }
    }

    /// Whether the operator keeps to what is not promised: what was under way when
    /// legacy was written behind the crate's back ends before the first `Cutover`.
    fn is_careful(world: &World, next: Spec) -> bool {
        !world.is_bypassed || !next.state.cut_over().holds(BUCKET)
    }

    /// What this node would answer now, at once, from one store.
    fn would_show(&self, world: &World, node: usize) -> Option<Record<Id>> {
        match ReadPlan::of(world.spec_of(node)?.phase()) {
            ReadPlan::Single(side) | ReadPlan::Shadowed(side) => {
                Some(world.read(side, self.without))
            }
            ReadPlan::Both | ReadPlan::Wait => None,
        }
    }

    /// Every read that is made at once, and every query, answers well.
    fn answers_well(&self, world: &World) -> bool {
        (0..self.nodes).all(|node| {
            let read = self.would_show(world, node);
            let side = world.spec_of(node).and_then(|spec| spec.state.query_side());
            let query = side.map(|side| world.read(side, self.without).value);
            read.is_none_or(|record| world.judge.allows(record.value))
                && query.is_none_or(|seen| world.judge.query_allows(world.judge.replaced(), seen))
        })
    }

    /// Joined at rest, as the state says, the stores are the same, and hold what
    /// may be read.
    fn converges(&self, world: &World) -> bool {
        let rule = JoinRule::of(world.current().state, BUCKET, Scopes::default());
        let (mut legacy, mut modern) =
            (world.read(Side::Legacy, self.without), world.read(Side::Modern, self.without));
        match rule.decide(&legacy, &modern) {
            Join::Level => {}
            Join::Stuck => return false,
            Join::Copy { from: Side::Legacy } => modern = legacy.clone(),
            Join::Copy { from: Side::Modern } => legacy = modern.clone(),
            Join::Settle { from, stamp, both } => {
                let value = if from == Side::Legacy { legacy.value } else { modern.value };
                let settled = Record { stamp, value };
                if both || from == Side::Modern {
                    legacy = settled.clone();
                }
                if both || from == Side::Legacy {
                    modern = settled;
                }
            }
        }
        let is_level = rule.decide(&legacy, &modern) == Join::Level && legacy.value == modern.value;
        is_level && world.judge.allows(legacy.value)
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        self.starts.iter().map(|start| self.begin(start)).collect()
    }

    fn actions(&self, world: &World, acts: &mut Vec<Act>) {
        for (number, job) in world.jobs.iter().enumerate() {
            let choices = job.choices(world, self.without).into_iter();
            acts.extend(choices.map(|choice| Act::Step { job: number, choice }));
        }
        self.begins(world, acts);
        acts.extend((0..world.effects.len()).map(|effect| Act::Land { effect }));
        for (number, node) in world.nodes.iter().enumerate() {
            if node.is_up {
                // A node that starts reads the state after its lease is there.
                let next = node.adopted.map_or(world.latest(), |adopted| adopted + 1);
                acts.extend((next..=world.latest()).map(|to| Act::Adopt { node: number, to }));
                if world.left.crashes > 0 && node.left_behind.is_none() {
                    acts.push(Act::Crash { node: number });
                }
            } else {
                acts.push(Act::Restart { node: number });
            }
            if node.left_behind.is_some() {
                acts.push(Act::Evict { node: number });
            }
        }
        if world.left.moves > 0 {
            let moves = self.moves(world).into_iter();
            let careful = moves.filter(|(_, next)| Self::is_careful(world, *next));
            acts.extend(careful.map(|(step, next)| Act::Move(step, next)));
        }
    }

    fn next_state(&self, world: &World, act: Act) -> Option<World> {
        let mut world = world.clone();
        match act {
            Act::Move(_, next) => {
                world.left.moves -= 1;
                let next = ablation::after(self.without, world.current().state, next);
                world.history.push(next);
            }
            Act::Adopt { node, to } => world.nodes[node].adopted = Some(to),
            Act::Crash { node } => {
                world.left.crashes -= 1;
                let (gone, jobs) = world.jobs.drain(..).partition(|job| job.node() == node);
                world.jobs = jobs;
                Vec::into_iter(gone).for_each(|job: Job| job.vanish(&mut world));
                let node = &mut world.nodes[node];
                node.left_behind = Some(Lease { adopted: node.adopted });
                (node.is_up, node.adopted, node.last) = (false, None, Stamp::ZERO);
            }
            Act::Evict { node } => world.nodes[node].left_behind = None,
            Act::Restart { node } => {
                let node = &mut world.nodes[node];
                (node.is_up, node.life) = (true, node.life + 1);
            }
            Act::Land { effect } => {
                let effect = world.effects.remove(effect);
                world.apply(effect.side, &effect.record, self.without);
            }
            Act::Write { node, deletes } => {
                let left = &mut world.left;
                *if deletes { &mut left.deletions } else { &mut left.saves } -= 1;
                let write = Write::begin(node, deletes, &mut world);
                world.jobs.push(Job::Write(write));
            }
            Act::Read { node } => {
                world.left.reads -= 1;
                let read = Read::begin(node, world.left.reads, &mut world);
                world.jobs.push(Job::Read(read));
            }
            Act::Query { node } => {
                world.left.queries -= 1;
                let query = Query::begin(node, &world);
                world.jobs.push(Job::Query(query));
            }
            Act::Repair { node } => {
                world.left.repairs -= 1;
                let repair = Repair::begin(node, &world);
                world.jobs.push(Job::Repair(repair));
            }
            Act::Sweep { node } => {
                world.left.sweeps -= 1;
                let sweep = Sweep::begin(node, &world, self.without)?;
                world.jobs.push(Job::Sweep(sweep));
            }
            Act::Bypass { deletes } => {
                world.left.bypasses -= 1;
                let id = world.judge.write(deletes);
                world.judge.acknowledge(id);
                // A new row has no stamp, an old one keeps its own; with a row its
                // stamp goes, where it stands in the row.
                let stamp = world.legacy.stamp.max(Stamp::BASE);
                world.legacy = if deletes { Record::absent() } else { Record::live(stamp, id) };
                world.is_bypassed = true;
            }
            Act::Step { job, choice } => {
                let job = world.jobs.remove(job);
                if let Next::On(job) = job.step(choice, &mut world, self.without) {
                    world.jobs.push(job);
                }
            }
        }
        world.jobs.sort_unstable_by_key(Job::order);
        world.is_bypassed &= !world.is_at_rest();
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("histories are linearizable", |_, world: &World| {
                world.judge.is_possible()
            }),
            Property::always("reads and queries answer well", |protocol: &Self, world: &World| {
                !world.has_missed && protocol.answers_well(world)
            }),
            Property::always("stores converge at rest", |protocol: &Self, world: &World| {
                !world.is_at_rest() || protocol.converges(world)
            }),
            Property::always("there is a way back", |_, world: &World| {
                spec::has_a_way_back(world.current())
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(legacy: Record<Id>, modern: Record<Id>) -> (Protocol, World) {
        let start = Start { legacy, modern, ..crate::starts::live() };
        let protocol = Protocol::new(vec![start], Budget::NONE);
        let world = protocol.begin(&protocol.starts[0]);
        (protocol, world)
    }

    #[test]
    fn stores_that_no_join_makes_one_do_not_converge() {
        let (protocol, mut world) = world(Record::live(Stamp::MAX, 1), Record::live(Stamp::MAX, 2));
        assert!(!protocol.converges(&world));
        world.modern = world.legacy.clone();
        assert!(!protocol.converges(&world), "nobody has written that");
    }

    #[test]
    fn a_read_of_a_store_that_lags_does_not_answer_well() {
        let (protocol, mut world) =
            world(Record::live(Stamp::BASE, 0), Record::live(Stamp::BASE, 0));
        assert!(protocol.answers_well(&world));
        let save = world.judge.write(false);
        world.judge.acknowledge(save);
        assert!(!protocol.answers_well(&world));
    }
}
