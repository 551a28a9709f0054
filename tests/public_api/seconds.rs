//! Every duration in JSON is a number of seconds, in a field whose name ends so.

use std::fmt::Debug;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use strangler_fig::backfill::Backfiller;
use strangler_fig::consistency::ConsistencyChecker;
use strangler_fig::controller::{MigrationController, Signals};
use strangler_fig::event::{FeedLag, OutboxDepth};
use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue, InMemoryStateService};
use strangler_fig::phase::{MigrationState, MigrationStateService, PhaseTracker, TrackerConfig};
use strangler_fig::reconcile::RepairDepth;
use strangler_fig::worker::{Eta, Progress};

use super::rows;

const TIME: Duration = Duration::from_millis(1_500);

/// The value as JSON, in which no duration is told in parts.
fn told<T: Serialize>(value: &T) -> Value {
    let text = serde_json::to_string(value).unwrap();
    for part in ["\"secs\"", "\"nanos\""] {
        assert!(!text.contains(part), "{text}");
    }
    serde_json::from_str(&text).unwrap()
}

/// The same of one that is read again.
fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Value {
    let told = told(value);
    assert_eq!(&serde_json::from_value::<T>(told.clone()).unwrap(), value);
    told
}

#[test]
fn what_is_made_by_hand_tells_seconds() {
    for oldest in [Some(TIME), None] {
        let depth = comes_back(&RepairDepth::new(1, 0, oldest));
        assert_eq!(depth["oldest_seconds"].as_f64(), oldest.map(|_| 1.5));
        let [lag, outbox] = [
            comes_back(&FeedLag::new(oldest, Some(1))),
            comes_back(&OutboxDepth::new(1, 0, oldest)),
        ];
        for told in [lag, outbox] {
            assert_eq!(told["oldest_seconds"].as_f64(), oldest.map(|_| 1.5));
        }
        let signals = Signals::default().with_latency(oldest, 7).with_latency_before(oldest, 7);
        let signals = comes_back(&signals);
        for name in ["latency_seconds", "latency_before_seconds"] {
            assert_eq!(signals[name].as_f64(), oldest.map(|_| 1.5), "{name}");
        }
        let mut progress = Progress::new(7);
        progress.eta = oldest.map_or(Eta::Unknown, Eta::In);
        let told = comes_back(&progress);
        assert_eq!(told["eta_seconds"].as_f64(), oldest.map(|_| 1.5));
        assert_eq!(comes_back(&progress.eta), told["eta_seconds"]);
    }
}

#[tokio::test(start_paused = true)]
async fn reports_tell_in_seconds_what_they_took() {
    let rows = rows();
    let checkpoints = Arc::new(InMemoryCheckpointStore::default());
    let queue = Arc::new(InMemoryRepairQueue::default());
    let backfiller = Backfiller::new(&rows, checkpoints, queue, "rows".parse().unwrap());
    let copied = backfiller.run(pending()).await.unwrap();
    assert_eq!(comes_back(&copied)["took_seconds"], copied.duration.as_secs_f64());
    let checked = ConsistencyChecker::new(&rows).full(pending()).await;
    assert_eq!(comes_back(&checked)["took_seconds"], checked.duration.as_secs_f64());
}

#[tokio::test(start_paused = true)]
async fn a_fleet_is_told_in_seconds() {
    let (service, name) = (Arc::new(InMemoryStateService::default()), "rows".parse().unwrap());
    service.create(&MigrationState::new(name)).await.unwrap();
    let (name, node) = ("rows".parse().unwrap(), "node-1".parse().unwrap());
    let config = TrackerConfig::default();
    let tracker = PhaseTracker::start(service.clone(), name, node, config).await.unwrap();
    tokio::time::advance(TIME).await;
    assert_eq!(told(&tracker.health())["followed_ago_seconds"], 1.5);
    let controller = MigrationController::new(service, "rows".parse().unwrap());
    controller.status().await.unwrap();
    tokio::time::advance(TIME).await;
    let status = told(&controller.status().await.unwrap());
    let seen = &status["nodes"][0];
    assert_eq!((&seen["interval_seconds"], &seen["term_seconds"]), (&1.0.into(), &Value::Null));
    assert!(seen["renewed_ago_seconds"].is_null() || seen["renewed_ago_seconds"].is_number());
}
