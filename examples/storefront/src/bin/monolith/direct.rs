//! What the monolith's own code writes to users behind the repository's back, followed until it is switched off.

use std::sync::Arc;
use std::time::Duration;

use adapters::mariadb::{ChangeMode, MariadbChangeFeed, MariadbDatabase};
use storefront::Failed;
use storefront::users::{HttpRepairQueue, Node};
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{LagSource, OutsideWriters, WritersAreOff};
use strangler_fig::phase::{NodeName, Phase};
use strangler_fig::replicator::{Replicator, ReplicatorConfig, ReplicatorError};
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
    let phase = node.tracker().state().base().phase;
    match direct {
        Switch::On if !legacy_counts(phase) => {
            return Err(
                format!("DIRECT_WRITES is on, and legacy is not what counts: {phase}").into()
            );
        }
        Switch::On => {
            feed.install().await?;
            feed.open().await?;
        }
        Switch::Off if is_lost(&feed).await => return Ok(()),
        Switch::Off => feed.close().await?,
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
            Switch::On => match replicator.run(over).await {
                Ok(report) => info!(%report, "replication has ended"),
                // Legacy is not what counts any more.
                Err(error @ ReplicatorError::Crossed { .. }) => {
                    info!(%error, "nothing is left to follow");
                }
                Err(error) => return Err(error.into()),
            },
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

const fn legacy_counts(phase: Phase) -> bool {
    matches!(phase, Phase::LegacyOnly | Phase::DualWrite | Phase::Shadow | Phase::Cutover)
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
