//! Sides behind policies: bugs of ours, each found by a test that failed.

use std::sync::Arc;

use futures::future::join_all;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::observe::Event;
use strangler_fig::phase::{Phase, Share, Side};
use strangler_fig::repository::Joined;
use strangler_fig::resilience::{
    BreakerConfig, BreakerState, Bulkhead, CircuitBreaker, Policy, Retry,
};
use strangler_fig::testkit::faults::Fault;
use tokio::time::{sleep, timeout};

use crate::support::{Ears, KEY, NEW, OLD, OTHER, World, behind, ms, n, stamp};

fn stubborn(name: &'static str, pause: u64) -> Policy {
    Policy::new(name)
        .with_retry(Retry::new(move || std::iter::repeat_n(ms(pause), 2)))
        .with_try_deadline(ms(100))
}

/// A side that recovers: strict writes are refused between their two writes, by probes of
/// their own reads.
#[tokio::test(start_paused = true)]
async fn strict_writes_are_not_left_in_doubt_by_a_side_that_is_well_again() {
    for probes in [3, 5] {
        let modern = Policy::new("modern")
            .with_breaker(CircuitBreaker::new(
                "modern",
                BreakerConfig::default().with_probes(n(probes)),
            ))
            .with_try_deadline(ms(1_000));
        let world = World::with(Phase::Live, behind(&[(Side::Modern, modern.clone())]));
        world.modern.always(Fault::Refuse(StoreErrorKind::Unavailable));
        for _ in 0..20 {
            let _ = world.rows.find(&KEY).await;
        }
        world.modern.heal();
        sleep(ms(5_000)).await;
        world.modern.always(Fault::Delay(ms(5)));
        let saves = join_all(
            (0..8)
                .map(|key| async move {
                    sleep(ms(u64::from(key))).await;
                    key
                })
                .map(|key| {
                    let rows = world.rows.clone();
                    async move { rows.save((key.await, "x")).await }
                }),
        )
        .await;
        let unknown = saves
            .iter()
            .filter(|it| it.as_ref().is_err_and(|e| e.kind() == StoreErrorKind::Unknown))
            .count();
        let ok = saves.iter().filter(|it| it.is_ok()).count();
        assert_eq!(
            unknown,
            0,
            "probes {probes}: {ok} ok, {unknown} in doubt of 8; {:?}",
            world.noted()
        );
    }
}

/// A sweep that meets the breaker of an outage that is over.
#[tokio::test(start_paused = true)]
async fn a_sweep_of_sides_that_are_well_is_clean_though_a_breaker_is_still_open() {
    let modern = Policy::standard("modern");
    let world = World::with(Phase::Cutover, behind(&[(Side::Modern, modern.clone())]));
    world.put(&world.legacy, stamp(2), Some(OLD)).await;
    world.put(&world.modern, stamp(2), Some(OTHER)).await;
    world.modern.always_read(Fault::Refuse(StoreErrorKind::Unavailable));
    while modern.breaker().unwrap().state() == BreakerState::Closed {
        let _ = world.rows.find(&9).await;
    }
    world.modern.heal();
    sleep(ms(100)).await;
    let report = world.sweep().run(world.ticket(), std::future::pending()).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

/// A read whose adapter answers `Unknown`: the fallback depends on there being a policy.
#[tokio::test(start_paused = true)]
async fn fallback_reads_do_not_depend_on_there_being_a_policy() {
    let mut answers = Vec::new();
    for sides in [vec![], vec![(Side::Legacy, Policy::new("legacy"))]] {
        let world = World::with(Phase::DualWrite, behind(&sides).with_fallback_reads());
        world.rows.save(NEW).await.unwrap();
        world.legacy.always_read(Fault::Refuse(StoreErrorKind::Unknown));
        answers.push(world.rows.read(&KEY).await.is_ok());
    }
    assert_eq!(answers[0], answers[1]);
}

/// A node closed while its write queues makes the call all the same.
#[tokio::test(start_paused = true)]
async fn a_node_closed_while_its_call_queues_makes_none() {
    let bulkhead = Bulkhead::new("legacy", n(1)).with_queue(4, ms(60_000));
    let world = World::with(
        Phase::LegacyOnly,
        behind(&[(Side::Legacy, Policy::new("legacy").with_bulkhead(bulkhead.clone()))]),
    );
    let place = bulkhead.acquire().await.unwrap();
    let saved = world.saving(NEW);
    sleep(ms(30_000)).await;
    world.tracker.release().await.unwrap();
    drop(place);
    let error = saved.await.unwrap().unwrap_err();
    assert_eq!(world.legacy.applies(), 0, "{error:?}");
}

/// Who leaves a queue has touched nothing.
#[tokio::test(start_paused = true)]
async fn a_write_dropped_in_the_queue_or_refused_is_not_noted() {
    let bulkhead = Bulkhead::new("legacy", n(1)).with_queue(400, ms(60_000));
    let world = World::with(
        Phase::DualWrite,
        behind(&[(Side::Legacy, Policy::new("legacy").with_bulkhead(bulkhead.clone()))]),
    );
    let _place = bulkhead.acquire().await.unwrap();
    for key in 0..100 {
        let _ = timeout(ms(10), world.rows.save((key, "x"))).await;
    }
    assert_eq!(world.noted().len(), 0);
    assert_eq!(world.legacy.applies(), 0);
}

/// Comparisons beside the callers, "who wait for none of it", fill the primary's bulkhead.
#[tokio::test(start_paused = true)]
async fn comparisons_refuse_no_caller() {
    let mut refused = Vec::new();
    for phase in [Phase::DualWrite, Phase::Shadow] {
        let sides = [Side::Legacy, Side::Modern].map(|side| (side, Policy::standard(side.name())));
        let config = behind(&sides).with_shadow_share(Share::WHOLE);
        let world = World::with(phase, config);
        world.put(&world.legacy, stamp(2), Some(OLD)).await;
        world.legacy.always_read(Fault::Delay(ms(200)));
        let callers = (0..60).map(|at| {
            let rows = world.rows.clone();
            tokio::spawn(async move {
                let mut failed = 0;
                sleep(ms(at * 7)).await;
                for _ in 0..100 {
                    failed += u32::from(rows.find(&KEY).await.is_err());
                    sleep(ms(10)).await;
                }
                failed
            })
        });
        let failed: u32 =
            join_all(callers.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).sum();
        refused.push(failed);
    }
    assert_eq!(refused, [0, 0], "of 5,000 reads each: without comparisons, with");
}

/// A burst of lenient writes beyond the bulkhead, each of which would have been done aside.
#[tokio::test(start_paused = true)]
async fn a_burst_of_lenient_writes_leaves_no_differences() {
    for sides in [vec![], vec![(Side::Modern, Policy::standard("modern"))]] {
        let world = World::with(Phase::DualWrite, behind(&sides));
        world.modern.always_apply(Fault::Delay(ms(150)));
        join_all((0..500).map(|key| {
            let rows = world.rows.clone();
            async move { rows.save((key, "x")).await }
        }))
        .await;
        world.rows.drained().await;
        assert_eq!(world.noted().len(), 0, "policies: {}", sides.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_settled_by_a_repeat_is_reported_as_one() {
    let world = World::with(Phase::DualWrite, behind(&[(Side::Modern, stubborn("modern", 10))]));
    world.put(&world.legacy, stamp(2), Some(OLD)).await;
    world.put(&world.modern, stamp(2), Some(OTHER)).await;
    world.modern.push_apply(Fault::FailAfter);
    assert_eq!(world.rows.join(&KEY).await.unwrap(), Joined::Settled);
}

#[tokio::test(start_paused = true)]
async fn the_observer_of_a_migration_hears_of_its_policies() {
    let ears = Arc::new(Ears::default());
    let sides = [(Side::Legacy, Policy::standard("legacy"))];
    let world = World::with(Phase::LegacyOnly, behind(&sides).with_observer(ears.clone()));
    world.legacy.always(Fault::Refuse(StoreErrorKind::Unavailable));
    for _ in 0..20 {
        world.rows.find(&KEY).await.unwrap_err();
    }
    let turned = |it: &Event| matches!(it, Event::BreakerTurned { breaker: "legacy", .. });
    let refused = Event::CallRefused { policy: "legacy", reason: "open" };
    assert_eq!(ears.count(turned), 1);
    assert!(ears.count(|it| *it == refused) > 0);
}
