//! A part of the keys, given keys, and what an earlier check had found.

use std::future::pending;
use std::sync::{Arc, Mutex};

use strangler_fig::consistency::{CheckMode, Sample, Verdict};
use strangler_fig::key::KeyExt;
use strangler_fig::memory::InMemoryRepairQueue;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::Share;
use strangler_fig::reconcile::RepairQueue;

use crate::support::{World, kinds, n, small, sound};

#[tokio::test(start_paused = true)]
async fn a_sample_is_the_same_on_both_sides_and_every_time() {
    let world = World::level(1_000);
    for key in 0..1_000 {
        world.legacy.put(key, 2, Some("new"));
    }
    let sample = Sample::of(Share::percent(10), 7);
    let checker = world.checker();
    let first = sound(checker.sampled(sample, pending()).await);
    let second = sound(checker.sampled(sample, pending()).await);
    assert_eq!(first.mode, CheckMode::Sampled(sample));
    assert_eq!(kinds(&first), kinds(&second));
    assert!((70..130).contains(&first.keys), "{}", first.keys);
    assert_eq!(first.differences.stale_in_modern, first.keys, "none is missing on one side only");
    let other = sound(checker.sampled(Sample::of(Share::percent(10), 8), pending()).await);
    assert_ne!(kinds(&first), kinds(&other));
    let all = sound(checker.sampled(Sample::of(Share::WHOLE, 8), pending()).await);
    assert_eq!(all.keys, 1_000);
}

#[tokio::test(start_paused = true)]
async fn given_keys_are_read_each_once() {
    let world = World::level(100);
    world.legacy.put(7, 2, Some("new"));
    let report = sound(world.checker().keys([7, 8, 7, 500], pending()).await);
    assert_eq!((report.keys, report.level), (3, 2), "a key that is nowhere is level");
    assert_eq!(kinds(&report), [(7, "stale_in_modern")]);
    assert_eq!(world.legacy.knobs().scans, 0);
}

#[tokio::test(start_paused = true)]
async fn earlier_differences_are_looked_at_again() {
    let world = World::level(100);
    for key in [3, 50] {
        world.modern.rows.uproot(&key);
    }
    world.legacy.put(70, 2, Some("new"));
    world.modern.on_read(|_, key| (key == 70).then(crate::support::unavailable));
    let first = world.full().await;
    assert_eq!((first.differences.total(), first.failed), (2, 1));
    world.rows.join(&3).await.unwrap();
    world.modern.on_read(|_, _| None);

    let second = sound(world.checker().earlier(&first, pending()).await);
    assert_eq!((second.keys, second.verdict), (3, Verdict::Inconsistent));
    assert_eq!(kinds(&second), [(50, "missing_in_modern"), (70, "stale_in_modern")]);
    for key in [50, 70] {
        world.rows.join(&key).await.unwrap();
    }
    assert!(world.checker().earlier(&second, pending()).await.is_consistent());
}

#[tokio::test(start_paused = true)]
async fn confirmed_differences_are_queued_under_their_kind() {
    let world = World::level(100);
    world.modern.rows.uproot(&3);
    world.legacy.put(70, 2, Some("new"));
    let queue = Arc::new(InMemoryRepairQueue::default());
    let report = world.checker().with_repair_queue(queue.clone()).full(pending()).await;
    assert_eq!(report.not_queued, 0);
    let mut taken = queue.take(n(10), std::time::Duration::from_secs(1)).await.unwrap();
    taken.sort_by(|a, b| a.key.cmp(&b.key));
    let noted: Vec<_> = taken.iter().map(|it| (it.key.clone(), it.reason.as_str())).collect();
    let expected =
        [(3_u32.to_bytes(), "missing_in_modern"), (70_u32.to_bytes(), "stale_in_modern")];
    assert_eq!(noted, expected);
}

#[derive(Debug, Default)]
struct Told(Mutex<Vec<Event>>);

impl Observer for Told {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_a_finished_check() {
    let world = World::level(100);
    world.modern.rows.uproot(&3);
    let told = Arc::new(Told::default());
    let checker = world.checker().with_config(small().with_observer(told.clone()));
    checker.full(pending()).await;
    let told = told.0.lock().unwrap();
    let expected = |it: &Event| {
        matches!(
            it,
            Event::Checked { result: "inconsistent", keys: 100, differences: 1, open: 0, .. }
        )
    };
    assert!(told.len() == 1 && expected(&told[0]), "{told:?}");
}

#[cfg(feature = "mockall")]
#[tokio::test(start_paused = true)]
async fn a_queue_that_fails_is_reported() {
    use strangler_fig::error::StoreError;
    let mut broken = strangler_fig::mock::MockRepairQueue::new();
    broken.expect_note().times(4).returning(|_| Err(StoreError::unavailable("down")));
    let world = World::level(100);
    for key in [3, 4] {
        world.modern.rows.uproot(&key);
    }
    let checker = world.checker().with_repair_queue(Arc::new(broken));
    let report = sound(checker.full(pending()).await);
    assert_eq!((report.differences.total(), report.not_queued), (2, 2));
    assert!(report.to_string().contains("not queued   2"));
}
