use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::clock::{SkewedClock, SystemClock};
use strangler_fig::phase::{MigrationName, MigrationStateService, PhaseTracker, TrackerConfig};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::stamp::StampClock;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::airports::{Airports, Migrating};
use crate::legacy::LegacySide;
use crate::link::ModernLink;
use crate::repair::{repair, repair_rest};
use crate::traffic::Traffic;

/// How many nodes the service has.
pub const NODES: u8 = 4;
const POLL_INTERVAL_MAX: Duration = Duration::from_millis(400);
/// How far the clock of a node is off, either way.
const SKEW_MILLIS: i64 = 60_000;

/// One instance of the service, with a clock and a copy of the phase of its own.
pub struct Node {
    pub airports: Migrating,
    poll_interval: Duration,
    rng: Rng,
}

impl Node {
    /// Registers node `number` with the migration, and wraps the two sides.
    pub async fn start(
        number: u8,
        service: Arc<dyn MigrationStateService>,
        migration: MigrationName,
        sides: (LegacySide, ModernLink),
        poll_interval: Duration,
        mut rng: Rng,
    ) -> Result<Self, Box<dyn Error>> {
        let name = format!("node-{number}").parse()?;
        let tracker =
            PhaseTracker::start(service, migration, name, TrackerConfig::default()).await?;
        let skew = rng.i64(-SKEW_MILLIS..=SKEW_MILLIS);
        let clock = SkewedClock::new(Arc::new(SystemClock), skew);
        let stamps = Arc::new(StampClock::new()?.with_clock(Arc::new(clock)));
        let (legacy, modern) = sides;
        let config = MigrationConfig::default();
        let airports = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config)?;
        Ok(Self { airports, poll_interval, rng })
    }

    /// Everything the node does until the traffic is over.
    pub fn run(&mut self, traffic: &Arc<Traffic>, tasks: &mut JoinSet<()>) {
        let tracker = Arc::clone(self.airports.tracker());
        tasks.spawn(follow(tracker, self.poll_interval, Arc::clone(traffic), self.rng.fork()));
        tasks.spawn(repair(self.airports.clone(), Arc::clone(traffic)));
    }

    /// The node as its callers see it.
    pub fn service(&self) -> Arc<dyn Airports> {
        Arc::new(self.airports.clone())
    }

    /// Lets the node go, once nothing is left aside or to be repaired.
    pub async fn stop(self) -> Result<(), Box<dyn Error>> {
        self.airports.drained().await;
        repair_rest(&self.airports).await?;
        Ok(self.airports.tracker().release().await?)
    }
}

/// How long node `number` goes on with what it knows: the first 25 ms, the last
/// 400 ms (less in a short run), so that the nodes disagree after each move.
pub fn poll_interval(number: u8, duration: Duration) -> Duration {
    let part = f64::from(number) / f64::from(NODES);
    (duration / 50).min(POLL_INTERVAL_MAX).mul_f64(part * part)
}

/// Adopts the phase now and then. [`PhaseTracker::run`] does this too, and sooner
/// if the service tells of changes; here nodes are to be late, and differently.
async fn follow(
    tracker: Arc<PhaseTracker>,
    interval: Duration,
    traffic: Arc<Traffic>,
    mut rng: Rng,
) {
    while !traffic.is_over() {
        sleep(interval.mul_f64(0.5 + rng.f64())).await;
        if let Err(error) = tracker.poll().await {
            traffic.report.tell(&format!("{error}; the phase stays as it is"));
        }
    }
}
