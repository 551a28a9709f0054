//! What is told of a worker while it runs, while it waits, when it is done, and long after it was last heard of.

use std::future::pending;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::backfill::{BackfillConfig, Backfiller};
use strangler_fig::memory::InMemoryCheckpointStore;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::worker::{PageSize, RateLimit, Throttle};

use crate::support::{SECOND, Store, World, parcel};

const HOURS: Duration = Duration::from_secs(6 * 3_600);

struct Bench {
    world: World,
    checkpoints: Arc<InMemoryCheckpointStore>,
}

impl Bench {
    async fn new() -> Self {
        let world = World::new().await;
        (0..200).for_each(|id| world.users.legacy().inner().plant(parcel(id, "Bern")));
        Self { world, checkpoints: Arc::default() }
    }

    /// Ten records a second.
    fn backfiller(&self) -> Backfiller<Store, Store> {
        let ten = NonZeroU64::new(10).unwrap();
        let config = BackfillConfig::default()
            .with_page_size(PageSize::fixed(10.try_into().unwrap()))
            .with_rate_limit(RateLimit::per_second(ten).with_burst(ten))
            .with_expected_records(200);
        let (checkpoints, queue) = (self.checkpoints.clone(), self.world.queue.clone());
        let job = "parcels".parse().unwrap();
        Backfiller::new(&self.world.users, checkpoints, queue, job).with_config(config)
    }

    fn gauge(&self, name: &str) -> f64 {
        self.world.refresh();
        self.world.metric(&format!("strangler_backfill_{name}")).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_backfill_that_was_stopped_has_no_rate_and_says_when_that_was() {
    let bench = Bench::new().await;
    bench.backfiller().run(tokio::time::sleep(SECOND * 5)).await.unwrap();
    bench.world.passes(HOURS).await;
    let seen = bench.world.picture().await;
    seen.says(&["records (30%), stopped 6 h 00 min ago"]);
    seen.is_silent_about("ETA");
    assert_eq!(seen.at("/backfill/state"), "stopped");
    assert!(seen.at("/backfill/progress/per_second").is_null());
    assert!(seen.at("/backfill/progress/eta_seconds").is_null());
    assert!(seen.at("/backfill/seen_ago_seconds").as_f64().unwrap() > 21_599.0);
    assert!((bench.gauge("rate"), bench.gauge("eta")).0 == 0.0 && bench.gauge("eta").is_nan());
}

#[tokio::test(start_paused = true)]
async fn a_backfill_that_is_done_says_so() {
    let bench = Bench::new().await;
    bench.backfiller().run(pending()).await.unwrap();
    bench.world.picture().await.says(&["copied 200 of about 200 records (100%), done"]);
    assert_eq!((bench.gauge("rate"), bench.gauge("eta")), (0.0, 0.0));
    bench.world.passes(HOURS).await;
    let seen = bench.world.picture().await;
    seen.says(&["copied 200 of about 200 records (100%), done 6 h 00 min ago"]);
    seen.is_silent_about("unknown, ETA");
    assert_eq!(seen.at("/backfill/state"), "done");
    // Run again there is nothing left to do, and it says so as well.
    bench.backfiller().run(pending()).await.unwrap();
    bench.world.picture().await.says(&["copied 200 of about 200 records (100%), done"]);
}

/// Its process has died: nobody tells of its end.
#[tokio::test(start_paused = true)]
async fn a_backfill_that_is_not_heard_of_has_an_unknown_rate() {
    let bench = Bench::new().await;
    let (backfiller, time) = (bench.backfiller(), SECOND * 5);
    tokio::time::timeout(time, backfiller.run(pending())).await.unwrap_err();
    bench.world.picture().await.says(&["records (30%), ", "/s, ETA "]);
    bench.world.passes(HOURS).await;
    bench.world.picture().await.says(&["rate unknown, ETA unknown, as seen 6 h 00 min ago"]);
    assert!(bench.gauge("rate").is_nan() && bench.gauge("eta").is_nan());
}

#[derive(Debug, Default)]
struct Replica(AtomicBool);

#[async_trait]
impl Throttle for Replica {
    async fn reason_to_wait(&self) -> Option<String> {
        self.0.load(Ordering::Relaxed).then(|| "the replica lags 2000 ms behind".to_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn a_backfill_that_waits_says_what_for() {
    let (bench, replica) = (Bench::new().await, Arc::new(Replica::default()));
    let backfiller = bench.backfiller().with_throttle(replica.clone());
    replica.0.store(true, Ordering::Relaxed);
    let waits = async {
        tokio::time::sleep(SECOND * 30).await;
        let seen = bench.world.picture().await;
        seen.says(&["copied 0 of about 200 records (0%), 0/s, ETA unknown, waiting: the replica lags 2000 ms behind"]);
        replica.0.store(false, Ordering::Relaxed);
        tokio::time::sleep(SECOND * 5).await;
        bench.world.picture().await.is_silent_about("the replica");
    };
    tokio::join!(async { backfiller.run(pending()).await.unwrap() }, waits);
}

#[tokio::test(start_paused = true)]
async fn a_replicator_that_is_not_heard_of_is_told_as_it_was_seen() {
    let world = World::new().await;
    let second = Some(SECOND);
    world.observers.on_event(&Event::ReplicationLag { pending: Some(3), lag: second });
    let carried = |lag| Event::ChangesReplicated { copied: 1, level: 0, noted: 0, lag };
    world.observers.on_event(&carried(second));
    world.picture().await.says(&["replication 1.0 s behind, changes waiting: 3"]);
    world.passes(HOURS).await;
    world.picture().await.says(&["1.0 s behind, changes waiting: 3, as seen 6 h 00 min ago"]);
    world.observers.on_event(&carried(second));
    world.picture().await.says(&["1.0 s behind, changes waiting: 3 (6 h 00 min ago)"]);
    world.observers.on_event(&carried(None));
    world.picture().await.says(&["replication level, changes waiting: 0"]);
    world.passes(HOURS).await;
    world.refresh();
    assert!(world.metric("strangler_replication_lag").unwrap().is_nan(), "nobody knows");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_runs_that_was_not_heard_of_and_that_has_ended() {
    let world = World::new().await;
    world.picture().await.is_silent_about("sweep");
    let told = |result, joined, left| {
        let (records, duration) = (12_000, SECOND * 3);
        world.observers.on_event(&Event::Swept { result, records, joined, left, duration });
    };
    told(None, 0, 0);
    world.picture().await.says(&["last sweep", "running, 12000 records looked at in 3.0 s"]);
    world.passes(HOURS).await;
    world
        .picture()
        .await
        .says(&["12000 records looked at in 3.0 s, and not heard of for 6 h 00 min"]);

    told(Some("unclean"), 20, 2);
    world.passes(SECOND * 7).await;
    let seen = world.picture().await;
    seen.says(&[
        "unclean, 12000 records looked at in 3.0 s, 20 joined, 2 left behind",
        "7.0 s ago",
    ]);
    assert_eq!(seen.at("/sweep/left"), 2);
    world.counts("strangler_sweep_left", 2.0);
    world.counts("strangler_sweeps{result=\"unclean\"}", 1.0);
}
