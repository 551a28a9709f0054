use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Gate, GateContext, GateReading, Verification, VerificationSource};
use crate::clock::{Clock, SystemClock};
use crate::consistency::Verdict;

/// Open when the last check that says something of the migration found it consistent,
/// and ended no longer than `age` ago.
///
/// Advisory: it holds the wall clock of this machine against that of the one that
/// checked. A check from the future is closed.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use strangler_fig::controller::{Gate, GateContext, LastVerification, VerifiedWithin};
/// # use strangler_fig::phase::{Fleet, MigrationState, Move, Phase};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (state, fleet) = (MigrationState::new("users".parse()?), Fleet::default());
/// # let step = Move::to(Phase::Cutover);
/// # let context = GateContext::new(&state, &fleet, &step);
/// let last = Arc::new(LastVerification::default());
/// let gate = VerifiedWithin::new(last, Duration::from_secs(24 * 3_600));
/// assert_eq!(gate.read(&context).await.to_string(), "closed: no check is known");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct VerifiedWithin {
    source: Arc<dyn VerificationSource>,
    age: Duration,
    clock: Arc<dyn Clock>,
}

impl VerifiedWithin {
    /// Watches the checks of `source`, by the system's clock.
    #[must_use]
    pub fn new(source: Arc<dyn VerificationSource>, age: Duration) -> Self {
        Self { source, age, clock: Arc::new(SystemClock) }
    }

    /// The same, by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    fn judge(&self, last: &Verification) -> GateReading {
        let now = self.clock.unix_millis();
        let Some(ago) = now.checked_sub(last.at_unix_ms).map(Duration::from_millis) else {
            let ahead = Duration::from_millis(last.at_unix_ms - now);
            return GateReading::closed(format!("{last}, {ahead:?} ahead of this clock"));
        };
        let saw = format!("{last}, {ago:?} ago, at most {:?} may be", self.age);
        GateReading::of(last.verdict == Verdict::Consistent && ago <= self.age, saw)
    }
}

#[async_trait]
impl Gate for VerifiedWithin {
    fn name(&self) -> &'static str {
        "verified_within"
    }

    async fn read(&self, _context: &GateContext<'_>) -> GateReading {
        match self.source.last().await {
            Ok(Some(last)) => self.judge(&last),
            Ok(None) => GateReading::closed("no check is known"),
            Err(error) => GateReading::unknown("the last check", &error),
        }
    }
}
