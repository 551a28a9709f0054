use std::sync::Arc;
use std::time::Duration;

use strangler_fig::phase::{Fleet, MigrationStateService, Move, MoveError, PartName, take_step};
use strangler_fig::reconcile::{Sweep, SweepError, SweepReport};
use tokio::time::{Instant, sleep, sleep_until};

use crate::airports::Migrating;
use crate::report::Report;
use crate::table::grouped;

/// How long the operator waits for the fleet before giving up, and how long
/// between two attempts.
const PATIENCE: Duration = Duration::from_secs(20);
const RETRY: Duration = Duration::from_millis(20);

/// Moves the migration, step by step. Most of it is waiting for the fleet.
pub struct Operator {
    service: Arc<dyn MigrationStateService>,
    /// Sweeps read and write both stores, so they run on a registered node.
    airports: Migrating,
    report: Arc<Report>,
    began: Instant,
    /// How long the whole migration is to take.
    duration: Duration,
}

impl Operator {
    pub fn new(
        service: Arc<dyn MigrationStateService>,
        airports: Migrating,
        report: Arc<Report>,
        duration: Duration,
    ) -> Self {
        Self { service, airports, report, began: Instant::now(), duration }
    }

    /// What follows is reported as `stage`.
    pub fn begin(&self, stage: &'static str) {
        self.report.enter(stage);
    }

    /// Takes a step; what follows is reported as `stage`.
    pub async fn go(&self, stage: &'static str, step: Move) -> Result<(), MoveError> {
        self.take(step).await?;
        self.begin(stage);
        Ok(())
    }

    /// Takes a step as soon as the rules allow it.
    pub async fn take(&self, step: Move) -> Result<(), MoveError> {
        let migration = self.airports.tracker().state().name().clone();
        let take = async || take_step(&*self.service, &migration, &step, None).await;
        patiently(take, MoveError::is_retryable).await.map(drop)
    }

    /// Joins every key of both stores: copies what one of them lacks. The traffic
    /// may go on, since a copy never beats a newer write.
    pub async fn sweep(&self) -> Result<(), SweepError> {
        let sweep = async || {
            let state = self.airports.tracker().state();
            let ticket = state.begin_sweep(&Fleet::default());
            Sweep::new(&self.airports).run(ticket, std::future::pending()).await
        };
        let report = patiently(sweep, SweepError::is_retryable).await?;
        self.swept(&report);
        Ok(())
    }

    /// Shows that modern is complete: the fleet works by the `Cutover` of `part`,
    /// and a sweep has seen every key since. This opens the crossing.
    pub async fn establish(&self, part: PartName) -> Result<(), SweepError> {
        self.settled(part).await?;
        let sweep = Sweep::new(&self.airports);
        let establish = async || sweep.establish(&*self.service, std::future::pending()).await;
        let report = patiently(establish, SweepError::is_retryable).await?;
        self.swept(&report);
        Ok(())
    }

    /// Waits until every node works by the phase of `part`.
    async fn settled(&self, part: PartName) -> Result<(), MoveError> {
        let by = Instant::now() + PATIENCE;
        while !self.has_settled(part).await? && Instant::now() < by {
            sleep(RETRY).await;
        }
        Ok(())
    }

    async fn has_settled(&self, part: PartName) -> Result<bool, MoveError> {
        let migration = self.airports.tracker().state().name().clone();
        let failed = |source| MoveError::Service { migration: migration.clone(), source };
        let found = self.service.current(&migration).await.map_err(failed)?;
        let fleet = Fleet::new(self.service.leases(&migration).await.map_err(failed)?);
        Ok(found.is_some_and(|found| found.state.has_settled(part, &fleet)))
    }

    /// Lets the traffic go on until so many per cent of the time are over, and for
    /// a moment at least.
    pub async fn stay_until(&self, percent: u32) {
        let (until, moment) = (self.began + self.duration * percent / 100, self.duration / 50);
        sleep_until(until.max(Instant::now() + moment)).await;
    }

    fn swept(&self, report: &SweepReport<String>) {
        let SweepReport { keys, to_modern, to_legacy, failed, .. } = *report;
        let [keys, to_modern, to_legacy, failed] =
            [keys, to_modern, to_legacy, failed].map(grouped);
        self.report.tell(&format!(
            "  swept {keys} keys: {to_modern} copied to modern, {to_legacy} to legacy, \
             {failed} failed"
        ));
    }
}

/// Tries again as long as waiting may help.
async fn patiently<T, E>(
    attempt: impl AsyncFn() -> Result<T, E>,
    may_pass: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let by = Instant::now() + PATIENCE;
    loop {
        match attempt().await {
            Err(error) if may_pass(&error) && Instant::now() < by => sleep(RETRY).await,
            ended => return ended,
        }
    }
}
