//! Somebody else at the controls: a second controller that moves as it likes.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::controller::{ControllerConfig, MigrationController};
use strangler_fig::phase::Phase;
use tokio::time::{sleep, timeout};

use super::link::Link;
use super::operator::request;
use super::process::Process;
use super::service::ReachedService;
use super::weather::Weather;
use super::world::World;

/// Moves while the weather is foul, until the migration is where it ends.
pub(crate) async fn meddle(world: Arc<World>, rng: Rng) {
    tokio::select! {
        biased;
        () = world.settled.is(true) => {}
        () = at_will(&world, rng) => {}
    }
}

async fn at_will(world: &World, mut rng: Rng) {
    let process = Process::new(world.next_life());
    let link = Link::new(&world.network, &process, "service", world.plan.service_rates, rng.fork());
    let service = Arc::new(ReachedService::new(&world.service, link, false));
    let config = ControllerConfig::default()
        .with_poll_interval(Duration::from_millis(100))
        .with_settle_wait(Duration::from_secs(4))
        .with_call_deadline(Duration::from_secs(2))
        .with_drift_margin(Duration::from_millis(500));
    let config = if world.plan.is_single() {
        config.accepting_process_scope("node-0".parse().unwrap())
    } else {
        config
    };
    let controller = MigrationController::new(service, world.name.clone()).with_config(config);
    let request = request();
    loop {
        sleep(Duration::from_millis(rng.u64(0..3_000))).await;
        let (what, phase) = (rng.u8(0..4), Phase::ALL[rng.usize(0..Phase::ALL.len())]);
        if world.network.weather() != Weather::Foul {
            continue;
        }
        world.network.trace.say(process.life, format_args!("the rival does {what}"));
        let moving = async {
            let _ = match what {
                0 => controller.roll_back(&request).await,
                1 => controller.advance(&request).await,
                _ => controller.advance_to(phase, &request).await,
            };
        };
        let _ = timeout(Duration::from_millis(rng.u64(100..8_000)), moving).await;
    }
}
