//! What counts as a difference.

use std::time::Duration;

use strangler_fig::phase::Side::{Legacy, Modern};
use strangler_fig::resilience::{CallError, Refused};
use tokio::time::Instant;

use super::support::{Sides, compared, counted, ok, plain};

#[tokio::test(start_paused = true)]
async fn a_difference_is_asked_for_again_before_it_counts() {
    let sides = Sides::saying(|side, _| match side {
        Legacy => r#"{"price": 41}"#,
        Modern => r#"{"price": 42}"#,
    });
    let (mirror, began) = (plain().with_recheck_delay(Duration::from_millis(80)), Instant::now());
    let report = compared(&mirror, &sides).await;
    assert_eq!(sides.order(), [Legacy, Modern, Legacy, Modern, Legacy]);
    assert_eq!(began.elapsed(), Duration::from_millis(80));
    assert_eq!((report.different, report.compared), (1, 1));
    assert_eq!(counted(&report), ["body.price"]);
}

#[tokio::test(start_paused = true)]
async fn what_one_side_learns_later_is_no_difference() {
    let sides = Sides::saying(|side, nth| match (side, nth) {
        (Modern, 0) => "old",
        _ => "new",
    });
    let report = compared(&plain(), &sides).await;
    assert_eq!((report.equal, report.different), (1, 0));
    assert!(counted(&report).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_changes_while_it_is_compared_is_unsettled() {
    // A counter: each answer has the next number, whoever gives it.
    let sides = Sides::saying(|side, nth| match side {
        Legacy => format!(r#"{{"views": {nth}, "id": 7}}"#),
        Modern => format!(r#"{{"views": {}, "id": 7}}"#, nth + 100),
    });
    let report = compared(&plain(), &sides).await;
    assert_eq!((report.unsettled, report.different), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_difference_beside_something_that_changes_counts() {
    let sides = Sides::saying(|side, nth| match side {
        Legacy => format!(r#"{{"views": {nth}, "price": 41}}"#),
        Modern => format!(r#"{{"views": {}, "price": 42}}"#, nth + 100),
    });
    let report = compared(&plain(), &sides).await;
    assert_eq!(report.different, 1);
    assert_eq!(counted(&report), ["body.price"], "and not the views");
}

#[tokio::test(start_paused = true)]
async fn places_that_take_turns_are_unsettled() {
    let sides = Sides::saying(|side, nth| match (side, nth) {
        (Legacy, _) => r#"{"a": 1, "b": 1}"#,
        (Modern, 0) => r#"{"a": 2, "b": 1}"#,
        (Modern, _) => r#"{"a": 1, "b": 2}"#,
    });
    let report = compared(&plain(), &sides).await;
    assert_eq!((report.unsettled, report.different), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_difference_that_cannot_be_looked_at_again_has_failed() {
    let sides = Sides::new(|side, nth| async move {
        let late = CallError::Failed(strangler_fig::error::StoreError::unknown("reset"));
        if (side, nth) == (Modern, 1) { Err(late) } else { Ok(ok(side.name())) }
    });
    let report = compared(&plain(), &sides).await;
    assert_eq!((report.failed, report.different, report.equal), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_has_seen_a_difference_waits_for_a_place_to_look_again() {
    let sides = Sides::new(|side, nth| async move {
        let full = CallError::Refused(Refused::Full { bulkhead: "modern" });
        let is_busy = side == Modern && (1..5).contains(&nth);
        if is_busy { Err(full) } else { Ok(ok(side.name())) }
    });
    let report = compared(&plain(), &sides).await;
    assert_eq!((report.different, report.skipped), (1, 0));
    assert_eq!(sides.asked(Modern), 6);
}
