use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adapters::postgres::{PostgresDatabase, PostgresStateService};
use axum::Router;
use strangler_fig::observe::Observer;
use strangler_fig::phase::{
    MigrationName, MigrationStateService, NodeName, OutagePolicy, PhaseTracker, TrackerConfig,
};
use strangler_fig::reconcile::{Reconciler, ReconcilerConfig, RepairQueue};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::resilience::{Exponential, Jitter};
use strangler_fig::stamp::StampClock;
use tokio::time::sleep;
use tokio_postgres::error::SqlState;
use tracing::{info, warn};

use super::Side;
use crate::Failed;
use crate::chassis::{
    Readiness, Telemetry, Workers, checked, refusal, required, serve_until, until_failed,
    with_causes,
};

/// The migration, as the commands of the runbook call it.
const MIGRATION: &str = "customers";
const POLL: Duration = Duration::from_millis(200);
/// A node that was killed, or stopped, holds up nobody for much longer; and one that goes on answers nothing by then.
const TERM: Duration = Duration::from_secs(3);
/// How long the store of the state may take to answer.
const STATE_DEADLINE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(500);
/// How long a repair may take. Five times as long does what was being repaired wait for another when its process is killed, and so
/// does every crossing.
const REPAIR: Duration = Duration::from_secs(2);

/// A process in the fleet of the migration: its lease, and its workers.
#[derive(Debug)]
pub struct Node {
    service: Arc<dyn MigrationStateService>,
    tracker: Arc<PhaseTracker>,
    observer: Arc<dyn Observer>,
    workers: Workers,
}

impl Node {
    /// Takes a place as `NODE`, by the state at `STATE_URL`; waits for both store and state.
    ///
    /// # Errors
    ///
    /// A setting is missing, or says nothing that could be meant; or the server of the state refuses us.
    pub async fn join(telemetry: &Telemetry) -> Result<Self, Failed> {
        let (name, database): (NodeName, _) = (required("NODE")?, state_database()?);
        let observer: Arc<dyn Observer> = telemetry.observer(Some(MIGRATION));
        let started = patiently(async || started(&database, &name, &observer).await);
        let (service, tracker) = started.await?;
        Ok(Self { service, tracker, observer, workers: Workers::default() })
    }

    /// This process's copy of the state.
    #[must_use]
    pub const fn tracker(&self) -> &Arc<PhaseTracker> {
        &self.tracker
    }

    /// Where the state is.
    #[must_use]
    pub const fn service(&self) -> &Arc<dyn MigrationStateService> {
        &self.service
    }

    /// Who is told everything.
    #[must_use]
    pub const fn observer(&self) -> &Arc<dyn Observer> {
        &self.observer
    }

    /// Users on both sides. What goes wrong with them is noted in `repairs`, and repaired, from now on.
    ///
    /// # Errors
    ///
    /// There is no entropy.
    pub fn users<L: Side, M: Side>(
        &mut self,
        legacy: L,
        modern: M,
        repairs: Arc<dyn RepairQueue>,
    ) -> Result<MigrationRepository<L, M>, Failed> {
        let (stamps, tracker) = (Arc::new(StampClock::new()?), Arc::clone(&self.tracker));
        let config = MigrationConfig::default().with_observer(self.observer.clone());
        let users = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config)?;
        let config = ReconcilerConfig::default()
            .with_call_deadline(REPAIR)
            .with_backoff(Exponential::between(REPAIR / 20, REPAIR).with_jitter(Jitter::Equal))
            .with_poll_interval(POLL)
            .with_observer(self.observer.clone());
        let reconciler = Reconciler::new(&users, repairs).with_config(config);
        let idle = users.clone();
        // Servers and replicators have something to note until they have ended, and so has what is left aside.
        self.workers.run_to_the_last(|over| async move {
            let end = async {
                over.await;
                idle.drained().await;
            };
            let report = reconciler.run(end).await?;
            info!(%report, "repairs have ended");
            Ok(())
        });
        Ok(users)
    }

    /// What this process does beside answering.
    pub const fn workers(&mut self) -> &mut Workers {
        &mut self.workers
    }

    /// Serves `routes` until the process is asked to end, and gives the place in the fleet back when all is done.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on; a worker cannot go on; or this life was evicted, and another one must begin.
    pub async fn serve(
        mut self,
        address: SocketAddr,
        routes: Router,
        telemetry: &Telemetry,
    ) -> Result<(), Failed> {
        let tracker = Arc::clone(&self.tracker);
        // It goes on until the place is given back.
        let mut following = tokio::spawn(async move { tracker.run(std::future::pending()).await });
        let evicted = async {
            match (&mut following).await.map_err(Failed::from).and_then(|it| Ok(it?)) {
                Ok(()) => std::future::pending().await,
                Err(error) => error,
            }
        };
        let workers = std::mem::take(&mut self.workers);
        let ended = workers.beside(async |stop| {
            let readiness = Readiness::default();
            let served = serve_until(address, routes, readiness, telemetry, stop.clone());
            until_failed(served, &stop, evicted).await
        });
        let ended = ended.await;
        self.leave().await;
        ended
    }

    /// Gives the place in the fleet back.
    pub async fn leave(&self) {
        if let Err(error) = self.tracker.release().await {
            let error = with_causes(&error);
            warn!(error, "leaves its place behind: whoever moves the migration evicts it");
        }
    }
}

/// Whether it is no such database, or not for us. Tables that are missing are made with the migration.
fn is_for_good(error: &(dyn std::error::Error + 'static)) -> bool {
    refusal(error).is_some_and(|code| *code != SqlState::UNDEFINED_TABLE)
}

/// Whether legacy of the migration was decommissioned, by the state at `STATE_URL`, which is waited for; nobody takes a place.
///
/// # Errors
///
/// As [`Node::join`].
pub async fn is_decommissioned() -> Result<bool, Failed> {
    let database = state_database()?;
    patiently(async || {
        let service = PostgresStateService::open(database.clone()).await?;
        let state = service.current(&MIGRATION.parse()?).await?;
        Ok(state.is_some_and(|state| state.state.is_decommissioned()))
    })
    .await
}

fn state_database() -> Result<PostgresDatabase, Failed> {
    checked("STATE_URL", |url| Ok(PostgresDatabase::with_deadline(url, STATE_DEADLINE)?))
}

/// Asks the server of the state again and again, as long as it does not refuse us.
async fn patiently<T>(ask: impl AsyncFn() -> Result<T, Failed>) -> Result<T, Failed> {
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) if is_for_good(&*error) => {
                return Err(format!("STATE_URL: {}", with_causes(&*error)).into());
            }
            Err(error) => {
                let error = with_causes(&*error);
                warn!(error, "has no place in the migration of STATE_URL yet");
            }
        }
        sleep(PAUSE).await;
    }
}

type Started = (Arc<dyn MigrationStateService>, Arc<PhaseTracker>);

async fn started(
    database: &PostgresDatabase,
    node: &NodeName,
    observer: &Arc<dyn Observer>,
) -> Result<Started, Failed> {
    let service = Arc::new(PostgresStateService::open(database.clone()).await?);
    let migration: MigrationName = MIGRATION.parse()?;
    let config = TrackerConfig::default()
        .with_poll_interval(POLL)
        .with_call_deadline(STATE_DEADLINE)
        .with_outage_policy(OutagePolicy::Fenced { term: TERM })
        .with_observer(observer.clone());
    let tracker = PhaseTracker::start(service.clone(), migration, node.clone(), config).await?;
    Ok((service, tracker))
}
