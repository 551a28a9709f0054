//! Every state that can be reached, with and without a cohort: what holds in
//! all of them, and where one can go from each.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::OnceLock;

use strangler_fig::phase::{
    Bucket, Family, MigrationState, Move, MoveId, Part, PartName, Phase, Share,
};

use super::model::Model;
use super::trip::{settled, unsettled};

/// Buckets on both sides of every boundary that the walk can draw.
const BUCKETS: [u16; 6] = [0, 2_499, 2_500, 4_999, 5_000, 9_999];

/// A state without its epochs; which of the buckets were ever in `Cutover`, and
/// of which the state says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    model: Model,
    ever: [bool; 6],
    said: [bool; 6],
}

/// One move between places, by the number of the second.
struct Leg {
    step: Move,
    to: usize,
}

/// All places and the moves between them, over settled fleets.
struct Walk {
    places: Vec<Place>,
    states: Vec<MigrationState>,
    legs: Vec<Vec<Leg>>,
}

fn part_of(state: &MigrationState, bucket: u16) -> Part {
    state.part_of(Bucket::new(bucket).unwrap())
}

fn said(state: &MigrationState) -> [bool; 6] {
    BUCKETS.map(|bucket| state.cut_over().holds(Bucket::new(bucket).unwrap()))
}

fn steps(state: &MigrationState, is_settled: bool) -> Vec<Move> {
    let fleet = if is_settled { settled(state) } else { unsettled() };
    let shares = [2_500, 5_000, 10_000].map(|share| Share::new(share).unwrap());
    let phases = Phase::ALL.into_iter();
    let mut steps: Vec<_> = phases.flat_map(|to| [Move::to(to), Move::cohort_to(to)]).collect();
    steps.extend(shares[..2].iter().map(|share| Move::StartCohort { share: *share }));
    steps.extend(shares.map(|share| Move::GrowCohort { share }));
    steps.push(Move::EndCohort);
    steps.push(Move::Complete(state.begin_sweep(&fleet).finish(0, 0)));
    steps
}

fn taken(state: &MigrationState, step: &Move, is_settled: bool) -> Option<MigrationState> {
    let fleet = if is_settled { settled(state) } else { unsettled() };
    state.transition(step, MoveId::fixed(1), &fleet).ok()
}

fn walked() -> Walk {
    let first = MigrationState::new("airports".parse().unwrap());
    let place = Place { model: Model::of(&first), ever: [false; 6], said: said(&first) };
    let mut numbers = HashMap::from([(place, 0)]);
    let mut walk = Walk { places: vec![place], states: vec![first], legs: Vec::new() };
    let mut queue = VecDeque::from([0]);
    while let Some(at) = queue.pop_front() {
        let (state, mut legs) = (walk.states[at].clone(), Vec::new());
        for step in steps(&state, true) {
            let Some(next) = taken(&state, &step, true) else {
                continue;
            };
            let was = walk.places[at].ever;
            let is = |at: usize| part_of(&next, BUCKETS[at]).phase == Phase::Cutover;
            let place = Place {
                model: Model::of(&next),
                ever: std::array::from_fn(|at| was[at] || is(at)),
                said: said(&next),
            };
            let to = *numbers.entry(place).or_insert_with(|| {
                walk.places.push(place);
                walk.states.push(next);
                queue.push_back(walk.places.len() - 1);
                walk.places.len() - 1
            });
            legs.push(Leg { step, to });
        }
        walk.legs.push(legs);
    }
    walk
}

fn walk() -> &'static Walk {
    static WALK: OnceLock<Walk> = OnceLock::new();
    WALK.get_or_init(walked)
}

impl Walk {
    /// Every move: where from, what, where to.
    fn moves(&self) -> impl Iterator<Item = (&MigrationState, &Move, &MigrationState)> {
        let legs = self.legs.iter().enumerate();
        legs.flat_map(move |(from, legs)| {
            legs.iter().map(move |leg| (&self.states[from], &leg.step, &self.states[leg.to]))
        })
    }

    /// The places from which no moves lead to a place that is `goal`.
    fn stranded(&self, goal: impl Fn(Model) -> bool) -> Vec<Place> {
        let mut before = vec![Vec::new(); self.places.len()];
        for (from, legs) in self.legs.iter().enumerate() {
            for leg in legs {
                before[leg.to].push(from);
            }
        }
        let is_goal = |at: &usize| goal(self.places[*at].model);
        let mut queue: VecDeque<_> = (0..self.places.len()).filter(is_goal).collect();
        let mut arrives: HashSet<_> = queue.iter().copied().collect();
        while let Some(at) = queue.pop_front() {
            let fresh = before[at].iter().filter(|from| arrives.insert(**from));
            queue.extend(fresh);
        }
        let stranded = (0..self.places.len()).filter(|at| !arrives.contains(at));
        stranded.map(|at| self.places[at]).collect()
    }
}

fn is_whole(model: Model, phase: Phase) -> bool {
    model.cohort.is_none() && model.base.phase == phase
}

#[test]
fn the_walk_sees_cohorts_round_trips_and_every_phase() {
    let walk = walk();
    assert!(walk.places.len() > 400, "{}", walk.places.len());
    for phase in Phase::ALL {
        assert!(walk.places.iter().any(|place| is_whole(place.model, phase)));
    }
}

#[test]
fn every_move_from_every_state_is_decided_as_the_protocol_says() {
    for state in &walk().states {
        for is_settled in [true, false] {
            for step in steps(state, is_settled) {
                let expected = Model::of(state).after(step.clone(), is_settled);
                let found = taken(state, &step, is_settled);
                let found = found.as_ref().map(Model::of);
                assert_eq!(found, expected, "{step:?} (settled: {is_settled}) from {state:?}");
            }
        }
    }
}

#[test]
fn from_everywhere_there_is_a_way_back_to_legacy_only() {
    let stranded = walk().stranded(|model| is_whole(model, Phase::LegacyOnly));
    assert!(stranded.is_empty(), "{:?}", stranded.first());
}

#[test]
fn from_everywhere_there_is_a_way_forward_to_modern_only() {
    let stranded = walk().stranded(|model| is_whole(model, Phase::ModernOnly));
    assert!(stranded.is_empty(), "{:?}", stranded.first());
}

#[test]
fn no_key_jumps_between_families_but_over_cutover_or_halted() {
    for (before, step, after) in walk().moves() {
        for bucket in BUCKETS {
            let family = |state| part_of(state, bucket).phase.family();
            let (from, to) = (family(before), family(after));
            let jumps = from.is_some() && to.is_some() && from != to;
            assert!(!jumps, "bucket {bucket} jumps by {step:?} from {before:?}");
        }
    }
}

#[test]
fn no_key_leaves_halted_for_legacy_or_cutover_for_live_before_its_time() {
    for (before, step, after) in walk().moves() {
        for bucket in BUCKETS {
            let (from, to) = (part_of(before, bucket), part_of(after, bucket));
            let crosses = from.phase == Phase::Cutover && to.phase == Phase::Live;
            if crosses && from.entered_from == Family::Legacy {
                assert!(from.modern_complete, "{step:?} from {before:?}");
            }
            let returns = to.phase.family() == Some(Family::Legacy);
            if returns && from.entered_from == Family::Modern {
                assert!(before.legacy_complete(), "{step:?} from {before:?}");
            }
        }
    }
}

#[test]
fn a_part_in_the_legacy_family_means_that_legacy_is_complete() {
    for Place { model, .. } in &walk().places {
        let in_legacy = |phase: Phase| phase.family() == Some(Family::Legacy);
        if model.parts().any(|keys| in_legacy(keys.phase)) {
            assert!(model.legacy_complete, "{model:?}");
        }
    }
}

#[test]
fn a_part_in_the_modern_family_means_that_modern_is_complete_of_it() {
    for Place { model, .. } in &walk().places {
        for keys in model.parts() {
            let family = keys.phase.family();
            assert!(family != Some(Family::Modern) || keys.complete, "{model:?}");
            assert!(family != Some(Family::Legacy) || !keys.complete, "{model:?}");
        }
    }
}

#[test]
fn ramp_down_and_modern_only_are_for_the_whole_and_without_legacy() {
    for Place { model, .. } in &walk().places {
        if model.parts().any(|keys| keys.phase.leaves_legacy()) {
            assert!(model.cohort.is_none() && !model.legacy_complete, "{model:?}");
        }
    }
}

#[test]
fn before_ramp_down_legacy_is_complete_wherever_one_stands() {
    for Place { model, .. } in &walk().places {
        assert!(model.left_legacy || model.legacy_complete, "{model:?}");
    }
}

#[test]
fn every_state_names_a_side_for_queries_that_holds_every_key() {
    for state in &walk().states {
        let model = Model::of(state);
        let halted = model.parts().any(|keys| keys.phase == Phase::Halted);
        let Some(side) = state.query_side() else {
            assert!(halted, "{model:?}");
            continue;
        };
        let family = |keys: super::model::Keys| keys.phase.family().unwrap_or(keys.from);
        let holds = match side {
            strangler_fig::phase::Side::Legacy => {
                model.legacy_complete || model.parts().all(|keys| family(keys) == Family::Legacy)
            }
            strangler_fig::phase::Side::Modern => {
                let holds = |keys| family(keys) == Family::Modern || keys.complete;
                model.parts().all(holds)
            }
        };
        assert!(holds, "{side} for {model:?}");
    }
}

#[test]
fn no_key_that_was_cut_over_is_forgotten() {
    for (place, state) in walk().places.iter().zip(&walk().states) {
        for (bucket, (ever, said)) in BUCKETS.iter().zip(place.ever.iter().zip(place.said)) {
            assert!(said || !ever, "bucket {bucket} in {state:?}");
        }
    }
}

#[test]

fn no_key_counts_as_cut_over_that_never_was() {
    for (place, state) in walk().places.iter().zip(&walk().states) {
        for (bucket, (ever, said)) in BUCKETS.iter().zip(place.ever.iter().zip(place.said)) {
            assert!(!said || *ever, "bucket {bucket} in {state:?}");
        }
    }
}

#[test]
fn the_cohort_name_means_nothing_without_a_cohort() {
    let whole = walk().states.iter().filter(|state| state.cohort().is_none());
    for state in whole {
        assert_eq!(state.part(PartName::Cohort), None);
        assert!(!state.has_settled(PartName::Cohort, &settled(state)));
    }
}
