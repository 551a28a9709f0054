//! What is told of a cohort: who counts for which keys, and which way the parts went.

use proptest::prelude::*;
use strangler_fig::phase::{
    Fleet, Incarnation, MigrationState, MigrationStateService, Move, MoveId, MoveNote, NodeId,
    NodeLease, PartName, Phase, Share,
};

use crate::support::{SECOND, World, name};

/// A fleet of one node that works by this state.
fn settled(state: &MigrationState) -> Fleet {
    let node = NodeId { name: "node-1".parse().unwrap(), incarnation: Incarnation::fixed(1) };
    let lease = NodeLease::new(node).adopting(state.adopted());
    Fleet::new(vec![lease]).accepting_process_scope("node-1".parse().unwrap())
}

/// Moves the state itself, past gates; what it was and what it is, if it may go there.
async fn moved(world: &World, step: &Move) -> Option<(MigrationState, MigrationState)> {
    let found = world.service.current(&name()).await.unwrap().unwrap();
    let id = MoveId::random().unwrap();
    let next = found.state.transition(step, id, &settled(&found.state)).ok()?;
    let note = MoveNote::of("ann".parse().unwrap(), "OPS-12".parse().unwrap());
    let next = next.with_record(step, note);
    world.service.compare_and_set(found.revision, &next).await.unwrap();
    Some((found.state, next))
}

async fn takes(world: &World, steps: &[Move]) {
    for step in steps {
        moved(world, step).await.unwrap_or_else(|| panic!("{step}"));
    }
    world.passes(SECOND * 2).await;
}

async fn sweeps(world: &World) {
    let state = world.service.current(&name()).await.unwrap().unwrap().state;
    let swept = Move::Complete(state.begin_sweep(&settled(&state)).finish(0, 0));
    takes(world, &[swept]).await;
}

const fn cohort_to(to: Phase) -> Move {
    Move::Phase { part: PartName::Cohort, to }
}

#[tokio::test(start_paused = true)]
async fn the_headline_says_who_counts_for_how_many_keys() {
    let world = World::new().await;
    let ninety = Move::StartCohort { share: Share::percent(90) };
    takes(&world, &[Move::to(Phase::DualWrite), ninety, cohort_to(Phase::Cutover)]).await;
    sweeps(&world).await;
    takes(&world, &[cohort_to(Phase::Live)]).await;
    let seen = world.picture().await;
    let parts = "90.00 % of the keys live, modern is authoritative; \
                 10.00 % dual_write, legacy is authoritative";
    seen.says(&[&format!("Migration parcels, epoch 5: {parts}")]);
    assert_eq!(seen.at("/headline"), parts);
    world.counts("strangler_phase_keys{part=\"cohort\"}", 0.9);
    world.counts("strangler_phase_keys{part=\"base\"}", 0.1);

    let world = World::new().await;
    let ten = Move::StartCohort { share: Share::percent(10) };
    takes(&world, &[Move::to(Phase::DualWrite), ten, Move::EndCohort]).await;
    let seen = world.picture().await;
    seen.says(&["Migration parcels, epoch 3: dual_write, legacy is authoritative"]);
    world.counts("strangler_phase_keys{part=\"cohort\"}", 0.0);
    world.counts("strangler_phase_keys{part=\"base\"}", 1.0);
}

/// An arrow of the drawing: who went, in which epoch, from where and where to.
type Arrow = (PartName, u64, String, String);

fn arrows(drawing: &str) -> Vec<Arrow> {
    let arrow = |line: &str| {
        let (part, mark) = if line.contains("-.->") {
            (PartName::Cohort, "-.->")
        } else {
            (PartName::Base, "-->")
        };
        let (from, rest) = line.split_once(mark)?;
        let (label, to) = rest.strip_prefix("|\"")?.split_once("\"| ")?;
        let epoch = label.split_once(',')?.0.parse().unwrap();
        let from = from.trim().split('[').next().unwrap().to_owned();
        Some((part, epoch, from, to.to_owned()))
    };
    drawing.lines().filter_map(arrow).collect()
}

/// Which part went to another phase between two states: keys of a cohort that ends go as the cohort, those of a base
/// that becomes the cohort as the base.
fn went(before: &MigrationState, step: &Move, after: &MigrationState) -> Option<Arrow> {
    let phase = |state: &MigrationState, part| state.part(part).map(|part| part.phase);
    let (base, cohort) = (phase(before, PartName::Base)?, phase(before, PartName::Cohort));
    let (part, from, to) = match step {
        Move::Phase { part, to } => (*part, phase(before, *part)?, *to),
        Move::EndCohort => (PartName::Cohort, cohort?, base),
        Move::GrowCohort { share } if *share == Share::WHOLE => (PartName::Base, base, cohort?),
        _ => return None,
    };
    (from != to).then(|| (part, after.epoch(), from.to_string(), to.to_string()))
}

fn steps() -> Vec<Move> {
    let shares = [30, 60, 100].map(Share::percent);
    let mut steps = vec![Move::EndCohort, Move::StartCohort { share: Share::percent(10) }];
    steps.extend(shares.map(|share| Move::GrowCohort { share }));
    steps.extend(Phase::ALL.map(Move::to));
    steps.extend(Phase::ALL.map(cohort_to));
    steps
}

/// Goes where the choices lead, as far as the rules allow it; what really went where, and what is drawn of it.
async fn walked(choices: &[usize]) -> (Vec<Arrow>, Vec<Arrow>) {
    let (world, mut expected) = (World::new().await, Vec::new());
    for choice in choices {
        let state = world.service.current(&name()).await.unwrap().unwrap().state;
        let mut open = steps();
        open.push(Move::Complete(state.begin_sweep(&settled(&state)).finish(0, 0)));
        let id = MoveId::random().unwrap();
        open.retain(|step| state.transition(step, id, &settled(&state)).is_ok());
        let step = &open[choice % open.len()];
        let (before, after) = moved(&world, step).await.unwrap();
        expected.extend(went(&before, step, &after));
    }
    (expected, arrows(&world.picture().await.status.to_mermaid()))
}

fn walked_now(choices: &[usize]) -> (Vec<Arrow>, Vec<Arrow>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(walked(choices))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_course_is_the_way_that_the_parts_went(choices in prop::collection::vec(0..1_000_usize, 1..32)) {
        let (expected, drawn) = walked_now(&choices);
        prop_assert_eq!(drawn, expected);
    }

    /// Of a history that has forgotten its beginning nothing is drawn that never happened.
    #[test]
    fn a_course_without_its_beginning_holds_no_move_that_never_was(choices in prop::collection::vec(0..1_000_usize, 40..60)) {
        let (expected, drawn) = walked_now(&choices);
        for arrow in drawn {
            let is_it = |it: &Arrow| {
                let (part, epoch, from, to) = &arrow;
                (it.0, it.1, &it.3) == (*part, *epoch, to) && (it.2 == *from || from == "before")
            };
            prop_assert!(expected.iter().any(is_it), "{:?} of {:?}", arrow, expected);
        }
    }
}
