//! Cohorts that begin, grow and end.

use strangler_fig::controller::{Advanced, ControllerError};
use strangler_fig::phase::{MigrationState, Move, Phase, Refused, Share};

use crate::support::{World, after, ann, state_in, state_with_cohort, swept, words};

async fn set(world: &World, percent: u16) -> Result<Advanced, ControllerError> {
    world.controller().set_share(Share::percent(percent), &ann()).await
}

async fn refused(state: MigrationState, percent: u16) -> Refused {
    let world = World::at(state.clone(), 2).await;
    let error = set(&world, percent).await.unwrap_err();
    assert_eq!(world.state().await, state, "nothing moved");
    match error {
        ControllerError::Refused { source, .. } => source,
        error => panic!("{error:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_begins_grows_and_merges() {
    let world = World::new(Phase::DualWrite).await;
    assert_eq!(words(&set(&world, 10).await.unwrap()), ["cohort of 10.00 % begins"]);
    assert_eq!(words(&set(&world, 40).await.unwrap()), ["cohort grows to 40.00 %"]);
    let whole = set(&world, 100).await.unwrap();
    assert_eq!(words(&whole), ["cohort grows to 100.00 %"]);
    assert_eq!((whole.state.base().phase, whole.state.cohort()), (Phase::DualWrite, None));
}

#[tokio::test(start_paused = true)]
async fn no_share_takes_all_of_it_back() {
    let world = World::at(state_with_cohort(Phase::DualWrite, Phase::Shadow), 2).await;
    let back = set(&world, 0).await.unwrap();
    assert_eq!(words(&back), ["cohort ends"]);
    assert_eq!((back.state.base().phase, back.state.cohort()), (Phase::DualWrite, None));
}

#[tokio::test(start_paused = true)]
async fn a_share_never_shrinks() {
    let state = state_with_cohort(Phase::DualWrite, Phase::Shadow);
    let share = Share::percent(10);
    assert_eq!(refused(state, 10).await, Refused::ShareOutOfRange { share });
}

#[tokio::test(start_paused = true)]
async fn what_is_set_already_takes_no_step() {
    let cohort = World::at(state_with_cohort(Phase::DualWrite, Phase::Shadow), 2).await;
    assert_eq!(set(&cohort, 25).await.unwrap().steps, []);
    let whole = World::new(Phase::DualWrite).await;
    for percent in [0, 100] {
        assert_eq!(set(&whole, percent).await.unwrap().steps, [], "{percent} %");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_no_sweep_has_seen_do_not_grow_into_live() {
    let state = state_with_cohort(Phase::Cutover, Phase::Live);
    let again = after(&state, &Move::to(Phase::DualWrite));
    let unswept = after(&again, &Move::to(Phase::Cutover));
    assert_eq!(refused(unswept, 50).await, Refused::ModernIncomplete);
}

#[tokio::test(start_paused = true)]
async fn keys_that_a_sweep_has_seen_do() {
    let state = state_with_cohort(Phase::Cutover, Phase::Cutover);
    let state = after(&after(&state, &swept(&state)), &Move::cohort_to(Phase::Live));
    let world = World::at(state, 2).await;
    assert_eq!(words(&set(&world, 50).await.unwrap()), ["cohort grows to 50.00 %"]);
}

#[tokio::test(start_paused = true)]
async fn keys_of_the_legacy_family_do_not_grow_into_live_at_all() {
    let state = state_with_cohort(Phase::DualWrite, Phase::Live);
    let (from, to) = (Phase::DualWrite, Phase::Live);
    assert_eq!(refused(state, 50).await, Refused::NotAMove { from, to });
}

#[tokio::test(start_paused = true)]
async fn a_cohort_in_live_is_not_taken_back_at_once() {
    let state = state_with_cohort(Phase::DualWrite, Phase::Live);
    let (from, to) = (Phase::Live, Phase::DualWrite);
    assert_eq!(refused(state, 0).await, Refused::NotAMove { from, to });
}

#[tokio::test(start_paused = true)]
async fn keys_that_grow_into_a_cohort_in_cutover_must_be_swept_again() {
    let state = state_with_cohort(Phase::DualWrite, Phase::Cutover);
    let world = World::at(after(&state, &swept(&state)), 2).await;
    let grown = set(&world, 50).await.unwrap().state;
    assert!(!grown.cohort().unwrap().part.modern_complete);
}

#[tokio::test(start_paused = true)]
async fn there_is_no_cohort_where_legacy_was_left_behind() {
    for phase in [Phase::RampDown, Phase::ModernOnly] {
        assert_eq!(refused(state_in(phase), 10).await, Refused::CohortForbidden { phase });
    }
}
