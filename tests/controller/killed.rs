//! A controller that dies at any of its calls, and another that comes after it.

use strangler_fig::controller::{
    ControllerError, GiveUpTheWayBack, MigrationController, ProcessHasEnded,
};
use strangler_fig::phase::{Family, MigrationState, Phase, Share, TrackerConfig};

use crate::replay::replay;
use crate::service::Fate;
use crate::support::{World, by, name, node_name, state_in, state_with_cohort, words_since};
use crate::walk::shape;

#[derive(Debug, Clone, Copy)]
enum Act {
    AdvanceTo(Phase),
    RollBack,
    Halt,
    SetShare(Share),
    Evict,
    Decommission,
}

impl Act {
    async fn by(
        self,
        controller: &MigrationController,
        actor: &str,
    ) -> Result<(), ControllerError> {
        let request = by(actor);
        match self {
            Self::AdvanceTo(to) => controller.advance_to(to, &request).await.map(drop),
            Self::RollBack => controller.roll_back(&request).await.map(drop),
            Self::Halt => controller.halt(&request).await.map(drop),
            Self::SetShare(share) => controller.set_share(share, &request).await.map(drop),
            Self::Evict => {
                let ended = ProcessHasEnded::of(node_name(3));
                controller.evict(ended, &request).await.map(drop)
            }
            Self::Decommission => {
                let confirmation = GiveUpTheWayBack::of(name());
                controller.decommission(confirmation, &request).await.map(drop)
            }
        }
    }

    /// What whoever comes after the dead does: looks, and asks for the same if it is
    /// not done.
    async fn finish(self, world: &World, first: &MigrationState) -> Result<(), ControllerError> {
        let controller = world.controller();
        let state = world.state().await;
        let base = state.base();
        let moved = state.epoch() > first.epoch();
        let is_back =
            moved && base.phase.family() == Some(Family::Legacy) && state.cohort().is_none();
        match self {
            // A rollback that is done is not asked for again: it would go on.
            Self::RollBack if is_back => Ok(()),
            Self::Evict => match self.by(&controller, "heir").await {
                Err(ControllerError::NoLease { .. }) => Ok(()),
                done => done,
            },
            _ => self.by(&controller, "heir").await,
        }
    }
}

async fn world(first: &MigrationState, act: Act) -> World {
    let mut world = World::at(first.clone(), 2).await;
    if matches!(act, Act::Evict) {
        world.join(node_name(3), TrackerConfig::default()).await;
        world.nodes[2].falls_silent();
    }
    world
}

/// Where it ended, and by which steps.
async fn ended(world: &World, first: &MigrationState) -> (String, Vec<String>, usize) {
    let state = world.state().await;
    assert_eq!(replay(first, &state), Ok(()));
    let leases = world.bare().status().await.unwrap().nodes.len();
    let mut steps = words_since(first, &state);
    // Which life of a node it was, nobody can know before.
    steps.iter_mut().filter(|step| step.starts_with("evict")).for_each(|it| it.truncate(12));
    (shape(&state), steps, leases)
}

/// Kills `act` at each of its calls, before and after the effect. Answers how many
/// calls it makes.
async fn kill_everywhere(first: &MigrationState, act: Act) -> usize {
    let whole = world(first, act).await;
    act.by(&whole.controller(), "testator").await.unwrap();
    let expected = ended(&whole, first).await;
    let mut calls = 0;
    for lands in [false, true] {
        for number in 0.. {
            let world = world(first, act).await;
            world.service.hang_at(number, lands);
            let controller = world.controller();
            let lived = tokio::select! {
                biased;
                () = world.service.hangs() => None,
                done = act.by(&controller, "testator") => Some(done),
            };
            drop(controller);
            world.service.script(|_| Fate::Answers);
            if let Some(done) = lived {
                done.unwrap();
                break;
            }
            calls += 1;
            let at = format!("{act:?} killed at call {number}, which landed: {lands}");
            act.finish(&world, first).await.unwrap_or_else(|error| panic!("{at}: {error:?}"));
            assert_eq!(ended(&world, first).await, expected, "{at}");
        }
    }
    calls
}

#[tokio::test(start_paused = true)]
async fn an_advance_from_one_end_to_the_other_is_finished_by_another() {
    let act = Act::AdvanceTo(Phase::ModernOnly);
    assert!(kill_everywhere(&state_in(Phase::LegacyOnly), act).await > 40);
}

#[tokio::test(start_paused = true)]
async fn an_advance_with_a_cohort_is_finished_by_another() {
    let first = state_with_cohort(Phase::DualWrite, Phase::Shadow);
    assert!(kill_everywhere(&first, Act::AdvanceTo(Phase::ModernOnly)).await > 40);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_is_finished_by_another() {
    for phase in [Phase::Shadow, Phase::Cutover, Phase::Live, Phase::ModernOnly, Phase::Halted] {
        assert!(kill_everywhere(&state_in(phase), Act::RollBack).await > 4, "{phase}");
    }
    let first = state_with_cohort(Phase::Live, Phase::Cutover);
    assert!(kill_everywhere(&first, Act::RollBack).await > 20);
}

#[tokio::test(start_paused = true)]
async fn a_halt_is_finished_by_another() {
    for first in [state_in(Phase::Live), state_with_cohort(Phase::Cutover, Phase::Live)] {
        assert!(kill_everywhere(&first, Act::Halt).await > 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_share_is_finished_by_another() {
    let share = |percent| Act::SetShare(Share::percent(percent));
    assert!(kill_everywhere(&state_in(Phase::DualWrite), share(10)).await > 4);
    let cohort = state_with_cohort(Phase::DualWrite, Phase::Shadow);
    for percent in [0, 50, 100] {
        assert!(kill_everywhere(&cohort, share(percent)).await > 4, "{percent} %");
    }
}

#[tokio::test(start_paused = true)]
async fn an_eviction_is_finished_by_another() {
    assert!(kill_everywhere(&state_in(Phase::Cutover), Act::Evict).await > 6);
}

#[tokio::test(start_paused = true)]
async fn a_decommission_is_finished_by_another() {
    assert!(kill_everywhere(&state_in(Phase::ModernOnly), Act::Decommission).await > 4);
}
