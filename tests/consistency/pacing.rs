//! Told to pause, to stop, to go slowly; and cycle after cycle.

use std::future::pending;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::consistency::Verdict;
use strangler_fig::worker::{RateLimit, Throttle, WorkerControl};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{World, n, small, sound};

fn per_second(records: u64) -> RateLimit {
    RateLimit::per_second(NonZeroU64::new(records).unwrap()).with_burst(NonZeroU64::MIN)
}

#[tokio::test(start_paused = true)]
async fn the_budget_counts_the_records_of_both_sides() {
    let world = World::level(500);
    let checker = world.checker().with_config(small().with_rate_limit(per_second(100)));
    let report = sound(checker.full(pending()).await);
    assert!(report.duration.abs_diff(Duration::from_secs(10)) < Duration::from_secs(1));
    assert_eq!(checker.progress().records, 1_000);
}

#[tokio::test(start_paused = true)]
async fn digested_rows_count_too() {
    let world = World::level(500);
    let config = small().with_rate_limit(per_second(100)).with_ranges_per_call(n(1));
    let report = sound(world.checker().with_config(config).digest(pending()).await);
    assert!(report.duration > Duration::from_secs(8), "{:?}", report.duration);
}

/// A probe reads a range of 64 rows twice, and has it digested and hashed.
#[tokio::test(start_paused = true)]
async fn probes_count_as_four_times_their_rows() {
    let took = async |probes: u32| {
        let config =
            small().with_rate_limit(per_second(64)).with_probes(probes.try_into().unwrap());
        let world = World::level(10);
        sound(world.checker().with_config(config).digest(pending()).await).duration
    };
    // One probe of each side more.
    let more = took(2).await.abs_diff(took(1).await);
    assert!(more.abs_diff(Duration::from_secs(2 * 4)) < Duration::from_secs(1), "{more:?}");
}

#[tokio::test(start_paused = true)]
async fn a_paused_check_waits_and_goes_on() {
    let world = World::level(500);
    let control = WorkerControl::new();
    let checker = world.checker().with_control(control.clone());
    control.pause();
    let resumed = async {
        sleep(Duration::from_secs(60)).await;
        assert_eq!(checker.progress().waiting.as_deref(), Some("paused"));
        control.resume();
    };
    let (report, ()) = tokio::join!(checker.full(pending()), resumed);
    assert_eq!((report.verdict, report.duration), (Verdict::Consistent, Duration::from_secs(60)));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_check_says_what_it_did_not_see() {
    let world = World::level(500);
    let control = WorkerControl::new();
    let config = small().with_rate_limit(per_second(100));
    let checker = world.checker().with_config(config).with_control(control.clone());
    let stopped = async {
        sleep(Duration::from_secs(5)).await;
        control.stop();
    };
    let (report, ()) = tokio::join!(checker.full(pending()), stopped);
    assert_eq!((report.verdict, report.uncovered), (Verdict::Inconclusive, 1));
    let after = report.uncovered_ranges[0].after.unwrap();
    assert_eq!(u64::from(after) + 1, report.level);
    assert!((200..300).contains(&after), "{after}");
}

#[derive(Debug, Default)]
struct Busy(AtomicBool);

#[async_trait]
impl Throttle for Busy {
    async fn reason_to_wait(&self) -> Option<String> {
        self.0.load(Ordering::Relaxed).then(|| "the replica lags".to_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_gives_way() {
    let world = World::level(50);
    let busy = Arc::new(Busy(AtomicBool::new(true)));
    let checker = world.checker().with_throttle(busy.clone());
    let calm = async {
        sleep(Duration::from_secs(30)).await;
        assert_eq!(checker.progress().waiting.as_deref(), Some("the replica lags"));
        busy.0.store(false, Ordering::Relaxed);
    };
    let (report, ()) = tokio::join!(checker.full(pending()), calm);
    assert!(report.is_consistent() && report.duration >= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn cycles_begin_at_their_time_and_each_hands_over_a_report() {
    let world = World::level(50);
    let checker = world.checker().with_config(small().with_cycle(Duration::from_secs(100)));
    let began = Instant::now();
    let mut reports = Vec::new();
    let planted = world.legacy.clone();
    let on_report = |report| {
        reports.push((began.elapsed().as_secs(), report));
        if reports.len() == 1 {
            planted.put(7, 2, Some("new"));
        }
    };
    let cycles = checker.continuous(on_report, sleep(Duration::from_secs(250))).await;
    assert_eq!(cycles, 3);
    let seen: Vec<_> = reports.iter().map(|(at, report)| (*at, report.verdict)).collect();
    // A difference takes two seconds to settle.
    let differ = Verdict::Inconsistent;
    assert_eq!(seen, [(0, Verdict::Consistent), (102, differ), (202, differ)]);
}

#[tokio::test(start_paused = true)]
async fn a_cycle_cut_short_is_handed_over_and_the_last() {
    let world = World::level(500);
    let config = small().with_rate_limit(per_second(100)).with_cycle(Duration::from_secs(1));
    let checker = world.checker().with_config(config.clone());
    for by_digest in [false, true] {
        let mut verdicts = Vec::new();
        let soon = sleep(Duration::from_secs(15));
        let on_report = |report: crate::support::Report| verdicts.push(report.verdict);
        let cycles = if by_digest {
            checker.continuous_digest(on_report, soon).await
        } else {
            checker.continuous(on_report, soon).await
        };
        assert_eq!(cycles, u64::try_from(verdicts.len()).unwrap());
        let (last, before) = verdicts.split_last().unwrap();
        assert!(*last == Verdict::Inconclusive && !before.contains(last), "{verdicts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_the_wait_between_cycles() {
    let world = World::level(50);
    let control = WorkerControl::new();
    let checker = world.checker().with_control(control.clone());
    let stopped = async {
        sleep(Duration::from_secs(5)).await;
        control.stop();
    };
    let cycles = async { tokio::join!(checker.continuous(drop, pending()), stopped).0 };
    assert_eq!(timeout(Duration::from_secs(6), cycles).await.unwrap(), 1);
}
