//! How fast it goes, and how it is told to wait.

use std::future::pending;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::testkit::faults::Fault;
use strangler_fig::worker::{Eta, PageSize, RateLimit, Throttle, WorkerControl};
use tokio::time::{Instant, sleep, timeout};

use super::support::{World, n, pages};

fn per_second(records: u64) -> RateLimit {
    let one = NonZeroU64::MIN;
    RateLimit::per_second(NonZeroU64::new(records).unwrap()).with_burst(one)
}

#[tokio::test(start_paused = true)]
async fn the_rate_limit_holds() {
    let world = World::with_rows(1_000);
    let config = pages(10, 4).with_rate_limit(per_second(100));
    let report = world.backfiller(config).run(pending()).await.unwrap();
    let seconds = report.duration.as_secs_f64();
    assert!((9.8..=10.2).contains(&seconds), "it took {seconds} s");
}

#[tokio::test(start_paused = true)]
async fn progress_tells_rate_and_time_left() {
    let world = World::with_rows(1_000);
    let config = pages(10, 1).with_rate_limit(per_second(100)).with_expected_records(1_000);
    let backfiller = world.backfiller(config);
    let watched = async {
        sleep(Duration::from_secs(5)).await;
        backfiller.progress()
    };
    let (report, progress) = tokio::join!(backfiller.run(pending()), watched);
    assert!(report.unwrap().is_done);
    let rate = progress.per_second.unwrap();
    assert!((95.0..=105.0).contains(&rate), "{progress}");
    assert!(matches!(progress.eta, Eta::In(left) if left.as_secs().abs_diff(5) <= 1), "{progress}");
    assert_eq!(progress.waiting.as_deref(), Some("the rate limit"));
}

#[tokio::test(start_paused = true)]
async fn without_an_expectation_the_time_left_is_unknown() {
    let world = World::with_rows(1_000);
    let backfiller = world.backfiller(pages(10, 1).with_rate_limit(per_second(100)));
    let watched = async {
        sleep(Duration::from_secs(5)).await;
        backfiller.progress()
    };
    let (_, progress) = tokio::join!(backfiller.run(pending()), watched);
    assert_eq!(progress.eta, Eta::Unknown);
}

#[derive(Debug, Default)]
struct Lag(AtomicBool);

#[async_trait]
impl Throttle for Lag {
    async fn reason_to_wait(&self) -> Option<String> {
        self.0.load(Ordering::Relaxed).then(|| "the replica lags".to_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttle_holds_it_up_and_shows_its_reason() {
    let world = World::with_rows(100);
    let lag = Arc::new(Lag(AtomicBool::new(true)));
    let backfiller = world.backfiller(pages(10, 1)).with_throttle(Arc::clone(&lag) as _);
    let relief = async {
        sleep(Duration::from_secs(30)).await;
        assert_eq!(backfiller.progress().waiting.as_deref(), Some("the replica lags"));
        assert_eq!(world.sides[1].applies(), 0, "nothing was written meanwhile");
        lag.0.store(false, Ordering::Relaxed);
    };
    let (report, ()) = tokio::join!(backfiller.run(pending()), relief);
    let report = report.unwrap();
    assert!(report.is_done && report.duration < Duration::from_secs(32));
}

#[tokio::test(start_paused = true)]
async fn a_throttle_that_hangs_does_not_hold_up_a_stop() {
    #[derive(Debug)]
    struct Hangs;
    #[async_trait]
    impl Throttle for Hangs {
        async fn reason_to_wait(&self) -> Option<String> {
            pending().await
        }
    }
    let world = World::with_rows(10);
    let backfiller = world.backfiller(pages(10, 1)).with_throttle(Arc::new(Hangs));
    let report = timeout(Duration::from_secs(9), backfiller.run(sleep(Duration::from_secs(1))));
    assert!(!report.await.unwrap().unwrap().is_done);
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_hangs_does_not_hold_up_a_stop() {
    let world = World::with_rows(10);
    (0..2).for_each(|_| world.sides[0].push_scan(None)); // the last key, and a page
    world.sides[0].always_scan(Fault::Hang);
    let backfiller = world.backfiller(pages(5, 1));
    let report = timeout(Duration::from_secs(9), backfiller.run(sleep(Duration::from_secs(1))));
    let report = report.await.unwrap().unwrap();
    assert!(!report.is_done);
    assert_eq!(report.copied, 5, "the page in hand was finished");
}

#[tokio::test(start_paused = true)]
async fn it_pauses_and_goes_on_and_keeps_its_claim_meanwhile() {
    let world = World::with_rows(100);
    let control = WorkerControl::new();
    let config = pages(1, 1).with_claim_term(Duration::from_secs(5));
    let backfiller = world.backfiller(config.clone()).with_control(control.clone());
    world.sides[1].always_apply(Fault::Delay(Duration::from_millis(100)));
    let operator = async {
        sleep(Duration::from_secs(1)).await;
        control.pause();
        sleep(Duration::from_secs(1)).await;
        let (copied, other) = (world.modern.records().len(), world.backfiller(config));
        let waited = timeout(Duration::from_secs(60), other.run(pending())).await;
        assert!(waited.is_err(), "the other worker found nothing to do");
        assert_eq!(world.modern.records().len(), copied, "it stood still");
        assert_eq!(backfiller.progress().waiting.as_deref(), Some("paused"));
        control.resume();
    };
    let (report, ()) = tokio::join!(backfiller.run(pending()), operator);
    let report = report.unwrap();
    assert!(report.is_done && world.is_level());
    assert_eq!(report.claims_lost, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_the_pages_in_hand() {
    let world = World::with_rows(1_000);
    world.sides[1].always_apply(Fault::Delay(Duration::from_millis(10)));
    let control = WorkerControl::new();
    let backfiller = world.backfiller(pages(10, 3)).with_control(control.clone());
    let operator = async {
        sleep(Duration::from_secs(1)).await;
        control.stop();
    };
    let (report, ()) = tokio::join!(backfiller.run(pending()), operator);
    let report = report.unwrap();
    assert!(!report.is_done && report.copied > 0);
    let copied = u64::try_from(world.modern.records().len()).unwrap();
    assert_eq!(report.copied, copied, "what was written is written down");
    assert_eq!(u64::from(world.done_until().await.unwrap()) + 1, copied);
}

#[tokio::test(start_paused = true)]
async fn pages_shrink_until_they_take_the_target_time() {
    let world = World::with_rows(3_000);
    // One apply a record: a page of 100 takes a second.
    world.sides[1].always_apply(Fault::Delay(Duration::from_millis(10)));
    let size = PageSize::between(n(1), n(500)).with_target(Duration::from_millis(200));
    let config = pages(1, 1).with_page_size(size);
    let began = Instant::now();
    let report = world.backfiller(config).run(pending()).await.unwrap();
    assert!(report.is_done && began.elapsed() >= Duration::from_secs(30));
    let scans = world.sides[0].scans();
    assert!((140..170).contains(&scans), "pages of about 20: {scans}");
}
