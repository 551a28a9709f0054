//! What peers were seen to get wrong, each by its name.

use std::future::pending;

use strangler_fig::consistency::{Comparator, FieldComparator, Verdict};
use strangler_fig::repository::{DigestRepository, DigestSalt, KeyRange};
use strangler_fig::stamp::Record;

use crate::support::{Side, World, kinds, sound, stamp, unavailable};

/// The changes of each pair cancel each other in an exclusive or of row hashes
/// that leaves out the key.
#[tokio::test(start_paused = true)]
async fn an_even_number_of_equal_changes_is_seen() {
    for seed in 0..20 {
        let world = World::level(1_000);
        let mut rng = fastrand::Rng::with_seed(seed);
        let changed = [rng.u32(..500), 500 + rng.u32(..500)];
        for key in changed {
            world.legacy.put(key, 2, Some("new"));
        }
        let report = world.digest().await;
        let mut found = kinds(&report);
        found.sort_unstable();
        assert_eq!(found, changed.map(|key| (key, "stale_in_modern")));
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_trade_their_contents_are_seen() {
    let world = World::level(100);
    let trade = |side: &Side, one, other| {
        side.rows.plant((1, one));
        side.rows.plant((2, other));
    };
    trade(&world.legacy, "a".to_owned(), "b".to_owned());
    trade(&world.modern, "b".to_owned(), "a".to_owned());
    for report in [world.full().await, world.digest().await] {
        assert_eq!(kinds(&report), [(1, "conflict"), (2, "conflict")]);
    }
}

#[tokio::test(start_paused = true)]
async fn null_the_text_null_and_the_empty_text_are_three_things() {
    let contents: [Option<&str>; 4] = [None, Some("null"), Some(""), Some("<null>")];
    for (i, legacy) in contents.iter().enumerate() {
        for (j, modern) in contents.iter().enumerate() {
            let world = World::level(50);
            world.legacy.put(7, 2, *legacy);
            world.modern.put(7, 2, *modern);
            for report in [world.full().await, world.digest().await] {
                assert_eq!(report.is_consistent(), i == j, "{legacy:?} {modern:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn upper_case_and_blanks_are_seen() {
    for modern in ["SAME", "same ", " same", "same\u{a0}", "sam\u{0065}\u{301}"] {
        let world = World::level(50);
        world.modern.rows.plant((7, modern.to_owned()));
        for report in [world.full().await, world.digest().await] {
            assert_eq!(kinds(&report), [(7, "conflict")], "{modern:?}");
        }
    }
}

/// A filter by each side's own time of writing would show these as extras.
#[tokio::test(start_paused = true)]
async fn rows_on_their_way_are_no_false_extras() {
    let world = World::level(200);
    for key in 200..205 {
        world.legacy.put(key, 2, Some("new"));
        let modern = world.modern.clone();
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(900)).await;
            modern.put(key, 2, Some("new"));
        });
    }
    let report = world.full().await;
    assert_eq!((report.verdict, report.candidates), (Verdict::Consistent, 5));
}

#[tokio::test(start_paused = true)]
async fn keys_whose_recheck_failed_are_reported_and_never_success() {
    let world = World::level(200);
    for key in 10..15 {
        world.legacy.put(key, 2, Some("new"));
    }
    world.modern.on_read(|_, _| Some(unavailable()));
    for report in [world.full().await, world.digest().await] {
        assert_eq!((report.verdict, report.failed), (Verdict::Inconclusive, 5));
        let failed: Vec<_> = report.failed_keys.iter().map(|it| it.key).collect();
        assert_eq!(failed, [10, 11, 12, 13, 14]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_fails_is_never_success() {
    let world = World::level(200);
    world.modern.on_scan(|_, _| Err(unavailable()));
    assert_eq!(world.full().await.verdict, Verdict::Inconclusive);
    world.modern.knobs().digests_fail = true;
    let report = world.digest().await;
    assert_eq!((report.verdict, report.level), (Verdict::Inconclusive, 0));
}

#[tokio::test(start_paused = true)]
async fn a_row_on_a_boundary_is_in_exactly_one_range() {
    let world = World::level(400);
    let salt = DigestSalt::from_bytes([7; 16]);
    let keys = [0, 99, 100, 199, 399];
    let mut ranges = vec![KeyRange::new(None, Some(keys[0]))];
    ranges.extend(keys.windows(2).map(|pair| KeyRange::new(Some(pair[0]), Some(pair[1]))));
    ranges.push(KeyRange::new(Some(399), None));
    let digests = world.legacy.digests(salt, &ranges).await.unwrap();
    assert_eq!(digests.iter().map(|digest| digest.rows).sum::<u64>(), 400);
    for key in [0, 99, 100, 199, 200, 399] {
        world.legacy.put(key, 2, Some("new"));
        let report = world.digest().await;
        assert_eq!((report.keys, kinds(&report)), (400, vec![(key, "stale_in_modern")]));
        world.modern.put(key, 2, Some("new"));
    }
}

/// A repair from what the scan saw would overwrite what came later.
#[tokio::test(start_paused = true)]
async fn a_report_tells_of_the_last_reading_and_repairs_nothing() {
    let world = World::level(50);
    world.legacy.put(7, 2, Some("new"));
    let legacy = world.legacy.clone();
    tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        legacy.put(7, 3, Some("newer"));
    });
    let report = world.full().await;
    assert_eq!(report.kept[0].legacy, Some(stamp(3)));
    assert_eq!(report.kept[0].modern, Some(stamp(1)));
    assert_eq!(world.modern.rows.records()[7].1.stamp, stamp(1));
}

#[tokio::test(start_paused = true)]
async fn a_tolerance_lives_in_the_comparator_and_not_in_the_hash() {
    let world = World::level(200);
    world.legacy.rows.plant((7, "10.001".to_owned()));
    world.modern.rows.plant((7, "10.002".to_owned()));
    let salt = DigestSalt::from_bytes([7; 16]);
    let hash = |text: &str| {
        let record = Record::live(stamp(1), (7, text.to_owned()));
        world.legacy.hash(salt, &7, &record).unwrap()
    };
    assert_ne!(hash("10.001"), hash("10.002"));
    let tolerant = FieldComparator::new().with_tolerance("[1]", 0.005);
    assert!(tolerant.same(&(7, "10.001"), &(7, "10.002")));
    let report = sound(world.checker().with_comparator(tolerant).digest(pending()).await);
    assert_eq!((report.verdict, report.tolerated), (Verdict::Consistent, 1));
    assert_eq!(report.duration, std::time::Duration::ZERO, "it was read, and needed no settling");
}
