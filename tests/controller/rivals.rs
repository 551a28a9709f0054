//! Two who move one migration at once.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::controller::{
    Advanced, ControllerConfig, ControllerError, MigrationController, ProcessHasEnded,
};
use strangler_fig::phase::{MigrationState, MoveRecord, Phase, TrackerConfig};

use crate::replay::replay;
use crate::service::{Fate, Service};
use crate::support::{SECOND, World, ann, by, name, node_name, state_in, words};

/// A controller of its own, whose calls take a few milliseconds, by chance.
pub(crate) fn rival(world: &World, seed: u64) -> MigrationController {
    let service = Service::of(world.service.inner.clone());
    let mut random = fastrand::Rng::with_seed(seed);
    service.script(move |_| {
        let [before, after] = [(); 2].map(|()| Duration::from_micros(random.u64(..3_000)));
        Fate::Dawdles(before, after)
    });
    MigrationController::new(service, name())
        .with_config(world.config())
        .with_sweeper(world.sweeper())
}

type Ended = Result<Advanced, ControllerError>;

/// Each epoch was made by one of them, who knows it; a loser knows who won, and moved
/// nothing after it had lost. Answers how many of them lost.
fn judge(first: &MigrationState, last: &MigrationState, ends: [(&str, &Ended); 2]) -> usize {
    assert_eq!(replay(first, last), Ok(()));
    let since: Vec<&MoveRecord> =
        last.history().iter().filter(|it| it.epoch > first.epoch()).collect();
    let actor = |record: &MoveRecord| record.actor.as_ref().unwrap().as_str().to_owned();
    let made: Vec<String> = since.iter().map(|it| actor(it)).collect();
    let turns = made.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(turns <= 1, "they moved in turns: {made:?}");
    for (who, end) in ends {
        match end {
            Ok(advanced) => {
                let epochs = advanced.steps.iter().map(|step| step.epoch);
                let told = since.iter().filter(|it| actor(it) == who).map(|it| it.epoch);
                assert!(epochs.eq(told), "{who}: {advanced:?}");
            }
            Err(ControllerError::Overtaken { by, .. }) => {
                assert_ne!(by.as_ref().unwrap().as_str(), who, "nobody is overtaken by himself");
            }
            Err(error) => panic!("{who}: {error:?}"),
        }
    }
    ends.iter().filter(|(_, end)| end.is_err()).count()
}

#[tokio::test(start_paused = true)]
async fn of_two_who_advance_at_once_each_makes_a_step_or_is_overtaken() {
    let mut losers = 0;
    for seed in 0..200 {
        let first = state_in([Phase::LegacyOnly, Phase::Live, Phase::Cutover][seed % 3]);
        let world = World::at(first.clone(), 1).await;
        let seed = u64::try_from(seed).unwrap();
        let (left, right) = (rival(&world, seed), rival(&world, seed + 1_000));
        let (bob, eve) = (by("bob"), by("eve"));
        let (left, right) = tokio::join!(left.advance(&bob), right.advance(&eve));
        losers += judge(&first, &world.state().await, [("bob", &left), ("eve", &right)]);
        assert!(left.is_ok() || right.is_ok());
    }
    assert!(losers > 50, "only {losers} of 200 rounds were a race");
}

#[tokio::test(start_paused = true)]
async fn of_two_who_go_to_one_target_one_gets_there_and_the_other_gives_way() {
    let mut losers = 0;
    for seed in 0..100 {
        let first = state_in(Phase::LegacyOnly);
        let world = World::at(first.clone(), 2).await;
        let (left, right) = (rival(&world, seed), rival(&world, seed + 1_000));
        let (bob, eve) = (by("bob"), by("eve"));
        let ends =
            tokio::join!(left.advance_to(Phase::Live, &bob), right.advance_to(Phase::Live, &eve));
        let last = world.state().await;
        losers += judge(&first, &last, [("bob", &ends.0), ("eve", &ends.1)]);
        assert_eq!(last.base().phase, Phase::Live);
    }
    assert!(losers > 80, "only {losers} of 100 rounds were a race");
}

#[tokio::test(start_paused = true)]
async fn of_two_who_go_in_opposite_directions_one_wins() {
    let (mut losers, mut ends_at) = (0, std::collections::BTreeSet::new());
    for seed in 0..200 {
        let first = state_in(Phase::Shadow);
        let world = World::at(first.clone(), 2).await;
        let (left, right) = (rival(&world, seed), rival(&world, seed + 1_000));
        let (bob, eve) = (by("bob"), by("eve"));
        let later = Duration::from_millis(seed % 8);
        let (forward, back) = tokio::join!(left.advance_to(Phase::Live, &bob), async {
            tokio::time::sleep(later).await;
            right.roll_back(&eve).await
        });
        let last = world.state().await;
        losers += judge(&first, &last, [("bob", &forward), ("eve", &back)]);
        assert!(forward.is_ok() || back.is_ok(), "somebody gets his way");
        ends_at.insert(last.base().phase.name());
    }
    assert!(losers > 100, "only {losers} of 200 rounds were a race");
    assert!(ends_at.len() > 1, "the same one won every time: {ends_at:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_never_goes_forward_from_where_another_has_ended() {
    for seed in 0..100 {
        let first = state_in(Phase::Shadow);
        let world = World::at(first.clone(), 1).await;
        let (left, right) = (rival(&world, seed), rival(&world, seed + 1_000));
        let (bob, eve) = (by("bob"), by("eve"));
        let ends = tokio::join!(left.advance_to(Phase::LegacyOnly, &bob), right.roll_back(&eve));
        let last = world.state().await;
        judge(&first, &last, [("bob", &ends.0), ("eve", &ends.1)]);
        let phases = last.history().iter().filter(|it| it.epoch > first.epoch());
        let steps: Vec<_> = phases.map(|it| it.step.to_string()).collect();
        assert_ne!(steps, ["to legacy_only", "to dual_write"], "{seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_is_told_who_was_quicker() {
    for seed in 0..50 {
        let first = state_in(Phase::LegacyOnly);
        let world = World::at(first.clone(), 1).await;
        let impatient = ControllerConfig::default().with_settle_wait(Duration::ZERO);
        let [left, right] =
            [seed, seed + 1_000].map(|seed| rival(&world, seed).with_config(impatient.clone()));
        let (bob, eve) = (by("bob"), by("eve"));
        let ends = tokio::join!(left.advance(&bob), right.advance(&eve));
        judge(&first, &world.state().await, [("bob", &ends.0), ("eve", &ends.1)]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_eviction_by_somebody_else_is_no_overtaking() {
    let first = state_in(Phase::Shadow);
    let mut world = World::at(first.clone(), 2).await;
    world.join(node_name(3), TrackerConfig::default()).await;
    world.nodes[2].falls_silent();
    let (left, right) = (Arc::new(rival(&world, 1)), rival(&world, 2));
    let going = left.clone();
    let forward = tokio::spawn(async move { going.advance_to(Phase::Live, &by("bob")).await });
    let ended = ProcessHasEnded::of(node_name(3));
    tokio::time::sleep(SECOND).await;
    right.evict(ended, &by("eve")).await.unwrap();
    let advanced = forward.await.unwrap().unwrap();
    assert_eq!(words(&advanced), ["to cutover", "a sweep was clean", "to live"]);
    assert_eq!(replay(&first, &world.state().await), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn another_number_of_nodes_is_no_overtaking() {
    let mut losers = 0;
    for seed in 0..60 {
        let first = state_in(Phase::LegacyOnly);
        let world = World::at(first.clone(), 2).await;
        let (left, right) = (rival(&world, seed), rival(&world, seed + 1_000));
        let (bob, eve) = (by("bob"), by("eve"));
        let (forward, more) = tokio::join!(left.advance_to(Phase::Live, &bob), async {
            tokio::time::sleep(Duration::from_millis(seed / 2)).await;
            right.expect_nodes(2.try_into().unwrap(), &eve).await
        });
        forward.unwrap();
        losers += usize::from(more.is_err());
        assert_eq!(replay(&first, &world.state().await), Ok(()));
    }
    assert_eq!(losers, 0, "it steers nowhere, so that nobody can be in its way");
}

#[tokio::test(start_paused = true)]
async fn an_eviction_gives_way_to_no_move() {
    let mut world = World::new(Phase::LegacyOnly).await;
    world.join(node_name(3), TrackerConfig::default()).await;
    world.nodes[2].falls_silent();
    let moves = [Phase::DualWrite, Phase::Shadow].map(strangler_fig::phase::Move::to);
    world.service.replacements(moves.map(|step| Fate::Conflicts { after: step }));
    let evicted = world.controller().evict(ProcessHasEnded::of(node_name(3)), &ann()).await;
    assert_eq!(evicted.unwrap().nodes.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_another_has_evicted_meanwhile_is_not_called_alive() {
    let mut world = World::new(Phase::LegacyOnly).await;
    world.join(node_name(3), TrackerConfig::default()).await;
    world.nodes[2].falls_silent();
    let ended = || ProcessHasEnded::of(node_name(3));
    let (left, right) = (rival(&world, 1), rival(&world, 2));
    let (bob, eve) = (by("bob"), by("eve"));
    let (left, right) = tokio::join!(left.evict(ended(), &bob), async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        right.evict(ended(), &eve).await
    });
    assert_eq!(left.unwrap().nodes.len(), 1);
    assert!(matches!(right, Err(ControllerError::NoLease { .. })), "{right:?}");
}
