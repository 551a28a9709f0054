//! Commands that are refused, and compensations that overtake them.

use std::time::Duration;

use strangler_fig::event::Message;
use strangler_fig::saga::{Conclusion, Repair, SagaStatus};
use tokio::time::sleep;

use crate::weather::Fate;
use crate::world::{COMMANDS, Flaw, REPLIES, World};

fn refuses(world: &World, saga: &str, command: &str) {
    world.participant.refuses.lock().unwrap().push((saga.to_owned(), command.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_refused_command_turns_its_saga_back() {
    let mut world = World::new(Flaw::None).await;
    refuses(&world, "order:1", "Pay");
    let (_, order) = world.start("order:1").await;
    assert!(matches!(order.wait().await.unwrap(), Conclusion::RolledBack(_)));
    assert_eq!(world.weather.types(COMMANDS), ["Reserve", "Pay", "Release"]);
    assert!(world.effects().is_empty());
}

/// Its refusal was recorded with the barrier: who was refused once is refused for good.
#[tokio::test(start_paused = true)]
async fn a_refusal_whose_reply_was_lost_is_given_again() {
    let mut world = World::new(Flaw::None).await;
    lose_a_refusal(&world);
    refuses(&world, "order:1", "Pay");
    let (_, order) = world.start("order:1").await;
    sleep(Duration::from_millis(500)).await;
    // From now on it would be done, were it asked for the first time.
    world.participant.refuses.lock().unwrap().clear();
    assert!(matches!(order.wait().await.unwrap(), Conclusion::RolledBack(_)));
    assert!(world.effects().is_empty());
}

/// The control of that.
#[tokio::test(start_paused = true)]
async fn who_forgets_a_refusal_does_it_after_all() {
    let mut world = World::new(Flaw::ForgetsRefusals).await;
    lose_a_refusal(&world);
    refuses(&world, "order:1", "Pay");
    let (_, order) = world.start("order:1").await;
    sleep(Duration::from_millis(500)).await;
    world.participant.refuses.lock().unwrap().clear();
    assert_eq!(order.wait().await.unwrap(), Conclusion::Committed(2));
}

/// The first one gets lost.
fn lose_a_refusal(world: &World) {
    let mut is_lost = false;
    world.weather.turns(move |message| {
        let is_refusal = message.event.event_type.as_str() == "strangler.command.refused";
        if is_refusal && !std::mem::replace(&mut is_lost, true) { Fate::Lost } else { Fate::Taken }
    });
}

/// Eventuate #75: a compensation that failed broke the handling of every reply.
#[tokio::test(start_paused = true)]
async fn a_refused_compensation_parks_its_saga_and_no_other() {
    let mut world = World::new(Flaw::None).await;
    refuses(&world, "order:1", "Pay");
    refuses(&world, "order:1", "Release");
    refuses(&world, "order:2", "Pay");
    let saga = world.saga();
    let runner = world.runner(&saga);
    let mut orders = Vec::new();
    for id in ["order:1", "order:2", "order:3"] {
        orders.push(runner.start(&saga, id.parse().unwrap(), 0).await.unwrap());
    }
    assert_eq!(orders[0].wait().await.unwrap(), Conclusion::Parked);
    assert!(matches!(orders[1].wait().await.unwrap(), Conclusion::RolledBack(_)));
    assert_eq!(orders[2].wait().await.unwrap(), Conclusion::Committed(2));
    assert_eq!(world.effects(), [1, 1, 1], "what could not be undone, and two of the third");

    // It is undone by hand, and its saga is told.
    let id = "order:1".parse().unwrap();
    let undone = Repair::MarkCompensated { step: "reserve".parse().unwrap() };
    runner
        .repair(&id, undone, &"ada".parse().unwrap(), &"released by hand".parse().unwrap())
        .await
        .unwrap();
    assert!(matches!(orders[0].wait().await.unwrap(), Conclusion::RolledBack(_)));
    assert_eq!(runner.inspect(&id).await.unwrap().header.status, SagaStatus::RolledBack);
}

/// It is late by so much that its saga has given it up, and asked for its compensation, which nothing stands before.
#[tokio::test(start_paused = true)]
async fn a_compensation_that_overtakes_its_command_leaves_it_without_effect() {
    let mut world = World::new(Flaw::None).await;
    world.weather.turns(|message: &Message| match message.event.event_type.as_str() {
        "Reserve" => Fate::Late(Duration::from_secs(60)),
        _ => Fate::Taken,
    });
    let (_, order) = world.start("order:1").await;
    assert!(matches!(order.wait().await.unwrap(), Conclusion::RolledBack(_)));
    assert!(
        world.weather.sent(REPLIES).iter().all(|message| {
            message.event.correlation_id() == Some("order:1/reserve#compensate")
        })
    );
    sleep(Duration::from_secs(120)).await;
    // Then it comes, each attempt of it, and is refused.
    let refusals = world.weather.types(REPLIES);
    let refused = refusals.iter().filter(|it| *it == "strangler.command.refused").count();
    assert_eq!(refused, world.weather.types(COMMANDS).iter().filter(|it| *it == "Reserve").count());
    assert!(world.effects().is_empty());
}

/// The control of that: without a barrier it has its effect when nobody looks any more.
#[tokio::test(start_paused = true)]
async fn a_command_that_is_overtaken_has_its_effect_without_a_barrier() {
    let mut world = World::new(Flaw::NoBarrier).await;
    world.weather.turns(|message: &Message| match message.event.event_type.as_str() {
        "Reserve" => Fate::Late(Duration::from_secs(60)),
        _ => Fate::Taken,
    });
    let (_, order) = world.start("order:1").await;
    assert!(matches!(order.wait().await.unwrap(), Conclusion::RolledBack(_)));
    sleep(Duration::from_secs(120)).await;
    assert!(!world.effects().is_empty());
}
