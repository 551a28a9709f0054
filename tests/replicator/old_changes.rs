//! An old change is never stamped afresh: it does nothing after a newer write.

use std::future::pending;
use std::num::NonZeroUsize;

use strangler_fig::event::{ChangeFeed, Changed};
use strangler_fig::phase::Phase;
use strangler_fig::repository::StampedRepository;
use strangler_fig::stamp::Record;

use crate::support::{MANY, Row, World, after, state_in};
use strangler_fig::phase::Move;

/// Follows the feed with the stamp of the moment at which a change is read, as one does who thinks of a log of events.
async fn stamps_afresh(world: &World) {
    let page = world.feed.changes(MANY).await.unwrap();
    for change in &page.changes {
        let (key, value): (u32, Option<Row>) = match change {
            Changed::Hint(key) => (*key, world.legacy.inner().read(key).await.unwrap().value),
            Changed::Record(key, record) => (*key, record.value),
            _ => continue,
        };
        let record = Record { stamp: world.rows.stamps().now(), value };
        world.modern.inner().apply(&key, &record).await.unwrap();
    }
    world.feed.settle(&page.mark).await.unwrap();
}

/// An outside write, whose change is read late: after a newer write through the crate.
async fn overtaken() -> World {
    let world = World::new(Phase::DualWrite);
    world.outside_stamped(1, Some((1, "old"))).await;
    world.rows.save((1, "newer")).await.unwrap();
    world.rows.drained().await;
    assert_eq!(world.values(1).await, [Some("newer"); 2]);
    world
}

#[tokio::test(start_paused = true)]
async fn an_old_change_is_never_stamped_afresh() {
    let world = overtaken().await;
    let before = world.modern.inner().records();
    let report = world.catch_up().await;
    assert_eq!((report.level, report.copied), (1, 0), "{report}");
    assert_eq!(world.modern.inner().records(), before, "content and stamp are those of the write");
}

#[tokio::test(start_paused = true)]
async fn a_replicator_that_stamps_afresh_loses_a_write_through_the_crate() {
    let world = overtaken().await;
    stamps_afresh(&world).await;
    assert_eq!(world.values(1).await, [Some("newer"), Some("old")], "the control must lose it");
    // And it is lost for good: in `Cutover` the larger stamp would count, were it not for legacy, which wins.
    let [legacy, modern] = [&world.legacy, &world.modern].map(|side| side.inner().records());
    assert!(modern[0].1.stamp > legacy[0].1.stamp);
}

#[tokio::test(start_paused = true)]
async fn an_old_hint_that_comes_again_after_newer_writes_does_nothing() {
    let world = World::new(Phase::DualWrite);
    world.outside((1, "old"));
    world.catch_up().await;
    world.rows.save((1, "newer")).await.unwrap();
    world.rows.drained().await;
    let before = world.modern.inner().records();
    for _ in 0..3 {
        world.feed.log.hint(1);
        assert_eq!(world.catch_up().await.level, 1);
    }
    assert_eq!(world.modern.inner().records(), before);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_comes_again_brings_no_deleted_row_back() {
    let world = World::new(Phase::DualWrite);
    let old = world.outside_stamped(1, Some((1, "old"))).await;
    world.catch_up().await;
    world.rows.delete(&1).await.unwrap();
    world.rows.drained().await;
    world.feed.log.record(1, old);
    world.catch_up().await;
    assert_eq!(world.values(1).await, [None; 2]);
}

#[tokio::test(start_paused = true)]
async fn in_cutover_an_old_change_does_nothing_either() {
    let tracker = strangler_fig::phase::PhaseTracker::detached(state_in(Phase::DualWrite));
    let world = World::with_tracker(tracker.clone());
    let old = world.outside_stamped(1, Some((1, "old"))).await;
    tracker.adopt(after(&tracker.state(), &Move::to(Phase::Cutover)));
    world.rows.save((1, "newer")).await.unwrap();
    world.feed.log.record(1, old);
    world.feed.log.hint(1);
    world.catch_up().await;
    assert_eq!(world.rows.find(&1).await.unwrap(), Some((1, "newer")));
    assert_eq!(world.values(1).await, [Some("newer"); 2]);
}

/// Whatever order outside writes, writes through the crate and pages come in, both sides end as legacy is.
#[tokio::test(start_paused = true)]
async fn in_any_order_modern_ends_as_legacy_is() {
    const WORDS: [&str; 4] = ["a", "b", "c", "d"];
    for seed in 0..300 {
        let shop = World::new(Phase::DualWrite);
        let mut random = fastrand::Rng::with_seed(seed);
        let mut replicator = shop.replicator();
        replicator = replicator.with_config(
            strangler_fig::replicator::ReplicatorConfig::default()
                .with_page_size(NonZeroUsize::new(random.usize(1..5)).unwrap()),
        );
        for _ in 0..random.usize(5..40) {
            let (key, word) = (random.u32(0..3), WORDS[random.usize(0..4)]);
            match random.u8(0..7) {
                0 => shop.outside((key, word)),
                1 => shop.outside_deletes(key),
                2 => {
                    shop.outside_stamped(key, Some((key, word))).await;
                }
                3 => {
                    shop.outside_stamped(key, None).await;
                }
                4 => shop.rows.save((key, word)).await.unwrap(),
                5 => shop.rows.delete(&key).await.unwrap(),
                _ => drop(replicator.catch_up(pending()).await.unwrap()),
            }
        }
        shop.rows.drained().await;
        replicator.catch_up(pending()).await.unwrap();
        for key in 0..3 {
            let [legacy, modern] = shop.values(key).await;
            assert_eq!(legacy, modern, "seed {seed}, key {key}");
        }
    }
}
