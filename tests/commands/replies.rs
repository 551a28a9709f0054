//! Replies that are lost, late, repeated, of strangers, or no replies.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::event::{
    EventContext, EventEnvelope, EventHandler, EventPayload, EventPublisher, Extensions, Reply,
    ReplyReceiver, ReplyStore, Topic,
};
use strangler_fig::saga::{Conclusion, Payload, SagaStatus};
use tokio::time::{Instant, sleep};

use crate::weather::Fate;
use crate::world::{COMMANDS, Durable, Flaw, REPLIES, World, saga};

fn reply(event_type: &str, correlation: &str, payload: EventPayload) -> EventEnvelope {
    let event = EventEnvelope::new(
        "1".parse().unwrap(),
        "/stranger".parse().unwrap(),
        event_type.parse().unwrap(),
        "k".parse().unwrap(),
        payload,
    );
    event.with_extension("correlationid".parse().unwrap(), correlation).unwrap()
}

fn done(correlation: &str, json: &str) -> EventEnvelope {
    let json = EventPayload::from_json(Payload::parse(json).unwrap()).unwrap();
    reply("strangler.command.done", correlation, json)
}

#[tokio::test(start_paused = true)]
async fn a_saga_of_commands_is_committed_at_once() {
    let mut world = World::new(Flaw::None).await;
    let begin = Instant::now();
    let (_, order) = world.start("order:1").await;
    assert_eq!(order.wait().await.unwrap(), Conclusion::Committed(2));
    assert!(begin.elapsed() < Duration::from_millis(100), "{:?}", begin.elapsed());
    assert_eq!(world.weather.types(COMMANDS), ["Reserve", "Pay"]);
    assert_eq!(world.effects(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_was_lost_is_given_again() {
    let mut world = World::new(Flaw::None).await;
    let mut lost = 0;
    world.weather.turns(move |message| {
        let is_lost = message.topic.as_str() == REPLIES && lost < 2;
        lost += u32::from(is_lost);
        if is_lost { Fate::Lost } else { Fate::Taken }
    });
    let (_, order) = world.start("order:1").await;
    assert_eq!(order.wait().await.unwrap(), Conclusion::Committed(2));
    assert_eq!(world.effects(), [1, 1]);
    // Each attempt is a message of its own, or a bus that knows ids would have swallowed the repeat.
    let sent = world.weather.sent(COMMANDS);
    let ids: Vec<_> = sent.iter().map(|message| message.event.id.to_string()).collect();
    assert_eq!(
        ids,
        [
            "order:1/reserve#execute~1.1",
            "order:1/reserve#execute~1.2",
            "order:1/reserve#execute~1.3",
            "order:1/pay#execute~1.1"
        ]
    );
    for message in &sent[..3] {
        assert_eq!(message.event.correlation_id(), Some("order:1/reserve#execute"));
    }
}

/// The control of that: with an inbox in front, say.
#[tokio::test(start_paused = true)]
async fn who_answers_once_leaves_a_saga_without_its_reply() {
    let mut world = World::new(Flaw::AnswersOnce).await;
    let mut lost = false;
    world.weather.turns(move |message| {
        let is_lost = message.topic.as_str() == REPLIES && !std::mem::replace(&mut lost, true);
        if is_lost { Fate::Lost } else { Fate::Taken }
    });
    let (_, order) = world.start("order:1").await;
    assert!(matches!(order.wait().await.unwrap(), Conclusion::RolledBack(_)));
    assert_eq!(world.weather.types(COMMANDS).last().unwrap(), "Release");
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_is_found_by_the_next_attempt() {
    let mut world = World::new(Flaw::None).await;
    // Later than an attempt may take, and never sooner.
    world.weather.turns(|message| match message.topic.as_str() {
        REPLIES => Fate::Late(Duration::from_millis(1_500)),
        _ => Fate::Taken,
    });
    let (_, order) = world.start("order:1").await;
    assert_eq!(order.wait().await.unwrap(), Conclusion::Committed(2));
    assert_eq!(world.effects(), [1, 1]);
}

/// Seata #5688: a late message undid what was complete.
#[tokio::test(start_paused = true)]
async fn a_late_reply_changes_nothing_of_a_saga_that_is_over() {
    let mut world = World::new(Flaw::None).await;
    world.weather.turns(|message| match message.event.correlation_id() {
        Some("order:1/reserve#execute") if message.topic.as_str() == REPLIES => {
            Fate::Late(Duration::from_secs(3_600))
        }
        _ => Fate::Taken,
    });
    let (runner, order) = world.start("order:1").await;
    assert!(matches!(order.wait().await.unwrap(), Conclusion::RolledBack(_)));
    let id = "order:1".parse().unwrap();
    let before = runner.inspect(&id).await.unwrap();
    let correlation = "order:1/reserve#execute".parse().unwrap();
    assert_eq!(world.durable.store.get(&correlation).await.unwrap(), None);

    sleep(Duration::from_secs(4_000)).await;
    assert!(world.durable.store.get(&correlation).await.unwrap().is_some(), "it has come");
    let after = runner.inspect(&id).await.unwrap();
    assert_eq!((after.entries, after.header.status), (before.entries, before.header.status));
    assert!(world.effects().is_empty());
    // It is kept until it is forgotten.
    assert!(
        world.durable.store.purge(Duration::from_secs(1), NonZeroUsize::MIN).await.unwrap() > 0
    );
}

/// The other way round: a saga that has committed is told no, late.
#[tokio::test(start_paused = true)]
async fn a_second_reply_changes_nothing() {
    let mut world = World::new(Flaw::None).await;
    let (runner, order) = world.start("order:1").await;
    assert_eq!(order.wait().await.unwrap(), Conclusion::Committed(2));
    let no = EventPayload::json("no").unwrap();
    let late = reply("strangler.command.refused", "order:1/pay#execute", no);
    let (replies, name) = (REPLIES.parse().unwrap(), "orders".parse().unwrap());
    world.replies.handle(&late, &EventContext::new(&replies, &name)).await.unwrap();
    let kept = world.durable.store.get(&"order:1/pay#execute".parse().unwrap()).await.unwrap();
    assert_eq!(kept, Some(Reply::Done(Payload::of(&2).unwrap())));
    let record = runner.inspect(&"order:1".parse().unwrap()).await.unwrap();
    assert_eq!(record.header.status, SagaStatus::Committed);
}

/// Eventuate #40: replies waited until a saga was started.
#[tokio::test(start_paused = true)]
async fn replies_are_taken_though_no_saga_runs_here() {
    let mut world = World::quiet(&Durable::default(), Flaw::None).await;
    world.participates();
    // Replies come to this process, in which no saga runs.
    world.receives();
    // The saga runs in another one, whose receiver nothing ever comes to.
    let elsewhere = world.channel_of(ReplyReceiver::new(Arc::new(world.durable.store.clone())));
    let saga = saga(&elsewhere);
    let runner = world.runner(&saga);
    let order = runner.start(&saga, "order:1".parse().unwrap(), 0).await.unwrap();
    assert_eq!(order.wait().await.unwrap(), Conclusion::Committed(2));

    // And if none runs anywhere.
    let stray = done("order:2/pay#execute", "7");
    let topic = REPLIES.parse().unwrap();
    world.durable.bus.publish(&[stray.to(topic)]).await;
    sleep(Duration::from_secs(1)).await;
    assert!(
        world.durable.store.get(&"order:2/pay#execute".parse().unwrap()).await.unwrap().is_some()
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_no_reply_is_given_up_and_holds_nothing_up() {
    let mut world = World::new(Flaw::None).await;
    let (topic, name): (Topic, _) = (REPLIES.parse().unwrap(), "orders".parse().unwrap());
    let text = EventPayload::bytes("text/plain", "x").unwrap();
    let number = EventPayload::json(&7).unwrap();
    let mut nobody_s = done("c", "1");
    nobody_s.extensions = Extensions::default();
    let strays = [
        nobody_s,
        done("", "1"),
        reply("strangler.command.done", "c", text),
        reply("strangler.command.refused", "c", number.clone()),
        reply("order.paid", "c", number),
    ];
    for stray in &strays {
        let refused =
            world.replies.handle(stray, &EventContext::new(&topic, &name)).await.unwrap_err();
        assert_eq!(refused.kind(), StoreErrorKind::Rejected);
        world.durable.bus.publish(&[stray.clone().to(topic.clone())]).await;
    }
    world.durable.bus.plant(&topic, "{");
    let (_, order) = world.start("order:1").await;
    assert_eq!(order.wait().await.unwrap(), Conclusion::Committed(2));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(world.durable.bus.dead_letters(&"orders".parse().unwrap()).len(), strays.len() + 1);
}
