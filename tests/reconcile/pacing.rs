//! Paused, resumed, stopped, slowed, and watched.

use std::future::pending;
use std::num::NonZeroU64;
use std::time::Duration;

use strangler_fig::key::KeyExt;
use strangler_fig::phase::Phase;
use strangler_fig::reconcile::{Reconciler, ReconcilerConfig, RepairNote, RepairQueue};
use strangler_fig::worker::{Eta, RateLimit, WorkerControl};
use tokio::time::{Instant, sleep};

use crate::support::{Store, World};

const KEYS: u32 = 200;

async fn noted() -> World {
    let world = World::new(Phase::DualWrite);
    let note = |key: u32| RepairNote { key: key.to_bytes(), reason: "mismatch".to_owned() };
    for key in 0..KEYS {
        world.legacy.inner().plant((key, "row"));
    }
    world.queue.note(&(0..KEYS).map(note).collect::<Vec<_>>()).await.unwrap();
    world
}

fn reconciler(world: &World, per_second: u64) -> Reconciler<Store, Store> {
    let limit = RateLimit::per_second(NonZeroU64::new(per_second).unwrap());
    let limit = limit.with_burst(NonZeroU64::MIN);
    let config = ReconcilerConfig::default().with_rate_limit(limit);
    Reconciler::new(&world.rows, world.queue.clone()).with_config(config)
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_holds_and_the_time_left_is_told() {
    let world = noted().await;
    let (reconciler, began) = (reconciler(&world, 10), Instant::now());
    let watched = async {
        sleep(Duration::from_secs(10)).await;
        reconciler.progress()
    };
    let (report, progress) = tokio::join!(reconciler.drain(pending()), watched);
    assert_eq!(report.unwrap().copied, u64::from(KEYS));
    let took = began.elapsed().as_secs_f64();
    assert!((17.0..=21.0).contains(&took), "it took {took} s");
    assert_eq!(progress.expected, Some(u64::from(KEYS)));
    assert!(
        matches!(progress.eta, Eta::In(left) if left.as_secs().abs_diff(10) <= 3),
        "{progress}"
    );
}

#[tokio::test(start_paused = true)]
async fn it_pauses_and_goes_on() {
    let world = noted().await;
    let control = WorkerControl::new();
    let reconciler = reconciler(&world, 100).with_control(control.clone());
    let operator = async {
        sleep(Duration::from_millis(500)).await;
        control.pause();
        sleep(Duration::from_secs(1)).await;
        let before = world.modern.inner().records().len();
        sleep(Duration::from_secs(60)).await;
        assert_eq!(world.modern.inner().records().len(), before, "it stood still");
        assert_eq!(reconciler.progress().waiting.as_deref(), Some("paused"));
        control.resume();
    };
    let (report, ()) = tokio::join!(reconciler.drain(pending()), operator);
    assert_eq!(report.unwrap().copied, u64::from(KEYS));
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_it_between_two_batches_and_loses_nothing() {
    let world = noted().await;
    let control = WorkerControl::new();
    let stopped = reconciler(&world, 50).with_control(control.clone());
    let operator = async {
        sleep(Duration::from_secs(1)).await;
        control.stop();
    };
    let (report, ()) = tokio::join!(stopped.run(pending()), operator);
    let report = report.unwrap();
    assert!(0 < report.copied && report.copied < u64::from(KEYS), "{report}");
    let left = world.queue.depth().await.unwrap();
    assert_eq!(left.waiting + report.copied, u64::from(KEYS));
    let rest = Reconciler::new(&world.rows, world.queue.clone()).drain(pending()).await.unwrap();
    assert_eq!(rest.copied, left.waiting);
}
