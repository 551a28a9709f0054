//! Processes that die: each has a runtime of its own, which is dropped.

use std::time::Duration;

use strangler_fig::saga::{Conclusion, Repair};
use tokio::runtime::Builder;
use tokio::time::sleep;

use crate::weather::Fate;
use crate::world::{COMMANDS, Death, Durable, Flaw, World};

/// A life of a process, on paused time. It ends with its work, and whatever else runs in it is gone.
fn life<T>(work: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(work)
}

/// Starts the saga, and dies once it has published its first command.
async fn dies_after_its_command(world: &mut World) {
    let (_runner, _order) = world.start("order:1").await;
    while world.weather.sent(COMMANDS).is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Another runner goes on. How it ends, and which commands it has sent.
async fn goes_on(durable: &Durable) -> (Conclusion<u32>, Vec<String>) {
    let mut world = World::quiet(durable, Flaw::None).await;
    world.participates();
    world.receives();
    let saga = world.saga();
    let runner = world.runner(&saga);
    let order = runner.find(&saga, "order:1".parse().unwrap()).await.unwrap();
    (order.wait().await.unwrap(), world.weather.types(COMMANDS))
}

#[test]
fn a_runner_that_dies_before_its_reply_is_followed_by_one_that_finds_it() {
    let durable = Durable::default();
    life(async { dies_after_its_command(&mut World::quiet(&durable, Flaw::None).await).await });
    assert!(durable.books.effects().is_empty(), "nobody participates yet");
    let (end, sent) = life(goes_on(&durable));
    assert_eq!(end, Conclusion::Committed(2));
    // The reply was there before anybody took the saga over: it is not asked for again.
    assert_eq!(sent, ["Pay"]);
    assert_eq!(durable.books.effects(), [1, 1]);
}

#[test]
fn a_runner_and_its_command_are_lost_together() {
    let durable = Durable::default();
    life(async {
        let mut world = World::quiet(&durable, Flaw::None).await;
        world.weather.turns(|_| Fate::Lost);
        dies_after_its_command(&mut world).await;
    });
    let (end, sent) = life(goes_on(&durable));
    assert_eq!(end, Conclusion::Committed(2));
    assert_eq!(sent, ["Reserve", "Pay"]);
    assert_eq!(durable.books.effects(), [1, 1]);
}

#[test]
fn both_ends_die_between_effect_and_reply() {
    let durable = Durable::default();
    life(async {
        let mut world = World::quiet(&durable, Flaw::None).await;
        world.participant.deaths.lock().unwrap().push_back(Death::AfterCommit);
        world.participates();
        let (_runner, _order) = world.start("order:1").await;
        while durable.books.effects().is_empty() {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(durable.books.effects(), [1], "and nobody was told");
    let (end, sent) = life(goes_on(&durable));
    assert_eq!(end, Conclusion::Committed(2));
    assert_eq!(sent, ["Pay"]);
    assert_eq!(durable.books.effects(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_participant_that_dies_before_it_commits_does_it_later() {
    let mut world = World::new(Flaw::None).await;
    let deaths = [Death::BeforeCommit, Death::BeforeCommit, Death::BeforeCommit];
    world.participant.deaths.lock().unwrap().extend(deaths);
    let (_, order) = world.start("order:1").await;
    assert_eq!(order.wait().await.unwrap(), Conclusion::Committed(2));
    assert_eq!(world.effects(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_participant_that_dies_before_it_answers_answers_later() {
    let mut world = World::new(Flaw::None).await;
    world.participant.deaths.lock().unwrap().extend([Death::AfterCommit, Death::AfterCommit]);
    let (_, order) = world.start("order:1").await;
    assert_eq!(order.wait().await.unwrap(), Conclusion::Committed(2));
    assert_eq!(world.effects(), [1, 1]);
}

/// Nobody participates for an hour: the saga turns back, and waits for its compensation's reply, or an operator.
#[tokio::test(start_paused = true)]
async fn a_participant_that_is_away_leaves_no_effect_behind() {
    let mut world = World::quiet(&Durable::default(), Flaw::None).await;
    world.receives();
    let (runner, order) = world.start("order:1").await;
    assert_eq!(order.wait().await.unwrap(), Conclusion::Parked);
    world.participates();
    sleep(Duration::from_secs(60)).await;
    // The commands have waited, and were done and undone in their order.
    assert!(world.effects().is_empty());
    let step = "reserve".parse().unwrap();
    let again = Repair::Retry { step };
    runner
        .repair(
            &"order:1".parse().unwrap(),
            again,
            &"ada".parse().unwrap(),
            &"it is back".parse().unwrap(),
        )
        .await
        .unwrap();
    assert!(matches!(order.wait().await.unwrap(), Conclusion::RolledBack(_)));
    assert!(world.effects().is_empty());
}
