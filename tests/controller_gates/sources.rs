//! What cannot be asked is closed, in every gate that asks somebody.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::backfill::{Checkpoint, CheckpointStore, Partition};
use strangler_fig::clock::ManualClock;
use strangler_fig::controller::{
    BackfillComplete, ErrorRateBelow, FleetSettled, Gate, GateContext, GateReading, LatencyWithin,
    MismatchRateBelow, READ_DEADLINE, Rate, Ratio, RejectionsZero, RepairQueueEmpty, Signals,
    VerifiedWithin, read_within,
};
use strangler_fig::memory::InMemoryCheckpointStore;
use strangler_fig::phase::{Evidence, Fleet, Move, Phase};
use tokio::time::Instant;

use super::support::{Checked, Checkpoints, Fixed, MINUTE, Mode, Queue, World};
use super::verified::consistent_at;

/// Signals with which every gate is open.
fn fine() -> Signals {
    let latency = Some(Duration::from_millis(5));
    Signals::default()
        .with_operations(1_000, 0)
        .with_comparisons(1_000, 0)
        .with_latency(latency, 1_000)
        .with_latency_before(latency, 1_000)
}

async fn done_backfill() -> InMemoryCheckpointStore {
    let (store, job) = (InMemoryCheckpointStore::default(), "users".parse().unwrap());
    store.open(&job, &[Partition { after: None, until: vec![9] }]).await.unwrap();
    let claim = store.claim(&job, &"node-1".parse().unwrap(), MINUTE).await.unwrap().unwrap();
    let mut done = Checkpoint::default();
    done.is_done = true;
    store.save(&claim, &done, MINUTE).await.unwrap();
    store
}

/// Each gate that has a source; what it watches is in order.
async fn gates(mode: Mode) -> Vec<Box<dyn Gate>> {
    let signals = || Arc::new(Fixed(mode, fine()));
    let queue = || Arc::new(Queue::new(mode));
    let checkpoints = Arc::new(Checkpoints(mode, done_backfill().await));
    let checked = Arc::new(Checked(mode, Some(consistent_at(1_000).await)));
    let verified = VerifiedWithin::new(checked, MINUTE);
    let ratio = Ratio::new(1.5).unwrap();
    vec![
        Box::new(BackfillComplete::new(checkpoints, "users".parse().unwrap())),
        Box::new(verified.with_clock(Arc::new(ManualClock::at(2_000)))),
        Box::new(MismatchRateBelow::new(signals(), Rate::ZERO, MINUTE)),
        Box::new(ErrorRateBelow::new(signals(), Rate::ZERO, MINUTE)),
        Box::new(LatencyWithin::new(signals(), ratio, MINUTE)),
        Box::new(RejectionsZero::new(queue())),
        Box::new(RepairQueueEmpty::new(queue())),
    ]
}

async fn read_within_deadline(gate: &dyn Gate) -> GateReading {
    let world = World::of(1);
    let (fleet, step) = (Fleet::new(world.leases.clone()), Move::to(Phase::Cutover));
    let context = GateContext::new(&world.state, &fleet, &step);
    read_within(gate, &context, READ_DEADLINE).await
}

#[tokio::test(start_paused = true)]
async fn with_sources_that_work_every_gate_is_open() {
    for gate in gates(Mode::Works).await {
        let reading = read_within_deadline(&*gate).await;
        assert!(reading.is_open, "{}: {reading}", gate.name());
    }
}

#[tokio::test(start_paused = true)]
async fn each_gate_has_a_name_to_force_it_by() {
    let mut names: Vec<_> =
        gates(Mode::Works).await.iter().map(|gate| gate.name().to_owned()).collect();
    names.push(FleetSettled.name().to_owned());
    let expected = [
        "backfill_complete",
        "verified_within",
        "mismatch_rate_below",
        "error_rate_below",
        "latency_within",
        "rejections_zero",
        "repair_queue_empty",
        "fleet_settled",
    ];
    assert_eq!(names, expected);
}

#[tokio::test(start_paused = true)]
async fn a_gate_whose_source_fails_is_closed_and_says_why() {
    for gate in gates(Mode::Fails).await {
        let reading = World::of(1).read(&*gate).await;
        assert!(!reading.is_open, "{}", gate.name());
        assert!(reading.saw.contains("could not be asked"), "{}: {reading}", gate.name());
        assert!(reading.saw.ends_with("no route to host"), "{}: {reading}", gate.name());
    }
}

#[tokio::test(start_paused = true)]
async fn a_gate_whose_source_hangs_is_closed_at_the_deadline() {
    for gate in gates(Mode::Hangs).await {
        let began = Instant::now();
        let reading = read_within_deadline(&*gate).await;
        assert_eq!(reading.to_string(), "closed: no answer within 10s", "{}", gate.name());
        assert_eq!(began.elapsed(), READ_DEADLINE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_gate_whose_source_panics_is_closed() {
    for gate in gates(Mode::Panics).await {
        let reading = read_within_deadline(&*gate).await;
        assert_eq!(reading.to_string(), "closed: the gate panicked", "{}", gate.name());
    }
}

#[tokio::test(start_paused = true)]
async fn names_are_one_gate_s_each_in_snake_case_and_short() {
    let mut gates = gates(Mode::Works).await;
    gates.push(Box::new(FleetSettled));
    let names: BTreeSet<_> = gates.iter().map(|gate| gate.name().to_owned()).collect();
    assert_eq!(names.len(), gates.len());
    let is_plain = |name: &String| name.chars().all(|it| it.is_ascii_lowercase() || it == '_');
    assert!(names.iter().all(|name| is_plain(name) && name.len() <= 64), "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_gate_saw_fits_the_history_uncut() {
    let mut gates = gates(Mode::Works).await;
    gates.push(Box::new(FleetSettled));
    for gate in gates {
        let reading = read_within_deadline(&*gate).await;
        let evidence = Evidence::new(gate.name(), &reading.saw, false);
        assert_eq!((evidence.gate.as_str(), evidence.saw), (gate.name(), reading.saw));
    }
}
