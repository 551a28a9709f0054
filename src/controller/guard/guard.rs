use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::time::Instant;
use tracing::{error, warn};

use super::decide::{Action, Cause, acted, last_by};
use super::{Alarm, GuardConfig};
use crate::controller::{
    Advanced, ChangeRequest, ControllerError, MigrationController, SignalSource, Signals,
};
use crate::error::{StoreError, with_causes};
use crate::observe::{Event, field};
use crate::phase::{MigrationState, Reason};

/// Watches the traffic of a migration and goes back by itself.
///
/// | where the part that is furthest ahead stands | on mismatches, or latency | on failures of modern |
/// |---|---|---|
/// | `LegacyOnly`, `Halted` | nothing | nothing |
/// | `DualWrite`, `Shadow`, `Cutover` on the way forward | back, at once (R1) | back, at once (R1) |
/// | `Live` | to `Cutover`, and back as soon as R3 allows | `Halted`, if it may, and on in legacy (R4); else an alarm |
/// | `Cutover` on the way back | back as soon as R3 allows | the same |
/// | `RampDown`, `ModernOnly` | an alarm | an alarm |
///
/// What it does stands in the history, with the figures as the reason. It keeps
/// nothing: what a guard has begun that was stopped, another of its name goes on with.
/// Give all guards of one migration the same name, then one rests when another has acted.
///
/// A source of signals that does not answer within the controller's deadline for calls,
/// or panics, leaves it [`Blind`](GuardOutcome::Blind).
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::controller::{
///     GuardConfig, GuardOutcome, LiveSignals, MigrationController, RollbackGuard,
/// };
/// # use strangler_fig::memory::InMemoryStateService;
/// # use strangler_fig::phase::{MigrationName, MigrationState, MigrationStateService};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (service, name): (_, MigrationName) = (Arc::new(InMemoryStateService::default()), "users".parse()?);
/// # service.create(&MigrationState::new(name.clone())).await?;
/// let signals = Arc::new(LiveSignals::default()); // observes the repository
/// let controller = Arc::new(MigrationController::new(service, name));
/// let guard = RollbackGuard::new(controller, signals).with_config(GuardConfig::default());
/// assert!(matches!(guard.look().await, GuardOutcome::Quiet));
/// guard.run(std::future::ready(())).await; // until shutdown
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RollbackGuard {
    controller: Arc<MigrationController>,
    signals: Arc<dyn SignalSource>,
    config: GuardConfig,
    rest: Mutex<Rest>,
}

/// How long it rests, and after which move.
#[derive(Debug, Default)]
struct Rest {
    after_epoch: Option<u64>,
    until: Option<Instant>,
}

/// As good as never.
const LONGEST_REST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// What came of one look.
///
/// ```
/// use strangler_fig::controller::GuardOutcome;
///
/// fn wakes_somebody(outcome: &GuardOutcome) -> bool {
///     !matches!(outcome, GuardOutcome::Quiet | GuardOutcome::Resting { .. })
/// }
/// assert!(!wakes_somebody(&GuardOutcome::Quiet));
/// assert_eq!(GuardOutcome::Quiet.to_string(), "quiet");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum GuardOutcome {
    /// Nothing is wrong, or nothing can be done about it in this phase, or too little
    /// is known.
    Quiet,
    /// It has acted not long ago.
    Resting {
        /// For how much longer it rests.
        left: Duration,
    },
    /// It could not see.
    Blind {
        /// What the signals' source reported, or why the state could not be read.
        source: StoreError,
    },
    /// Something is wrong, and somebody must decide.
    Alarmed {
        /// What is wrong, in figures.
        cause: String,
        /// Why it does nothing.
        alarm: Alarm,
    },
    /// It has gone back.
    RolledBack {
        /// Why, as it stands in the history.
        reason: Reason,
        /// What was done.
        advanced: Box<Advanced>,
    },
    /// It wanted to go back and could not, or not yet: it tries again with the next
    /// look.
    Failed {
        /// Why it wanted to.
        reason: Reason,
        /// What the controller reported.
        source: ControllerError,
    },
}

impl RollbackGuard {
    /// A guard that moves by `controller`, on what `signals` say, with the default
    /// limits.
    #[must_use]
    pub fn new(controller: Arc<MigrationController>, signals: Arc<dyn SignalSource>) -> Self {
        Self { controller, signals, config: GuardConfig::default(), rest: Mutex::default() }
    }

    /// The same, with given limits. [`GuardConfig`] shows them.
    #[must_use]
    pub fn with_config(mut self, config: GuardConfig) -> Self {
        self.config = config;
        self
    }

    /// Looks again and again until `shutdown` resolves, which lets a rollback that
    /// has begun come to its end.
    ///
    /// # Cancel safety
    ///
    /// A dropped run may leave a rollback half way: the next guard of this name goes
    /// on with it.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = tokio::time::sleep(self.config.interval) => {}
            }
            self.look().await;
        }
    }

    /// Looks once, and acts if it must.
    ///
    /// # Panics
    ///
    /// Never: what it gives as its reason is one.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn look(&self) -> GuardOutcome {
        let state = match self.controller.look().await {
            Ok(seen) => seen.found.state,
            // Nothing can be moved now; what is wrong will still be wrong later.
            Err(error) => return GuardOutcome::Blind { source: StoreError::unavailable(error) },
        };
        self.rest_after(&state);
        match Action::unfinished(&state, &self.config.actor) {
            Action::None => self.judge(&state).await,
            action => {
                let reason = "going on with the way back that was begun";
                self.act(action, &state, reason.parse().expect("it is a reason")).await
            }
        }
    }

    async fn judge(&self, state: &MigrationState) -> GuardOutcome {
        let signals = match self.seen().await {
            Ok(signals) => signals,
            Err(source) => {
                warn!({ field::ERROR } = source.with_causes(), "the guard sees nothing");
                return GuardOutcome::Blind { source };
            }
        };
        let Some(cause) = Cause::of(&signals, &self.config) else { return GuardOutcome::Quiet };
        let action = Action::on(cause, state, &self.config);
        match action {
            Action::None => GuardOutcome::Quiet,
            Action::Alarm(alarm) => self.alarm(cause, alarm),
            _ if self.rests().is_some() => {
                GuardOutcome::Resting { left: self.rests().unwrap_or_default() }
            }
            _ if acted(state, &self.config.actor) >= self.config.rollbacks_max => {
                self.alarm(cause, Alarm::Exhausted)
            }
            action => self.act(action, state, self.reason(cause)).await,
        }
    }

    async fn seen(&self) -> Result<Signals, StoreError> {
        let deadline = self.controller.config.call_timeout;
        let asked = AssertUnwindSafe(async { self.signals.signals(self.config.window).await });
        match tokio::time::timeout(deadline, asked.catch_unwind()).await {
            Ok(Ok(signals)) => signals,
            Ok(Err(_panic)) => Err(StoreError::unavailable("the source of the signals panicked")),
            Err(_) => Err(StoreError::unavailable(format!("no signals within {deadline:?}"))),
        }
    }

    fn reason(&self, cause: Cause) -> Reason {
        let reason = format!("{cause} in {:?}", self.config.window);
        reason.parse().expect("figures are a reason")
    }

    fn alarm(&self, cause: Cause, alarm: Alarm) -> GuardOutcome {
        self.controller.tell(&Event::GuardAlarmed { cause: cause.name() });
        error!({ field::REASON } = %cause, "the guard does nothing: {alarm}");
        GuardOutcome::Alarmed { cause: cause.to_string(), alarm }
    }

    /// For how much longer it rests, if it does.
    fn rests(&self) -> Option<Duration> {
        let until = self.rest.lock().unwrap_or_else(PoisonError::into_inner).until;
        until.map(|until| until.duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    fn rest(&self) {
        let rest = self.config.rest().min(LONGEST_REST);
        let mut resting = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        resting.until = Some(Instant::now() + rest);
    }

    /// If a guard of this name made the last move: the signals may still tell of what
    /// was before it, whether it was this guard or another that saw them.
    fn rest_after(&self, state: &MigrationState) {
        let Some(epoch) = last_by(state, &self.config.actor) else { return };
        let mut resting = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if resting.after_epoch.replace(epoch) != Some(epoch) {
            drop(resting);
            self.rest();
        }
    }

    async fn act(&self, action: Action, state: &MigrationState, reason: Reason) -> GuardOutcome {
        let request = ChangeRequest::new(self.config.actor.clone(), reason.clone());
        warn!({ field::REASON } = %reason, "the guard goes back");
        let advanced = match action {
            Action::Halt => self.controller.halt_since(Some(state.adopted()), &request).await,
            _ => self.controller.roll_back_since(Some(state.adopted()), &request).await,
        };
        self.rest();
        match advanced {
            Ok(advanced) => {
                self.rest_after(&advanced.state);
                GuardOutcome::RolledBack { reason, advanced: Box::new(advanced) }
            }
            Err(source) => {
                error!({ field::ERROR } = with_causes(&source), "the guard is held up");
                GuardOutcome::Failed { reason, source }
            }
        }
    }
}
