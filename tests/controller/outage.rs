//! A service that is away for a while.

use strangler_fig::controller::{ControllerConfig, ControllerError};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::phase::Phase;
use tokio::time::Instant;

use crate::replay::replay;
use crate::service::{Call, Fate};
use crate::support::{SECOND, World, ann, state_in, words};

/// The service is away from its call of this number on, for so many seconds.
fn away(world: &World, from: usize, seconds: u32, fate: Fate) {
    let (mut calls, mut until) = (0, None);
    world.service.script(move |_| {
        calls += 1;
        let now = Instant::now();
        if calls > from && until.is_none() {
            until = Some(now + SECOND * seconds);
        }
        if until.is_some_and(|until| now < until) { fate.clone() } else { Fate::Answers }
    });
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_seconds_is_waited_out_wherever_it_begins() {
    for fate in [Fate::Refuses, Fate::Hangs { lands: false }, Fate::Hangs { lands: true }] {
        for from in 0..25 {
            let first = state_in(Phase::LegacyOnly);
            let world = World::at(first.clone(), 2).await;
            away(&world, from, 20, fate.clone());
            let advanced = world.controller().advance_to(Phase::Live, &ann()).await;
            let advanced = advanced.unwrap_or_else(|error| panic!("{fate:?} {from}: {error:?}"));
            assert_eq!(advanced.steps.len(), 5, "{fate:?} {from}");
            assert_eq!(replay(&first, &world.state().await), Ok(()), "{fate:?} {from}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_waits_an_outage_out_from_its_first_call_on() {
    for fate in [Fate::Refuses, Fate::Hangs { lands: false }, Fate::Hangs { lands: true }] {
        for from in 0..8 {
            let world = World::new(Phase::Live).await;
            away(&world, from, 20, fate.clone());
            let back = world.controller().roll_back(&ann()).await;
            let back = back.unwrap_or_else(|error| panic!("{fate:?} {from}: {error:?}"));
            assert_eq!(words(&back), ["to cutover", "to dual_write"], "{fate:?} {from}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_for_no_longer_than_for_the_fleet() {
    let world = World::new(Phase::LegacyOnly).await;
    world.service.script(|_| Fate::Refuses);
    let config = ControllerConfig::default().with_settle_wait(SECOND * 10);
    let before = Instant::now();
    let error = world.controller_with(config).advance(&ann()).await.unwrap_err();
    let ControllerError::Service { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), StoreErrorKind::Unavailable);
    assert!(error.is_retryable());
    assert!(before.elapsed() >= SECOND * 10 && before.elapsed() < SECOND * 11);
}

#[tokio::test(start_paused = true)]
async fn a_hung_look_is_given_up() {
    let world = World::new(Phase::LegacyOnly).await;
    world.service.script(|_| Fate::Hangs { lands: false });
    let config = ControllerConfig::default().with_call_deadline(SECOND);
    let before = Instant::now();
    let error = world.controller_with(config).status().await.unwrap_err();
    assert_eq!(before.elapsed().as_secs(), 1);
    assert_eq!(crate::support::told(&error).matches("no answer within 1s").count(), 1, "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_after_a_long_sweep_does_not_waste_it() {
    let mut world = World::new(Phase::Cutover).await;
    world.sweeps_take(SECOND * 600);
    let controller = world.controller();
    world.settles().await;
    let started = Instant::now();
    world.service.script(move |_| {
        let at = started.elapsed().as_secs();
        if (600..610).contains(&at) { Fate::Refuses } else { Fate::Answers }
    });
    let advanced = controller.advance(&ann()).await.unwrap();
    assert_eq!(words(&advanced), ["a sweep was clean"]);
    assert!(started.elapsed() < SECOND * 1_000, "it swept once: {:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_an_eviction_outdates_is_made_again() {
    let mut world = World::new(Phase::Cutover).await;
    world.sweeps_take(SECOND * 600);
    let controller = world.controller();
    world.settles().await;
    let inner = world.service.inner.clone();
    tokio::spawn(async move {
        tokio::time::sleep(SECOND * 100).await;
        let step = strangler_fig::phase::Move::ExpectNodes(2.try_into().unwrap());
        strangler_fig::phase::take_step(&*inner, &crate::support::name(), &step, None).await
    });
    let advanced = controller.advance(&ann()).await.unwrap();
    assert_eq!(words(&advanced), ["a sweep was clean"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_without_a_pause() {
    let world = World::new(Phase::LegacyOnly).await;
    world.service.script(|_| Fate::Refuses);
    world.controller().advance(&ann()).await.unwrap_err();
    assert!(world.service.calls_of(Call::Current) < 200);
}
