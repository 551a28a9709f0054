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
use strangler_fig::stamp::StampClock;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use super::Side;
use crate::Failed;
use crate::chassis::{Readiness, Telemetry, required, serve};

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
/// How long workers may take to their end.
const DRAIN: Duration = Duration::from_secs(10);

/// A process in the fleet of the migration: its lease, and its workers.
#[derive(Debug)]
pub struct Node {
    service: Arc<dyn MigrationStateService>,
    tracker: Arc<PhaseTracker>,
    observer: Arc<dyn Observer>,
    workers: JoinSet<Result<(), Failed>>,
    over: watch::Sender<bool>,
}

impl Node {
    /// Takes a place as `NODE`, by the state at `STATE_URL`; waits for both store and state.
    ///
    /// # Errors
    ///
    /// A setting is missing, or says nothing that could be meant.
    pub async fn join(telemetry: &Telemetry) -> Result<Self, Failed> {
        let (name, url): (NodeName, String) = (required("NODE")?, required("STATE_URL")?);
        let database = PostgresDatabase::with_deadline(&url, STATE_DEADLINE)
            .map_err(|error| format!("STATE_URL: {}", error.with_causes()))?;
        let observer: Arc<dyn Observer> = telemetry.observer().clone();
        let (service, tracker) = loop {
            match started(&database, &name, &observer).await {
                Ok(started) => break started,
                Err(error) => warn!(%error, "has no place in the migration yet"),
            }
            sleep(PAUSE).await;
        };
        let (workers, over) = (JoinSet::new(), watch::Sender::new(false));
        Ok(Self { service, tracker, observer, workers, over })
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
        let users = MigrationRepository::with(legacy, modern, tracker, stamps, config)?;
        let config = ReconcilerConfig::default()
            .with_deadline(REPAIR)
            .with_delays(REPAIR / 20, REPAIR)
            .with_poll_interval(POLL)
            .with_observer(self.observer.clone());
        let reconciler = Reconciler::new(&users, repairs).with_config(config);
        let idle = users.clone();
        self.work(|over| async move {
            // What is left aside may have something to note.
            let end = async {
                over.wait().await;
                idle.drained().await;
            };
            let report = reconciler.run(end).await?;
            info!(%report, "repairs have ended");
            Ok(())
        });
        Ok(users)
    }

    /// Runs a worker, which is told when it is over. One that fails ends the process.
    pub fn work<F>(&mut self, worker: impl FnOnce(Over) -> F)
    where
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        self.workers.spawn(worker(Over(self.over.subscribe())));
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
        let served = serve(address, routes, Readiness::default(), telemetry);
        tokio::pin!(served);
        let ended = loop {
            tokio::select! {
                served = &mut served => break served,
                ended = &mut following => break ended.map_err(Failed::from).and_then(|it| Ok(it?)),
                Some(ended) = self.workers.join_next() => {
                    if let Err(error) = ended.map_err(Failed::from).flatten() {
                        break Err(error);
                    }
                }
            }
        };
        if let Err(error) = &ended {
            error!(%error, "cannot go on");
        }
        self.over.send_replace(true);
        let finished = async { while self.workers.join_next().await.is_some() {} };
        // What is not finished by then is found by others.
        let _ = timeout(DRAIN, finished).await;
        self.leave().await;
        ended
    }

    /// Gives the place in the fleet back.
    pub async fn leave(&self) {
        if let Err(error) = self.tracker.release().await {
            warn!(%error, "leaves its place behind: whoever moves the migration evicts it");
        }
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
        .with_call_timeout(STATE_DEADLINE)
        .with_outage_policy(OutagePolicy::Fenced { term: TERM })
        .with_observer(observer.clone());
    let tracker = PhaseTracker::start(service.clone(), migration, node.clone(), config).await?;
    Ok((service, tracker))
}

/// What tells a worker that it is over.
#[derive(Debug)]
pub struct Over(watch::Receiver<bool>);

impl Over {
    /// Until it is.
    pub async fn wait(mut self) {
        // Who would tell is gone: that is an end too.
        let _ = self.0.wait_for(|over| *over).await;
    }
}
