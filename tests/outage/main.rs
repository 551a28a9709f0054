//! An hour of a side that hangs, flaps or refuses, in paused time: nothing grows, and
//! it is used again within one half-open interval of being well.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hung_pages;
mod sickness;
mod traffic;

use std::time::Duration;

use strangler_fig::phase::{Phase, Side};
use strangler_fig::resilience::BreakerState;

use crate::sickness::Sickness;
use crate::traffic::{HALF_OPEN, TICK, Traffic, World, standard};

const MINUTE: Duration = Duration::from_secs(60);

/// What is held after ten minutes of an outage is held after sixty, give or take.
const SLACK: usize = 64 * 1_024;

/// What an hour came to.
#[derive(Debug)]
struct Hour {
    world: World,
    traffic: Traffic,
    grown: usize,
}

/// An hour of one side being sick, under steady traffic.
async fn hour(phase: Phase, side: Side, sickness: Sickness) -> Hour {
    let world = World::new(phase, Some(standard));
    let mut traffic = Traffic::new(&world);
    traffic.runs(MINUTE).await;
    let sick = tokio::spawn(sickness.befalls(world.store(side).clone()));
    traffic.runs(10 * MINUTE).await;
    let early = measure::held();
    for _ in 0..5 {
        traffic.runs(10 * MINUTE).await;
    }
    let grown = measure::held().saturating_sub(early);
    // It may be well again at any moment, in the middle of a probe that hangs, too.
    traffic.runs(sickness.last_breath()).await;
    sick.abort();
    world.store(side).heal();
    Hour { world, traffic, grown }
}

async fn an_hour_leaves_nothing_behind(phase: Phase, side: Side) {
    for sickness in Sickness::ALL {
        let Hour { world, mut traffic, grown } = hour(phase, side, sickness).await;
        let what = format!("{phase}, {side} {sickness:?}");
        assert!(grown < SLACK, "{what}: {grown} bytes more are held");
        traffic.is_within_bounds(&world, &what);
        let turns = world.policy(side).breaker().unwrap().generation();
        assert!(turns > 100, "{what}: its breaker has turned {turns} times");

        let well = tokio::time::Instant::now();
        while world.policy(side).breaker().unwrap().state() != BreakerState::Closed {
            traffic.runs(TICK).await;
            let since = well.elapsed();
            // Nobody probes between two ticks.
            assert!(since <= HALF_OPEN + 2 * TICK, "{what}: not used again after {since:?}");
        }
        let failed = traffic.failed();
        traffic.runs(MINUTE).await;
        assert_eq!(traffic.failed(), failed, "{what}: everything goes well again");
        world.rows.drained().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_sick_modern_side_of_a_dual_write_is_no_caller_s_trouble_for_an_hour() {
    for sickness in Sickness::ALL {
        let hour = hour(Phase::DualWrite, Side::Modern, sickness).await;
        assert_eq!(hour.traffic.failed(), 0, "{sickness:?}");
        assert!(hour.traffic.slowest() <= Duration::from_millis(100), "{sickness:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_a_sick_lenient_side_leaves_nothing_behind() {
    an_hour_leaves_nothing_behind(Phase::DualWrite, Side::Modern).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_a_sick_shadow_leaves_nothing_behind() {
    an_hour_leaves_nothing_behind(Phase::Shadow, Side::Modern).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_a_sick_primary_leaves_nothing_behind() {
    an_hour_leaves_nothing_behind(Phase::LegacyOnly, Side::Legacy).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_a_sick_side_of_strict_writes_leaves_nothing_behind() {
    an_hour_leaves_nothing_behind(Phase::Live, Side::Modern).await;
}

#[tokio::test(start_paused = true)]
async fn a_sick_store_is_left_alone() {
    for sickness in [Sickness::Hangs, Sickness::Refuses] {
        let hour = hour(Phase::LegacyOnly, Side::Legacy, sickness).await;
        let store = hour.world.store(Side::Legacy);
        let asked = store.reads() + store.applies();
        let made = hour.traffic.made();
        assert!(asked < made / 10, "{sickness:?}: {asked} calls for {made} operations");
    }
}

/// The control: without a policy, what hangs piles up, and this file's measures see it.
#[tokio::test(start_paused = true)]
async fn without_policies_a_side_that_hangs_piles_up() {
    let world = World::new(Phase::LegacyOnly, None);
    let mut traffic = Traffic::new(&world);
    world.store(Side::Legacy).always(strangler_fig::testkit::faults::Fault::Hang);
    traffic.runs(MINUTE).await;
    let early = measure::held();
    traffic.runs(MINUTE).await;
    assert!(measure::held() > early + SLACK);
    assert!(traffic.under_way() > 1_000);
}
