//! Checks by digests.

use std::future::pending;
use std::time::Duration;

use strangler_fig::consistency::{CheckMode, DigestWork, Verdict};
use strangler_fig::repository::DivergenceReason;

use crate::support::{Report, World, kinds, n, small, sound, stamp, unavailable};

fn work(report: &Report) -> &DigestWork {
    report.digest.as_ref().unwrap()
}

fn fell_back(report: &Report) -> &str {
    work(report).fell_back.as_deref().unwrap()
}

#[tokio::test(start_paused = true)]
async fn level_stores_are_digested_and_nothing_more() {
    let world = World::level(1_000);
    world.rows.sink().note(3, DivergenceReason::Mismatch, None);
    let report = world.digest().await;
    assert_eq!((report.verdict, report.mode), (Verdict::Consistent, CheckMode::Digest));
    assert_eq!((report.keys, report.level), (1_000, 1_000));
    let work = work(&report);
    assert_eq!((work.ranges_digested, work.ranges_merged, work.rows_hashed), (10, 0, 0));
    assert!(world.rows.sink().is_empty(), "every key was level");
    assert_eq!(world.legacy.knobs().reads, 0);
}

#[tokio::test(start_paused = true)]
async fn differences_are_found_wherever_they_lie() {
    let world = World::level(1_000);
    world.legacy.put(0, 2, Some("new"));
    world.modern.rows.uproot(&99); // the last key of a root
    world.legacy.rows.uproot(&100);
    world.modern.rows.plant((500, "planted".to_owned()));
    world.modern.put(999, 2, None);
    for key in [5_000, u32::MAX] {
        world.modern.put(key, 1, Some("beyond"));
    }
    let report = world.digest().await;
    let expected = [
        (0, "stale_in_modern"),
        (99, "missing_in_modern"),
        (100, "missing_in_legacy"),
        (500, "conflict"),
        (999, "stale_in_legacy"),
        (5_000, "missing_in_legacy"),
        (u32::MAX, "missing_in_legacy"),
    ];
    let mut found = kinds(&report);
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!((report.keys, report.level), (1_002, 995));
    assert!(work(&report).rows_hashed < 100, "{report:?}");
    assert_eq!(work(&report).ranges_merged, 0);
}

#[tokio::test(start_paused = true)]
async fn digest_and_merge_find_the_same() {
    for seed in 0..30 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let world = World::new();
        for _ in 0..rng.u32(..600) {
            let key = rng.u32(..1_000);
            if world.legacy.rows.records().iter().all(|(it, _)| *it != key) {
                world.both(key);
            }
        }
        for _ in 0..rng.u32(..40) {
            let (side, key) = (rng.bool(), rng.u32(..1_100));
            let side = if side { &world.legacy } else { &world.modern };
            match rng.u8(..2) {
                0 => side.rows.uproot(&key),
                _ => side.rows.plant((key, "planted".to_owned())),
            }
        }
        let (merged, digested) = (world.full().await, world.digest().await);
        let sorted = |report: &Report| {
            let mut found = kinds(report);
            found.sort_unstable();
            found
        };
        assert_eq!(sorted(&digested), sorted(&merged), "seed {seed}");
        assert_eq!((digested.keys, digested.level), (merged.keys, merged.level), "seed {seed}");
        assert_eq!(work(&digested).fell_back, None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_differs_almost_everywhere_is_merged() {
    let world = World::level(3_000);
    for key in (0..3_000).step_by(50) {
        world.legacy.put(key, 2, Some("new"));
    }
    let report = world.digest().await;
    assert_eq!(report.differences.stale_in_modern, 60);
    assert_eq!((work(&report).ranges_merged, work(&report).rows_hashed), (30, 0));
}

#[tokio::test(start_paused = true)]
async fn empty_stores_and_one_empty_store() {
    assert!(World::new().digest().await.is_consistent());
    for empty in 0..2 {
        let world = World::new();
        let (full, kind) = match empty {
            0 => (&world.legacy, "missing_in_modern"),
            _ => (&world.modern, "missing_in_legacy"),
        };
        for key in 0..500 {
            full.put(key, 1, Some("only here"));
        }
        let report = world.digest().await;
        assert_eq!(report.differences.total(), 500);
        assert!(kinds(&report).iter().all(|it| it.1 == kind));
    }
}

#[tokio::test(start_paused = true)]
async fn other_algorithms_are_not_compared() {
    let world = World::level(300);
    world.legacy.put(7, 2, Some("new"));
    world.modern.knobs().algorithm = Some("md5/other");
    let report = world.digest().await;
    assert_eq!(fell_back(&report), "legacy hashes by xxh3/test, modern by md5/other");
    assert_eq!((kinds(&report), report.keys), (vec![(7, "stale_in_modern")], 300));
}

#[tokio::test(start_paused = true)]
async fn a_digest_that_lies_is_caught() {
    for side in 0..2 {
        let world = World::level(1_000);
        world.legacy.put(7, 2, Some("new"));
        let liar = if side == 0 { &world.legacy } else { &world.modern };
        liar.knobs().on_digest = Some(Box::new(|_, _, digest| digest.low = 42));
        let report = world.digest().await;
        assert!(fell_back(&report).ends_with("answers a digest that its rows do not have"));
        assert_eq!(kinds(&report), [(7, "stale_in_modern")]);
    }
    let world = World::level(1_000);
    world.legacy.put(7, 2, Some("new"));
    world.modern.knobs().on_hashes = Some(Box::new(|hashed| hashed.truncate(1)));
    let report = world.digest().await;
    assert!(fell_back(&report).ends_with("answers hashes that its rows do not have"));
    assert_eq!(kinds(&report), [(7, "stale_in_modern")]);
}

#[tokio::test(start_paused = true)]
async fn an_xor_of_hashes_is_no_digest() {
    // Two rows that change alike cancel each other; sums see them.
    let world = World::level(1_000);
    for side in [&world.legacy, &world.modern] {
        side.knobs().xor = true;
    }
    world.legacy.put(7, 2, Some("new"));
    let report = world.digest().await;
    assert!(fell_back(&report).ends_with("answers a digest that its rows do not have"));
    assert_eq!(kinds(&report), [(7, "stale_in_modern")]);
}

#[tokio::test(start_paused = true)]
async fn rows_that_keep_changing_under_the_probes_end_in_a_merge() {
    let world = World::level(64);
    let (rows, mut millis) = (world.legacy.clone(), 1);
    world.legacy.knobs().on_digest = Some(Box::new(move |_, _, _| {
        millis += 1;
        for key in 0..64 {
            rows.put(key, millis, Some("hot"));
        }
    }));
    let report = world.digest().await;
    assert_eq!(fell_back(&report), "legacy kept changing while it was probed");
}

#[tokio::test(start_paused = true)]
async fn a_side_that_cannot_digest_is_merged() {
    let world = World::level(500);
    world.legacy.put(7, 2, Some("new"));
    let side = world.modern.clone();
    world.legacy.knobs().on_digest = Some(Box::new(move |nth, _, _| {
        if nth == 3 {
            side.knobs().digests_fail = false;
        }
    }));
    world.modern.knobs().digests_fail = true;
    let report = world.digest().await;
    let counts = (report.keys, report.level, report.differences.stale_in_modern);
    assert_eq!(counts, (500, 499, 1), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_range_that_can_be_neither_digested_nor_read_is_uncovered() {
    let world = World::level(500);
    world.legacy.put(7, 2, Some("new"));
    world.modern.on_scan(|nth, page| if nth > 6 { Err(unavailable()) } else { page });
    let mut digests = 0;
    world.modern.knobs().on_digest = Some(Box::new(move |_, _, digest| {
        digests += 1;
        if digests > 3 {
            digest.rows = u64::MAX; // cannot be divided
        }
    }));
    let report = world.digest().await;
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert!(report.uncovered > 0);
}

#[tokio::test(start_paused = true)]
async fn a_check_by_digests_stops_when_told() {
    let world = World::level(1_000);
    world.legacy.knobs().latency = Duration::from_millis(300);
    let soon = tokio::time::sleep(Duration::from_secs(2));
    let report = sound(world.checker().digest(soon).await);
    assert_eq!((report.verdict, report.uncovered), (Verdict::Inconclusive, 1));
}

#[tokio::test(start_paused = true)]
async fn small_ranges_do_not_change_what_is_found() {
    for (root, leaf, per_call) in [(1, 1, 1), (2, 1, 3), (7, 3, 2), (1_000, 1, 64)] {
        let world = World::level(200);
        for key in [0, 17, 18, 199] {
            world.legacy.put(key, 2, Some("new"));
        }
        world.modern.put(300, 1, Some("beyond"));
        let config = small()
            .with_root_rows(n(root))
            .with_leaf_rows(n(leaf))
            .with_ranges_per_call(n(per_call));
        let report = sound(world.checker().with_config(config).digest(pending()).await);
        assert_eq!((report.keys, report.differences.total()), (201, 5));
        assert_eq!(report.kept[0].legacy, Some(stamp(2)));
    }
}
