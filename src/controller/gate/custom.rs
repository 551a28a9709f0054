use std::fmt;
use std::future::Future;
use std::pin::Pin;

use async_trait::async_trait;

use super::{Gate, GateContext, GateReading};

/// The longest name, in characters.
const NAME_MAX: usize = 64;

type Answer<'a> = Pin<Box<dyn Future<Output = GateReading> + Send + 'a>>;
type Ask = dyn for<'a> Fn(&'a GateContext<'a>) -> Answer<'a> + Send + Sync;

/// A gate made of a closure.
///
/// ```
/// use strangler_fig::controller::{Gate, GateContext, GateFn, GateReading};
/// use strangler_fig::phase::{Fleet, MigrationState, Move, Phase};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let lag = GateFn::new("replica_lag", |context| {
///     Box::pin(async move {
///         let seconds = 3; // asked of the replica of `context.state.name()`
///         let _ = context;
///         GateReading::of(seconds <= 5, format!("the replica lags by {seconds} s"))
///     })
/// });
///
/// let state = MigrationState::new("users".parse()?);
/// let (fleet, step) = (Fleet::default(), Move::to(Phase::Cutover));
/// let reading = lag.read(&GateContext::new(&state, &fleet, &step)).await;
/// assert_eq!((lag.name(), reading.is_open), ("replica_lag", true));
/// # Ok(())
/// # }
/// ```
pub struct GateFn {
    name: String,
    ask: Box<Ask>,
}

impl GateFn {
    /// A gate of this name that says what `ask` says. A name is cut after 64
    /// characters, and control characters in it become spaces, as in the history.
    pub fn new<F>(name: &str, ask: F) -> Self
    where
        F: for<'a> Fn(
                &'a GateContext<'a>,
            ) -> Pin<Box<dyn Future<Output = GateReading> + Send + 'a>>
            + Send
            + Sync
            + 'static,
    {
        let plain = |it: char| if it.is_control() { ' ' } else { it };
        Self { name: name.chars().take(NAME_MAX).map(plain).collect(), ask: Box::new(ask) }
    }
}

impl fmt::Debug for GateFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateFn").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl Gate for GateFn {
    fn name(&self) -> &str {
        &self.name
    }

    async fn read(&self, context: &GateContext<'_>) -> GateReading {
        (self.ask)(context).await
    }
}
