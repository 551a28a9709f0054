//! Holes that a review found in the tracker and in the step: closed, and kept
//! closed.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use futures::FutureExt;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::phase::{
    Fleet, MigrationState, MigrationStateService, Move, MoveError, MoveId, Phase, PhaseTracker,
    Refused, TrackerError, take_step,
};

use crate::{Down, Service, name, start, started, step};

#[tokio::test(start_paused = true)]
async fn a_tracker_that_cannot_renew_its_lease_asks_no_more_often_than_it_polls() {
    let (service, tracker) = started().await;
    let following = tracker.clone();
    let worker = tokio::spawn(async move { following.run(std::future::pending()).await });
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    service.go(Some(Down::RefusesRenewals));
    step(&service, Phase::DualWrite).await;
    let before = service.calls_of("renew");
    tokio::time::sleep(Duration::from_secs(10)).await;
    let tried = service.calls_of("renew") - before;
    assert!((10..=12).contains(&tried), "{tried} times in ten polls");
    assert_eq!(tracker.state().base().phase, Phase::DualWrite, "it follows all the same");
    worker.abort();
}

#[tokio::test(start_paused = true)]
async fn a_start_without_a_state_gives_its_lease_back() {
    let service = Arc::new(Service::default());
    for _ in 0..3 {
        assert!(matches!(start(&service).await, Err(TrackerError::NoState { .. })));
    }
    assert_eq!(service.leases(&name()).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_loses_the_service_gives_its_lease_back() {
    let service = Arc::new(Service::default());
    service.create(&MigrationState::new(name())).await.unwrap();
    for down in [Down::RefusesStates, Down::RefusesRenewals] {
        service.go(Some(down));
        let error = start(&service).await.unwrap_err();
        assert!(error.is_retryable(), "{down:?} {error:?}");
        assert_eq!(service.leases(&name()).await.unwrap(), [], "{down:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_with_holds_keeps_its_lease() {
    let (service, tracker) = started().await;
    let hold = tracker.hold();
    tracker.poll().await.unwrap();
    let refused = tracker.release().await.unwrap_err();
    assert!(matches!(refused, TrackerError::Held { holds: 1 }), "{refused:?}");
    let moved = take_step(&*service, &name(), &Move::to(Phase::Cutover), None).await;
    let refused = matches!(moved, Err(MoveError::Refused(Refused::Held { holds: 1, .. })));
    assert!(refused, "nobody crosses meanwhile: {moved:?}");

    drop(hold);
    tracker.release().await.unwrap();
    assert_eq!(service.leases(&name()).await.unwrap(), []);
    step(&service, Phase::Cutover).await;
}

#[test]
fn a_node_that_closes_while_it_adopts_shows_the_newer_state_and_is_closed() {
    let first = MigrationState::new(name());
    let fleet = Fleet::default();
    let next = first.transition(&Move::to(Phase::Cutover), MoveId::fixed(1), &fleet).unwrap();
    let trackers: Vec<_> = (0..60_000).map(|_| PhaseTracker::detached(first.clone())).collect();
    let together = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for tracker in &trackers {
                together.wait();
                tracker.adopt(next.clone());
            }
        });
        for tracker in &trackers {
            together.wait();
            tracker.release().now_or_never().unwrap().unwrap();
        }
    });
    let shown = next.word().epoch();
    let wrong = trackers.iter().filter(|it| it.word().epoch() != shown || !it.word().is_closed());
    assert_eq!(wrong.count(), 0, "words that went back or opened");
}

/// A step whose answer is lost, and that somebody has moved on from before it is read
/// back.
async fn lost_and_moved_on_from(
    service: &Arc<Service>,
    remembers: bool,
) -> Result<MigrationState, MoveError> {
    service.effective.store(1, Ordering::SeqCst);
    let taking = service.clone();
    let taken = tokio::spawn(async move {
        take_step(&*taking, &name(), &Move::to(Phase::DualWrite), None).await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let found = service.current(&name()).await.unwrap().unwrap();
    if remembers {
        step(service, Phase::Shadow).await;
    } else {
        let later = MigrationState::new(name());
        let later = [Phase::DualWrite, Phase::Shadow].into_iter().fold(later, |state, to| {
            state.transition(&Move::to(to), MoveId::fixed(3), &Fleet::default()).unwrap()
        });
        service.compare_and_set(found.revision, &later).await.unwrap();
    }
    taken.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_answer_is_lost_and_that_others_moved_on_from_stands_in_the_history() {
    let (service, _) = started().await;
    assert_eq!(lost_and_moved_on_from(&service, true).await.unwrap().epoch(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_answer_is_lost_and_that_nobody_remembers_stays_in_doubt() {
    let (service, _) = started().await;
    let error = lost_and_moved_on_from(&service, false).await.unwrap_err();
    let MoveError::Service { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), StoreErrorKind::Unknown, "it was taken, for all one can see");
}

#[tokio::test(start_paused = true)]
async fn a_step_overtaken_between_its_two_looks_does_not_blame_the_store() {
    let (service, tracker) = started().await;
    let looking = service.look.lock().await;
    let taking = service.clone();
    let taken = tokio::spawn(async move {
        take_step(&*taking, &name(), &Move::to(Phase::DualWrite), None).await
    });
    tokio::task::yield_now().await;
    take_step(&service.inner, &name(), &Move::to(Phase::Shadow), None).await.unwrap();
    tracker.poll().await.unwrap();
    drop(looking);
    let error = taken.await.unwrap().unwrap_err();
    assert!(matches!(error, MoveError::Overtaken { .. }), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_refused_leaves_a_lease_that_says_why() {
    let (service, tracker) = started().await;
    let _hold = tracker.hold();
    assert!(matches!(tracker.release().await, Err(TrackerError::Held { holds: 1 })));
    assert!(!tracker.word().is_closed(), "it must be able to repair");
    let step = Move::to(Phase::Cutover);
    let refused = take_step(&*service, &name(), &step, None).await.unwrap_err();
    assert!(matches!(refused, MoveError::Refused(Refused::Held { holds: 1, .. })), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_released_node_registers_no_more() {
    let (service, tracker) = started().await;
    tracker.release().await.unwrap();
    assert!(matches!(tracker.poll().await, Err(TrackerError::Closed { .. })));
    assert!(service.leases(&name()).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_operator_that_dies_in_the_middle_of_a_step_leaves_one_that_another_can_take() {
    for polls in 0..8 {
        let (service, _tracker) = started().await;
        let dual_write = Move::to(Phase::DualWrite);
        let migration = name();
        let mut dying = Box::pin(take_step(&*service, &migration, &dual_write, None));
        for _ in 0..polls {
            if dying.as_mut().now_or_never().is_some() {
                break;
            }
        }
        drop(dying);
        let found = service.current(&migration).await.unwrap().unwrap().state;
        let next = step(&service, Phase::Shadow).await;
        assert_eq!(next.epoch(), found.epoch() + 1, "after {polls} polls");
        assert_eq!(next.base().phase, Phase::Shadow);
    }
}
