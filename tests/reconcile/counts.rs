//! What a pump and a reconciler count and tell while the queue fails.

use std::future::pending;
use std::time::Duration;

use strangler_fig::key::KeyExt;
use strangler_fig::observe::Event;
use strangler_fig::phase::Phase;
use strangler_fig::reconcile::ReconcileError;
use strangler_fig::repository::DivergenceReason::Mismatch;
use tokio::time::{Instant, sleep};

use crate::support::{KEY, World};

/// The keys 1 to `keys` differ.
fn with_rows(keys: u32) -> World {
    let world = World::new(Phase::DualWrite);
    (KEY..=keys).for_each(|key| world.legacy.inner().plant((key, "old")));
    world
}

fn calls(world: &World, call: &str) -> u64 {
    u64::try_from(world.queue.calls_of(call).len()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_pump_counts_each_failure_of_the_queue_also_the_last() {
    let world = with_rows(1);
    world.rows.sink().note(KEY, Mismatch, None);
    world.queue.fail_next("note", u64::MAX);
    let report = world.pump().run(sleep(Duration::from_secs(60))).await;
    assert_eq!((report.noted, report.left), (0, 1));
    assert!(report.queue_errors > 3, "{report}");
    assert_eq!(report.queue_errors, calls(&world, "note"));
}

#[tokio::test(start_paused = true)]
async fn a_pump_asks_a_queue_that_is_away_no_more_for_each_key_by_itself() {
    let world = with_rows(5);
    (KEY..=5).for_each(|key| assert!(world.rows.sink().note(key, Mismatch, None)));
    world.queue.refuse(Some(5_u32.to_bytes()));
    world.queue.fail_next("note", u64::MAX);
    let error = world.pump().pump().await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!((calls(&world, "note"), world.rows.sink().len()), (1, 5));
}

#[tokio::test(start_paused = true)]
async fn a_reconciler_counts_and_tells_each_failure_of_the_queue_also_the_last() {
    let world = with_rows(1);
    world.rows.sink().note(KEY, Mismatch, None);
    world.queue.fail_next("note", u64::MAX);
    let report = world.run_for(Duration::from_secs(60)).await;
    assert!(report.queue_errors > 3, "{report}");
    assert_eq!(report.queue_errors, calls(&world, "note"));
    let events = world.told.events();
    let told = events.iter().filter(|(_, event)| *event == Event::RepairQueueFailed).count();
    assert_eq!(u64::try_from(told).unwrap(), report.queue_errors);
    let noted = |event: &Event| matches!(event, Event::RepairsNoted { .. });
    assert!(!events.iter().any(|(_, event)| noted(event)), "nothing was noted");
}

#[tokio::test(start_paused = true)]
async fn a_round_that_has_noted_keys_is_no_failure() {
    let world = with_rows(1);
    world.rows.sink().note(KEY, Mismatch, None);
    world.queue.fail_next("take", 1);
    let impatient = world.reconciler().with_config(world.config().with_queue_retries(0));
    let report = impatient.drain(pending()).await.unwrap();
    assert_eq!((report.noted, report.copied, report.queue_errors), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_round_that_has_repaired_a_key_is_no_failure() {
    let world = with_rows(1);
    world.note([KEY]).await;
    world.queue.fail_next("finish", 1);
    let impatient = world.reconciler().with_config(world.config().with_queue_retries(0));
    let report = impatient.drain(pending()).await.unwrap();
    assert_eq!((report.copied, report.queue_errors), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_end_is_told_three_times_with_a_pause_between_and_none_after() {
    let world = with_rows(1);
    world.note([KEY]).await;
    world.queue.fail_next("finish", u64::MAX);
    let impatient = world.reconciler().with_config(world.config().with_queue_retries(0));
    let ended = impatient.drain(pending()).await;
    assert!(matches!(ended, Err(ReconcileError::Queue { failures: 1, .. })), "{ended:?}");
    let [first, second, third] = world.queue.calls_of("finish")[..] else { panic!("not three") };
    let pauses = [second - first, third - second, Instant::now() - third];
    let half = Duration::from_millis(500);
    assert!(pauses[0] >= half && pauses[1] >= half, "{pauses:?}");
    assert!(pauses[2] < Duration::from_millis(10), "{pauses:?}");
}
