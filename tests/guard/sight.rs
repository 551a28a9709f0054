//! A guard that sees nothing says so, and moves nothing.

use strangler_fig::controller::{GuardConfig, GuardOutcome};
use strangler_fig::phase::Phase;

use crate::support::{SECOND, Told, WINDOW, World, is_quiet};

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_hangs_or_panics_leaves_it_blind() {
    for told in [Told::Nothing, Told::Hangs, Told::Panics] {
        let world = World::new().await;
        world.ann_goes_to(Phase::Shadow).await;
        world.signals.now(told);
        let guard = world.guard(GuardConfig::default());
        let outcome = tokio::time::timeout(SECOND * 60, guard.look()).await;
        assert!(matches!(outcome, Ok(GuardOutcome::Blind { .. })), "{told:?}: {outcome:?}");
        assert_eq!(world.phases().await.0, Phase::Shadow);
    }
}

#[tokio::test(start_paused = true)]
async fn it_asks_for_its_own_window() {
    let world = World::new().await;
    world.ann_goes_to(Phase::Shadow).await;
    assert!(is_quiet(&world.guard(GuardConfig::default().with_window(WINDOW * 2)).look().await));
    assert_eq!(*world.signals.asked.lock().unwrap(), [WINDOW * 2]);
}
