use strangler_fig::error::StoreErrorKind::Unavailable;
use strangler_fig::testkit::faults::{Fault, FaultPlan};
use tokio::time::Instant;

use super::*;

fn flaky(seed: u64) -> FaultPlan {
    FaultPlan::seeded(seed)
        .with(200, Fault::Refuse(Unavailable))
        .with(100, Fault::FailAfter)
        .with(100, Fault::LandLater(60 * SECOND))
        .with(300, Fault::Delay(SECOND))
}

/// What a hundred calls answered, and when.
async fn history(seed: u64) -> Vec<(bool, bool, Duration)> {
    let users = users();
    users.follow(flaky(seed));
    let start = Instant::now();
    let mut history = Vec::new();
    for _ in 0..100 {
        let (applied, found) = (apply(&users).await, read(&users).await);
        history.push((applied.is_ok(), found.is_ok(), start.elapsed()));
    }
    history
}

#[tokio::test(start_paused = true)]
async fn one_seed_has_one_history() {
    assert_eq!(history(7).await, history(7).await);
    assert_ne!(history(7).await, history(8).await);
}

#[tokio::test(start_paused = true)]
async fn a_plan_fails_some_calls_and_not_all() {
    let history = history(7).await;
    assert!(history.iter().any(|(applied, _, _)| *applied));
    assert!(history.iter().any(|(applied, _, _)| !*applied));
    assert!(history.iter().any(|(_, found, _)| !*found));
}

#[tokio::test(start_paused = true)]
async fn a_script_comes_before_the_plan_and_healing_ends_it() {
    let users = users();
    users.follow(FaultPlan::seeded(7).with(1_000, Fault::Refuse(Unavailable)));
    users.push_apply(None);
    assert!(apply(&users).await.is_ok());
    assert_eq!(apply(&users).await, Err(Unavailable));
    users.heal();
    assert!(apply(&users).await.is_ok());
}
