//! The states of a migration, each made once, and the moves between them: all by
//! the crate's own transition function.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::{OnceLock, PoisonError, RwLock};

use strangler_fig::phase::{
    Adopted, Bucket, CutOver, Fleet, Incarnation, MigrationState, Move, MoveId, NodeId, NodeLease,
    NodeRole, Part, PartName, Phase, Share,
};

/// Where the one key stands: in the middle.
pub(crate) const BUCKET: Bucket = match Bucket::new(5_000) {
    Some(bucket) => bucket,
    None => panic!("it is one of 10,000"),
};

/// A state of the migration, made once and compared by its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    number: u32,
    pub(crate) state: &'static MigrationState,
}

impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Spec {}

impl PartialOrd for Spec {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Spec {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number)
    }
}

impl Hash for Spec {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.number.hash(hasher);
    }
}

static SPECS: OnceLock<RwLock<HashMap<MigrationState, Spec>>> = OnceLock::new();

impl Spec {
    pub(crate) fn of(state: MigrationState) -> Self {
        let specs = SPECS.get_or_init(RwLock::default);
        if let Some(known) = specs.read().unwrap_or_else(PoisonError::into_inner).get(&state) {
            return *known;
        }
        let mut specs = specs.write().unwrap_or_else(PoisonError::into_inner);
        let number = u32::try_from(specs.len()).expect("there are fewer states");
        *specs.entry(state.clone()).or_insert_with(|| {
            let state = Box::leak(Box::new(state));
            Self { number, state }
        })
    }

    /// The part of the one key.
    pub(crate) fn part(self) -> Part {
        self.state.part_of(BUCKET)
    }

    pub(crate) fn phase(self) -> Phase {
        self.part().phase
    }
}

/// The lease of one life of a node that has adopted `adopted`.
pub(crate) fn lease(node: usize, life: u8, adopted: Option<Adopted>) -> NodeLease {
    let name = ["ada", "bob", "cyd"][node].parse().expect("a name");
    let node = NodeId { name, incarnation: Incarnation::fixed(life.into()) };
    let lease = NodeLease::new(node);
    adopted.map_or(lease.clone(), |adopted| lease.adopting(adopted))
}

/// The lease of writers that know no phase.
pub(crate) fn outside() -> NodeLease {
    let name = "monolith".parse().expect("a name");
    let node = NodeId { name, incarnation: Incarnation::fixed(0) };
    NodeLease::new(node).with_role(NodeRole::Outside)
}

/// A fleet that has settled in `state`, whatever the rules ask.
pub(crate) fn settled(state: &MigrationState) -> Fleet {
    Fleet::new(vec![lease(0, 0, Some(state.adopted()))])
}

/// The state after `step`, if it is legal.
pub(crate) fn moved(state: &MigrationState, step: &Move, fleet: &Fleet) -> Option<MigrationState> {
    state.transition(step, MoveId::fixed(u128::from(state.epoch()) + 1), fleet).ok()
}

/// The state after legal moves over a fleet that follows at once; `Live` is
/// crossed to after a sweep.
pub(crate) fn walked(steps: impl IntoIterator<Item = Move>) -> MigrationState {
    let mut state = MigrationState::new("m".parse().expect("a name"));
    for step in steps {
        state = moved(&state, &step, &settled(&state))
            .or_else(|| swept(&state, &step))
            .expect("a legal move");
    }
    state
}

fn swept(state: &MigrationState, step: &Move) -> Option<MigrationState> {
    let state = moved(state, &complete(state), &settled(state))?;
    moved(&state, step, &settled(&state))
}

/// The state after a clean sweep.
pub(crate) fn complete_now(state: &MigrationState) -> MigrationState {
    moved(state, &complete(state), &settled(state)).expect("a part is in `Cutover`")
}

fn complete(state: &MigrationState) -> Move {
    Move::Complete(state.begin_sweep(&settled(state)).finish(0, 0))
}

/// The steps an operator may think of; sweeps are not among them.
pub(crate) fn steps(cohorts: bool) -> Vec<Move> {
    let mut steps: Vec<_> = Phase::ALL.into_iter().map(Move::to).collect();
    if cohorts {
        let shares = [2_500, 7_500, 10_000].map(|share| Share::new(share).expect("a share"));
        steps.extend(Phase::ALL.into_iter().map(Move::cohort_to));
        steps.extend(shares[..2].iter().map(|share| Move::StartCohort { share: *share }));
        steps.extend(shares[1..].iter().map(|share| Move::GrowCohort { share: *share }));
        steps.push(Move::EndCohort);
    }
    steps
}

/// A state without its epochs.
type Place = (Part, Option<(Share, Part)>, [bool; 2], CutOver);

fn place(state: &MigrationState) -> Place {
    let timeless = |mut part: Part| {
        part.since_epoch = 0;
        part
    };
    let cohort = state.cohort().map(|cohort| (cohort.share, timeless(cohort.part)));
    let legacy = [state.legacy_complete(), state.has_left_legacy()];
    (timeless(state.base()), cohort, legacy, state.cut_over())
}

/// A state for every place with a cohort that legal moves and clean sweeps lead to, with
/// a fleet that follows at once; only which keys have been in `Cutover` is not told apart.
pub(crate) fn places_with_a_cohort() -> Vec<MigrationState> {
    let first = walked([]);
    let (mut seen, mut told) = (HashSet::from([place(&first)]), HashSet::new());
    let (mut next, mut found) = (VecDeque::from([first]), Vec::new());
    while let Some(state) = next.pop_front() {
        let (base, cohort, legacy, _) = place(&state);
        if cohort.is_some() && told.insert((base, cohort, legacy)) {
            found.push(state.clone());
        }
        let steps = steps(true).into_iter().chain([complete(&state)]);
        let reached = steps.filter_map(|step| moved(&state, &step, &settled(&state)));
        next.extend(reached.filter(|state| seen.insert(place(state))));
    }
    found
}

static WAYS_BACK: OnceLock<RwLock<HashMap<Spec, bool>>> = OnceLock::new();

/// Whether legal moves and clean sweeps lead from here back to `LegacyOnly`, once
/// the fleet follows.
pub(crate) fn has_a_way_back(spec: Spec) -> bool {
    let ways = WAYS_BACK.get_or_init(RwLock::default);
    if let Some(known) = ways.read().unwrap_or_else(PoisonError::into_inner).get(&spec) {
        return *known;
    }
    let found = finds_a_way_back(spec.state.clone());
    ways.write().unwrap_or_else(PoisonError::into_inner).insert(spec, found);
    found
}

fn finds_a_way_back(state: MigrationState) -> bool {
    let mut seen = HashSet::from([place(&state)]);
    let mut next = VecDeque::from([state]);
    while let Some(state) = next.pop_front() {
        if state.base().phase == Phase::LegacyOnly && state.part(PartName::Cohort).is_none() {
            return true;
        }
        let steps = steps(true).into_iter().chain([complete(&state)]);
        let reached = steps.filter_map(|step| moved(&state, &step, &settled(&state)));
        next.extend(reached.filter(|state| seen.insert(place(state))));
    }
    false
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn a_fleet_that_never_settles_has_no_way_back_from_ramp_down() {
        let steps = [Phase::Cutover, Phase::Live, Phase::RampDown].map(Move::to);
        let state = walked(steps);
        assert!(has_a_way_back(Spec::of(state.clone())));
        let two = Move::ExpectNodes(NonZeroU32::new(2).expect("not zero"));
        let state = moved(&state, &two, &settled(&state)).expect("a legal move");
        assert!(!has_a_way_back(Spec::of(state)), "one node of two is there");
    }
}
