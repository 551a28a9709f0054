//! Stores, feeds and queues that are away, and replicators that are dropped.

use std::collections::BTreeSet;
use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::observe::Event;
use strangler_fig::phase::Phase;
use strangler_fig::reconcile::Reconciler;
use strangler_fig::replicator::{ReplicatorConfig, ReplicatorError};
use strangler_fig::testkit::faults::{Fault, FaultPlan};
use strangler_fig::worker::WorkerControl;

use crate::support::{HOUR, World};

const AWAY: Fault = Fault::Refuse(StoreErrorKind::Unavailable);

fn with_changes(keys: u32) -> World {
    let world = World::new(Phase::DualWrite);
    for key in 0..keys {
        world.outside((key, "new"));
    }
    world
}

#[tokio::test(start_paused = true)]
async fn while_modern_is_away_nothing_is_settled_and_nothing_noted() {
    for kind in [StoreErrorKind::Unavailable, StoreErrorKind::Unknown] {
        let world = with_changes(50);
        world.modern.always(Fault::Refuse(kind));
        let report = world.run_for(HOUR).await;
        assert!(report.held > 10 && report.pages == 0, "{report}");
        assert_eq!((world.pending().await, world.waiting().await.len()), (50, 0));
        world.modern.heal();
        let report = world.catch_up().await;
        assert_eq!((report.copied + report.level, world.pending().await), (50, 0));
        assert_eq!(world.modern.inner().records(), world.legacy.inner().records());
    }
}

#[tokio::test(start_paused = true)]
async fn catching_up_ends_when_modern_stays_away() {
    let world = with_changes(3);
    world.modern.always(AWAY);
    let ended = world.replicator().catch_up(pending()).await.unwrap_err();
    assert!(matches!(ended, ReplicatorError::Held { .. }) && ended.is_retryable(), "{ended}");
    assert_eq!(ended.report().held, 9);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_fails_while_others_go_is_noted_and_holds_up_nothing() {
    let world = with_changes(1);
    // The first try of the first key fails, the other key goes, and so do the other tries of the first fail.
    let config = ReplicatorConfig::default().with_concurrency(NonZeroUsize::MIN);
    let replicator = world.replicator().with_config(config);
    for fault in [Some(AWAY), None, Some(AWAY), Some(AWAY), Some(AWAY)] {
        world.modern.push_read(fault);
    }
    world.outside((1, "other"));
    let report = replicator.catch_up(pending()).await.unwrap();
    assert_eq!((report.copied, report.noted, report.held), (1, 1, 0), "{report}");
    assert_eq!(world.waiting().await[0].reason, "unavailable");
    assert_eq!(world.pending().await, 0);
}

/// Nothing but changes of a key that gets no answer: they are noted, and what comes after them goes.
#[tokio::test(start_paused = true)]
async fn a_bad_key_alone_is_noted_and_holds_up_nothing() {
    let world = World::new(Phase::DualWrite);
    world.modern.inner().spoil_writes(1);
    for key in [1, 1, 1, 2] {
        world.outside((key, "new"));
    }
    let small = ReplicatorConfig::default().with_page_size(NonZeroUsize::MIN);
    let report = world.replicator().with_config(small).catch_up(pending()).await.unwrap();
    assert_eq!((report.copied, report.noted, world.pending().await), (1, 3, 0), "{report}");
    assert_eq!(world.waiting().await[0].reason, "unavailable");
    assert_eq!(world.values(2).await, [Some("new"); 2]);

    world.modern.inner().mend();
    let reconciler = Reconciler::new(&world.rows, world.repairs.clone());
    assert_eq!(reconciler.drain(pending()).await.unwrap().copied, 1);
    assert_eq!(world.values(1).await, [Some("new"); 2], "its change was not lost");
}

#[tokio::test(start_paused = true)]
async fn a_bad_key_that_cannot_even_be_read_is_noted_if_another_has_gone_before() {
    for is_record in [false, true] {
        let world = World::new(Phase::DualWrite);
        let replicator = world.replicator();
        world.outside((2, "good"));
        assert_eq!(replicator.catch_up(pending()).await.unwrap().copied, 1);
        if is_record {
            world.outside_stamped(1, Some((1, "bad"))).await;
        } else {
            world.outside((1, "bad"));
        }
        world.modern.inner().spoil(1);
        let report = replicator.catch_up(pending()).await.unwrap();
        assert_eq!((report.noted, report.held), (1, 3), "{report}");
        assert_eq!((world.waiting().await.len(), world.pending().await), (1, 0));
    }
}

/// It remembers nothing of what went before it began: another row of legacy shows that the stores are there.
#[tokio::test(start_paused = true)]
async fn after_a_restart_a_bad_key_alone_is_noted_too() {
    let world = World::new(Phase::DualWrite);
    world.outside((2, "good"));
    world.catch_up().await;
    world.modern.inner().spoil(1);
    world.outside((1, "bad"));
    let report = world.run_for(HOUR).await;
    assert_eq!((report.noted, report.held), (1, 3), "{report}");
    assert_eq!((world.waiting().await.len(), world.pending().await), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_no_key_is_taken_for_a_bad_one_while_modern_takes_nothing() {
    let world = World::new(Phase::DualWrite);
    world.outside((2, "good"));
    world.catch_up().await;
    world.outside((1, "new"));
    world.modern.always_apply(AWAY);
    let report = world.run_for(HOUR).await;
    assert!(report.held > 10 && report.noted == 0, "{report}");
}

/// Some key went before; that does not say that modern is there now, or takes anything.
#[tokio::test(start_paused = true)]
async fn while_modern_is_away_or_takes_nothing_no_key_is_taken_for_a_bad_one() {
    for takes_nothing in [false, true] {
        let world = World::new(Phase::DualWrite);
        let replicator = world.replicator();
        world.outside((1, "good"));
        replicator.catch_up(pending()).await.unwrap();
        world.outside((2, "new"));
        if takes_nothing {
            world.modern.always_apply(AWAY);
        } else {
            world.modern.always(AWAY);
        }
        let report = replicator.run(tokio::time::sleep(HOUR)).await.unwrap();
        assert!(report.held > 10 && report.noted == 0, "{report}");
        assert_eq!(world.pending().await, 1);
        world.modern.heal();
        assert_eq!(replicator.catch_up(pending()).await.unwrap().copied, 1);
    }
}

/// The lags that were told.
fn lags(world: &World) -> Vec<Option<Duration>> {
    let lag = |event: &Event| match event {
        Event::ReplicationLag { lag, .. } => Some(*lag),
        _ => None,
    };
    world.told.events().iter().filter_map(lag).collect()
}

/// What was told to have failed.
fn failures(world: &World) -> BTreeSet<(&'static str, &'static str)> {
    let failed = |event: &Event| match event {
        Event::ReplicationFailed { what, reason } => Some((*what, *reason)),
        _ => None,
    };
    world.told.events().iter().filter_map(failed).collect()
}

#[tokio::test(start_paused = true)]
async fn how_far_it_is_behind_is_told_though_nothing_goes() {
    let world = with_changes(1);
    world.modern.always(AWAY);
    let report = world.run_for(24 * HOUR).await;
    assert!(report.held > 1_000 && report.pages == 0, "{report}");
    assert_eq!(failures(&world), [("page", "unavailable")].into());
    let lags = lags(&world);
    assert!(lags.len() > 1_000, "{}", lags.len());
    assert!(lags.is_sorted() && lags.last().unwrap().unwrap() > 23 * HOUR, "{:?}", lags.last());
}

#[tokio::test(start_paused = true)]
async fn how_far_it_is_behind_is_told_while_it_pauses() {
    let world = with_changes(1);
    let control = WorkerControl::new();
    control.pause();
    let replicator = world.replicator().with_control(control);
    replicator.run(tokio::time::sleep(HOUR)).await.unwrap();
    assert!(lags(&world).last().unwrap().unwrap() > Duration::from_secs(3_500));
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_panics_is_asked_again() {
    let world = World::new(Phase::DualWrite);
    world.feed.is_broken.store(true, Ordering::Relaxed);
    let replicator = world.replicator();
    let writing = async {
        tokio::time::sleep(HOUR / 2).await;
        world.outside((1, "new"));
    };
    let running = replicator.run(tokio::time::sleep(HOUR));
    let (report, ()) = tokio::join!(running, writing);
    assert_eq!(report.unwrap().copied, 1);
    assert_eq!(replicator.status().await.unwrap_err().kind(), StoreErrorKind::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_away_is_awaited_and_one_that_is_lost_is_not() {
    let world = with_changes(5);
    world.feed.is_away.store(true, Ordering::Relaxed);
    let ended = world.replicator().catch_up(pending()).await.unwrap_err();
    assert!(matches!(ended, ReplicatorError::Feed { .. }) && ended.is_retryable(), "{ended}");
    let report = world.run_for(HOUR).await;
    assert!(report.held > 10, "{report}");
    let away = [("feed", "unavailable"), ("lag", "unavailable")];
    assert_eq!(failures(&world), away.into(), "an observer may alarm");
    world.feed.is_away.store(false, Ordering::Relaxed);
    assert_eq!(world.catch_up().await.copied, 5);

    world.feed.is_lost.store(true, Ordering::Relaxed);
    let ended = world.replicator().run(pending()).await.unwrap_err();
    assert!(matches!(ended, ReplicatorError::Feed { .. }) && !ended.is_retryable(), "{ended}");
    assert!(failures(&world).contains(&("feed", "rejected")));
}

#[tokio::test(start_paused = true)]
async fn a_settlement_in_doubt_is_made_again() {
    let world = with_changes(5);
    world.feed.doubts.store(2, Ordering::Relaxed);
    let report = world.catch_up().await;
    assert_eq!((report.copied, report.held, world.pending().await), (5, 0, 0), "{report}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_noted_is_not_settled() {
    let world = World::new(Phase::DualWrite);
    world.feed.log.spoil(vec![1], "no column");
    world.repairs.is_full.store(true, Ordering::Relaxed);
    let ended = world.replicator().catch_up(pending()).await.unwrap_err();
    assert!(matches!(ended, ReplicatorError::Held { .. }), "{ended}");
    assert_eq!(world.pending().await, 1);
    world.repairs.is_full.store(false, Ordering::Relaxed);
    assert_eq!(world.catch_up().await.noted, 1);
}

#[tokio::test(start_paused = true)]
async fn it_resumes_after_a_drop_at_any_point() {
    for polls in 0..400 {
        let world = with_changes(20);
        world.modern.always(Fault::Delay(Duration::from_millis(1)));
        let replicator = world
            .replicator()
            .with_config(ReplicatorConfig::default().with_page_size(NonZeroUsize::new(7).unwrap()));
        let mut running = Box::pin(replicator.catch_up(pending()));
        let mut is_done = false;
        for _ in 0..polls {
            if futures::poll!(&mut running).is_ready() {
                is_done = true;
                break;
            }
            tokio::time::advance(Duration::from_micros(500)).await;
        }
        drop(running);
        world.modern.heal();
        world.catch_up().await;
        assert_eq!(world.modern.inner().records(), world.legacy.inner().records(), "{polls}");
        assert_eq!(world.pending().await, 0);
        if is_done {
            return;
        }
    }
    panic!("it was never dropped after its end");
}

#[tokio::test(start_paused = true)]
async fn it_pauses_and_stops_when_told() {
    let world = with_changes(5);
    let control = WorkerControl::new();
    let replicator = world.replicator().with_control(control.clone());
    control.pause();
    let report = replicator.run(tokio::time::sleep(HOUR)).await.unwrap();
    assert_eq!((report.pages, world.pending().await), (0, 5));
    control.stop();
    assert_eq!(replicator.run(pending()).await.unwrap().pages, 0);
}

/// Whatever fails, and lands later than it said, nothing is lost: what the feed has settled is in modern, or noted.
#[tokio::test(start_paused = true)]
async fn with_stores_that_fail_in_every_way_modern_ends_as_legacy_is() {
    for seed in 0..40 {
        let world = World::new(Phase::DualWrite);
        for side in [&world.legacy, &world.modern] {
            let plan = FaultPlan::seeded(seed)
                .with(150, AWAY)
                .with(100, Fault::FailAfter)
                .with(100, Fault::LandLater(Duration::from_millis(700)))
                .with(50, Fault::Panic)
                .with(20, Fault::Refuse(StoreErrorKind::Rejected));
            side.follow(plan);
        }
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..30 {
            for _ in 0..random.usize(0..6) {
                let key = random.u32(0..5);
                match random.u8(0..4) {
                    0 => world.outside_deletes(key),
                    1 => {
                        world.outside_stamped(key, Some((key, "stamped"))).await;
                    }
                    _ => world.outside((key, "plain")),
                }
            }
            world.run_for(Duration::from_millis(random.u64(1..900))).await;
        }
        for side in [&world.legacy, &world.modern] {
            side.heal();
        }
        world.catch_up().await;
        tokio::time::sleep(HOUR).await;
        let reconciler = Reconciler::new(&world.rows, world.repairs.clone());
        reconciler.drain(pending()).await.unwrap();
        for key in 0..5 {
            let [legacy, modern] = world.values(key).await;
            assert_eq!(legacy, modern, "seed {seed}, key {key}");
        }
    }
}
