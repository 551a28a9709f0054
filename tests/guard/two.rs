//! Two guards that see the same at the same time.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::controller::{
    ControllerError, GuardOutcome, RollbackGuard, SignalSource, Signals,
};
use strangler_fig::error::StoreError;
use strangler_fig::phase::Phase;

use crate::support::{SECOND, World, Wrong, steps};

/// Takes a while to answer, so that both have looked at the state before either acts.
#[derive(Debug)]
struct Slow(Signals);

#[async_trait]
impl SignalSource for Slow {
    async fn signals(&self, _window: Duration) -> Result<Signals, StoreError> {
        tokio::time::sleep(SECOND).await;
        Ok(self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_guards_that_judge_one_state_one_goes_back_and_by_one_phase() {
    let world = World::new().await;
    world.ann_goes_to(Phase::Shadow).await;
    let signals = Arc::new(Slow(Wrong::Mismatches.signals()));
    let [one, other] =
        [(); 2].map(|()| RollbackGuard::new(Arc::new(world.controller()), signals.clone()));
    let (first, second) = tokio::join!(one.look(), other.look());
    let went = |outcome: &GuardOutcome| matches!(outcome, GuardOutcome::RolledBack { .. });
    let (first, second) = if went(&first) { (first, second) } else { (second, first) };
    assert_eq!(steps(&first), ["to dual_write"]);
    let overtaken = |outcome: &GuardOutcome| {
        matches!(outcome, GuardOutcome::Failed { source: ControllerError::Overtaken { .. }, .. })
    };
    assert!(overtaken(&second), "{second:?}");
    assert_eq!(world.phases().await.0, Phase::DualWrite);
}
