//! What was not seen is said to be so.

use std::future::{pending, ready};

use strangler_fig::consistency::Verdict;
use strangler_fig::error::StoreError;

use crate::support::{Report, World, kinds, sound, unavailable};

fn uncovered(report: &Report) -> Vec<(Option<u32>, Option<u32>, &str)> {
    let ranges = report.uncovered_ranges.iter();
    ranges.map(|it| (it.after, it.until, it.reason.as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn every_third_page_failing_is_overcome() {
    let world = World::level(100);
    world.modern.rows.uproot(&99);
    for side in [&world.legacy, &world.modern] {
        side.on_scan(|nth, page| if nth % 3 == 0 { Err(unavailable()) } else { page });
    }
    let report = world.full().await;
    assert_eq!(kinds(&report), [(99, "missing_in_modern")]);
    assert_eq!((report.keys, report.uncovered), (100, 0));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_for_good_is_never_success() {
    let world = World::level(100);
    world.modern.on_scan(|nth, page| if nth > 4 { Err(unavailable()) } else { page });
    let report = world.full().await;
    assert_eq!((report.verdict, report.level), (Verdict::Inconclusive, 40));
    let why = "modern could not be scanned: the store is unavailable; nothing was done: gone";
    assert_eq!(uncovered(&report), [(Some(39), Some(99), why)]);
}

#[tokio::test(start_paused = true)]
async fn what_differs_before_the_failure_is_still_confirmed() {
    let world = World::level(100);
    world.modern.rows.uproot(&5);
    world.legacy.on_scan(|nth, page| if nth > 4 { Err(unavailable()) } else { page });
    let report = world.full().await;
    assert_eq!(report.verdict, Verdict::Inconsistent);
    assert_eq!(kinds(&report), [(5, "missing_in_modern")]);
    assert_eq!(report.uncovered, 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_decoded_ends_the_scan_there() {
    let world = World::level(100);
    let bad = || StoreError::rejected("the bytes are not a u32");
    world.modern.on_scan(move |nth, page| if nth == 3 { Err(bad()) } else { page });
    let report = world.full().await;
    assert_eq!((report.verdict, report.uncovered), (Verdict::Inconclusive, 1));
    assert!(report.uncovered_ranges[0].reason.ends_with("the bytes are not a u32"));
    assert_eq!(report.uncovered_ranges[0].after, Some(19));
}

#[tokio::test(start_paused = true)]
async fn a_scan_out_of_order_a_page_twice_and_a_standing_scan_are_never_success() {
    let world = World::level(100);
    world.legacy.on_scan(|nth, page| {
        let mut page = page?;
        if nth == 3 {
            page.records.swap(2, 3);
        }
        Ok(page)
    });
    let report = world.full().await;
    let why = "the scan of legacy is out of order";
    assert_eq!(uncovered(&report), [(Some(19), Some(99), why)]);
    assert_eq!(report.verdict, Verdict::Inconclusive);

    let world = World::level(100);
    let mut last = None;
    world.modern.on_scan(move |nth, page| {
        let again = std::mem::replace(&mut last, page.as_ref().ok().cloned());
        if nth == 3 { Ok(again.unwrap()) } else { page }
    });
    let report = world.full().await;
    let why = "the scan of modern is out of order";
    assert_eq!(uncovered(&report), [(Some(19), Some(99), why)]);

    let world = World::level(100);
    world.modern.on_scan(|nth, page| {
        let mut page = page?;
        if nth >= 3 {
            (page.records, page.is_last) = (Vec::new(), false);
        }
        Ok(page)
    });
    let report = world.full().await;
    let why = "the scan of modern stands still";
    assert_eq!(uncovered(&report), [(Some(19), Some(99), why)]);
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_panics_is_a_scan_that_fails() {
    let world = World::level(100);
    world.modern.on_scan(|_, _| panic!("injected"));
    let report = world.full().await;
    assert_eq!((report.verdict, report.uncovered), (Verdict::Inconclusive, 1));
}

#[tokio::test(start_paused = true)]
async fn a_check_told_to_end_before_it_began_has_seen_nothing() {
    let world = World::level(100);
    let report = sound(world.checker().full(ready(())).await);
    assert_eq!((report.verdict, report.keys), (Verdict::Inconclusive, 0));
    assert_eq!(uncovered(&report), [(None, None, "the check was stopped")]);
    let report = sound(world.checker().keys([1, 2], ready(())).await);
    assert_eq!((report.verdict, report.unsettled), (Verdict::Inconclusive, 2));
}

#[tokio::test(start_paused = true)]
async fn a_check_stopped_while_it_looks_again_leaves_its_candidates_unsettled() {
    let world = World::level(100);
    for key in [3, 30, 99] {
        world.modern.rows.uproot(&key);
    }
    let soon = tokio::time::sleep(std::time::Duration::from_secs(1));
    let report = sound(world.checker().full(soon).await);
    assert_eq!((report.verdict, report.unsettled), (Verdict::Inconclusive, 3));
    assert_eq!(report.differences.total(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_does_not_outlive_the_shutdown() {
    let world = World::level(100);
    world.legacy.knobs().latency = std::time::Duration::from_secs(1 << 40);
    let soon = tokio::time::sleep(std::time::Duration::from_secs(1));
    let report = sound(world.checker().full(soon).await);
    assert_eq!(uncovered(&report), [(None, Some(99), "the check was stopped")]);
}

#[tokio::test(start_paused = true)]
async fn an_earlier_report_that_did_not_keep_everything_is_not_seen_whole() {
    let world = World::level(100);
    for key in 0..10 {
        world.modern.rows.uproot(&key);
    }
    let config = crate::support::small().with_kept_max(4);
    let first = world.checker().with_config(config).full(pending()).await;
    for key in 0..10 {
        world.rows.join(&key).await.unwrap();
    }
    let again = sound(world.checker().earlier(&first, pending()).await);
    assert_eq!((again.verdict, again.keys), (Verdict::Inconclusive, 4));
    let why = "6 differences the earlier report did not keep";
    assert_eq!(uncovered(&again), [(None, None, why)]);
}
