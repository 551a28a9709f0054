use std::fmt;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::{Message, Offset, TopicPartitionList};
use strangler_fig::error::StoreError;
use strangler_fig::event::{SubscriptionName, Topic};
use tokio::time::Instant;

use crate::KafkaBus;
use crate::error::opened;
use crate::ledger::Came;
use crate::publisher::{CONTENT_TYPE, Parcel};
use crate::text::cut;
use crate::topics;

const REASON: &str = "reason";
const TOPIC: &str = "topic";

/// The longest reason that is kept, in bytes.
const REASON_MAX: usize = 4 << 10;

/// What was given up, as its topic has it.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaDeadLetter {
    /// Where it was sent to.
    pub topic: Topic,
    /// As they came.
    pub bytes: Vec<u8>,
    /// Why.
    pub reason: String,
}

/// Of what is given up, its length only.
impl fmt::Debug for KafkaDeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaDeadLetter")
            .field("topic", &self.topic)
            .field("bytes", &self.bytes.len())
            .field("reason", &self.reason)
            .finish()
    }
}

impl KafkaBus {
    /// Keeps what is given up in the topic `{prefix}.{subscription}.dead`, confirmed.
    pub(crate) async fn bury(
        &self,
        name: &SubscriptionName,
        came: Came,
        reason: &str,
    ) -> Result<(), StoreError> {
        let key = came.event.as_ref().map(|event| event.key.as_str().as_bytes().to_vec());
        let parcel = Parcel {
            topic: self.config.dead_topic(name)?,
            key: key.unwrap_or_default(),
            body: came.bytes,
            headers: vec![
                (CONTENT_TYPE.0, CONTENT_TYPE.1.to_owned()),
                (TOPIC, came.topic.as_str().to_owned()),
                (REASON, cut(reason, REASON_MAX).to_owned()),
            ],
        };
        self.send(vec![parcel]).await.pop().unwrap_or(Ok(()))
    }

    /// What a subscription has given up, at most so many; it stays where it is.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: ask again.
    pub async fn dead_letters(
        &self,
        name: &SubscriptionName,
        limit: usize,
    ) -> Result<Vec<KafkaDeadLetter>, StoreError> {
        let (bus, topic) = (self.clone(), self.config.dead_topic(name)?);
        let read = move || bus.read_dead(&topic, limit);
        tokio::task::spawn_blocking(read).await.map_err(StoreError::unknown)?
    }

    /// It blocks.
    fn read_dead(&self, topic: &str, limit: usize) -> Result<Vec<KafkaDeadLetter>, StoreError> {
        // No member of any group; a name is asked for all the same.
        let mut config = self.config.client();
        config.set("group.id", format!("{topic}.read")).set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.create().map_err(opened)?;
        let (deadline, mut left) = (self.config.deadline, 0);
        let mut from = TopicPartitionList::new();
        for partition in topics::partitions(consumer.client(), topic, deadline)? {
            let ends = consumer.fetch_watermarks(topic, partition, deadline);
            let (low, high) = ends.map_err(opened)?;
            left += high - low;
            let start = Offset::Offset(low);
            from.add_partition_offset(topic, partition, start).map_err(opened)?;
        }
        consumer.assign(&from).map_err(opened)?;
        let (mut found, until) = (Vec::new(), Instant::now() + deadline);
        while found.len() < limit && left > 0 {
            let wait = until.saturating_duration_since(Instant::now());
            let Some(message) = consumer.poll(wait) else {
                return Err(StoreError::unavailable("they were not read in time"));
            };
            found.push(letter(&message.map_err(opened)?)?);
            left -= 1;
        }
        Ok(found)
    }
}

fn letter(message: &BorrowedMessage<'_>) -> Result<KafkaDeadLetter, StoreError> {
    let text = |name: &str| {
        let headers = message.headers().into_iter().flat_map(Headers::iter);
        let value = headers.filter(|header| header.key == name).find_map(|header| header.value);
        String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
    };
    Ok(KafkaDeadLetter {
        topic: text(TOPIC).parse().map_err(StoreError::rejected)?,
        bytes: message.payload().unwrap_or_default().to_vec(),
        reason: text(REASON),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_shows_how_long_it_is() {
        let (topic, bytes) = ("orders".parse().unwrap(), b"hunter2".to_vec());
        let listed = format!("{bytes:?}");
        let letter = KafkaDeadLetter { topic, bytes, reason: "it is no event".to_owned() };
        let shown = format!("{letter:?}");
        assert!(!shown.contains(listed.trim_matches(['[', ']'])), "{shown}");
        assert!(shown.contains("bytes: 7") && shown.contains("it is no event"), "{shown}");
    }
}
