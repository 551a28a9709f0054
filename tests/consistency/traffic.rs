//! Four hundred writes a second on hot keys, through a replication that lags,
//! and three planted differences on keys that nobody writes.

use std::future::pending;
use std::time::Duration;

use strangler_fig::consistency::CheckerConfig;
use strangler_fig::phase::Share;
use strangler_fig::repository::StampedRepository;
use strangler_fig::stamp::{Record, StampClock};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::support::{Report, Side, World, kinds, n, sound};

const ROWS: u32 = 2_000;
const HOT: u32 = 400;

/// Writes to legacy, and to modern once each write has lagged.
fn traffic(world: &World, seed: u64, lag: Duration) -> JoinHandle<()> {
    let (legacy, modern) = (world.legacy.clone(), world.modern.clone());
    tokio::spawn(async move {
        let (mut rng, clock) = (fastrand::Rng::with_seed(seed), StampClock::new().unwrap());
        let mut tick = interval(Duration::from_micros(2_500));
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for number in 0_u64.. {
            tick.tick().await;
            let key = rng.u32(..HOT) * 5;
            let stamp = clock.now();
            let record = match rng.u8(..20) {
                0 => Record::tombstone(stamp),
                _ => Record::live(stamp, (key, format!("write {number}"))),
            };
            apply(&legacy, key, &record).await;
            let modern = modern.clone();
            tokio::spawn(async move {
                sleep(lag).await;
                apply(&modern, key, &record).await;
            });
        }
    })
}

async fn apply(side: &Side, key: u32, record: &Record<(u32, String)>) {
    side.rows.apply(&key, record).await.unwrap();
}

/// Hot keys are multiples of five; some of them are new to both sides.
async fn checked(seed: u64, lag: Duration, by_digest: bool) -> Report {
    let world = World::new();
    for key in (0..ROWS).filter(|key| key % 15 != 0) {
        world.both(key);
    }
    world.modern.rows.uproot(&1);
    world.legacy.rows.uproot(&1_001);
    world.modern.rows.plant((1_999, "planted".to_owned()));
    for side in [&world.legacy, &world.modern] {
        side.knobs().latency = Duration::from_millis(5);
    }
    let traffic = traffic(&world, seed, lag);
    sleep(lag * 2).await;
    let config = CheckerConfig::default()
        .with_page_size(n(100))
        .with_root_rows(n(64))
        .with_leaf_rows(n(8))
        .with_seed(seed);
    let checker = world.checker().with_config(config);
    let report =
        if by_digest { checker.digest(pending()).await } else { checker.full(pending()).await };
    traffic.abort();
    sound(report)
}

async fn exactly_three(lag: Duration, by_digest: bool) {
    let mut candidates = Vec::new();
    for seed in 0..20 {
        let report = checked(seed, lag, by_digest).await;
        let mut found = kinds(&report);
        found.sort_unstable();
        let planted = [(1, "missing_in_modern"), (1_001, "missing_in_legacy"), (1_999, "conflict")];
        assert_eq!(found, planted, "seed {seed}: {report}");
        assert_eq!((report.failed, report.uncovered), (0, 0));
        candidates.push(report.candidates);
    }
    // The control: what was first seen to differ would have been reported.
    let false_alarms = candidates.iter().filter(|seen| **seen > 3).count();
    assert!(false_alarms >= 5, "{candidates:?}");
}

#[tokio::test(start_paused = true)]
async fn a_full_check_under_a_lag_of_50_ms_reports_exactly_what_differs() {
    exactly_three(Duration::from_millis(50), false).await;
}

#[tokio::test(start_paused = true)]
async fn a_full_check_under_a_lag_of_a_second_reports_exactly_what_differs() {
    exactly_three(Duration::from_secs(1), false).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_by_digests_under_a_lag_of_50_ms_reports_exactly_what_differs() {
    exactly_three(Duration::from_millis(50), true).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_by_digests_under_a_lag_of_a_second_reports_exactly_what_differs() {
    exactly_three(Duration::from_secs(1), true).await;
}

/// Where a write is made on both sides, legacy takes it first, and modern is the
/// source.
async fn alone_where_the_target_leads(by_digest: bool) {
    for seed in 0..20 {
        let world = World::new();
        world.cohort_to_live(Share::percent(99));
        for key in 0..ROWS {
            world.both(key);
        }
        world.modern.rows.uproot(&1);
        world.legacy.rows.uproot(&1_001);
        world.modern.rows.uproot(&1_999);
        world.modern.put(1_999, 2, Some("planted"));
        for side in [&world.legacy, &world.modern] {
            side.knobs().latency = Duration::from_millis(5);
        }
        let traffic = traffic(&world, seed, Duration::from_secs(1));
        sleep(Duration::from_secs(2)).await;
        let checker = world.checker();
        let report =
            if by_digest { checker.digest(pending()).await } else { checker.full(pending()).await };
        traffic.abort();
        let mut found = kinds(&sound(report));
        found.sort_unstable();
        let planted =
            [(1, "missing_in_modern"), (1_001, "missing_in_legacy"), (1_999, "stale_in_legacy")];
        assert_eq!(found, planted, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_check_where_writes_reach_the_target_first_reports_exactly_what_differs() {
    alone_where_the_target_leads(false).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_by_digests_where_writes_reach_the_target_first_reports_exactly_what_differs() {
    alone_where_the_target_leads(true).await;
}
