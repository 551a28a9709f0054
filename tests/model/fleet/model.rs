use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use stateright::{Model, Property};
use strangler_fig::phase::{Fleet, Move, Refused};

use super::act::{Act, Start};
use super::node::{self, Life, Node, Round};
use super::rule::Rule;
use super::site::{Budget, Driver, Id, Lease, Site, fleet};
use crate::spec::{self, Spec};

type Steps = Vec<(Move, Spec, u64)>;

/// A model of a fleet: where it starts, how much may happen, which rule is left out.
#[derive(Debug)]
pub(super) struct FleetModel {
    starts: Vec<Start>,
    drivers: usize,
    /// Whether its nodes stop by themselves once their lease has run out.
    is_fenced: bool,
    budget: Budget,
    pub(super) without: Option<Rule>,
    steps: RwLock<HashMap<(Spec, Vec<Lease>), Steps>>,
}

/// The epoch in which the crate wants a fleet to have settled before `step`.
pub(super) fn needed(state: Spec, step: &Move) -> u64 {
    let starting = fleet(&[Lease { id: (0, 0), renewal: 1, adopted: None }]);
    let id = strangler_fig::phase::MoveId::fixed(0);
    match state.state.transition(step, id, &starting) {
        Err(Refused::Unsettled { needed, .. }) => needed,
        _ => 0,
    }
}

impl FleetModel {
    pub(super) fn new(starts: Vec<Start>, budget: Budget) -> Self {
        let steps = RwLock::default();
        Self { starts, drivers: 1, is_fenced: false, budget, without: None, steps }
    }

    pub(super) fn with_drivers(self, drivers: usize) -> Self {
        Self { drivers, ..self }
    }

    pub(super) fn with_fences(self, is_fenced: bool) -> Self {
        Self { is_fenced, ..self }
    }

    pub(super) fn without(self, rule: Rule) -> Self {
        Self { without: Some(rule), ..self }
    }

    fn begin(&self, start: Start) -> Site {
        let Start { current, second, has_ended } = start;
        let states = [Some(current), second];
        let leases = (0..).zip(states).filter_map(|(node, state)| {
            let adopted = Some(state?);
            Some(Lease { id: (node, 0), renewal: node::RENEWALS_AT_REST, adopted })
        });
        let leases: Vec<_> = leases.collect();
        let is_twice = self.budget.twice > 0;
        let letters = leases.iter().filter(|lease| is_twice && lease.id == (1, 0)).cloned();
        let mut site = Site {
            current,
            nodes: states.map(|state| state.map_or(Node::absent(), Node::serving)).into(),
            letters: letters.collect(),
            leases,
            barred: Vec::new(),
            drivers: vec![Driver::default(); self.drivers],
            gate: 0,
            sweep: None,
            left: self.budget,
            wrong: None,
        };
        if has_ended {
            site.nodes[1].fall();
            site.drivers[0] = Driver { state: Some(current), fleet: Some(site.leases.clone()) };
        }
        if second.is_some_and(|second| second != current) {
            // In the middle of a round: it has read the state before the last move.
            site.nodes[1].round = Round::Adopted;
        }
        site
    }

    pub(super) fn is_without(&self, rule: Rule) -> bool {
        self.without == Some(rule)
    }

    /// The id of the life that a node is in.
    pub(super) fn id(&self, node: usize, site: &Site) -> Id {
        let lives = site.nodes[node].lives;
        let incarnation = if self.is_without(Rule::IncarnationOfItsOwn) { 0 } else { lives };
        (u8::try_from(node).expect("few nodes"), incarnation)
    }

    /// The legal moves of a state and these leases, and the epoch each relies on.
    fn steps(&self, state: Spec, leases: &[Lease]) -> Steps {
        let key = (state, leases.to_vec());
        if let Some(known) = self.steps.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let fleet = fleet(leases);
        let legal = spec::steps(false).into_iter().filter_map(|step| {
            let next = spec::moved(state.state, &step, &fleet)?;
            let needed = needed(state, &step);
            Some((step, Spec::of(next), needed))
        });
        let legal: Steps = legal.collect();
        self.steps.write().unwrap_or_else(PoisonError::into_inner).insert(key, legal.clone());
        legal
    }

    fn of_node(&self, site: &Site, node: usize, acts: &mut Vec<Act>) {
        let it = &site.nodes[node];
        if !it.is_up() {
            acts.push(Act::Rise(node));
            return;
        }
        if site.left.crashes > 0 {
            acts.push(Act::Fall(node));
        }
        if it.life == Life::Closed {
            return;
        }
        let may_read = match it.life {
            Life::Registering => it.round == Round::Idle && it.adopted.is_none(),
            _ => it.round == Round::Idle,
        };
        let has_news = it.adopted.is_none_or(|at| at.state.epoch() < site.current.state.epoch());
        if may_read && (has_news || site.left.renewals > 0) {
            acts.push(Act::Read(node));
        }
        match it.round {
            Round::Read(_) => {
                acts.push(Act::Adopt(node));
                if self.is_without(Rule::AdoptedBeforeRenewed) && site.left.renewals > 0 {
                    acts.push(Act::Send(node));
                }
            }
            Round::Adopted if site.left.renewals > 0 => {
                acts.extend([Act::Send(node), Act::GiveUp(node)]);
            }
            Round::Adopted => acts.push(Act::GiveUp(node)),
            Round::Sent(_) if it.life == Life::Serving && site.left.renewals > 0 => {
                acts.push(Act::GiveUp(node));
            }
            Round::Sent(_) | Round::Idle => {}
        }
        if self.is_fenced && it.passed < it.sent {
            acts.push(Act::Pass(node));
        }
        if self.is_fenced && it.noticed < it.passed {
            acts.push(Act::Notice(node));
        }
        // What is asked at the end alone decides: only without that is the beginning of
        // an operation a step of its own.
        let is_open = it.is_open(self.is_fenced) && it.serves();
        if !self.is_without(Rule::FenceAtTheEnd) {
            let is_news = site.sweep.is_some_and(|sweep| it.epoch() < sweep.needed);
            if is_open && (is_news || it.epoch() < site.gate) {
                acts.push(Act::Answer(node));
            }
        } else if it.is_answering && it.life == Life::Serving && it.serves() {
            acts.push(Act::Answer(node));
        } else if is_open && !it.is_answering {
            acts.push(Act::Begin(node));
        }
    }

    fn of_driver(&self, site: &Site, driver: usize, acts: &mut Vec<Act>) {
        let seen = &site.drivers[driver];
        match (seen.state, &seen.fleet) {
            (None, _) => acts.push(Act::LookAtState(driver)),
            (Some(_), None) => acts.push(Act::LookAtLeases(driver)),
            (Some(state), Some(leases)) => {
                // It looks again, once there is something else to see.
                if state != site.current || *leases != site.leases {
                    acts.push(Act::LookAtState(driver));
                }
                self.decides(site, driver, state, leases, acts);
            }
        }
    }

    fn decides(
        &self,
        site: &Site,
        driver: usize,
        state: Spec,
        leases: &[Lease],
        acts: &mut Vec<Act>,
    ) {
        let is_newest = state == site.current || self.is_without(Rule::CompareAndSet);
        if site.left.moves > 0 && is_newest {
            let steps = self.steps(state, leases).into_iter();
            acts.extend(steps.map(|(step, next, _)| Act::Move { driver, step, next }));
        }
        if site.left.evictions > 0 {
            let may = |lease: &Lease| self.may_evict(site, lease);
            let lost = (0..leases.len()).filter(|lease| may(&leases[*lease]));
            acts.extend(lost.map(|lease| Act::Evict { driver, lease }));
        }
        match &site.sweep {
            None if site.left.sweeps > 0 => {
                let fleet = self.fleet_before_a_sweep(state, leases);
                if state.state.begin_sweep_in_cutover(&fleet).is_ok() {
                    acts.push(Act::Sweep(driver));
                }
            }
            Some(sweep) if is_newest => {
                let step = Move::Complete(sweep.ticket.finish(0, 0));
                let next = spec::moved(state.state, &step, &fleet(leases)).map(Spec::of);
                acts.push(Act::Swept { driver, next });
            }
            _ => {}
        }
    }

    /// The fleet that a sweep wants to have settled.
    pub(super) fn fleet_before_a_sweep(&self, state: Spec, leases: &[Lease]) -> Fleet {
        if self.is_without(Rule::SettledBeforeTheSweep) {
            spec::settled(state.state)
        } else {
            fleet(leases)
        }
    }

    /// Whether an eviction is asked for: of a life that has ended, as the operator
    /// says; or of a node whose lease was watched for its term. That on both clocks
    /// about the same time passes is the assumption.
    fn may_evict(&self, site: &Site, lease: &Lease) -> bool {
        let node = &site.nodes[usize::from(lease.id.0)];
        let (is_up, now) = (node.is_up(), self.id(usize::from(lease.id.0), site));
        let is_over = !is_up || lease.id != now;
        let had_one_before = self.is_without(Rule::IncarnationOfItsOwn) && node.lives > 0;
        let was_watched = self.is_fenced
            && (node.passed >= lease.renewal || self.is_without(Rule::WatchedForTheTerm));
        is_over || had_one_before || was_watched
    }
}

impl Model for FleetModel {
    type State = Site;
    type Action = Act;

    fn init_states(&self) -> Vec<Site> {
        self.starts.iter().map(|start| self.begin(*start)).collect()
    }

    fn actions(&self, site: &Site, acts: &mut Vec<Act>) {
        (0..site.nodes.len()).for_each(|node| self.of_node(site, node, acts));
        for letter in 0..site.letters.len() {
            acts.push(Act::Arrive { letter, again: false });
            if site.left.twice > 0 {
                acts.push(Act::Arrive { letter, again: true });
            }
        }
        (0..site.drivers.len()).for_each(|driver| self.of_driver(site, driver, acts));
    }

    fn next_state(&self, site: &Site, act: Act) -> Option<Site> {
        self.after(site, act)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nobody answers by what was left", |_, site: &Site| {
                site.wrong.is_none()
            }),
            Property::always("all who answer ask one store", |model: &Self, site: &Site| {
                !site.is_torn(model.is_fenced)
            }),
        ]
    }
}
