//! Moves whose answer is lost.

use strangler_fig::controller::{Advanced, ControllerConfig, ControllerError};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::phase::{Move, Phase};

use crate::replay::replay;
use crate::service::{Call, Fate};
use crate::support::{SECOND, World, ann, state_in, words_since};

async fn advance(world: &World) -> Result<Advanced, ControllerError> {
    world.controller().advance(&ann()).await
}

fn doubts(lands: bool, then: &[Move]) -> Fate {
    Fate::Doubts { lands, then: then.to_vec() }
}

#[tokio::test(start_paused = true)]
async fn a_move_in_doubt_is_made_once_whether_it_landed_or_not() {
    for lands in [false, true] {
        let world = World::new(Phase::LegacyOnly).await;
        world.service.replacements([doubts(lands, &[])]);
        let advanced = advance(&world).await.unwrap();
        assert_eq!((advanced.steps.len(), advanced.state.epoch()), (1, 1));
        assert_eq!(world.state().await, advanced.state);
    }
}

#[tokio::test(start_paused = true)]
async fn a_way_full_of_doubt_is_gone_once() {
    for lands in [false, true] {
        let first = state_in(Phase::LegacyOnly);
        let world = World::at(first.clone(), 2).await;
        let mut seen = 0;
        world.service.script(move |call| match call {
            Call::Replace => {
                seen += 1;
                if seen % 2 == 1 { doubts(lands, &[]) } else { Fate::Answers }
            }
            _ => Fate::Answers,
        });
        world.controller().advance_to(Phase::ModernOnly, &ann()).await.unwrap();
        let last = world.state().await;
        assert_eq!(replay(&first, &last), Ok(()));
        assert_eq!((last.base().phase, last.epoch()), (Phase::ModernOnly, 7));
    }
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_comes_seconds_later_comes_once() {
    for lag in 1..8 {
        let first = state_in(Phase::LegacyOnly);
        let world = World::at(first.clone(), 2).await;
        let lags = || Fate::Lags(SECOND * lag / 2);
        world.service.replacements([lags(), lags(), Fate::Answers, lags()]);
        world.controller().advance_to(Phase::Shadow, &ann()).await.unwrap();
        tokio::time::sleep(SECOND * 10).await;
        let last = world.state().await;
        assert_eq!(replay(&first, &last), Ok(()));
        assert_eq!(words_since(&first, &last), ["to dual_write", "to shadow"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_comes_after_all_asking_is_found_out() {
    let world = World::new(Phase::LegacyOnly).await;
    let lags = (0..1_000).map(|_| Fate::Lags(SECOND * 20));
    world.service.replacements(lags);
    let advanced = advance(&world).await.unwrap();
    assert_eq!((advanced.state.epoch(), world.state().await.epoch()), (1, 1));
    tokio::time::sleep(SECOND * 60).await;
    assert_eq!(world.state().await, advanced.state);
}

#[tokio::test(start_paused = true)]
async fn the_history_tells_whether_it_was_made_when_others_have_moved_on() {
    let others = [Move::to(Phase::Shadow), Move::to(Phase::DualWrite)];
    let world = World::new(Phase::LegacyOnly).await;
    world.service.replacements([doubts(true, &others)]);
    let advanced = advance(&world).await.unwrap();
    assert_eq!((advanced.steps[0].epoch, advanced.state.epoch()), (1, 1), "it was made");
    assert_eq!(world.state().await.epoch(), 3);

    let world = World::new(Phase::LegacyOnly).await;
    world.service.replacements([doubts(false, &others)]);
    let error = advance(&world).await.unwrap_err();
    assert!(matches!(error, ControllerError::Overtaken { .. }), "{error:?}");
    assert_eq!(world.state().await.epoch(), 2, "it was not");
}

#[tokio::test(start_paused = true)]
async fn whoever_was_overtaken_in_doubt_goes_no_further() {
    let others = [Move::to(Phase::Shadow)];
    let world = World::new(Phase::LegacyOnly).await;
    world.service.replacements([doubts(true, &others)]);
    let error = world.controller().advance_to(Phase::Live, &ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::Overtaken { .. }), "{error:?}");
    assert_eq!(world.state().await.epoch(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_that_is_never_resolved_is_told() {
    let world = World::new(Phase::LegacyOnly).await;
    world.service.script(|call| match call {
        Call::Replace => Fate::Doubts { lands: false, then: Vec::new() },
        _ => Fate::Answers,
    });
    let before = tokio::time::Instant::now();
    let error = advance(&world).await.unwrap_err();
    let ControllerError::Service { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), StoreErrorKind::Unknown);
    assert!(before.elapsed() <= SECOND * 65, "{:?}", before.elapsed());
    assert_eq!(world.state().await.epoch(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_that_an_outage_follows_is_resolved_after_it() {
    for lands in [false, true] {
        let world = World::new(Phase::LegacyOnly).await;
        let (mut replaced, mut down_until) = (false, None);
        world.service.script(move |call| {
            let now = tokio::time::Instant::now();
            if call == Call::Replace && !replaced {
                replaced = true;
                down_until = Some(now + SECOND * 20);
                return doubts(lands, &[]);
            }
            if down_until.is_some_and(|until| now < until) { Fate::Refuses } else { Fate::Answers }
        });
        let advanced = advance(&world).await.unwrap();
        assert_eq!((advanced.steps.len(), world.state().await.epoch()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hung_replacement_is_given_up_and_looked_up() {
    for lands in [false, true] {
        let world = World::new(Phase::LegacyOnly).await;
        world.service.replacements([Fate::Hangs { lands }]);
        let config = ControllerConfig::default().with_call_deadline(SECOND * 2);
        let before = tokio::time::Instant::now();
        world.controller_with(config).advance(&ann()).await.unwrap();
        let took = before.elapsed();
        assert!(took >= SECOND * 2 && took < SECOND * 3, "{took:?}");
        assert_eq!(world.state().await.epoch(), 1);
    }
}
