//! What is copied, and what is left as it is.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::observe::{Event, Observer};
use strangler_fig::repository::{
    MigrationConfig, MigrationRepository, Repository, StampedRepository,
};
use strangler_fig::stamp::{Record, StampClock};
use strangler_fig::testkit::faults::Fault;

use super::support::{World, pages, stamp};

#[tokio::test(start_paused = true)]
async fn every_record_is_copied_with_its_stamp() {
    let world = World::with_rows(25);
    world.legacy.apply(&3, &Record::live(stamp(7), (3, 1))).await.unwrap();
    world.legacy.apply(&24, &Record::tombstone(stamp(9))).await.unwrap();
    let report = world.backfiller(pages(4, 3)).run(pending()).await.unwrap();
    assert!(world.is_level());
    assert_eq!((report.scanned, report.copied, report.level, report.failed), (25, 25, 0, 0));
    assert!(report.is_done && !report.is_dry_run);
}

#[tokio::test(start_paused = true)]
async fn a_newer_row_is_not_overwritten_and_a_deleted_one_stays_deleted() {
    let world = World::with_rows(3);
    world.modern.apply(&0, &Record::live(stamp(1), (0, 77))).await.unwrap();
    world.modern.apply(&1, &Record::tombstone(stamp(1))).await.unwrap();
    let report = world.backfiller(pages(10, 1)).run(pending()).await.unwrap();
    assert_eq!((report.copied, report.level), (1, 2));
    let records = world.modern.records();
    assert_eq!(records[0].1, Record::live(stamp(1), (0, 77)));
    assert!(records[1].1.is_tombstone());
}

#[tokio::test(start_paused = true)]
async fn a_row_deleted_after_it_was_read_is_not_brought_back() {
    let world = World::with_rows(1);
    let gate = world.sides[1].pause_next_apply(strangler_fig::testkit::faults::Pause::BeforeEffect);
    let backfiller = world.backfiller(pages(10, 1));
    let copying = tokio::spawn(async move { backfiller.run(pending()).await });
    gate.reached().await; // the row was read, and is on its way
    let deleted = Record::tombstone(stamp(5));
    world.legacy.apply(&0, &deleted).await.unwrap();
    world.modern.apply(&0, &deleted).await.unwrap();
    gate.open();
    let report = copying.await.unwrap().unwrap();
    assert_eq!((report.copied, report.level), (0, 1));
    assert_eq!(world.modern.records(), [(0, deleted)]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_store_is_done_at_once() {
    let world = World::with_rows(0);
    let report = world.backfiller(pages(10, 2)).run(pending()).await.unwrap();
    assert!(report.is_done);
    assert_eq!((report.partitions, report.scanned), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn it_ends_though_keys_are_added_behind_it() {
    let world = World::with_rows(5);
    world.sides[1].always_apply(Fault::Delay(Duration::from_millis(10)));
    let (legacy, adding) = (world.legacy.clone(), tokio::sync::Notify::new());
    let adder = async {
        for key in 100.. {
            legacy.plant((key, 0));
            tokio::select! {
                () = adding.notified() => break,
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
        }
    };
    let copied = async {
        let report = world.backfiller(pages(1, 1)).run(pending()).await.unwrap();
        adding.notify_one();
        report
    };
    let (report, ()) = tokio::join!(copied, adder);
    assert!(report.is_done);
    assert_eq!(report.scanned, 5, "the keys there were when it began");
}

/// The bound stands in the job: a later run does not move it.
#[tokio::test(start_paused = true)]
async fn the_bound_does_not_move_when_it_is_resumed() {
    let world = World::with_rows(5);
    let backfiller = world.backfiller(pages(2, 1));
    let stopped = backfiller.run(std::future::ready(())).await.unwrap();
    assert!(!stopped.is_done && stopped.scanned == 0);
    world.legacy.plant((9, 9));
    let report = backfiller.run(pending()).await.unwrap();
    assert!(report.is_done);
    assert_eq!(report.scanned, 5);
}

#[tokio::test(start_paused = true)]
async fn a_finished_job_is_not_run_again() {
    let world = World::with_rows(5);
    world.backfiller(pages(2, 1)).run(pending()).await.unwrap();
    let scans = world.sides[0].scans();
    let again = world.backfiller(pages(2, 1)).run(pending()).await.unwrap();
    assert!(again.is_done && again.scanned == 0);
    assert_eq!(world.sides[0].scans(), scans, "nothing was read");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_tells_and_writes_nothing() {
    let world = World::with_rows(10);
    world.modern.apply(&4, &Record::live(stamp(1), (4, 0))).await.unwrap();
    let before = world.modern.records();
    let foreseen = world.backfiller(pages(3, 2)).dry_run(pending()).await.unwrap();
    assert_eq!((foreseen.scanned, foreseen.copied, foreseen.level), (10, 9, 1));
    assert!(foreseen.is_dry_run && foreseen.is_done);
    assert!(
        foreseen.to_string().contains("(dry run)") && foreseen.to_string().contains("9 to copy")
    );
    assert_eq!(world.modern.records(), before);
    assert_eq!(world.done_until().await, None, "no checkpoint");
    let report = world.backfiller(pages(3, 2)).run(pending()).await.unwrap();
    assert_eq!((report.copied, report.level), (foreseen.copied, foreseen.level));
}

/// Writers go on in `DualWrite`: at the end every key is what was written last.
#[tokio::test(start_paused = true)]
async fn traffic_and_backfill_end_level() {
    use strangler_fig::phase::{Fleet, Move, MoveId, Phase};
    for seed in 0..20 {
        let world = World::with_rows(60);
        let tracker = world.rows.tracker();
        let dual = Move::to(Phase::DualWrite);
        let state = tracker.state().transition(&dual, MoveId::random().unwrap(), &Fleet::default());
        assert!(tracker.adopt(state.unwrap()));
        for side in &world.sides {
            side.always(Fault::Delay(Duration::from_millis(1)));
        }
        let mut random = fastrand::Rng::with_seed(seed);
        let traffic = async {
            for step in 0..200 {
                let key = random.u32(..60);
                match random.u8(..3) {
                    0 => world.rows.delete(&key).await.unwrap(),
                    _ => world.rows.save((key, 1_000 + step)).await.unwrap(),
                }
            }
        };
        let backfiller = world.backfiller(pages(5, 3));
        let (report, ()) = tokio::join!(backfiller.run(pending()), traffic);
        assert!(report.unwrap().is_done);
        world.rows.drained().await;
        assert!(world.is_level(), "seed {seed}");
        let found = Repository::find(&world.rows, &0).await.unwrap();
        let legacy = world.legacy.records();
        assert_eq!(found, legacy[0].1.value, "seed {seed}");
    }
}

#[derive(Debug, Default)]
struct Told(Mutex<Vec<Event>>);

impl Observer for Told {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_each_page_and_of_none_that_a_dry_run_reads() {
    let (mut world, told) = (World::with_rows(5), Arc::new(Told::default()));
    let ([legacy, modern], tracker) = (world.sides.clone(), world.rows.tracker().clone());
    let config = MigrationConfig::default().with_observer(told.clone());
    let stamps = Arc::new(StampClock::new().unwrap());
    world.rows = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config).unwrap();
    world.modern.apply(&0, &Record::live(stamp(1), (0, 77))).await.unwrap();
    world.backfiller(pages(3, 1)).dry_run(pending()).await.unwrap();
    assert_eq!(*told.0.lock().unwrap(), []);
    world.backfiller(pages(3, 1).with_expected_records(10)).run(pending()).await.unwrap();
    let page = |copied, level| Event::Backfilled { copied, level, failed: 0 };
    let came = |records, state, eta| Event::BackfillProgressed {
        records,
        expected: Some(10),
        per_second: None,
        eta,
        state,
        waiting: None,
    };
    let (running, done) = (|records| came(records, "running", None), Some(Duration::ZERO));
    let expected = [page(2, 1), running(3), page(2, 0), running(5), came(5, "done", done)];
    assert_eq!(*told.0.lock().unwrap(), expected);
}
