//! Random fleets on paused time: several nodes with skewed clocks and stale
//! phases work on stores in chaos while an operator moves back and forth at
//! random. Every history is judged.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::clock::{Clock, ManualClock, SkewedClock};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    Fleet, Incarnation, MigrationName, MigrationState, MigrationStateService, Move, MoveId, NodeId,
    NodeLease, Phase, PhaseTracker, Share, Side, TrackerConfig,
};
use strangler_fig::reconcile::Sweep;
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::resilience::{
    BreakerConfig, Bulkhead, CircuitBreaker, Exponential, Policy, Retry,
};
use strangler_fig::stamp::{StampClock, WriterId};
use strangler_fig::testkit::history::{HistoryRecorder, Verdict, check};

use crate::chaos::{Chaos, Row};

type Node = MigrationRepository<Chaos, Chaos>;
type Recorder = HistoryRecorder<u32, Row>;

/// Keys that everybody works on, and keys that are read once in a while.
const HOT_KEYS: u32 = 4;
const KEYS: u32 = 24;
/// From here on each node has a key that nobody else writes.
const OWN_KEYS: u32 = 1_000;
const NODES: u32 = 3;

/// How the operator moves.
#[derive(Clone, Copy, PartialEq)]
enum Operator {
    /// As the rules allow.
    Lawful,
    /// Tells the rules that everybody has settled, whatever the leases say.
    Hasty,
    /// Tells the rules that a sweep was made.
    Blind,
}

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

/// Impatient, stubborn and touchy: tries that are given up, made again and refused.
fn policies(seed: u64) -> [Policy; 2] {
    ["legacy", "modern"].map(|name| {
        let pauses = Exponential::between(Duration::from_millis(5), Duration::from_millis(300));
        let breaker = BreakerConfig::default()
            .with_calls_min(NonZeroU32::new(8).unwrap())
            .with_failure_rate(Share::percent(40))
            .with_open_for(Duration::from_millis(200));
        Policy::new(name)
            .with_deadline(Duration::from_millis(900))
            .with_retry(Retry::new(pauses.with_seed(seed)))
            .with_breaker(CircuitBreaker::new(name, breaker))
            .with_bulkhead(
                Bulkhead::new(name, NonZeroU32::new(6).unwrap())
                    .with_queue(4, Duration::from_millis(20)),
            )
            .with_try_deadline(Duration::from_millis(60))
    })
}

fn with_policies(config: MigrationConfig, [legacy, modern]: &[Policy; 2]) -> MigrationConfig {
    config.with_policy(Side::Legacy, legacy.clone()).with_policy(Side::Modern, modern.clone())
}

async fn node(world: &World, number: u32, skew: i64, guarded: bool) -> Node {
    let config = TrackerConfig::default().with_incarnation(Incarnation::fixed(u128::from(number)));
    let node = format!("node-{number}").parse().unwrap();
    let tracker =
        PhaseTracker::start(world.service.clone(), world.name.clone(), node, config).await;
    let writer = WriterId::fixed(NonZeroU64::new(u64::from(number)).unwrap());
    let wall: Arc<dyn Clock> = world.wall.clone();
    let stamps = StampClock::with_writer(writer).with_clock(Arc::new(SkewedClock::new(wall, skew)));
    let config = MigrationConfig::default().with_shadow_share(Share::percent(50));
    let config = if guarded { with_policies(config, &world.policies) } else { config };
    let (legacy, modern) = (world.legacy.clone(), world.modern.clone());
    MigrationRepository::with(legacy, modern, tracker.unwrap(), Arc::new(stamps), config).unwrap()
}

/// A node adopts when it comes to it.
async fn follow(world: Arc<World>, node: Node, mut rng: Rng) {
    while !world.over.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(rng.u64(10..2_500))).await;
        world.wall.advance(Duration::from_millis(rng.u64(0..200)));
        node.tracker().poll().await.unwrap();
    }
}

async fn work(world: Arc<World>, node: Node, mut rng: Rng) {
    while !world.over.load(Ordering::SeqCst) {
        let cold = rng.u8(0..100) == 0;
        let key = if cold { rng.u32(HOT_KEYS..KEYS) } else { rng.u32(0..HOT_KEYS) };
        let patience = Duration::from_millis(if rng.u8(0..10) == 0 { 15 } else { 60_000 });
        match rng.u8(0..10) {
            _ if cold && rng.u8(0..10) > 0 => read(&world, &node, key, patience).await,
            0..5 => read(&world, &node, key, patience).await,
            5..8 => {
                let row = (key, world.values.fetch_add(1, Ordering::SeqCst));
                let pending = world.recorder.invoke_write(key, Some(row));
                let saved = tokio::time::timeout(patience, node.save(row)).await;
                end(pending, saved);
            }
            _ => {
                let pending = world.recorder.invoke_write(key, None);
                let deleted = tokio::time::timeout(patience, node.delete(&key)).await;
                end(pending, deleted);
            }
        }
        tokio::time::sleep(Duration::from_millis(rng.u64(0..30))).await;
    }
}

/// A query must show what its own node has written and been told was done.
async fn ask(world: Arc<World>, node: Node, key: u32, mut rng: Rng) {
    while !world.over.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(rng.u64(0..400))).await;
        let row = (key, world.values.fetch_add(1, Ordering::SeqCst));
        if node.save(row).await.is_err() {
            continue;
        }
        let all = |side: Arc<Chaos>| async move { side.list().await };
        if node.query(all, all).await.is_ok_and(|rows| !rows.contains(&row)) {
            world.missed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn read(world: &World, node: &Node, key: u32, patience: Duration) {
    let pending = world.recorder.invoke_read(key);
    if let Ok(Ok(row)) = tokio::time::timeout(patience, node.find(&key)).await {
        pending.read(row);
    }
}

fn end<T>(
    pending: strangler_fig::testkit::history::PendingWrite<u32, Row>,
    ended: Result<Result<(), strangler_fig::error::StoreError>, T>,
) {
    match ended {
        Ok(Ok(())) => pending.ok(),
        Ok(Err(error)) if error.kind() != StoreErrorKind::Unknown => pending.failed(),
        Ok(Err(_)) | Err(_) => pending.unknown(),
    }
}

async fn repair(world: Arc<World>, node: Node, mut rng: Rng) {
    while !world.over.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(rng.u64(10..300))).await;
        for found in node.sink().take(4) {
            if node.join(&found.key).await.is_err() {
                node.sink().note(found.key, found.reason, found.hold);
            }
        }
    }
}

/// Random moves for two virtual minutes.
async fn operate(world: &World, node: &Node, operator: Operator, mut rng: Rng) {
    for _ in 0..160 {
        tokio::time::sleep(Duration::from_millis(rng.u64(0..1_500))).await;
        let found = world.service.current(&world.name).await.unwrap().unwrap();
        let state = found.state;
        let fleet = fleet(world, &state, operator).await;
        let mut step = any_step(&mut rng);
        if state.base().phase == Phase::Cutover && rng.bool() {
            let ticket = state.begin_sweep(&fleet);
            let evidence = if operator == Operator::Blind {
                Some(ticket.finish(0, 0))
            } else {
                let swept = Sweep::new(node).run(ticket, std::future::pending()).await;
                swept.ok().map(|report| report.evidence)
            };
            step = evidence.map_or(step, Move::Complete);
        }
        let id = MoveId::fixed(rng.u128(..));
        if let Ok(next) = state.transition(&step, id, &fleet) {
            let moved = world.service.compare_and_set(found.revision, &next).await;
            if moved.is_ok() && state.base().phase != next.base().phase {
                let step = (state.base().phase.name(), next.base().phase.name());
                *world.moves.lock().unwrap().entry(step).or_default() += 1;
            }
        }
    }
}

fn any_step(rng: &mut Rng) -> Move {
    let phase = Phase::ALL[rng.usize(0..Phase::ALL.len())];
    let share = Share::new(rng.u16(1..=10_000)).unwrap();
    match rng.u8(0..12) {
        0..7 => Move::to(phase),
        7..9 => Move::cohort_to(phase),
        9 => Move::StartCohort { share },
        10 => Move::GrowCohort { share: if rng.bool() { Share::WHOLE } else { share } },
        _ => Move::EndCohort,
    }
}

async fn fleet(world: &World, state: &MigrationState, operator: Operator) -> Fleet {
    let leases = world.service.leases(&world.name).await.unwrap();
    if operator != Operator::Hasty {
        return Fleet::new(leases);
    }
    let claimed = |number: u32| {
        let name = format!("node-{number}").parse().unwrap();
        let node = NodeId { name, incarnation: Incarnation::fixed(u128::from(number)) };
        NodeLease::new(node).adopting(state.adopted())
    };
    Fleet::new((1..=NODES).map(claimed).collect())
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
