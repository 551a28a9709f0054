//! A node that goes on in the very moment in which it is taken for gone.

use std::sync::Arc;

use strangler_fig::controller::{Advanced, ControllerConfig, ControllerError};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::phase::{
    MigrationState, MigrationStateService, Phase, PhaseTracker, TrackerConfig,
};
use strangler_fig::reconcile::Sweep;
use strangler_fig::repository::MigrationRepository;
use strangler_fig::testkit::faults::{Fault, FaultyRepository};
use strangler_fig::testkit::history::{HistoryRecorder, Verdict, check};

use crate::support::{
    MARGIN, SECOND, Service, Spoilt, TERM, controller, fenced, following, name, request, start,
};

type Side = FaultyRepository<InMemoryRepository<u32, (u32, u32)>>;
type Rows = MigrationRepository<Side, Side>;

/// A fenced node in `Live` stops in the middle of a round, and goes on when its lease
/// is about to be taken; a rollback waits for it.
async fn judged(
    ignores_the_lease: bool,
) -> (Result<Advanced, ControllerError>, Verdict<u32, (u32, u32)>) {
    let service = Arc::new(Service { ignores_the_lease, ..Service::default() });
    service.create(&MigrationState::new(name())).await.unwrap();
    let [legacy, modern] = [(); 2].map(|()| Side::new(InMemoryRepository::new(|row| row.0)));
    let rows =
        |tracker: Arc<PhaseTracker>| Rows::new(legacy.clone(), modern.clone(), tracker).unwrap();
    let stays = rows(start(&service, "stays", 1, TrackerConfig::default()).await);
    let stops = rows(start(&service, "stops", 2, fenced()).await);
    let follower = following(stays.tracker());
    let stopping = following(stops.tracker());
    let config = ControllerConfig::default().with_drift_margin(MARGIN).with_settle_wait(TERM * 2);
    let controller =
        controller(&service).with_config(config).with_sweeper(Arc::new(Sweep::new(&stays)));
    controller.advance_to(Phase::Live, &request()).await.unwrap();
    tokio::time::sleep(SECOND * 3).await;
    stopping.abort();

    let recorder = HistoryRecorder::new();
    let write = recorder.invoke_write(1, Some((1, 1)));
    stays.save((1, 1)).await.unwrap();
    write.ok();
    let on_the_way = service.current(&name()).await.unwrap().unwrap();
    *service.spoilt.lock().unwrap() = Some(Spoilt::Round(stops.tracker().clone(), on_the_way));
    let moved = controller.roll_back(&request()).await;
    tokio::time::sleep(SECOND * 2).await;

    modern.always_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    let write = recorder.invoke_write(1, Some((1, 2)));
    match stays.save((1, 2)).await {
        Ok(()) => write.ok(),
        Err(_) => write.unknown(),
    }
    for reader in [&stays, &stops] {
        let read = recorder.invoke_read(1);
        if let Ok(row) = reader.find(&1).await {
            read.read(row);
        }
    }
    follower.abort();
    (moved, check(&recorder.history()))
}

#[tokio::test(start_paused = true)]
async fn it_is_not_evicted_and_nobody_crosses() {
    let (moved, verdict) = judged(false).await;
    assert!(matches!(moved, Err(ControllerError::Waiting { .. })), "{moved:?}");
    assert!(verdict.is_linearizable(), "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_evicts_it_all_the_same_is_found_out() {
    let (moved, verdict) = judged(true).await;
    assert!(moved.is_ok(), "{moved:?}");
    assert!(!verdict.is_linearizable(), "{verdict}");
}
