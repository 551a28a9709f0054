//! What the tests of every bus send and receive.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapters::nats::NatsDeadLetter;
use adapters::rabbitmq::{RabbitmqBus, RabbitmqConfig, RabbitmqDeadLetter};
use strangler_fig::event::{
    ConsumerConfig, Delivery, EventBus, EventConsumer, EventEnvelope, EventPayload,
    EventSubscription, Message, Settlement, SubscriptionLimits, SubscriptionName, Topic,
    handler_fn,
};
use strangler_fig::resilience::Exponential;
use tokio::time::{sleep, timeout};

use super::proxy::{Link, Proxy};

/// What was given up may be a secret, as may the password of a broker.
#[test]
fn buses_and_dead_letters_show_lengths_only() {
    let (topic, bytes, reason) = (topic(), b"hunter2".to_vec(), "it is no event".to_owned());
    let listed = format!("{bytes:?}");
    let of_rabbitmq =
        RabbitmqDeadLetter { topic: topic.clone(), bytes: bytes.clone(), reason: reason.clone() };
    let of_nats = NatsDeadLetter { topic, bytes, reason };
    for shown in [format!("{of_rabbitmq:?}"), format!("{of_nats:?}")] {
        assert!(!shown.contains(listed.trim_matches(['[', ']'])), "{shown}");
        assert!(shown.contains("bytes: 7") && shown.contains("it is no event"), "{shown}");
    }
    let url = "amqp://ann:hunter2@127.0.0.1:1";
    let bus = RabbitmqBus::new(url, RabbitmqConfig::default().with_prefix("shop"));
    let shown = format!("{bus:?}");
    assert!(shown.contains("shop") && !shown.contains("hunter2"), "{shown}");
}

pub(crate) fn topic() -> Topic {
    "orders".parse().unwrap()
}

pub(crate) fn name() -> SubscriptionName {
    "billing".parse().unwrap()
}

pub(crate) fn message(key: &str, n: usize) -> Message {
    EventEnvelope::new(
        format!("{key}-{n}").parse().unwrap(),
        "/shop".parse().unwrap(),
        "order.changed".parse().unwrap(),
        key.parse().unwrap(),
        EventPayload::json(&n).unwrap(),
    )
    .to(topic())
}

pub(crate) fn messages(key: &str, numbers: RangeInclusive<usize>) -> Vec<Message> {
    numbers.map(|n| message(key, n)).collect()
}

pub(crate) fn in_order(key: &str, numbers: RangeInclusive<usize>) -> Vec<String> {
    numbers.map(|n| format!("{key}-{n}")).collect()
}

pub(crate) async fn published(bus: &dyn EventBus, messages: &[Message]) {
    for answer in bus.publish(messages).await {
        answer.unwrap();
    }
}

pub(crate) async fn next(receiver: &dyn EventSubscription) -> Vec<Delivery> {
    let most = NonZeroUsize::new(99).unwrap();
    let came = timeout(Duration::from_mins(1), receiver.receive(most)).await;
    came.expect("something is to come").unwrap()
}

/// The ids of what comes, each acknowledged, until it is `last`.
pub(crate) async fn until(receiver: &dyn EventSubscription, last: &str) -> Vec<String> {
    let mut came = Vec::new();
    while came.last().is_none_or(|id| id != last) {
        for delivery in next(receiver).await {
            came.push(delivery.event.unwrap().id.as_str().to_owned());
            receiver.settle(delivery.receipt, &Settlement::Ack).await.unwrap();
        }
    }
    came
}

/// A consumer of `bus`, whose connection goes by `proxy`, which is cut six times while `rounds` messages of each of four
/// keys are published to `sure`: every effect, and those of a key in their order.
pub(crate) async fn a_consumer_goes_on(
    sure: &dyn EventBus,
    bus: Arc<dyn EventBus>,
    proxy: &Proxy,
    rounds: usize,
    limits: SubscriptionLimits,
) {
    let effects = Arc::new(Mutex::new(Vec::<String>::new()));
    let seen = Arc::clone(&effects);
    let handler = handler_fn(move |event, _| {
        let seen = Arc::clone(&seen);
        async move {
            sleep(Duration::from_millis(2)).await;
            let mut seen = seen.lock().unwrap();
            let id = event.id.as_str().to_owned();
            if !seen.contains(&id) {
                seen.push(id); // As an inbox lets it.
            }
            Ok(())
        }
    });
    let pauses = Exponential::between(Duration::from_millis(20), Duration::from_millis(200));
    let config = ConsumerConfig::default().with_backoff(pauses).with_limits(limits);
    let consumer =
        EventConsumer::new(bus, name(), vec![topic()], Arc::new(handler)).with_config(config);
    let keys = ["pears", "plums", "figs", "nuts"];
    let (part, all) = (rounds / 6, rounds / 6 * 6);
    let count = || effects.lock().unwrap().len();
    let faults = async {
        for round in 0..6 {
            for key in keys {
                published(sure, &messages(key, round * part + 1..=round * part + part)).await;
            }
            proxy.set(Link::CutAtAnswer);
            sleep(Duration::from_millis(100)).await;
            proxy.set(Link::Whole);
            sleep(Duration::from_millis(300)).await;
        }
        while count() < keys.len() * all {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let ran = timeout(Duration::from_mins(2), consumer.run(faults)).await;
    ran.unwrap_or_else(|_| panic!("only {} effects", count())).unwrap();
    let effects = effects.lock().unwrap().clone();
    for key in keys {
        let its: Vec<_> = effects.iter().filter(|id| id.starts_with(key)).cloned().collect();
        assert_eq!(its, in_order(key, 1..=all));
    }
}
