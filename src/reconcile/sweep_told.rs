use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::{SweepError, SweepReport};
use crate::observe::Event;
use crate::repository::{MigrationRepository, StampedRepository};
use crate::worker::Meter;

/// How often a sweep tells that it goes on.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Tells how far a sweep is, and in the end how it has ended.
pub(super) async fn told<L, M>(
    repository: &MigrationRepository<L, M>,
    meter: &Meter,
    work: impl Future<Output = Result<SweepReport<L::Key>, SweepError>>,
) -> Result<SweepReport<L::Key>, SweepError>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    let began = Instant::now();
    let tell = |result, joined, left| {
        repository.tell(|| {
            let (records, duration) = (meter.progress().records, began.elapsed());
            Event::Swept { result, records, joined, left, duration }
        });
    };
    let mut work = std::pin::pin!(work);
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut work => break ended,
            () = tokio::time::sleep(TOLD_EVERY) => tell(None, 0, 0),
        }
    };
    match &ended {
        Ok(report) => {
            let joined = report.to_legacy + report.to_modern + report.settled;
            let result = if report.is_clean() { "clean" } else { "unclean" };
            tell(Some(result), joined, report.failed + report.conflicts);
        }
        Err(error) => tell(Some(how_it_ended(error)), 0, 0),
    }
    ended
}

const fn how_it_ended(error: &SweepError) -> &'static str {
    match error {
        SweepError::Stopped => "stopped",
        SweepError::Interrupted { .. } => "interrupted",
        SweepError::Scan(_) | SweepError::Decommissioned | SweepError::Step(_) => "failed",
    }
}
