//! A node that goes on by itself, while the service is away: in each phase, and
//! whatever is wrong with the service.

use std::time::Duration;

use strangler_fig::phase::{MigrationState, Phase, Standing};
use tokio::time::Instant;

use crate::name;
use crate::node::{Rows, World, all, following};
use crate::texts::Outage;

/// What a caller sees, and how long it waits for it.
type Seen = Vec<(&'static str, String, Duration)>;

/// Every kind of operation, one after the other.
async fn used(rows: &Rows) -> Seen {
    let mut seen = Vec::new();
    for round in 0..2 {
        let mut note = |operation, answer: String, began: Instant| {
            seen.push((operation, answer, began.elapsed()));
        };
        let began = Instant::now();
        note("save", format!("{:?}", rows.save((1, "fig")).await), began);
        let began = Instant::now();
        note("find", format!("{:?}", rows.find(&1).await), began);
        let began = Instant::now();
        note("query", format!("{:?}", all(rows).await), began);
        let began = Instant::now();
        note("delete", format!("{:?}", rows.delete(&(1 + round)).await), began);
        let began = Instant::now();
        note("find", format!("{:?}", rows.find(&1).await), began);
    }
    seen
}

/// What callers see of a node in `phase` during `outage`, and what the stores hold
/// in the end.
async fn seen(phase: Phase, outage: Option<&Outage>, follows: bool) -> (Seen, String) {
    let world = World::new().await;
    let node = world.node("node-1").await;
    world.go_to(&[&node], phase).await;
    let follower = follows.then(|| following(&node));
    world.service.go(outage.cloned());
    tokio::time::sleep(Duration::from_secs(60)).await;
    let before = world.service.calls().len();
    let seen = used(&node).await;
    if !follows {
        assert_eq!(world.service.calls().len(), before, "an operation called the service");
    } else if outage.is_some() {
        assert!(!matches!(node.tracker().health().standing, Standing::Following));
        assert!(node.tracker().health().standing.serves());
    }
    assert_eq!(node.tracker().state().base().phase, phase);
    node.drained().await;
    if let Some(follower) = follower {
        follower.abort();
    }
    let values = [&world.legacy, &world.modern].map(|side| {
        let records = side.inner().records().into_iter();
        records.map(|(key, record)| (key, record.value)).collect::<Vec<_>>()
    });
    (seen, format!("{values:?}"))
}

fn outages() -> [Outage; 5] {
    [
        Outage::Refuses,
        Outage::Hangs,
        Outage::Garbage,
        Outage::Shows(Box::new(MigrationState::new(name()))),
        Outage::RefusesRenewals,
    ]
}

#[tokio::test(start_paused = true)]
async fn operations_behave_in_every_phase_and_every_outage_as_without_one() {
    for phase in Phase::ALL {
        let (usual, stored) = seen(phase, None, true).await;
        for outage in outages() {
            // The first state of all is no older one there.
            let is_older = matches!(outage, Outage::Shows(_)) && phase == Phase::LegacyOnly;
            if is_older {
                continue;
            }
            let (found, left) = seen(phase, Some(&outage), true).await;
            assert_eq!(found, usual, "{phase} {outage:?}");
            assert_eq!(left, stored, "{phase} {outage:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_operation_ever_calls_the_service() {
    for phase in Phase::ALL {
        for outage in outages().into_iter().map(Some).chain([None]) {
            seen(phase, outage.as_ref(), false).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn all_that_operations_wait_for_is_a_halt_and_that_within_its_bound() {
    for phase in Phase::ALL {
        let (seen, _) = seen(phase, Some(&Outage::Hangs), true).await;
        for (operation, answer, waited) in seen {
            let bound =
                if phase == Phase::Halted { Duration::from_secs(5) } else { Duration::ZERO };
            assert_eq!(waited, bound, "{phase} {operation}");
            assert_eq!(answer.starts_with("Ok"), phase != Phase::Halted, "{operation}: {answer}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_outage_it_follows_again() {
    for outage in outages() {
        let world = World::new().await;
        let node = world.node("node-1").await;
        world.go(&[&node], Phase::DualWrite).await;
        let follower = following(&node);
        world.service.go(Some(outage));
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        world.service.go(None);
        world.step(strangler_fig::phase::Move::to(Phase::Shadow)).await;
        tokio::time::sleep(Duration::from_secs(12)).await;
        assert_eq!(node.tracker().state().base().phase, Phase::Shadow);
        assert_eq!(node.tracker().health().standing, Standing::Following);
        follower.abort();
    }
}
