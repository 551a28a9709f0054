//! Policies of sides with much to do: bugs of ours, each found by a test that failed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::observe::{Comparison, Event, Observer};
use strangler_fig::phase::{Phase, Share, Side};
use strangler_fig::resilience::{
    BreakerConfig, Bulkhead, CircuitBreaker, Fallback, Health, Judged, Policy,
};
use strangler_fig::testkit::faults::Fault;
use tokio::time::sleep;

use crate::support::{Ears, KEY, NEW, OLD, OTHER, World, behind, ms, n, stamp};

fn with(result: Comparison) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Compared { result: found, .. } if *found == result)
}

/// Only matches were counted where there was much to do, and a gate opened on them.
#[tokio::test(start_paused = true)]
async fn a_difference_waits_for_a_place_to_be_looked_at_again() {
    let (ears, policy) = (Arc::new(Ears::default()), Policy::standard("legacy"));
    let config = behind(&[(Side::Legacy, policy.clone())]).with_shadow_share(Share::WHOLE);
    let world = World::with(Phase::Shadow, config.with_observer(ears.clone()));
    world.put(&world.legacy, stamp(2), Some(OLD)).await;
    world.put(&world.modern, stamp(2), Some(OTHER)).await;
    let bulkhead = policy.bulkhead().unwrap();
    let mut busy = Vec::new();
    for _ in 0..40 {
        busy.push(bulkhead.acquire().await.unwrap());
    }
    for _ in 0..10 {
        world.rows.find(&KEY).await.unwrap();
    }
    sleep(ms(2_000)).await;
    drop(busy);
    world.rows.drained().await;
    assert_eq!(ears.count(with(Comparison::Mismatch)), 10);
}

#[tokio::test(start_paused = true)]
async fn a_difference_that_finds_no_place_is_noted_all_the_same() {
    let (ears, policy) = (Arc::new(Ears::default()), Policy::standard("legacy"));
    let config = behind(&[(Side::Legacy, policy.clone())]).with_shadow_share(Share::WHOLE);
    let world = World::with(Phase::Shadow, config.with_observer(ears.clone()));
    world.put(&world.legacy, stamp(2), Some(OLD)).await;
    let mut busy = Vec::new();
    for _ in 0..40 {
        busy.push(policy.bulkhead().unwrap().acquire().await.unwrap());
    }
    world.rows.find(&KEY).await.unwrap();
    world.rows.drained().await;
    assert_eq!(ears.count(with(Comparison::Failed)), 1);
    assert_eq!(world.noted(), ["mismatch"]);
}

#[tokio::test(start_paused = true)]
async fn a_comparison_takes_no_place_of_a_bulkhead_of_one() {
    let policy = Policy::new("modern").with_bulkhead(Bulkhead::new("modern", n(1)));
    let config = behind(&[(Side::Modern, policy.clone())]).with_shadow_share(Share::WHOLE);
    let world = World::with(Phase::Shadow, config);
    world.modern.always_read(Fault::Delay(ms(1_000)));
    world.rows.find(&KEY).await.unwrap();
    sleep(ms(10)).await;
    assert_eq!(policy.bulkhead().unwrap().under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn lenient_writes_leave_half_of_the_places_to_others() {
    let policy = Policy::standard("modern").with_try_deadline(ms(5_000));
    let world = World::with(Phase::DualWrite, behind(&[(Side::Modern, policy.clone())]));
    world.modern.always_apply(Fault::Delay(ms(900)));
    for key in 0..500 {
        let rows = world.rows.clone();
        tokio::spawn(async move { rows.save((1_000 + key, "x")).await });
    }
    sleep(ms(500)).await;
    for _ in 0..20 {
        world.rows.join(&KEY).await.unwrap();
        sleep(ms(20)).await;
    }
}

/// Without any deadline it waited for ever, neither answered nor noted.
#[tokio::test(start_paused = true)]
async fn the_rest_of_a_write_waits_for_a_place_for_half_a_minute_at_most() {
    let bulkhead = Bulkhead::new("modern", n(1));
    let policy = Policy::new("modern").with_bulkhead(bulkhead.clone());
    let world = World::with(Phase::Live, behind(&[(Side::Modern, policy.clone())]));
    world.legacy.always_apply(Fault::Delay(ms(50)));
    let saved = world.saving(NEW);
    sleep(ms(10)).await;
    let hung = bulkhead.acquire().await.unwrap();
    sleep(ms(31_000)).await;
    assert!(saved.is_finished());
    let error = saved.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unknown);
    assert_eq!(world.noted(), ["write_unknown"]);
    // What a policy of the caller's own would make of it.
    assert!(error.judgement().is_in_doubt());
    assert!(!Fallback::default().stands_in_for(error.judgement()));
    drop(hung);
}

#[derive(Debug)]
struct Panics;

impl Observer for Panics {
    fn on_event(&self, event: &Event) {
        assert!(!matches!(event, Event::BreakerTurned { to: "closed", .. }), "a bug of its own");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_ends_in_a_panic_after_it_was_stored_is_noted() {
    let breaker = BreakerConfig::default()
        .with_probes(n(1))
        .with_calls_min(n(1))
        .with_observer(Arc::new(Panics));
    let policy = Policy::new("legacy").with_breaker(CircuitBreaker::new("legacy", breaker));
    let world = World::with(Phase::DualWrite, behind(&[(Side::Legacy, policy.clone())]));
    policy.breaker().unwrap().acquire().unwrap().settle(Health::Sick);
    sleep(ms(5_000)).await;
    assert!(AssertUnwindSafe(world.rows.save(NEW)).catch_unwind().await.is_err());
    assert_eq!(world.values().await, (Some(NEW), None));
    assert_eq!(world.noted(), ["write_dropped"]);
}
