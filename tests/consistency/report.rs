//! What a report says, to people and to programs.

use std::future::pending;

use strangler_fig::consistency::{DifferenceKind, FieldComparator, Sample};
use strangler_fig::phase::Share;

use crate::support::{Report, World, small, unavailable};

/// One of everything.
async fn motley() -> Report {
    let world = World::level(100);
    world.modern.rows.uproot(&1);
    world.modern.rows.plant((2, "secret".to_owned()));
    world.legacy.put(3, 2, Some("secret"));
    world.modern.on_read(|_, key| (key == 3).then(unavailable));
    world.modern.on_scan(|nth, page| if nth > 4 { Err(unavailable()) } else { page });
    let checker = world.checker().with_comparator(FieldComparator::new());
    checker.full(pending()).await
}

#[tokio::test(start_paused = true)]
async fn it_reads_well_on_a_terminal() {
    let expected = "\
inconsistent: full check of 40 keys in 11.8 s
  level        37
  differences  2
    missing_in_modern  1
    conflict           1
  failed       1
  not seen     modern could not be scanned: the store is unavailable; nothing was done: gone";
    let text = motley().await.to_string();
    let (first, rest) = text.split_once(" in ").unwrap();
    assert_eq!(first, "inconsistent: full check of 40 keys");
    assert_eq!(rest.split_once('\n').unwrap().1, expected.split_once('\n').unwrap().1);
}

#[tokio::test(start_paused = true)]
async fn a_check_by_digests_tells_what_they_did() {
    let world = World::level(200);
    world.legacy.put(3, 2, Some("new"));
    let text = world.digest().await.to_string();
    assert!(text.ends_with("digests      24 ranges, 0 of them merged, 2 rows by hash"), "{text}");
    world.modern.knobs().algorithm = Some("md5/other");
    let text = world.digest().await.to_string();
    assert!(text.contains("\n  no digests   legacy hashes by"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_from_json_and_names_its_kinds() {
    let report = motley().await;
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["verdict"], "inconsistent");
    assert_eq!(json["mode"], "full");
    assert_eq!(json["kept"][0]["kind"], DifferenceKind::MissingInModern.name());
    assert_eq!(json["differences"]["conflict"], 1);
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);

    let world = World::level(20);
    let sample = Sample::of(Share::percent(50), 7);
    for report in [
        world.checker().sampled(sample, pending()).await,
        world.digest().await,
        world.checker().keys([1], pending()).await,
    ] {
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }
}

#[tokio::test(start_paused = true)]
async fn it_shows_no_content_unless_told_to() {
    let report = motley().await;
    let all = format!("{report} {report:?} {}", serde_json::to_string(&report).unwrap());
    assert!(!all.contains("secret"));
    assert_eq!(
        report.kept[1].fields[0].to_string(),
        "[1]: <redacted> in legacy, <redacted> in modern"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_kept_is_still_counted() {
    let world = World::level(100);
    for key in 0..30 {
        world.modern.rows.uproot(&key);
    }
    let checker = world.checker().with_config(small().with_kept_max(0));
    let report = checker.full(pending()).await;
    assert!(report.kept.is_empty() && report.differences.total() == 30);
}
