//! The migration behind the page.

use std::time::Duration;

use console::desk::Desk;
use strangler_fig::controller::{ChangeRequest, ControllerError};
use strangler_fig::phase::Phase;
use tokio::time::{Instant, sleep};

use crate::served::Served;

fn bob() -> ChangeRequest {
    ChangeRequest::new("bob".parse().unwrap(), "OPS-13".parse().unwrap())
}

/// Goes on as soon as the gates are open; what they saw first.
async fn advances_to(served: &Served, phase: Phase) -> Option<String> {
    let until = Instant::now() + Duration::from_mins(1);
    let mut first = None;
    while let Err(error) = served.migration.controller().advance_to(phase, &bob()).await {
        assert!(matches!(error, ControllerError::Blocked { .. }), "{error}");
        assert!(Instant::now() < until, "{error}");
        first = first.or_else(|| Some(error.to_string()));
        sleep(Duration::from_millis(100)).await;
    }
    first
}

#[tokio::test]
async fn after_a_return_to_legacy_only_everything_is_copied_anew() {
    let served = Served::new().await;
    advances_to(&served, Phase::Shadow).await;
    for _ in 0..2 {
        served.migration.controller().advance_to(Phase::LegacyOnly, &bob()).await.unwrap();
        let held_up = advances_to(&served, Phase::Shadow).await;
        let held_up = held_up.expect("what was copied before is old");
        let wanted = "backfill_complete (no backfill airports since epoch";
        assert!(held_up.contains(wanted), "{held_up}");
    }
}

#[tokio::test]
async fn a_saga_that_waits_for_an_operator_is_shown_by_name() {
    let served = Served::new().await;
    let status = served.migration.status().await.unwrap();
    let sagas = status.sagas.as_ref().unwrap();
    assert_eq!(sagas.counts.iter().map(|count| count.sagas).sum::<u64>(), 3);
    let stuck: Vec<_> = sagas.stuck.iter().map(|stuck| stuck.saga.as_str()).collect();
    assert_eq!(stuck, ["listing:ZZZZ"]);
    assert!(status.to_html_fragment().contains("listing:ZZZZ"));
}
