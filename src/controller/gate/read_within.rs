use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

use super::{Gate, GateContext, GateReading};

/// How long a gate may take, unless said otherwise: 10 s.
pub const READ_DEADLINE: Duration = Duration::from_secs(10);

/// What a gate says within `deadline`. One that does not answer by then, or panics,
/// is closed.
///
/// The gates of this crate set their sources no deadline: who reads them does, with
/// this.
///
/// # Cancel safety
///
/// Cancel safe: a gate changes nothing.
///
/// ```
/// use strangler_fig::controller::{GateContext, GateFn, READ_DEADLINE, read_within};
/// use strangler_fig::phase::{Fleet, MigrationState, Move, Phase};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let state = MigrationState::new("users".parse()?);
/// let (fleet, step) = (Fleet::default(), Move::to(Phase::DualWrite));
/// let context = GateContext::new(&state, &fleet, &step);
///
/// let hangs = GateFn::new("approval", |_| Box::pin(std::future::pending()));
/// let reading = read_within(&hangs, &context, READ_DEADLINE).await;
/// assert_eq!(reading.to_string(), "closed: no answer within 10s");
/// # Ok(())
/// # }
/// ```
pub async fn read_within(
    gate: &dyn Gate,
    context: &GateContext<'_>,
    deadline: Duration,
) -> GateReading {
    let read = AssertUnwindSafe(async { gate.read(context).await }).catch_unwind();
    match tokio::time::timeout(deadline, read).await {
        Ok(Ok(reading)) => reading,
        Ok(Err(_panic)) => GateReading::closed("the gate panicked"),
        Err(_) => GateReading::closed(format!("no answer within {deadline:?}")),
    }
}
