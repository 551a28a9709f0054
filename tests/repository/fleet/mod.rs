//! Random fleets on paused time: several nodes with skewed clocks and stale
//! phases work on stores in chaos while an operator moves back and forth at
//! random. Every history is judged.

mod node;
mod operator;
mod work;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::clock::ManualClock;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{MigrationName, MigrationState, MigrationStateService, Phase};
use strangler_fig::repository::MigrationRepository;
use strangler_fig::resilience::Policy;
use strangler_fig::testkit::history::{HistoryRecorder, Verdict, check};

use self::node::{node, policies};
use self::operator::{Operator, operate};
use self::work::{ask, follow, repair, work};
use crate::chaos::{Chaos, Row};

type Node = MigrationRepository<Chaos, Chaos>;
type Recorder = HistoryRecorder<u32, Row>;

/// Keys that everybody works on, and keys that are read once in a while.
const HOT_KEYS: u32 = 4;
const KEYS: u32 = 24;
/// From here on each node has a key that nobody else writes.
const OWN_KEYS: u32 = 1_000;
const NODES: u32 = 3;

/// How often the base went from one phase to another.
type Moves = BTreeMap<(&'static str, &'static str), u64>;

/// What a run came to.
struct Judged {
    verdict: Verdict<u32, Row>,
    missed: u64,
    moves: Moves,
}

impl Judged {
    fn is_right(&self) -> bool {
        self.verdict.is_linearizable() && self.missed == 0
    }
}

struct World {
    service: Arc<InMemoryStateService>,
    name: MigrationName,
    legacy: Chaos,
    modern: Chaos,
    recorder: Recorder,
    values: AtomicU64,
    /// Queries that missed a write acknowledged before them.
    missed: AtomicU64,
    moves: Mutex<Moves>,
    over: AtomicBool,
    wall: Arc<ManualClock>,
    policies: [Policy; 2],
}

fn judged(seed: u64, operator: Operator) -> Judged {
    // Half of the fleets have their sides behind policies.
    judged_as(seed, operator, seed % 2 == 1)
}

fn judged_as(seed: u64, operator: Operator, guarded: bool) -> Judged {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    fastrand::seed(seed);
    runtime.unwrap().block_on(run(seed, operator, guarded))
}

async fn run(seed: u64, operator: Operator, guarded: bool) -> Judged {
    let name: MigrationName = "rows".parse().unwrap();
    let service = Arc::new(InMemoryStateService::default());
    let state =
        MigrationState::new(name.clone()).with_nodes_expected(NonZeroU32::new(NODES).unwrap());
    service.create(&state).await.unwrap();
    let world = Arc::new(World {
        service,
        name,
        legacy: Chaos::new(seed ^ 1),
        modern: Chaos::new(seed ^ 2),
        recorder: Recorder::new(),
        values: AtomicU64::new(1),
        missed: AtomicU64::new(0),
        moves: Mutex::default(),
        over: AtomicBool::new(false),
        wall: Arc::new(ManualClock::at(1_700_000_000_000)),
        policies: policies(seed),
    });
    for key in (HOT_KEYS / 2)..KEYS {
        world.legacy.store.plant((key, u64::MAX - u64::from(key)));
        world.recorder.initial(key, Some((key, u64::MAX - u64::from(key))));
    }
    let mut tasks = Vec::new();
    let mut nodes = Vec::new();
    let mut rng = Rng::with_seed(seed);
    for number in 1..=NODES {
        let skew = rng.i64(-60_000..60_000);
        // One node has no policies, whatever the others do.
        let node = node(&world, number, skew, guarded && number > 1).await;
        tasks.push(tokio::spawn(follow(Arc::clone(&world), node.clone(), rng.fork())));
        for _ in 0..2 {
            tasks.push(tokio::spawn(work(Arc::clone(&world), node.clone(), rng.fork())));
        }
        let own_key = OWN_KEYS + number;
        tasks.push(tokio::spawn(ask(Arc::clone(&world), node.clone(), own_key, rng.fork())));
        tasks.push(tokio::spawn(repair(Arc::clone(&world), node.clone(), rng.fork())));
        nodes.push(node);
    }
    operate(&world, &nodes[0], operator, rng.fork()).await;
    world.over.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
    settle(&world, &nodes).await;
    let moves = world.moves.lock().unwrap().clone();
    let missed = world.missed.load(Ordering::SeqCst);
    Judged { verdict: check(&world.recorder.history()), missed, moves }
}

/// Everything comes to rest; then every key is read once more.
async fn settle(world: &World, nodes: &[Node]) {
    world.legacy.calm_down();
    world.modern.calm_down();
    tokio::time::sleep(Duration::from_secs(60)).await;
    for node in nodes {
        node.drained().await;
        node.tracker().poll().await.unwrap();
    }
    let found = world.service.current(&world.name).await.unwrap().unwrap();
    if found.state.base().phase == Phase::Halted || has_halted_cohort(&found.state) {
        return;
    }
    for key in 0..KEYS {
        let row = nodes[1].find(&key).await.unwrap();
        world.recorder.final_read(key, row);
    }
}

fn has_halted_cohort(state: &MigrationState) -> bool {
    state.cohort().is_some_and(|cohort| cohort.part.phase == Phase::Halted)
}

const SEEDS: u64 = 60;

/// `SEEDS=2000 cargo test --release --test repository fleet` for the long haul;
/// `SEED=7` for one of them.
fn seeds() -> Range<u64> {
    let number = |name| {
        std::env::var(name)
            .ok()
            .map(|seed| seed.parse().unwrap_or_else(|_| panic!("{name}={seed}")))
    };
    match (number("SEED"), number("SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, seeds) => 0..seeds.unwrap_or(SEEDS),
    }
}

#[test]
fn no_random_fleet_loses_or_invents_a_write() {
    let (mut operations, mut acknowledged, mut moves) = (0, 0, Moves::new());
    for seed in seeds() {
        let judged = judged(seed, Operator::Lawful);
        let verdict = &judged.verdict;
        assert!(
            judged.is_right(),
            "{verdict}, queries missed {}\n{:#?}\nSEED={seed} cargo test --test repository fleet",
            judged.missed,
            verdict.violations()
        );
        assert_eq!(verdict.undecided_keys, 0, "seed {seed}");
        operations += verdict.operations;
        acknowledged += verdict.acknowledged;
        for (step, count) in judged.moves {
            *moves.entry(step).or_default() += count;
        }
    }
    let total: u64 = moves.values().sum();
    println!("{operations} operations, {acknowledged} acknowledged writes, {total} moves");
    if seeds().count() < 60 {
        return;
    }
    for step in [
        ("cutover", "live"),
        ("cutover", "dual_write"),
        ("live", "halted"),
        ("halted", "legacy_only"),
        ("live", "ramp_down"),
        ("modern_only", "cutover"),
    ] {
        assert!(moves.contains_key(&step), "no fleet went from {} to {}", step.0, step.1);
    }
}

#[test]
fn a_seed_replays_exactly() {
    let twice = [judged(7, Operator::Lawful), judged(7, Operator::Lawful)];
    assert_eq!(twice[0].verdict.to_string(), twice[1].verdict.to_string());
    assert_eq!(twice[0].moves, twice[1].moves);
}

#[test]
fn crossing_before_the_fleet_has_settled_is_found_out() {
    assert!((0..SEEDS).any(|seed| !judged(seed, Operator::Hasty).is_right()));
}

#[test]
fn crossing_without_a_sweep_is_found_out() {
    assert!((0..SEEDS).any(|seed| !judged(seed, Operator::Blind).is_right()));
}
