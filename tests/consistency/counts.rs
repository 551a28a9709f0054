//! What is counted, and how much is asked for at once.

use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::consistency::{FieldComparator, Verdict};
use strangler_fig::observe::{Event, Observer};

use crate::support::{World, n, small, sound, unavailable};

#[derive(Debug, Default)]
struct Open(Mutex<Vec<u64>>);

impl Observer for Open {
    fn on_event(&self, event: &Event) {
        if let Event::Checked { open, .. } = event {
            self.0.lock().unwrap().push(*open);
        }
    }
}

/// Two keys fail, and three never stand still.
#[tokio::test(start_paused = true)]
async fn what_is_open_is_what_failed_and_what_is_unsettled() {
    let world = World::level(100);
    for key in 0..5 {
        world.modern.rows.uproot(&key);
    }
    world.modern.on_read(|_, key| (key < 2).then(unavailable));
    let legacy = world.legacy.clone();
    let mut millis = 1;
    world.legacy.on_read(move |_, key| {
        if (2..5).contains(&key) {
            millis += 1;
            legacy.put(key, millis, Some("again"));
        }
        None
    });
    let told = Arc::new(Open::default());
    let checker = world.checker().with_config(small().with_observer(told.clone()));
    let report = sound(checker.full(pending()).await);
    assert_eq!((report.failed, report.unsettled), (2, 3));
    assert_eq!(*told.0.lock().unwrap(), [5]);
}

#[tokio::test(start_paused = true)]
async fn a_check_of_keys_that_is_stopped_counts_those_it_has_not_looked_at() {
    let world = World::level(100);
    world.legacy.knobs().latency = Duration::from_secs(1);
    let soon = tokio::time::sleep(Duration::from_millis(1_500));
    let report = sound(world.checker().keys(0..35, soon).await);
    assert_eq!((report.keys, report.level, report.unsettled), (35, 10, 25));
    assert_eq!(report.verdict, Verdict::Inconclusive);
}

#[tokio::test(start_paused = true)]
async fn a_report_tells_what_was_tolerated() {
    let world = World::level(10);
    let told = |tolerant: bool| {
        let rules = FieldComparator::new();
        let rules = if tolerant { rules.ignoring("[1]") } else { rules };
        let checker = world.checker().with_comparator(rules);
        async move { checker.full(pending()).await.to_string() }
    };
    assert!(!told(true).await.contains("tolerated"), "there was nothing to tolerate");
    world.modern.rows.plant((3, "planted".to_owned()));
    let text = told(true).await;
    assert!(text.contains("level        10 (1 within what is tolerated)"), "{text}");
    assert!(!told(false).await.contains("tolerated"));
}

#[tokio::test(start_paused = true)]
async fn what_was_queued_is_not_told_of() {
    let text = World::level(10).full().await.to_string();
    assert!(!text.contains("not queued") && !text.contains("tolerated"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_side_that_answers_for_too_few_ranges_is_merged() {
    for short in [true, false] {
        let world = World::level(1_000);
        world.legacy.put(950, 2, Some("new")); // in the last range
        let side = if short { &world.legacy } else { &world.modern };
        side.knobs().digests_short = true;
        let report = world.digest().await;
        assert_eq!((report.keys, report.differences.total()), (1_000, 1), "{report:#?}");
        assert!(report.digest.unwrap().ranges_merged > 0);
    }
}

/// The probes divide modern three times as well.
#[tokio::test(start_paused = true)]
async fn a_range_is_divided_by_the_side_that_has_more_rows_in_it() {
    let world = World::new();
    for key in 0..200 {
        world.both(key * 1_000);
    }
    world.legacy.put(5, 1, Some("more"));
    world.digest().await;
    assert_eq!(world.modern.knobs().splits, 3, "legacy has more");
    for key in 6..10 {
        world.modern.put(key, 1, Some("more"));
    }
    world.digest().await;
    assert!(world.modern.knobs().splits > 2 * 3, "modern has more");
}

/// Every twentieth key of the first five roots differs, so that each is alone in its leaf.
#[tokio::test(start_paused = true)]
async fn keys_that_differ_by_their_hash_are_looked_at_in_pages() {
    let world = World::level(2_000);
    for key in (0..500).step_by(20) {
        world.legacy.put(key, 2, Some("new"));
    }
    let config = small().with_candidates_max(n(1_000));
    let report = sound(world.checker().with_config(config).digest(pending()).await);
    assert_eq!(report.differences.total(), 25);
    assert_eq!(report.digest.unwrap().ranges_merged, 0);
    let knobs = world.modern.knobs();
    assert!(knobs.largest_read < 2 * 10, "{} keys at once", knobs.largest_read);
    assert!(knobs.pages_read < 15, "{} pages for 25 keys, looked at twice", knobs.pages_read);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_once_is_made_again_before_its_key_is_judged() {
    let world = World::level(100);
    world.modern.rows.uproot(&3);
    world.legacy.on_read(|nth, _| (nth == 1).then(unavailable));
    let config = small().with_rounds_max(1.try_into().unwrap());
    let report = sound(world.checker().with_config(config).full(pending()).await);
    assert_eq!((report.failed, report.unsettled, report.differences.total()), (0, 0, 1));
}

/// Counts warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicU64>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn stores_that_differ_are_warned_of_and_level_ones_are_not() {
    let warnings = Warnings::default();
    let _listening = tracing::subscriber::set_default(warnings.clone());
    let world = World::level(10);
    world.full().await;
    assert_eq!(warnings.0.load(Ordering::Relaxed), 0);
    world.modern.rows.uproot(&3);
    world.full().await;
    assert_eq!(warnings.0.load(Ordering::Relaxed), 1);
}
