//! Moving: the one place that knows how a goal is reached.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strangler_fig::async_trait;
use strangler_fig::controller::{
    ChangeRequest, ControllerConfig, ControllerError, MigrationController, ProcessHasEnded,
    Sweeper, Target,
};
use strangler_fig::phase::{
    Fleet, MigrationName, MigrationStateService, NodeId, NodeLease, Phase, Share, SweepEvidence,
    SweepTicket,
};
use strangler_fig::reconcile::{Sweep, SweepError};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep};

use crate::Outcome;
use crate::sides::{Customers, Legacy, Modern};

/// How long an operator waits for the fleet, and between two attempts.
const PATIENCE: Duration = Duration::from_secs(50);
const RETRY: Duration = Duration::from_millis(50);
/// How often the controller looks whether the fleet has settled, how long it waits
/// for the state service, and how much longer than its term it watches a lease
/// before it takes it away.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
const DRIFT_MARGIN: Duration = Duration::from_millis(300);

/// Where the migration is to be. What is left to do follows from the state alone,
/// so that whoever finds it half done goes on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Every key in this phase, and no cohort.
    Whole(Phase),
    /// A cohort of this share in this phase.
    Cohort {
        /// How many keys.
        share: Share,
        /// Where to.
        to: Phase,
    },
}

/// Moves the migration. There may be several: each looks at the state, and at
/// most one of two takes a step.
#[derive(Debug)]
pub struct Operator {
    controller: MigrationController,
    migration: MigrationName,
    service: Arc<dyn MigrationStateService>,
    sweep: Arc<ToldSweep>,
    request: ChangeRequest,
}

impl Operator {
    /// An operator called `name`, that sweeps as the process of `customers` and
    /// says so to `tell`.
    ///
    /// # Errors
    ///
    /// When it is no name.
    pub fn new(
        name: &str,
        service: Arc<dyn MigrationStateService>,
        customers: &Customers,
        tell: UnboundedSender<String>,
    ) -> Outcome<Self> {
        let sweep = Arc::new(ToldSweep { sweep: Sweep::new(customers), tell });
        let config = ControllerConfig::default()
            .with_poll_interval(POLL_INTERVAL)
            .with_call_deadline(CALL_TIMEOUT)
            .with_drift_margin(DRIFT_MARGIN);
        let migration = customers.tracker().state().name().clone();
        let controller = MigrationController::new(Arc::clone(&service), migration.clone())
            .with_config(config)
            .with_sweeper(sweep.clone());
        let request = ChangeRequest::new(name.parse()?, "it is a rehearsal".parse()?);
        Ok(Self { controller, migration, service, sweep, request })
    }

    /// Goes on until `goal` is reached. Whatever fails is tried again: the service
    /// may come back, the fleet may settle, another operator may have been quicker.
    ///
    /// # Errors
    ///
    /// The last failure, if it takes too long.
    pub async fn reach(&self, goal: Goal) -> Outcome {
        let by = Instant::now() + PATIENCE;
        loop {
            match self.go(goal).await {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() > by => return Err(error.into()),
                Err(_) => sleep(RETRY).await,
            }
        }
    }

    /// The rules are the controller's, and nothing here can waive them.
    ///
    /// # Errors
    ///
    /// [`ControllerError`]
    pub async fn go(&self, goal: Goal) -> Result<(), ControllerError> {
        let target = match goal {
            Goal::Whole(to) => Target::Whole(to),
            Goal::Cohort { share, to } => {
                self.controller.set_share(share, &self.request).await?;
                Target::Cohort(to)
            }
        };
        self.controller.advance_to(target, &self.request).await.map(drop)
    }

    /// Takes the lease of a process away that has ended: nobody waits for it any
    /// more, and what it sent before comes too late.
    ///
    /// # Errors
    ///
    /// When it is alive, or the service is away.
    pub async fn bury(&self, dead: &NodeId) -> Outcome {
        let ended = ProcessHasEnded::of_life(dead.clone());
        match self.controller.evict(ended, &self.request).await {
            Ok(_) => Ok(()),
            // It was killed before it had one. What it asked for may be on its way.
            Err(ControllerError::NoLease { .. }) => {
                let none = NodeLease::new(dead.clone());
                Ok(self.service.evict(&self.migration, &none).await?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Joins every key of both stores, in whatever phase.
    ///
    /// # Errors
    ///
    /// The last failure, if it takes too long.
    pub async fn level(&self) -> Outcome {
        let by = Instant::now() + PATIENCE;
        loop {
            match self.level_once().await {
                Err(_) if Instant::now() < by => sleep(RETRY).await,
                ended => return ended,
            }
        }
    }

    /// Who sweeps.
    #[must_use]
    pub fn sweeper(&self) -> Arc<dyn Sweeper> {
        self.sweep.clone()
    }

    async fn level_once(&self) -> Outcome {
        let found = self.service.current(&self.migration).await?;
        let found = found.ok_or("there is no migration")?;
        let ticket = found.state.begin_sweep(&Fleet::default());
        Ok(self.sweep.sweep(ticket).await.map(drop)?)
    }
}

/// A sweep that says how it went.
#[derive(Debug)]
struct ToldSweep {
    sweep: Sweep<Legacy, Modern>,
    tell: UnboundedSender<String>,
}

#[async_trait]
impl Sweeper for ToldSweep {
    async fn sweep(&self, ticket: SweepTicket) -> Result<SweepEvidence, SweepError> {
        let report = self.sweep.run(ticket, std::future::pending()).await?;
        // Where nobody listens, nothing is said.
        let _ = self.tell.send(format!(
            "swept {} keys: {} copied to modern, {} to legacy, {} failed",
            report.keys, report.to_modern, report.to_legacy, report.failed
        ));
        Ok(report.evidence)
    }
}
