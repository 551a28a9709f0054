//! The operator's other duty: says of processes that have ended that they have.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::controller::{ControllerConfig, MigrationController, ProcessHasEnded};
use strangler_fig::phase::{Incarnation, MigrationStateService, NodeId};
use tokio::time::{sleep, timeout};

use super::link::Link;
use super::operator::request;
use super::process::Process;
use super::service::ReachedService;
use super::world::World;

/// Evicts who has ended, for as long as anybody wants.
pub(crate) async fn tidy(world: Arc<World>) {
    let process = Process::new(world.next_life());
    let (rates, rng) = (world.plan.service_rates, world.fork());
    let link = Link::new(&world.network, &process, "service", rates, rng);
    let service = Arc::new(ReachedService::new(&world.service, link, false));
    let config = ControllerConfig::default()
        .with_poll_interval(Duration::from_millis(200))
        .with_call_deadline(Duration::from_secs(2));
    let controller = MigrationController::new(service, world.name.clone()).with_config(config);
    let request = request();
    loop {
        sleep(Duration::from_millis(700)).await;
        for node in leftovers(&world).await {
            let evicting = controller.evict(ProcessHasEnded::of_life(node.clone()), &request);
            let evicted = timeout(Duration::from_secs(12), evicting).await;
            let is_gone = matches!(evicted, Ok(Ok(_)));
            world.network.trace.say(0, format_args!("{} evicted: {is_gone}", node.name));
        }
    }
}

async fn leftovers(world: &World) -> Vec<NodeId> {
    let leases = world.service.leases(&world.name).await.unwrap();
    let ended = world.ended.lock().unwrap();
    let has_ended = |node: &NodeId| {
        ended.iter().any(|life| Incarnation::fixed(u128::from(*life)) == node.incarnation)
    };
    leases.into_iter().map(|lease| lease.node).filter(has_ended).collect()
}
