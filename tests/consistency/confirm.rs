//! What is called a difference, and what is not.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::consistency::{
    CheckerConfig, Comparator, FieldComparator, FieldDifference, Verdict,
};
use strangler_fig::error::StoreError;
use strangler_fig::phase::{Bucket, Fleet, Move, MoveId, Phase, Share};
use strangler_fig::repository::{DivergenceReason, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};

use crate::support::{Row, World, kinds, n, small, sound, stamp, unavailable};

#[tokio::test(start_paused = true)]
async fn level_stores_are_consistent_and_take_no_time_to_settle() {
    let world = World::level(95);
    let report = world.full().await;
    assert_eq!(report.verdict, Verdict::Consistent);
    assert_eq!((report.keys, report.level, report.candidates), (95, 95, 0));
    assert_eq!(report.duration, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_told_apart() {
    let world = World::level(20);
    world.legacy.rows.uproot(&1);
    world.modern.rows.uproot(&2);
    world.legacy.put(3, 2, Some("new"));
    world.modern.put(4, 2, Some("new"));
    world.modern.rows.plant((5, "planted".to_owned()));
    world.legacy.put(6, 2, None);
    world.modern.put(7, 2, None);
    let refuses = |_, key| (key == 8).then(|| StoreError::rejected("not a row"));
    world.legacy.put(8, 2, Some("new"));
    world.modern.on_read(refuses);

    let report = world.full().await;
    assert_eq!(report.verdict, Verdict::Inconsistent);
    let expected = [
        (1, "missing_in_legacy"),
        (2, "missing_in_modern"),
        (3, "stale_in_modern"),
        (4, "stale_in_legacy"),
        (5, "conflict"),
        (6, "stale_in_modern"),
        (7, "stale_in_legacy"),
        (8, "rejected_by_modern"),
    ];
    assert_eq!(kinds(&report), expected);
    assert_eq!((report.keys, report.level), (20, 12));
    let rejected = &report.kept[7];
    assert_eq!((rejected.legacy, rejected.modern), (Some(stamp(2)), None));
}

#[tokio::test(start_paused = true)]
async fn on_the_way_forward_a_tombstone_beside_nothing_is_level_only_if_modern_has_it() {
    let world = World::level(3);
    world.modern.put(10, 2, None);
    world.legacy.put(11, 2, None);
    assert_eq!(kinds(&world.full().await), [(11, "stale_in_modern")]);
}

#[tokio::test(start_paused = true)]
async fn a_larger_stamp_on_equal_content_is_level_in_modern_and_stale_in_legacy() {
    let world = World::level(3);
    world.modern.put(1, 2, Some("same"));
    world.legacy.put(2, 2, Some("same"));
    assert_eq!(kinds(&world.full().await), [(2, "stale_in_modern")]);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_follows_in_time_is_no_difference() {
    let world = World::level(20);
    world.legacy.put(7, 2, Some("new"));
    let modern = world.modern.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        modern.put(7, 2, Some("new"));
    });
    let report = world.full().await;
    assert_eq!((report.verdict, report.candidates), (Verdict::Consistent, 1));
}

#[tokio::test(start_paused = true)]
async fn candidates_share_the_delay() {
    let world = World::level(50);
    for key in 0..50 {
        world.legacy.put(key, 2, Some("new"));
    }
    let report = world.full().await;
    assert_eq!(report.differences.stale_in_modern, 50);
    assert_eq!(report.duration, Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_stands_still_is_unsettled() {
    let world = World::level(20);
    world.legacy.put(7, 2, Some("new"));
    let legacy = world.legacy.clone();
    let traffic = tokio::spawn(async move {
        for millis in 3.. {
            tokio::time::sleep(Duration::from_millis(700)).await;
            legacy.put(7, millis, Some("newer"));
        }
    });
    let report = world.full().await;
    assert_eq!((report.verdict, report.unsettled), (Verdict::Inconclusive, 1));
    assert_eq!(report.unsettled_keys, [7]);
    assert_eq!(report.duration, Duration::from_secs(10), "five rounds of two seconds");
    traffic.abort();
}

#[tokio::test(start_paused = true)]
async fn a_source_that_comes_to_rest_is_judged_then() {
    let world = World::level(20);
    world.legacy.put(7, 2, Some("new"));
    let legacy = world.legacy.clone();
    tokio::spawn(async move {
        for millis in 3..6 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            legacy.put(7, millis, Some("newer"));
        }
    });
    let report = world.full().await;
    assert_eq!(kinds(&report), [(7, "stale_in_modern")]);
    assert_eq!(report.kept[0].legacy, Some(stamp(5)));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_read_again_is_reported_as_failed() {
    let world = World::level(20);
    world.legacy.put(7, 2, Some("new"));
    world.legacy.put(8, 2, Some("new"));
    world.modern.on_read(|_, key| (key == 7).then(unavailable));
    let report = world.full().await;
    assert_eq!(report.verdict, Verdict::Inconsistent);
    assert_eq!(kinds(&report), [(8, "stale_in_modern")]);
    assert_eq!((report.failed, report.failed_keys[0].key), (1, 7));
    assert!(report.failed_keys[0].error.ends_with(": gone"));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_now_and_then_is_made_again() {
    let world = World::level(20);
    world.legacy.put(7, 2, Some("new"));
    world.modern.on_read(|nth, _| (nth <= 3).then(unavailable));
    world.legacy.on_read(|nth, _| (nth == 2).then(unavailable));
    assert_eq!(kinds(&world.full().await), [(7, "stale_in_modern")]);
}

#[tokio::test(start_paused = true)]
async fn an_adapter_that_panics_while_reading_leaves_a_failed_key() {
    let world = World::level(20);
    world.legacy.put(7, 2, Some("new"));
    world.modern.on_read(|_, _| panic!("injected"));
    let report = world.full().await;
    assert_eq!((report.verdict, report.failed), (Verdict::Inconclusive, 1));
}

#[tokio::test(start_paused = true)]
async fn a_full_house_of_candidates_is_confirmed_before_the_scan_goes_on() {
    let world = World::new();
    for key in 0..100 {
        world.legacy.put(key, 1, Some("new"));
    }
    let checker = world.checker().with_config(small().with_candidates_max(n(20)).with_kept_max(5));
    let report = sound(checker.full(pending()).await);
    assert_eq!(report.differences.missing_in_modern, 100);
    assert_eq!(report.kept.len(), 5);
    assert_eq!(report.duration, Duration::from_secs(10), "five times twenty keys");
}

#[tokio::test(start_paused = true)]
async fn the_source_is_the_primary_of_the_keys_part() {
    let world = World::level(200);
    world.cohort_to_live(Share::percent(50));
    for key in 0..200 {
        world.modern.put(key, 2, Some("new"));
    }
    let [of_legacy, of_modern] = [&world.legacy, &world.modern].map(|side| {
        let reads = Arc::new(Mutex::new(vec![0_u32; 200]));
        let counted = Arc::clone(&reads);
        side.on_read(move |_, key| {
            counted.lock().unwrap()[usize::try_from(key).unwrap()] += 1;
            None
        });
        reads
    });
    let report = world.full().await;
    assert_eq!(report.differences.stale_in_legacy, 200);
    let (of_legacy, of_modern) = (of_legacy.lock().unwrap(), of_modern.lock().unwrap());
    let state = world.rows.tracker().state();
    for (key, reads) in (0_u32..).zip(of_legacy.iter().zip(of_modern.iter())) {
        let in_cohort = Share::percent(50).holds(Bucket::of(&key, state.salt()));
        // In the cohort writes reach legacy first, so the target is read twice too.
        assert_eq!(reads, if in_cohort { (&2, &2) } else { (&2, &1) }, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_comparator_tolerates_is_level_and_counted() {
    let world = World::level(5);
    world.modern.rows.plant((2, "10.001".to_owned()));
    world.legacy.rows.plant((2, "10.000".to_owned()));
    world.modern.rows.plant((3, "11".to_owned()));
    world.legacy.rows.plant((3, "10".to_owned()));
    let tolerant = FieldComparator::new().with_tolerance("[1]", 0.005);
    world.rows.sink().note(2, DivergenceReason::Mismatch, None);
    let report = sound(world.checker().with_comparator(tolerant.clone()).full(pending()).await);
    assert_eq!(kinds(&report), [(3, "conflict")]);
    assert_eq!(report.tolerated, 1);
    assert_eq!(report.kept[0].fields[0].field, "[1]");

    world.modern.rows.plant((3, "10".to_owned()));
    let report = world.checker().with_comparator(tolerant).full(pending()).await;
    assert!(report.is_consistent());
    assert_eq!(world.rows.sink().len(), 1, "what is tolerated was not shown to be level");
}

#[tokio::test(start_paused = true)]
async fn a_clean_full_check_clears_the_sink_and_a_lesser_one_does_not() {
    let world = World::level(20);
    let sink = world.rows.sink();
    sink.note(3, DivergenceReason::WriteUnknown, None);
    assert!(world.checker().keys([3], pending()).await.is_consistent());
    assert_eq!(sink.len(), 1, "some keys are not every key");
    world.legacy.put(7, 2, Some("new"));
    assert!(!world.full().await.is_consistent());
    assert_eq!(sink.len(), 1, "a key differs");
    world.rows.join(&7).await.unwrap();
    assert!(world.full().await.is_consistent());
    assert!(sink.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_sink_is_kept_when_the_state_moved_meanwhile() {
    let world = World::level(20);
    world.rows.sink().note(3, DivergenceReason::Mismatch, None);
    let (tracker, mut moved) = (world.rows.tracker().clone(), false);
    world.legacy.on_scan(move |_, page| {
        if !std::mem::replace(&mut moved, true) {
            let id = MoveId::random().unwrap();
            let step = Move::to(Phase::DualWrite);
            let next = tracker.state().transition(&step, id, &Fleet::default()).unwrap();
            assert!(tracker.adopt(next));
        }
        page
    });
    assert!(world.full().await.is_consistent());
    assert_eq!(world.rows.sink().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_and_the_last_key_and_keys_beyond_the_other_sides_last() {
    for only in 0..2 {
        let world = World::new();
        for key in 10..60 {
            world.both(key);
        }
        let (one, other) = match only {
            0 => (&world.legacy, "missing_in_modern"),
            _ => (&world.modern, "missing_in_legacy"),
        };
        for key in [0, 9, 60, 61, 99, u32::MAX] {
            one.put(key, 1, Some("only here"));
        }
        one.put(10, 2, Some("changed"));
        let report = world.full().await;
        let missing: Vec<_> = kinds(&report).into_iter().filter(|it| it.1 == other).collect();
        assert_eq!(missing.iter().map(|it| it.0).collect::<Vec<_>>(), [0, 9, 60, 61, 99, u32::MAX]);
        assert_eq!(report.differences.total(), 7);
    }
}

#[tokio::test(start_paused = true)]
async fn empty_stores_are_consistent_and_one_empty_store_is_not() {
    assert!(World::new().full().await.is_consistent());
    let world = World::new();
    for key in 0..35 {
        world.modern.put(key, 1, Some("only here"));
    }
    let report = world.full().await;
    assert_eq!(report.differences.missing_in_legacy, 35);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_differences_are_counted_and_a_few_kept() {
    let world = World::new();
    for key in 0..100_000 {
        world.legacy.put_record(key, &Record::live(Stamp::BASE, (key, String::new())));
    }
    let config = CheckerConfig::default().with_kept_max(10);
    let report = sound(world.checker().with_config(config).full(pending()).await);
    assert_eq!((report.keys, report.differences.missing_in_modern), (100_000, 100_000));
    assert_eq!(report.kept.len(), 10);
    assert!(world.modern.read(&1).await.unwrap() == Record::absent(), "it repairs nothing");
}

#[derive(Debug)]
struct Broken;

impl Comparator<Row> for Broken {
    fn differences(&self, _: &Row, _: &Row) -> Vec<FieldDifference> {
        panic!("not made for this")
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_comparator_panics_at_is_a_difference_and_the_check_goes_on() {
    let world = World::level(20);
    world.modern.rows.plant((5, "planted".to_owned()));
    world.modern.rows.uproot(&15);
    let report = world.checker().with_comparator(Broken).full(pending()).await;
    assert_eq!(kinds(&sound(report)), [(5, "conflict"), (15, "missing_in_modern")]);
}
