//! The protocol as a state machine for the checker: what may happen next, and
//! what must hold.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use stateright::{Model, Property};
use strangler_fig::phase::{Fleet, MigrationState, Move, Phase, Scopes, Side};
use strangler_fig::stamp::{Record, Stamp, StampScope};

use crate::ablation::{self, Ablation};
use crate::act::Act;
use crate::job::Sweep;
use crate::judge::{Id, Judge};
use crate::spec::{self, BUCKET, Spec};
use crate::world::{Budget, Node, Standing, Wall, World};

/// What the stores hold as exploring begins, in a settled fleet at rest.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) state: MigrationState,
    pub(crate) legacy: Record<Id>,
    pub(crate) modern: Record<Id>,
    /// A call of the first node that has not ended.
    pub(crate) under_way: Option<(Side, Record<Id>)>,
}

/// Legacy keeps its stamps in the process, and so on.
pub(crate) const LEGACY: Scopes = Scopes { legacy: StampScope::Process, modern: StampScope::Store };
pub(crate) const MODERN: Scopes = Scopes { legacy: StampScope::Store, modern: StampScope::Process };
pub(crate) const BOTH: Scopes = Scopes { legacy: StampScope::Process, modern: StampScope::Process };

/// The legal moves of a state, with a fleet.
type Moves = HashMap<(Spec, Fleet), Vec<(Move, Spec)>>;

/// A model: where it starts, how much may happen, and which rule is left out.
#[derive(Debug)]
pub(crate) struct Protocol {
    pub(crate) starts: Vec<Start>,
    pub(crate) nodes: usize,
    pub(crate) budget: Budget,
    pub(crate) cohorts: bool,
    pub(crate) scopes: Scopes,
    /// Whether a stamp may be forgotten while a copy of an earlier record is under way,
    /// and with a process that is followed by one whose clock is behind.
    pub(crate) is_careless: bool,
    pub(crate) without: Option<Ablation>,
    moves: RwLock<Moves>,
}

impl Protocol {
    pub(crate) fn new(starts: Vec<Start>, budget: Budget) -> Self {
        let moves = RwLock::default();
        Self {
            starts,
            nodes: 2,
            budget,
            cohorts: false,
            scopes: Scopes::default(),
            is_careless: false,
            without: None,
            moves,
        }
    }

    pub(crate) fn with_cohorts(self, cohorts: bool) -> Self {
        Self { cohorts, ..self }
    }

    pub(crate) fn with_nodes(self, nodes: usize) -> Self {
        Self { nodes, ..self }
    }

    /// Stamps are forgotten whatever is under way, and whatever the clocks.
    pub(crate) fn careless(self) -> Self {
        Self { is_careless: true, ..self }
    }

    /// One node alone, with sides of such scopes.
    pub(crate) fn alone(self, scopes: Scopes) -> Self {
        self.with_nodes(1).with_scopes(scopes)
    }

    pub(crate) fn with_scopes(self, scopes: Scopes) -> Self {
        Self { scopes, ..self }
    }

    pub(crate) fn without(self, rule: Ablation) -> Self {
        Self { without: Some(rule), ..self }
    }

    pub(crate) fn begin(&self, start: &Start) -> World {
        let node = |_| Node {
            adopted: Some(0),
            is_up: true,
            life: 0,
            left_behind: None,
            last: Stamp::ZERO,
            standing: Standing::Open,
            remembered: [None; 2],
            start: Stamp::ZERO,
        };
        let exists = start.state.word().query_side().is_none_or(|side| {
            let record = if side == Side::Legacy { &start.legacy } else { &start.modern };
            record.value.is_some()
        });
        let mut world = World {
            history: vec![Spec::of(start.state.clone())],
            nodes: (0..self.nodes).map(node).collect(),
            scopes: self.scopes,
            legacy: start.legacy.clone(),
            modern: start.modern.clone(),
            effects: Vec::new(),
            jobs: Vec::new(),
            left: self.budget,
            judge: Judge::new(exists),
            is_bypassed: false,
            outside: [
                self.budget.outsides > 0,
                self.budget.outsides > 0 && self.without != Some(Ablation::OutsideLease),
            ],
            has_missed: false,
        };
        // Processes that have just begun, by clocks that are behind.
        let forgetful = [Side::Legacy, Side::Modern].map(|side| world.forgets(side));
        if forgetful[0] {
            world.legacy.stamp = Stamp::ZERO;
        }
        if forgetful[1] {
            world.modern.stamp = Stamp::ZERO;
        }
        if forgetful != [false; 2] {
            (0..self.nodes).for_each(|node| world.start(node, Wall::Behind));
        }
        if let Some((side, record)) = start.under_way.clone() {
            world.follow(0, side, record);
        }
        world
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
            let Some(spec) = world.spec_of(node).filter(|_| world.is_open(node)) else { continue };
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
        if world.outside[0] {
            acts.push(Act::SwitchOff);
            if left.outsides > 0 {
                acts.extend([false, true].map(|deletes| Act::Outside { deletes }));
            }
        }
    }

    fn fences(&self, world: &World, acts: &mut Vec<Act>) {
        for (node, it) in world.nodes.iter().enumerate() {
            match it.standing {
                Standing::Open if world.left.fences > 0 && it.is_up => {
                    acts.push(Act::Fence { node });
                }
                Standing::Fenced => {
                    acts.extend([Act::Reopen { node }, Act::EvictFenced { node }]);
                }
                Standing::Open | Standing::Evicted => {}
            }
            for side in [Side::Legacy, Side::Modern] {
                // What is under way is not forgotten.
                let may_forget = world.is_at_rest() || self.is_careless;
                let is_known = it.remembered[side as usize].is_some();
                if world.left.forgets > 0 && is_known && may_forget {
                    acts.push(Act::Forget { node, side });
                }
            }
        }
    }

    /// Whether the operator keeps to what is not promised: what was under way when
    /// legacy was written behind the crate's back ends before the first `Cutover`.
    fn is_careful(world: &World, next: Spec) -> bool {
        !world.is_bypassed || !next.state.cut_over().holds(BUCKET)
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
        self.fences(world, acts);
        for (number, node) in world.nodes.iter().enumerate() {
            if node.is_up {
                // A node that starts reads the state after its lease is there.
                let next = node.adopted.map_or(world.latest(), |adopted| adopted + 1);
                acts.extend((next..=world.latest()).map(|to| Act::Adopt { node: number, to }));
                if world.left.crashes > 0 && node.left_behind.is_none() {
                    acts.push(Act::Crash { node: number });
                }
            } else {
                // A process that has forgotten everything begins above it.
                if self.scopes.any_process() {
                    acts.push(Act::Restart { node: number, wall: Wall::Ahead });
                }
                if !self.scopes.any_process() || self.is_careless {
                    acts.push(Act::Restart { node: number, wall: Wall::Behind });
                }
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
        self.after(world, act)
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
