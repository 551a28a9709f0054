//! What the monolith's own code writes to users behind the repository's back, followed until it is switched off.

use std::sync::Arc;
use std::time::Duration;

use adapters::mariadb::{ChangeMode, MariadbChangeFeed, MariadbDatabase};
use storefront::Failed;
use storefront::users::{HttpRepairQueue, Node};
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{LagSource, OutsideWriters, WritersAreOff};
use strangler_fig::phase::{MigrationState, NodeName, PartName, Phase, Side, primary};
use strangler_fig::replicator::{Replicator, ReplicatorConfig};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::Users;
use crate::switch::Switch;

/// The place in the fleet of all code that writes directly.
const WRITERS: &str = "direct-writers";
const POLL: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(500);

type Follower = Replicator<
    MariadbChangeFeed,
    adapters::mariadb::MariadbRepository,
    storefront::users::RemoteUsers,
>;

/// While they write, what they change is carried over to modern. Once they are off, the database refuses them, and when what is
/// left was carried over, they give up the place in the fleet that held up crossings.
pub(crate) async fn follow(
    node: &mut Node,
    users: &Users,
    database: MariadbDatabase,
    repairs: Arc<HttpRepairQueue>,
    direct: Switch,
) -> Result<(), Failed> {
    let feed = Arc::new(MariadbChangeFeed::new(database, ChangeMode::Stamped));
    match (direct, beyond_legacy(&node.tracker().state())) {
        (Switch::On, Some(phase)) => {
            let why = format!("DIRECT_WRITES is on, and legacy is not what counts: {phase}");
            return Err(why.into());
        }
        (Switch::On, None) => {
            feed.install().await?;
            feed.open().await?;
        }
        (Switch::Off, _) if is_lost(&feed).await => return Ok(()),
        (Switch::Off, _) => feed.close().await?,
    }
    let (name, migration): (NodeName, _) =
        (WRITERS.parse()?, node.tracker().state().name().clone());
    let writers = OutsideWriters::register(node.service().clone(), migration, name).await?;
    let config =
        ReplicatorConfig::default().with_poll_interval(POLL).with_observer(node.observer().clone());
    let replicator = Replicator::new(users, feed.clone(), repairs)
        .with_config(config)
        .with_outside(writers.clone());
    node.workers().run(move |over| async move {
        match direct {
            Switch::On => {
                let report = replicator.run(over).await?;
                info!(%report, "replication has ended");
            }
            Switch::Off => {
                tokio::select! {
                    () = over => {}
                    () = retired(&replicator, &feed, &writers) => {}
                }
            }
        }
        Ok(())
    });
    Ok(())
}

/// Where a part is in which legacy is not what counts: what is written to legacy alone would be lost there.
fn beyond_legacy(state: &MigrationState) -> Option<Phase> {
    let parts = [PartName::Base, PartName::Cohort].into_iter();
    let beyond = parts.filter_map(|name| state.part(name)).find(|part| {
        part.phase == Phase::Halted || primary(part.phase, part.entered_from) == Side::Modern
    });
    beyond.map(|part| part.phase)
}

/// Whether nothing is there to be followed.
async fn is_lost(feed: &MariadbChangeFeed) -> bool {
    let lag: Result<_, StoreError> = feed.lag().await;
    matches!(lag, Err(error) if error.kind() == StoreErrorKind::Rejected)
}

async fn retired(replicator: &Follower, feed: &MariadbChangeFeed, writers: &OutsideWriters) {
    let actor = "monolith".parse().expect("it is an actor");
    let reason = "direct writes are off".parse().expect("it is a reason");
    loop {
        if let Err(error) = replicator.catch_up(std::future::pending()).await {
            warn!(%error, "what was written directly is not carried over yet");
        }
        let off = WritersAreOff::of(writers.name().clone());
        match writers.retire(feed, off, &actor, &reason).await {
            Ok(()) => break,
            Err(error) => warn!(%error, "direct writers keep their place"),
        }
        sleep(PAUSE).await;
    }
    match feed.remove().await {
        Ok(()) => info!("direct writers are off"),
        Err(error) => warn!(error = error.with_causes(), "the triggers stay for now"),
    }
}

#[cfg(test)]
mod tests {
    use strangler_fig::controller::{ChangeRequest, MigrationController, Target};
    use strangler_fig::memory::{InMemoryRepository, InMemoryStateService};
    use strangler_fig::phase::{MigrationStateService as _, PhaseTracker, Share, TrackerConfig};
    use strangler_fig::reconcile::Sweep;
    use strangler_fig::repository::MigrationRepository;

    use super::*;

    #[tokio::test]
    async fn a_cohort_that_has_crossed_is_beyond_legacy_and_so_is_its_way_back() {
        let service = Arc::new(InMemoryStateService::default());
        let state = MigrationState::new("customers".parse().unwrap());
        service.create(&state).await.unwrap();
        let (name, node) = (state.name().clone(), "node-1".parse().unwrap());
        let config = TrackerConfig::default().with_poll_interval(Duration::from_millis(10));
        let tracker =
            PhaseTracker::start(service.clone(), name.clone(), node, config).await.unwrap();
        let follower = tracker.clone();
        tokio::spawn(async move { follower.run(std::future::pending()).await });
        let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|it: &(u32, u32)| it.0));
        let users = MigrationRepository::new(legacy, modern, tracker).unwrap();
        let controller = MigrationController::new(service.clone(), name.clone())
            .with_sweeper(Arc::new(Sweep::new(&users)));
        let why = ChangeRequest::new("ann".parse().unwrap(), "a test".parse().unwrap());
        let seen = async |target| {
            controller.advance_to(target, &why).await.unwrap();
            beyond_legacy(&service.current(&name).await.unwrap().unwrap().state)
        };

        assert_eq!(seen(Target::Whole(Phase::Shadow)).await, None);
        controller.set_share(Share::percent(10), &why).await.unwrap();
        assert_eq!(seen(Target::Cohort(Phase::Cutover)).await, None);
        assert_eq!(seen(Target::Cohort(Phase::Live)).await, Some(Phase::Live));
        assert_eq!(seen(Target::Cohort(Phase::Cutover)).await, Some(Phase::Cutover));
        assert_eq!(seen(Target::Cohort(Phase::Shadow)).await, None);
    }
}
