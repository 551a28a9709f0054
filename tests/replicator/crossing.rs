//! Where legacy is not what counts, nothing is carried over.

use std::future::pending;
use std::sync::atomic::Ordering;
use std::time::Duration;

use strangler_fig::phase::{Move, Phase, PhaseTracker};
use strangler_fig::replicator::ReplicatorError;

use crate::support::{World, after, settled, state_in};

#[tokio::test(start_paused = true)]
async fn it_runs_in_the_legacy_family_and_in_a_cutover_entered_from_it() {
    for phase in [Phase::LegacyOnly, Phase::DualWrite, Phase::Shadow, Phase::Cutover] {
        let world = World::new(phase);
        world.outside((1, "new"));
        assert_eq!(world.catch_up().await.copied, 1, "{phase}");
        assert_eq!(world.values(1).await, [Some("new"); 2], "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_refuses_once_keys_have_crossed() {
    for at in [Phase::Live, Phase::RampDown, Phase::Halted] {
        let world = World::new(at);
        world.outside((1, "new"));
        for ended in [
            world.replicator().run(pending()).await.unwrap_err(),
            world.replicator().catch_up(pending()).await.unwrap_err(),
        ] {
            assert!(
                matches!(ended, ReplicatorError::Crossed { phase, .. } if phase == at),
                "{ended}"
            );
            assert!(!ended.is_retryable());
        }
        assert_eq!((world.modern.inner().records().len(), world.pending().await), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn it_refuses_in_a_cutover_on_the_way_back() {
    let live = state_in(Phase::Live);
    let back = after(&live, &Move::to(Phase::Cutover));
    let world = World::with_tracker(PhaseTracker::detached(back));
    world.outside((1, "new"));
    let ended = world.replicator().catch_up(pending()).await.unwrap_err();
    assert!(matches!(ended, ReplicatorError::Crossed { phase: Phase::Cutover, .. }), "{ended}");
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_keys_cross_under_it() {
    let tracker = PhaseTracker::detached(state_in(Phase::Cutover));
    let world = World::with_tracker(tracker.clone());
    world.outside((1, "before"));
    let replicator = world.replicator();
    let crossing = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let state = tracker.state();
        let swept = state.begin_sweep(&settled(&state)).finish(0, 0);
        let state = after(&state, &Move::Complete(swept));
        tracker.adopt(after(&state, &Move::to(Phase::Live)));
        world.outside((2, "after"));
    };
    let (ended, ()) = tokio::join!(replicator.run(pending()), crossing);
    let ended = ended.unwrap_err();
    assert!(matches!(ended, ReplicatorError::Crossed { phase: Phase::Live, .. }), "{ended}");
    assert_eq!((ended.report().copied, world.values(2).await[1]), (1, None));
}

/// A page that was asked for before the keys crossed is not carried over after it.
#[tokio::test(start_paused = true)]
async fn what_the_feed_tells_after_the_crossing_is_left() {
    let tracker = PhaseTracker::detached(state_in(Phase::Cutover));
    let world = World::with_tracker(tracker.clone());
    world.outside_stamped(1, Some((1, "late"))).await;
    world.feed.is_slow.store(true, Ordering::Relaxed);
    let replicator = world.replicator();
    let crossing = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let state = tracker.state();
        let swept = state.begin_sweep(&settled(&state)).finish(0, 0);
        let state = after(&state, &Move::Complete(swept));
        tracker.adopt(after(&state, &Move::to(Phase::Live)));
    };
    let (ended, ()) = tokio::join!(replicator.run(pending()), crossing);
    let ended = ended.unwrap_err();
    assert!(matches!(ended, ReplicatorError::Crossed { phase: Phase::Live, .. }), "{ended}");
    assert_eq!((world.modern.inner().records(), world.pending().await), (vec![], 1));
}
