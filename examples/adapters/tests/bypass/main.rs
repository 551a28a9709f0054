//! A migration while the monolith's own code writes to legacy behind the crate's back, 200 changes a second.
//!
//! Left on, the controller refuses to cross and says why; switched off, both sides are the same and the migration
//! completes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod monolith;
#[path = "../support/servers.rs"]
mod servers;
mod world;

use std::future::pending;
use std::time::Duration;

use adapters::mariadb::ChangeMode;
use strangler_fig::controller::{Gate, GateContext, RepairQueueEmpty, ReplicationLagBelow};
use strangler_fig::event::{LagSource, WritersAreOff};
use strangler_fig::phase::{Fleet, Move, Phase};

use world::{World, ann, told};

/// What the monolith changes while traffic of both kinds runs together: eight seconds of it where nothing is slow.
const CHANGES: u64 = 1_600;
/// How often a story is told in which the monolith is too slow.
const TRIES: u32 = 3;

fn off() -> WritersAreOff {
    WritersAreOff::of("monolith".parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monolith_that_hints_is_refused_while_it_writes_and_ends_consistent() {
    refused_while_it_writes(ChangeMode::Hints).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monolith_whose_rows_are_stamped_is_refused_while_it_writes_and_ends_consistent() {
    refused_while_it_writes(ChangeMode::Records).await;
}

/// A machine that has other things to do may slow the monolith down: then nothing is shown of its pace, and the story is
/// told again.
async fn refused_while_it_writes(mode: ChangeMode) {
    for _ in 0..TRIES {
        if told_with_pace(mode).await {
            return;
        }
    }
    panic!("inconclusive: the monolith did not keep its pace in {TRIES} tries");
}

/// Whether the monolith has kept its pace; all else holds whether it has or not.
async fn told_with_pace(mode: ChangeMode) -> bool {
    let mut world = World::new(mode).await;
    let controller = world.controller();
    controller.advance_to(Phase::DualWrite, &ann()).await.unwrap();
    world.all_follow().await;
    let replicating = world.replicate();
    world.monolith_begins();
    world.services_begin();
    world.backfill().await;
    world.monolith_has_made(CHANGES).await;

    // (a) They write on: nothing crosses.
    let error = controller.advance_to(Phase::Live, &ann()).await.unwrap_err();
    let why = told(&error);
    assert!(why.contains("writers outside the crate (monolith"), "{why}");
    assert!(why.contains("have not been switched off"), "{why}");
    let status = controller.status().await.unwrap();
    assert_eq!(status.parts[0].phase, Phase::Cutover, "it came so far, and no further");
    assert!(status.to_string().contains("nothing crosses"), "{status}");
    controller.roll_back(&ann()).await.unwrap();

    // (b) They are switched off.
    let has_kept_pace = world.monolith_kept_pace();
    world.feed.close().await.unwrap();
    let monolith = world.monolith_ends().await;
    assert!(monolith.refused > 0, "the monolith was told: {monolith:?}");
    world.caught_up().await;
    world.services_end().await;
    world.repair_what_was_noted().await;
    world.is_consistent("before they cross").await;

    let (actor, why) = ("ann".parse().unwrap(), "OPS-12".parse().unwrap());
    world.writers.retire(&*world.feed, off(), &actor, &why).await.unwrap();
    world.services_begin();
    controller.advance_to(Phase::Live, &ann()).await.unwrap();
    world.services_end().await;
    // Rows that came by hints have a later stamp in modern, which is now what counts: legacy takes it.
    world.reconcile().await;
    world.repair_what_was_noted().await;
    world.is_consistent("in live").await;
    let replicated = replicating.ended().await;
    assert!(replicated.changes > 0 && replicated.noted == 0, "{replicated}");
    world.services_lost_nothing().await;
    world.drop_all().await;
    has_kept_pace
}

/// A schema change parks the rows that it makes unreadable, and the feed goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_column_parks_rows_and_not_the_feed() {
    for mode in [ChangeMode::Hints, ChangeMode::Records] {
        let world = World::new(mode).await;
        world.controller().advance_to(Phase::DualWrite, &ann()).await.unwrap();
        world.on_legacy("ALTER TABLE plain_customer RENAME COLUMN email TO mail").await;
        world.on_legacy("UPDATE plain_customer SET visits = visits + 1 LIMIT 30").await;
        let report = world.replicator().catch_up(pending()).await.unwrap();
        assert_eq!((report.changes, report.noted, report.copied), (30, 30, 0), "{mode:?} {report}");
        let lag = world.feed.lag().await.unwrap();
        assert_eq!((lag.oldest, lag.pending), (None, Some(0)), "{mode:?}: the feed goes on");

        let state = world.state().await;
        let (fleet, step) = (Fleet::default(), Move::to(Phase::Cutover));
        let context = GateContext::new(&state, &fleet, &step);
        let gate = RepairQueueEmpty::new(world.repairs.clone());
        let reading = gate.read(&context).await;
        assert!(!reading.is_open && reading.saw.starts_with("30 keys wait"), "{reading}");
        let gate = ReplicationLagBelow::new(world.feed.clone(), Duration::ZERO);
        assert!(gate.read(&context).await.is_open);
        world.drop_all().await;
    }
}
