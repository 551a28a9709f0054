//! What was decided about one state, and comes when the migration is in another.

use strangler_fig::controller::{
    ChangeRequest, ControllerError, GiveUpTheWayBack, ProcessHasEnded, Target,
};
use strangler_fig::phase::{Move, Phase, Share, TrackerConfig};

use crate::rivals::rival;
use crate::service::Fate;
use crate::support::{World, ann, by, name, node_name, state_in, told, words, words_since};

/// What ann decided about the state that there is now.
async fn ann_now(world: &World) -> ChangeRequest {
    ann().as_of(world.state().await.epoch())
}

fn moved_since<T: std::fmt::Debug>(answer: Result<T, ControllerError>) -> (u64, u64) {
    match answer {
        Err(ControllerError::MovedSince { as_of, epoch, .. }) => (as_of, epoch),
        answer => panic!("{answer:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn of_the_state_that_was_seen_everything_is_done_as_ever() {
    let world = World::new(Phase::LegacyOnly).await;
    let advanced = world.controller().advance(&ann_now(&world).await).await.unwrap();
    assert_eq!(words(&advanced), ["to dual_write"]);
    let back = world.controller().roll_back(&ann_now(&world).await).await.unwrap();
    assert_eq!(words(&back), ["to legacy_only"]);
}

#[tokio::test(start_paused = true)]
async fn of_more_steps_the_first_is_meant_and_the_others_go_on_from_it() {
    let world = World::new(Phase::LegacyOnly).await;
    let request = ann_now(&world).await;
    let advanced = world.controller().advance_to(Phase::Live, &request).await.unwrap();
    assert_eq!(advanced.state.base().phase, Phase::Live);
    let back = world.controller().roll_back(&ann_now(&world).await).await.unwrap();
    assert_eq!(words(&back), ["to cutover", "to dual_write"]);
}

#[tokio::test(start_paused = true)]
async fn an_old_page_does_not_roll_a_rollback_back_further() {
    let world = World::new(Phase::Cutover).await;
    let old = ann_now(&world).await;
    world.controller().roll_back(&by("bob")).await.unwrap();
    let error = world.controller().roll_back(&old).await.unwrap_err();
    assert_eq!(told(&error), "rows has moved since you looked: epoch 2, not 1, by bob");
    assert!(!error.is_retryable(), "it is to be looked at first");
    assert_eq!(world.state().await.base().phase, Phase::DualWrite);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_of_a_state_that_is_no_more_whatever_is_asked() {
    let mut world = World::new(Phase::Live).await;
    world.join(node_name(3), TrackerConfig::default()).await;
    let old = ann_now(&world).await;
    let controller = world.controller();
    controller.expect_nodes(2.try_into().unwrap(), &by("bob")).await.unwrap();
    let before = world.state().await;
    let was = (before.epoch() - 1, before.epoch());
    assert_eq!(moved_since(controller.advance(&old).await), was);
    assert_eq!(moved_since(controller.advance_to(Phase::ModernOnly, &old).await), was);
    let here = Target::Whole(Phase::Live);
    assert_eq!(moved_since(controller.advance_to(here, &old).await), was);
    assert_eq!(moved_since(controller.roll_back(&old).await), was);
    assert_eq!(moved_since(controller.halt(&old).await), was);
    assert_eq!(moved_since(controller.set_share(Share::percent(10), &old).await), was);
    assert_eq!(moved_since(controller.expect_nodes(3.try_into().unwrap(), &old).await), was);
    let confirmed = GiveUpTheWayBack::of(name());
    assert_eq!(moved_since(controller.decommission(confirmed, &old).await), was);
    world.nodes[2].falls_silent();
    let ended = ProcessHasEnded::of(node_name(3));
    assert_eq!(moved_since(controller.evict(ended, &old).await), was);
    assert_eq!(words_since(&before, &world.state().await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_epoch_that_nobody_has_seen_yet_is_not_the_state_either() {
    let world = World::new(Phase::Shadow).await;
    let epoch = world.state().await.epoch();
    let ahead = ann().as_of(epoch + 5);
    assert_eq!(moved_since(world.controller().advance(&ahead).await), (epoch + 5, epoch));
}

#[tokio::test(start_paused = true)]
async fn an_eviction_is_no_move_that_an_old_page_must_know() {
    let mut world = World::new(Phase::Shadow).await;
    world.join(node_name(3), TrackerConfig::default()).await;
    let old = ann_now(&world).await;
    world.nodes[2].falls_silent();
    let ended = ProcessHasEnded::of(node_name(3));
    world.controller().evict(ended, &by("bob")).await.unwrap();
    let advanced = world.controller().advance(&old).await.unwrap();
    assert_eq!(words(&advanced), ["to cutover"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_outrun_between_the_look_and_the_move_is_told_so() {
    let world = World::new(Phase::DualWrite).await;
    let request = ann_now(&world).await;
    world.service.replacements([Fate::Conflicts { after: Move::to(Phase::Shadow) }]);
    let (as_of, epoch) = moved_since(world.controller().advance(&request).await);
    assert_eq!((epoch - as_of, world.state().await.base().phase), (1, Phase::Shadow));
}

#[tokio::test(start_paused = true)]
async fn a_button_that_is_pressed_twice_takes_one_step() {
    let mut last_ones = std::collections::BTreeSet::new();
    for seed in 0..200 {
        // In cutover the step is a sweep: no move that steers, and yet the next is another.
        let first = state_in(
            [Phase::LegacyOnly, Phase::Shadow, Phase::Cutover, Phase::Live]
                [usize::try_from(seed).unwrap() % 4],
        );
        let world = World::at(first.clone(), 1).await;
        let (left, right) = (rival(&world, seed), rival(&world, seed + 1_000));
        let request = ann_now(&world).await;
        let ends = if seed % 8 < 4 {
            tokio::join!(left.advance(&request), right.advance(&request))
        } else {
            tokio::join!(left.roll_back(&request), right.roll_back(&request))
        };
        let (done, refused) = match ends {
            (Ok(done), Err(refused)) | (Err(refused), Ok(done)) => (done, refused),
            (left, right) => {
                // The one that goes back has nothing left to do where nothing lies behind.
                assert_eq!(first.base().phase, Phase::LegacyOnly, "{left:?} {right:?}");
                assert!(left.is_err() && right.is_err() && seed % 8 >= 4, "{left:?} {right:?}");
                continue;
            }
        };
        assert!(matches!(refused, ControllerError::MovedSince { .. }), "{seed}: {refused:?}");
        assert_eq!(words_since(&first, &world.state().await), words(&done), "{seed}");
        last_ones.insert(words(&done).join(", "));
    }
    assert!(last_ones.len() >= 5, "{last_ones:?}");
}
