use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{Client, DefaultClientContext};
use rdkafka::types::RDKafkaErrorCode as Code;
use rdkafka::{ClientConfig, ClientContext};
use strangler_fig::error::StoreError;
use tokio::time::Instant;

use crate::config::KafkaTopics;
use crate::error::{is_refusal, opened};

/// How long to wait before brokers are asked again for a topic that they create.
const PAUSE: Duration = Duration::from_millis(50);

/// Creates a topic, if the bus is to do so and it is missing.
pub(crate) async fn create(
    config: &ClientConfig,
    topics: KafkaTopics,
    name: &str,
    deadline: Duration,
) -> Result<(), StoreError> {
    let KafkaTopics::Created { partitions, replicas } = topics else { return Ok(()) };
    let admin: AdminClient<DefaultClientContext> = config.create().map_err(opened)?;
    let replication = TopicReplication::Fixed(i32::from(replicas.get()));
    let topic = NewTopic::new(name, i32::from(partitions.get()), replication);
    let options = AdminOptions::new().operation_timeout(Some(deadline));
    let options = options.request_timeout(Some(deadline));
    let created = admin.create_topics([&topic], &options).await.map_err(opened)?;
    // The client waits for its thread.
    tokio::task::spawn_blocking(move || drop(admin));
    match created.into_iter().next() {
        Some(Err((_, code))) if code != Code::TopicAlreadyExists => {
            let why = format!("the topic {name} could not be created: {code}");
            Err(if is_refusal(code) {
                StoreError::rejected(why)
            } else {
                StoreError::unavailable(why)
            })
        }
        _ => Ok(()),
    }
}

/// The partitions of a topic, as soon as it is there and each has a leader. It blocks.
pub(crate) fn partitions<C: ClientContext>(
    client: &Client<C>,
    name: &str,
    deadline: Duration,
) -> Result<Vec<i32>, StoreError> {
    let until = Instant::now() + deadline;
    loop {
        let metadata = client.fetch_metadata(Some(name), deadline).map_err(opened)?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == name);
        let code = topic.and_then(rdkafka::metadata::MetadataTopic::error).map(Code::from);
        if let Some(code) = code.filter(|code| is_refusal(*code)) {
            return Err(StoreError::rejected(format!("the topic {name} cannot be: {code}")));
        }
        let found = topic.map(rdkafka::metadata::MetadataTopic::partitions).unwrap_or_default();
        let is_led = found.iter().all(|partition| partition.leader() >= 0);
        if code.is_none() && !found.is_empty() && is_led {
            return Ok(found.iter().map(rdkafka::metadata::MetadataPartition::id).collect());
        }
        if Instant::now() >= until {
            let why = code.unwrap_or(Code::UnknownTopicOrPartition);
            return Err(StoreError::unavailable(format!("the topic {name} is not there: {why}")));
        }
        std::thread::sleep(PAUSE);
    }
}
