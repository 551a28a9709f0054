//! Brokers that are away, or refuse.

use std::num::{NonZeroU16, NonZeroUsize};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kafka_adapter::{KafkaBus, KafkaConfig, KafkaTopics};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{
    ConsumerConfig, Delivery, EventBus, EventConsumer, EventEnvelope, EventPayload, EventPublisher,
    EventSubscriber, EventSubscription, Message, Settlement, SubscriptionLimits, SubscriptionName,
    Topic, handler_fn,
};
use strangler_fig::resilience::Exponential;
use tokio::time::{sleep, timeout};

use crate::cluster::Own;

fn topic() -> Topic {
    "orders".parse().unwrap()
}

fn name() -> SubscriptionName {
    "billing".parse().unwrap()
}

fn message(key: &str, n: usize) -> Message {
    EventEnvelope::new(
        format!("{key}-{n}").parse().unwrap(),
        "/shop".parse().unwrap(),
        "order.changed".parse().unwrap(),
        key.parse().unwrap(),
        EventPayload::json(&n).unwrap(),
    )
    .to(topic())
}

fn messages(key: &str, numbers: RangeInclusive<usize>) -> Vec<Message> {
    numbers.map(|n| message(key, n)).collect()
}

fn in_order(key: &str, numbers: RangeInclusive<usize>) -> Vec<String> {
    numbers.map(|n| format!("{key}-{n}")).collect()
}

async fn published(bus: &dyn EventBus, messages: &[Message]) {
    for answer in bus.publish(messages).await {
        answer.unwrap();
    }
}

async fn opened(own: &Own) -> Box<dyn EventSubscription> {
    own.primed().subscribe(&name(), &[topic()], SubscriptionLimits::default()).await.unwrap()
}

async fn next(receiver: &dyn EventSubscription) -> Vec<Delivery> {
    let most = NonZeroUsize::new(99).unwrap();
    let came = timeout(Duration::from_mins(1), receiver.receive(most)).await;
    came.expect("something is to come").unwrap()
}

fn id(delivery: &Delivery) -> String {
    delivery.event.as_ref().unwrap().id.as_str().to_owned()
}

/// What comes until `last` does, each acknowledged.
async fn until(receiver: &dyn EventSubscription, last: &str) -> Vec<Delivery> {
    let mut came = Vec::<Delivery>::new();
    while came.last().is_none_or(|delivery| id(delivery) != last) {
        for delivery in next(receiver).await {
            receiver.settle(delivery.receipt, &Settlement::Ack).await.unwrap();
            came.push(delivery);
        }
    }
    came
}

fn ids(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(id).collect()
}

fn kinds(answers: &[Result<(), StoreError>]) -> Vec<Option<StoreErrorKind>> {
    answers.iter().map(|answer| answer.as_ref().err().map(StoreError::kind)).collect()
}

/// The same brokers, with another deadline.
fn hasty(own: &Own) -> KafkaBus {
    KafkaBus::new(own.config.clone().with_deadline(Duration::from_secs(2)))
}

#[tokio::test]
async fn brokers_that_were_never_there_have_taken_nothing() {
    let config = KafkaConfig::new("127.0.0.1:1").with_topics(KafkaTopics::Found);
    let bus = KafkaBus::new(config.with_deadline(Duration::from_secs(2)));
    let answers = bus.publish(&messages("pears", 1..=2)).await;
    assert_eq!(kinds(&answers), [Some(StoreErrorKind::Unavailable); 2]);
    let opened = bus.subscribe(&name(), &[topic()], SubscriptionLimits::default()).await;
    assert_eq!(opened.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn what_brokers_that_went_have_not_confirmed_is_in_doubt_until_they_are_known_to_be_away() {
    let own = Own::new();
    let bus = hasty(&own);
    published(&bus, &messages("pears", 1..=1)).await;
    own.cluster().broker_down(-1).unwrap();
    // It was handed to a connection that nobody knows to be broken.
    let mixed = [message("pears", 2), message("plums", 1), message("pears", 3)];
    let (unknown, away) = (Some(StoreErrorKind::Unknown), Some(StoreErrorKind::Unavailable));
    let first = kinds(&bus.publish(&mixed).await);
    assert!(first == [unknown, unknown, away] || first == [away; 3], "{first:?}");
    // By then it is.
    assert_eq!(kinds(&bus.publish(&messages("figs", 1..=1)).await), [away]);
    own.cluster().broker_up(-1).unwrap();
    let again = timeout(Duration::from_mins(1), async {
        while bus.publish(&messages("figs", 1..=1)).await[0].is_err() {}
    });
    again.await.expect("it goes on when they are back");
}

#[tokio::test]
async fn what_a_broker_refuses_for_its_size_is_rejected_and_others_are_not() {
    let own = Own::new();
    published(own.kafka(), &messages("figs", 1..=1)).await;
    let too_large = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE];
    own.cluster().request_errors(RDKafkaApiKey::Produce, &too_large);
    let answers = own.kafka().publish(&messages("pears", 1..=2)).await;
    let expected = [StoreErrorKind::Rejected, StoreErrorKind::Unavailable].map(Some);
    assert_eq!(kinds(&answers), expected, "its key waits");
    published(own.kafka(), &messages("pears", 2..=2)).await;
}

#[tokio::test]
async fn what_is_refused_for_a_while_is_sent_again_once() {
    let own = Own::new();
    let receiver = opened(&own).await;
    let for_a_while = [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT,
    ];
    own.cluster().request_errors(RDKafkaApiKey::Produce, &for_a_while);
    published(own.kafka(), &messages("pears", 1..=3)).await;
    assert_eq!(ids(&until(&*receiver, "pears-3").await), in_order("pears", 1..=3));
}

/// The mock never answers who asks it to create a topic.
#[tokio::test]
async fn what_has_no_topic_yet_was_not_sent() {
    let own = Own::new();
    let [partitions, replicas] = [4, 1].map(|count| NonZeroU16::new(count).unwrap());
    let topics = KafkaTopics::Created { partitions, replicas };
    let config = own.config.clone().with_topics(topics).with_deadline(Duration::from_secs(2));
    let answers = KafkaBus::new(config).publish(&messages("pears", 1..=1)).await;
    assert_eq!(kinds(&answers), [Some(StoreErrorKind::Unavailable)]);
}

#[tokio::test]
async fn an_acknowledgement_is_answered_when_it_is_committed() {
    let own = Own::new();
    let receiver = opened(&own).await;
    published(own.kafka(), &messages("pears", 1..=2)).await;
    let mut held = next(&*receiver).await;
    while held.len() < 2 {
        held.extend(next(&*receiver).await);
    }
    let refusal = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS; 3];
    own.cluster().request_errors(RDKafkaApiKey::OffsetCommit, &refusal);
    // The second first: behind it is a gap.
    receiver.settle(held[1].receipt, &Settlement::Ack).await.unwrap();
    let again = receiver.settle(held[1].receipt, &Settlement::Ack).await;
    assert_eq!(again.unwrap_err().kind(), StoreErrorKind::Conflict);
    drop(receiver);
    let receiver = opened(&own).await;
    published(own.kafka(), &messages("pears", 3..=3)).await;
    let came = until(&*receiver, "pears-3").await;
    let came: Vec<_> = came.iter().map(|it| (id(it), it.attempt.get())).collect();
    assert_eq!(came, [("pears-1".to_owned(), 2), ("pears-3".to_owned(), 1)]);
}

/// Brokers go and come again while a consumer works: every effect, and those of a key in their order.
#[tokio::test]
async fn a_consumer_goes_on_behind_brokers_that_were_away() {
    let own = Own::new();
    drop(opened(&own).await);
    let effects = Arc::new(Mutex::new(Vec::<String>::new()));
    let seen = Arc::clone(&effects);
    let handler = handler_fn(move |event, _| {
        let seen = Arc::clone(&seen);
        async move {
            let mut seen = seen.lock().unwrap();
            let id = event.id.as_str().to_owned();
            if !seen.contains(&id) {
                seen.push(id); // As an inbox lets it.
            }
            Ok(())
        }
    });
    let pauses = Exponential::between(Duration::from_millis(20), Duration::from_millis(200));
    let config = ConsumerConfig::default().with_backoff(pauses);
    let consumer =
        EventConsumer::new(Arc::new(own.kafka().clone()), name(), vec![topic()], Arc::new(handler))
            .with_config(config);
    let keys = ["pears", "plums", "figs"];
    let count = || effects.lock().unwrap().len();
    let faults = async {
        for round in 0..3 {
            for key in keys {
                published(own.kafka(), &messages(key, round * 10 + 1..=round * 10 + 10)).await;
            }
            own.cluster().broker_down(-1).unwrap();
            sleep(Duration::from_millis(300)).await;
            own.cluster().broker_up(-1).unwrap();
        }
        while count() < keys.len() * 30 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let ran = timeout(Duration::from_mins(2), consumer.run(faults)).await;
    ran.unwrap_or_else(|_| panic!("only {} effects", count())).unwrap();
    let effects = effects.lock().unwrap().clone();
    for key in keys {
        let its: Vec<_> = effects.iter().filter(|id| id.starts_with(key)).cloned().collect();
        assert_eq!(its, in_order(key, 1..=30));
    }
}
