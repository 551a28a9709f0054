use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Gate, GateContext, GateReading};
use crate::event::{FeedLag, LagSource};

/// Open when what writers outside the crate have changed is carried over soon enough: the oldest change that is
/// unsettled waits for no longer than this.
///
/// With [`Duration::ZERO`] it is open only when all is settled.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use strangler_fig::controller::{Gate, GateContext, ReplicationLagBelow};
/// use strangler_fig::memory::InMemoryChangeFeed;
/// # use strangler_fig::phase::{Fleet, MigrationState, Move, Phase};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (state, fleet) = (MigrationState::new("users".parse()?), Fleet::default());
/// # let step = Move::to(Phase::Cutover);
/// # let context = GateContext::new(&state, &fleet, &step);
/// let feed = InMemoryChangeFeed::<u32, String>::default();
/// let gate = ReplicationLagBelow::new(Arc::new(feed.clone()), Duration::from_secs(1));
/// assert_eq!(gate.read(&context).await.to_string(), "open: no change waits");
///
/// feed.hint(7);
/// tokio::time::sleep(Duration::from_secs(2)).await;
/// let reading = gate.read(&context).await;
/// assert_eq!(reading.to_string(), "closed: the oldest of 1 changes waits for 2s, allowed are 1s");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ReplicationLagBelow {
    feed: Arc<dyn LagSource>,
    age_max: Duration,
}

impl ReplicationLagBelow {
    /// Watches this feed.
    #[must_use]
    pub fn new(feed: Arc<dyn LagSource>, age_max: Duration) -> Self {
        Self { feed, age_max }
    }
}

#[async_trait]
impl Gate for ReplicationLagBelow {
    fn name(&self) -> &'static str {
        "replication_lag"
    }

    async fn read(&self, _context: &GateContext<'_>) -> GateReading {
        match self.feed.lag().await {
            Ok(lag) => judged(lag, self.age_max),
            Err(error) => GateReading::unknown("the change feed", &error),
        }
    }
}

fn judged(lag: FeedLag, age_max: Duration) -> GateReading {
    let Some(oldest) = lag.oldest else { return GateReading::open("no change waits") };
    let change = match lag.pending {
        Some(pending) => format!("the oldest of {pending} changes"),
        None => "the oldest change".to_owned(),
    };
    let saw = format!("{change} waits for {oldest:?}, allowed are {age_max:?}");
    GateReading::of(oldest <= age_max && !age_max.is_zero(), saw)
}
