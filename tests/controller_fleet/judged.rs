//! Fleets under load whose processes are stopped for random times, while a controller
//! moves there and back and evicts who has stopped. Every history is judged.

use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::clock::{Clock, ManualClock, SkewedClock};
use strangler_fig::controller::{ControllerConfig, MigrationController};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::phase::{
    Incarnation, MigrationState, MigrationStateService, Move, NodeRole, OutagePolicy, Phase,
    PhaseTracker, TrackerConfig, take_step,
};
use strangler_fig::reconcile::Sweep;
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::stamp::{StampClock, WriterId};
use strangler_fig::testkit::history::{HistoryRecorder, Verdict, check};

use crate::process::{Process, Reached, Row, Store};
use crate::support::{SECOND, Service, leases, name, request, state};

type Rows = MigrationRepository<Reached, Reached>;

const KEYS: u32 = 3;
const NODES: u64 = 3;
const POLL: Duration = Duration::from_secs(3);
const TERM: Duration = Duration::from_secs(6);
const LASTS: Duration = Duration::from_secs(400);

/// Who is wrong, if anybody.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    Nobody,
    /// Nodes without a fence are said to have ended while they are only stopped.
    Operator,
}

struct Fleet {
    service: Arc<Service>,
    legacy: Store,
    modern: Store,
    recorder: HistoryRecorder<u32, Row>,
    values: AtomicU64,
    lives: AtomicU64,
    wall: Arc<ManualClock>,
    outage: OutagePolicy,
    over: AtomicBool,
}

struct Judged {
    verdict: Verdict<u32, Row>,
    evictions: u64,
    crossings: u64,
}

fn judged(seed: u64, flaw: Flaw) -> Judged {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    fastrand::seed(seed);
    runtime.unwrap().block_on(run(seed, flaw))
}

async fn run(seed: u64, flaw: Flaw) -> Judged {
    let service =
        Service { is_slow: Some(Mutex::new(Rng::with_seed(seed ^ 1))), ..Service::default() };
    let service = Arc::new(service);
    service.inner.create(&MigrationState::new(name())).await.unwrap();
    let outage = match flaw {
        Flaw::Operator => OutagePolicy::FailStatic,
        Flaw::Nobody => OutagePolicy::Fenced { term: TERM },
    };
    let fleet = Arc::new(Fleet {
        service,
        legacy: Store::new(|row| row.0),
        modern: Store::new(|row| row.0),
        recorder: HistoryRecorder::new(),
        values: AtomicU64::new(1),
        lives: AtomicU64::new(1),
        wall: Arc::new(ManualClock::at(1_700_000_000_000)),
        outage,
        over: AtomicBool::new(false),
    });
    let mut rng = Rng::with_seed(seed);
    let mut tasks = Vec::new();
    for number in 1..=NODES {
        let process = Process::new(rng.fork());
        tasks.push(tokio::spawn(stop(fleet.clone(), process.clone(), rng.fork())));
        tasks.push(tokio::spawn(serve(fleet.clone(), number, process, rng.fork())));
    }
    let moves = operate(&fleet, flaw, rng.fork()).await;
    fleet.over.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
    settle(&fleet).await;
    let (evictions, crossings) = moves;
    Judged { verdict: check(&fleet.recorder.history()), evictions, crossings }
}

/// A life of a node: its tracker, and what it serves.
async fn life(fleet: &Fleet, node: &str, process: &Arc<Process>, role: NodeRole) -> Rows {
    let outage = if role == NodeRole::Worker { OutagePolicy::FailStatic } else { fleet.outage };
    let config = TrackerConfig::default()
        .with_outage_policy(outage)
        .with_role(role)
        .with_poll_interval(if role == NodeRole::Worker { SECOND / 4 } else { POLL });
    let (life, tracker) = loop {
        // One that was evicted while it started needs another life, too.
        let life = fleet.lives.fetch_add(1, Ordering::SeqCst);
        let config = config.clone().with_incarnation(Incarnation::fixed(life.into()));
        let node = node.parse().unwrap();
        match PhaseTracker::start(fleet.service.clone(), name(), node, config).await {
            Ok(tracker) => break (life, tracker),
            Err(_) => tokio::time::sleep(SECOND).await,
        }
    };
    let writer = WriterId::fixed(NonZeroU64::new(life).unwrap());
    // Wall clocks are wildly apart; nothing but stamps looks at them.
    let skew = i64::try_from(life % 7).unwrap() * 50_000 - 150_000;
    let wall: Arc<dyn Clock> = fleet.wall.clone();
    let stamps = StampClock::with_writer(writer).with_clock(Arc::new(SkewedClock::new(wall, skew)));
    let [legacy, modern] = [&fleet.legacy, &fleet.modern]
        .map(|store| Reached { store: store.clone(), process: process.clone() });
    let config = MigrationConfig::default();
    Rows::with_parts(legacy, modern, tracker, Arc::new(stamps), config).unwrap()
}

/// One life after the other: whoever was evicted starts again.
async fn serve(fleet: Arc<Fleet>, number: u64, process: Arc<Process>, mut rng: Rng) {
    while !fleet.over.load(Ordering::SeqCst) {
        let (starting, started) = (fleet.clone(), process.clone());
        let node = async move {
            life(&starting, &format!("node-{number}"), &started, NodeRole::Serving).await
        };
        let rows = process.run(node).await;
        for _ in 0..2 {
            tokio::spawn(process.run(work(fleet.clone(), rows.clone(), rng.fork())));
        }
        let (following, ends) = (rows.clone(), fleet.clone());
        let over = async move {
            while !ends.over.load(Ordering::SeqCst) {
                tokio::time::sleep(SECOND).await;
            }
        };
        let run = async move {
            let _ = following.tracker().run(over).await;
        };
        process.run(run).await;
    }
}

async fn work(fleet: Arc<Fleet>, rows: Rows, mut rng: Rng) {
    let is_over = || fleet.over.load(Ordering::SeqCst);
    while !is_over() && rows.tracker().health().standing.to_string() != "evicted" {
        let key = rng.u32(0..KEYS);
        if rng.bool() {
            let pending = fleet.recorder.invoke_read(key);
            if let Ok(row) = rows.find(&key).await {
                pending.read(row);
            }
        } else {
            let row = (key, fleet.values.fetch_add(1, Ordering::SeqCst));
            let pending = fleet.recorder.invoke_write(key, Some(row));
            match rows.save(row).await {
                Ok(()) => pending.ok(),
                Err(error) if error.kind() != StoreErrorKind::Unknown => pending.failed(),
                Err(_) => pending.unknown(),
            }
        }
        tokio::time::sleep(Duration::from_millis(rng.u64(0..400))).await;
    }
}

async fn stop(fleet: Arc<Fleet>, process: Arc<Process>, mut rng: Rng) {
    while !fleet.over.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(rng.u64(0..12_000))).await;
        let short = rng.u8(0..3) == 0;
        let length = Duration::from_millis(rng.u64(0..if short { 2_000 } else { 20_000 }));
        process.stop_for(length);
        tokio::time::sleep(length).await;
    }
}

/// There and back; answers how many were evicted, and how often it crossed.
async fn operate(fleet: &Arc<Fleet>, flaw: Flaw, mut rng: Rng) -> (u64, u64) {
    let process = Process::new(rng.fork());
    let rows = life(fleet, "operator", &process, NodeRole::Worker).await;
    let following = rows.clone();
    let follower = tokio::spawn(async move {
        following.tracker().run(std::future::pending()).await.unwrap();
    });
    let config = ControllerConfig::default()
        .with_poll_interval(SECOND / 10)
        .with_drift_margin(SECOND / 2)
        .with_settle_wait(SECOND * 30);
    let controller = MigrationController::new(fleet.service.clone(), name()).with_config(config);
    let controller = controller.with_sweeper(Arc::new(Sweep::new(&rows)));
    let until = tokio::time::Instant::now() + LASTS;
    let (mut crossings, mut evictions, mut last) = (0, 0, state(&fleet.service).await);
    while tokio::time::Instant::now() < until {
        let _ = match rng.u8(0..6) {
            0..3 => controller.advance_to(Phase::Live, &request()).await,
            3..5 => controller.roll_back(&request()).await,
            _ => controller.halt(&request()).await,
        };
        if flaw == Flaw::Operator {
            evict_any(fleet, &mut rng).await;
        }
        let now = state(&fleet.service).await;
        crossings += u64::from(now.base().phase.family() != last.base().phase.family());
        let new = now.history().iter().filter(|record| record.epoch > last.epoch());
        evictions += new.filter(|it| matches!(it.step, Move::Evict { .. })).count() as u64;
        last = now;
        tokio::time::sleep(Duration::from_millis(rng.u64(0..3_000))).await;
    }
    follower.abort();
    rows.tracker().release().await.unwrap();
    (evictions, crossings)
}

/// Says of every node that holds up the move in hand that it has ended.
async fn evict_any(fleet: &Fleet, rng: &mut Rng) {
    let epoch = state(&fleet.service).await.epoch();
    for lease in leases(&fleet.service).await {
        let lags = lease.adopted.is_none_or(|adopted| adopted.epoch < epoch);
        if lags && lease.role == NodeRole::Serving && rng.bool() {
            let _ = fleet.service.inner.evict(&name(), &lease).await;
        }
    }
}

/// Everything comes to rest; then every key is read by a node that is new.
async fn settle(fleet: &Arc<Fleet>) {
    tokio::time::sleep(SECOND * 60).await;
    if state(&fleet.service).await.base().phase == Phase::Halted {
        let step = Move::to(Phase::Live);
        take_step(&fleet.service.inner, &name(), &step, None).await.unwrap();
    }
    let process = Process::new(Rng::with_seed(1));
    let rows = life(fleet, "last", &process, NodeRole::Serving).await;
    for key in 0..KEYS {
        rows.tracker().poll().await.unwrap();
        fleet.recorder.final_read(key, rows.find(&key).await.unwrap());
    }
}

const SEEDS: u64 = 12;

/// `SEEDS=2000 cargo test --release --test controller_fleet judged` for the long haul.
fn seeds() -> Range<u64> {
    let seeds = std::env::var("SEEDS").ok();
    0..seeds.map_or(SEEDS, |seeds| seeds.parse().unwrap_or_else(|_| panic!("SEEDS={seeds}")))
}

#[test]
fn no_fenced_fleet_answers_wrongly_whoever_is_stopped_and_evicted() {
    let (mut acknowledged, mut evictions, mut crossings) = (0, 0, 0);
    for seed in seeds() {
        let judged = judged(seed, Flaw::Nobody);
        let verdict = &judged.verdict;
        assert!(verdict.is_linearizable(), "seed {seed}: {verdict}");
        acknowledged += verdict.acknowledged;
        (evictions, crossings) = (evictions + judged.evictions, crossings + judged.crossings);
    }
    println!("{acknowledged} acknowledged writes, {crossings} crossings, {evictions} evictions");
    assert!(seeds().is_empty() || evictions > 0 && crossings > 0, "{evictions} {crossings}");
}

#[test]
fn evicting_stopped_nodes_without_a_fence_is_found_out() {
    let is_found = |seed| !judged(seed, Flaw::Operator).verdict.is_linearizable();
    // Few are: of those before the 65th none is.
    let found = (60..60 + 10 * SEEDS).find(|seed| is_found(*seed));
    println!("found out with seed {found:?}");
    assert!(found.is_some());
}
