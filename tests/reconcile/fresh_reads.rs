//! A repair joins what is there now, not what was there when somebody looked:
//! others write the values of their scan, and delete what the scan did not show.

use strangler_fig::phase::Phase;

use crate::support::{KEY, World, stamp};

/// The phases in which both sides are written, under each rule of joins.
const PHASES: [Phase; 4] = [Phase::DualWrite, Phase::Shadow, Phase::Live, Phase::RampDown];

#[tokio::test(start_paused = true)]
async fn a_row_updated_after_it_was_noted_ends_as_its_last_write_says() {
    for phase in PHASES {
        let world = World::new(phase);
        world.put(&world.legacy, stamp(1), Some((KEY, "scanned"))).await;
        world.note([KEY]).await;
        world.rows.save((KEY, "later")).await.unwrap();
        world.drain().await;
        assert_eq!(world.values().await, [Some("later"); 2], "{phase}");
        assert!(world.is_level(), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_deleted_after_it_was_noted_stays_deleted() {
    for phase in PHASES {
        let world = World::new(phase);
        for side in [&world.legacy, &world.modern] {
            world.put(side, stamp(1), Some((KEY, "scanned"))).await;
        }
        world.note([KEY]).await;
        world.rows.delete(&KEY).await.unwrap();
        world.drain().await;
        assert_eq!(world.values().await, [None; 2], "{phase}");
        assert!(world.is_level(), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_made_after_it_was_noted_as_missing_is_not_deleted() {
    for phase in PHASES {
        let world = World::new(phase);
        world.note([KEY]).await;
        world.rows.save((KEY, "made")).await.unwrap();
        world.drain().await;
        assert_eq!(world.values().await, [Some("made"); 2], "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_extra_row_whose_other_half_arrives_late_is_kept() {
    let world = World::new(Phase::Live);
    world.put(&world.modern, stamp(3), Some((KEY, "extra"))).await;
    world.note([KEY]).await; // modern has what legacy lacks
    world.put(&world.legacy, stamp(3), Some((KEY, "extra"))).await;
    let report = world.drain().await;
    assert_eq!(report.level, 1);
    assert_eq!(world.values().await, [Some("extra"); 2]);
}

#[tokio::test(start_paused = true)]
async fn an_extra_row_that_legacy_never_had_goes_before_the_first_cutover_and_stays_after() {
    for (phase, expected) in [(Phase::DualWrite, None), (Phase::RampDown, Some("extra"))] {
        let world = World::new(phase);
        world.put(&world.modern, stamp(3), Some((KEY, "extra"))).await;
        world.note([KEY]).await;
        world.drain().await;
        assert_eq!(world.values().await, [expected; 2], "{phase}");
    }
}
