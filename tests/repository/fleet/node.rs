//! A node of a fleet, behind policies or not.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::clock::{Clock, SkewedClock};
use strangler_fig::phase::{Incarnation, PhaseTracker, Share, Side, TrackerConfig};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::resilience::{
    BreakerConfig, Bulkhead, CircuitBreaker, Exponential, Policy, Retry,
};
use strangler_fig::stamp::{StampClock, WriterId};

use super::{Node, World};

/// Impatient, stubborn and touchy: tries that are given up, made again and refused.
pub(super) fn policies(seed: u64) -> [Policy; 2] {
    ["legacy", "modern"].map(|name| {
        let pauses = Exponential::between(Duration::from_millis(5), Duration::from_millis(300));
        let breaker = BreakerConfig::default()
            .with_calls_min(NonZeroU32::new(8).unwrap())
            .with_failure_rate(Share::percent(40))
            .with_open_for(Duration::from_millis(200));
        Policy::new(name)
            .with_deadline(Duration::from_millis(900))
            .with_retry(Retry::new(pauses.with_seed(seed)))
            .with_breaker(CircuitBreaker::new(name, breaker))
            .with_bulkhead(
                Bulkhead::new(name, NonZeroU32::new(6).unwrap())
                    .with_queue(4, Duration::from_millis(20)),
            )
            .with_try_deadline(Duration::from_millis(60))
    })
}

fn with_policies(config: MigrationConfig, [legacy, modern]: &[Policy; 2]) -> MigrationConfig {
    config.with_policy(Side::Legacy, legacy.clone()).with_policy(Side::Modern, modern.clone())
}

pub(super) async fn node(world: &World, number: u32, skew: i64, guarded: bool) -> Node {
    let config = TrackerConfig::default().with_incarnation(Incarnation::fixed(u128::from(number)));
    let node = format!("node-{number}").parse().unwrap();
    let tracker =
        PhaseTracker::start(world.service.clone(), world.name.clone(), node, config).await;
    let writer = WriterId::fixed(NonZeroU64::new(u64::from(number)).unwrap());
    let wall: Arc<dyn Clock> = world.wall.clone();
    let stamps = StampClock::with_writer(writer).with_clock(Arc::new(SkewedClock::new(wall, skew)));
    let config = MigrationConfig::default().with_shadow_share(Share::percent(50));
    let config = if guarded { with_policies(config, &world.policies) } else { config };
    let (legacy, modern) = (world.legacy.clone(), world.modern.clone());
    MigrationRepository::with_parts(legacy, modern, tracker.unwrap(), Arc::new(stamps), config)
        .unwrap()
}
