//! Killed at any moment, and run again.

use std::future::pending;
use std::time::Duration;

use strangler_fig::repository::StampedRepository;
use strangler_fig::stamp::Record;
use strangler_fig::testkit::faults::{Fault, Pause};
use tokio::time::timeout;

use super::support::{World, pages, stamp};

const ROWS: u32 = 400;
const PAGE: u64 = 7;
const IN_FLIGHT: u64 = 3;

/// Each kill loses at most the pages in flight, and nothing else.
#[tokio::test(start_paused = true)]
async fn killed_at_random_moments_it_redoes_only_what_was_in_flight() {
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let world = World::with_rows(ROWS);
        world.legacy.apply(&5, &Record::tombstone(stamp(1))).await.unwrap();
        world.sides[1].always_apply(Fault::Delay(Duration::from_millis(1)));
        world.sides[0].always_scan(Fault::Delay(Duration::from_millis(1)));
        let config = pages(7, 3).with_claim_term(Duration::from_secs(1));
        let mut kills = 0;
        loop {
            let moment = Duration::from_millis(random.u64(1..60));
            let backfiller = world.backfiller(config.clone());
            // The claim of the one that was killed runs out meanwhile.
            tokio::time::sleep(Duration::from_secs(2)).await;
            match timeout(moment, backfiller.run(pending())).await {
                Ok(report) => break assert!(report.unwrap().is_done),
                Err(_) => kills += 1,
            }
        }
        assert!(world.is_level(), "seed {seed}");
        let most = u64::from(ROWS) + kills * PAGE * (IN_FLIGHT + 1);
        let applied = world.sides[1].applies();
        assert!(kills > 1 && applied <= most, "seed {seed}: {applied} of {most}, {kills} kills");
    }
}

/// "Wrong last key on resume skips a row."
#[tokio::test(start_paused = true)]
async fn a_page_that_is_done_before_an_earlier_one_moves_no_checkpoint() {
    let world = World::with_rows(30);
    let gate = world.sides[1].pause_next_apply(Pause::BeforeEffect);
    let backfiller = world.backfiller(pages(5, 4));
    let killed = timeout(Duration::from_secs(5), backfiller.run(pending())).await;
    assert!(killed.is_err(), "the first page hangs");
    assert!(world.modern.records().len() >= 10, "later pages were written");
    assert_eq!(world.done_until().await, None, "and the first one was not");
    drop(gate);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(world.backfiller(pages(5, 4)).run(pending()).await.unwrap().is_done);
    assert!(world.is_level());
}

#[tokio::test(start_paused = true)]
async fn what_changed_between_two_runs_is_not_undone() {
    let world = World::with_rows(100);
    let backfiller = world.backfiller(pages(10, 1));
    world.sides[1].always_apply(Fault::Delay(Duration::from_millis(1)));
    let _ = timeout(Duration::from_millis(45), backfiller.run(pending())).await;
    let newer = Record::live(stamp(3), (90, 3));
    for (key, record) in [(1, Record::tombstone(stamp(2))), (90, newer)] {
        world.legacy.apply(&key, &record).await.unwrap();
        world.modern.apply(&key, &record).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(world.backfiller(pages(10, 1)).run(pending()).await.unwrap().is_done);
    assert!(world.is_level());
}
