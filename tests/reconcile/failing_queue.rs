//! The queue fails, hangs and is away; the process is killed; and nothing is
//! dropped.

use std::future::pending;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures::poll;
use strangler_fig::key::KeyExt;
use strangler_fig::phase::Phase;
use strangler_fig::reconcile::{ReconcileError, RepairQueue};
use strangler_fig::repository::DivergenceReason::{Mismatch, WriteDropped};
use strangler_fig::resilience::Exponential;
use strangler_fig::testkit::faults::Pause;

use crate::support::{HOUR, KEY, World};

fn with_rows(keys: u32) -> World {
    let world = World::new(Phase::DualWrite);
    for key in 0..keys {
        world.legacy.inner().plant((key, "old"));
        world.rows.sink().note(key, Mismatch, None);
    }
    world
}

#[tokio::test(start_paused = true)]
async fn nothing_is_dropped_by_a_queue_that_fails_every_third_call() {
    for every in [3, 5, 7] {
        let world = with_rows(300);
        world.queue.fail_every(every);
        let report = world.run_for(HOUR).await;
        world.queue.fail_every(0);
        assert!(report.queue_errors > 0, "{report}");
        assert!(world.is_level() && world.modern.inner().records().len() == 300, "{report}");
        assert!(world.rows.sink().is_empty() && !world.rows.sink().has_overflowed());
        assert!(world.queue.depth().await.unwrap().is_empty(), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_the_queue_did_not_take_is_told_again() {
    let world = with_rows(1);
    world.queue.fail_every(4); // the call after the depth, the note and the take
    let report = world.drain().await;
    world.queue.fail_every(0);
    assert_eq!((report.taken, report.copied, report.queue_errors), (1, 1, 1));
    assert!(world.queue.depth().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_away_is_awaited() {
    let world = with_rows(3);
    world.queue.set_down(true);
    let (queue, reconciler) = (world.queue.clone(), world.reconciler());
    let running = async move {
        tokio::time::sleep(HOUR).await;
        queue.set_down(false);
        tokio::time::sleep(HOUR).await;
    };
    let report = reconciler.run(running).await.unwrap();
    assert_eq!((report.noted, report.copied), (3, 3));
    assert!((10..200).contains(&report.queue_errors), "{report}");
}

#[tokio::test(start_paused = true)]
async fn to_drain_ends_with_an_error_when_the_queue_goes_on_failing() {
    let world = with_rows(3);
    world.queue.set_down(true);
    let ended = world.reconciler().drain(pending()).await;
    assert!(matches!(ended, Err(ReconcileError::Queue { failures: 9, .. })), "{ended:?}");
    assert_eq!(world.rows.sink().len(), 3, "the keys are where they were");
    let previewed = world.reconciler().dry_run(pending()).await;
    assert!(matches!(previewed, Err(ReconcileError::Queue { failures: 9, .. })));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_queue_is_a_failure_of_it() {
    let world = with_rows(3);
    world.queue.set_panicking(true);
    assert!(world.pump().pump().await.is_err());
    let heal = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        world.queue.set_panicking(false);
        tokio::time::sleep(HOUR).await;
    };
    let report = world.reconciler().run(heal).await.unwrap();
    assert!(report.queue_errors > 3 && report.repaired() == 3, "{report}");
    assert!(world.is_level());
}

#[tokio::test(start_paused = true)]
async fn pauses_of_no_length_are_none_without_end() {
    let world = with_rows(1);
    let (zero, second) = (Duration::ZERO, Duration::from_secs(1));
    let pauses = Exponential::between(zero, zero);
    let config = world.config().with_backoff(pauses).with_poll_interval(zero);
    for is_down in [true, false] {
        world.queue.set_down(is_down);
        let reconciler = world.reconciler().with_config(config.clone());
        let report = reconciler.run(tokio::time::sleep(second)).await.unwrap();
        assert!(report.queue_errors < 5_000, "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_the_queue_refuses_holds_up_no_other() {
    let world = with_rows(450);
    world.queue.refuse(Some(7_u32.to_bytes()));
    let error = world.pump().pump().await.unwrap_err();
    assert_eq!(error.with_causes(), "the store rejected it: the key is too long");
    assert_eq!((world.waiting().await.len(), world.rows.sink().len()), (449, 1));
    world.queue.refuse(None);
    assert_eq!(world.pump().pump().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_pump_whose_future_is_dropped_puts_its_keys_back() {
    let world = with_rows(3);
    for key in [0, 1] {
        world.rows.sink().note(key, WriteDropped, Some(world.rows.tracker().hold()));
    }
    world.queue.set_hanging(true);
    let pump = world.pump();
    {
        let mut pumping = Box::pin(pump.pump());
        assert!(poll!(&mut pumping).is_pending());
        assert!(world.rows.sink().is_empty(), "the pump has the keys");
        world.rows.sink().note(1, WriteDropped, None);
    }
    let found = world.rows.sink().take(9);
    assert_eq!(world.rows.tracker().holds(), 2, "what they hold up, too");
    let found: Vec<_> = found.iter().map(|it| (it.key, it.count, it.reason)).collect();
    assert_eq!(found, [(0, 2, WriteDropped), (2, 1, Mismatch), (1, 3, WriteDropped)]);
    assert_eq!(world.rows.sink().notes(), 6, "putting back is no note");
}

#[tokio::test(start_paused = true)]
async fn a_hold_goes_when_its_key_is_durable_and_not_before() {
    let world = World::new(Phase::DualWrite);
    world.rows.sink().note(KEY, Mismatch, Some(world.rows.tracker().hold()));
    world.queue.set_down(true);
    world.pump().pump().await.unwrap_err();
    assert_eq!((world.rows.tracker().holds(), world.rows.sink().len()), (1, 1));
    world.queue.set_down(false);
    assert_eq!(world.pump().pump().await.unwrap(), 1);
    assert_eq!((world.rows.tracker().holds(), world.waiting().await.len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_pump_takes_keys_as_they_come_and_what_is_left_at_the_end() {
    let world = with_rows(450);
    world.queue.fail_every(3);
    let (pump, rows) = (world.pump(), world.rows.clone());
    let shutdown = async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        rows.sink().note(1_000, Mismatch, None);
    };
    let report = pump.run(shutdown).await;
    world.queue.fail_every(0);
    let held = world.waiting().await.len() + world.rows.sink().len();
    assert_eq!(held, 451, "{report}");
    assert_eq!((report.noted + report.left, report.left <= 1), (451, true), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_killed_reconciler_leaves_its_keys_to_the_next() {
    let world = with_rows(20);
    let gate = world.modern.pause_next_apply(Pause::AfterEffect);
    let reconciler = world.reconciler();
    let running = tokio::spawn(async move { reconciler.drain(pending()).await });
    gate.reached().await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    gate.open();
    assert_eq!(world.waiting().await.len(), 20);

    let report = world.run_for(HOUR).await;
    assert!(report.repaired() >= 5, "{report}");
    assert!(world.is_level() && world.modern.inner().records().len() == 20);
    assert!(world.queue.depth().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn several_reconcilers_share_the_work() {
    let world = with_rows(200);
    world.pump().pump().await.unwrap();
    let few = world.config().with_concurrency(NonZeroUsize::new(3).unwrap());
    let all = (0..4).map(|_| {
        let reconciler = world.reconciler().with_config(few.clone());
        tokio::spawn(async move { reconciler.drain(pending()).await.unwrap() })
    });
    let reports = futures::future::join_all(all).await;
    let taken: Vec<_> = reports.into_iter().map(|report| report.unwrap().taken).collect();
    assert_eq!(taken.iter().sum::<u64>(), 200, "no key was taken twice");
    assert!(taken.iter().all(|taken| *taken > 0), "{taken:?}");
    assert!(world.is_level() && world.queue.depth().await.unwrap().is_empty());
}
