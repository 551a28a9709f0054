//! Kafka: the bus of events, meant to be copied. In a package of its own because the driver builds librdkafka, in C.
//!
//! A topic of the bus is a topic of Kafka, a subscription a consumer group. A message's key is the event's, so that the
//! messages of a key lie in one partition, in their order, and come to the one receiver that has the partition.
//!
//! Kafka remembers of a partition how far a group is, and nothing of single messages. The rest is kept in the text that
//! goes with that offset: which messages behind it are settled already, and how far each life of the group has handed
//! messages out. So an acknowledgement holds once it was answered, also one ahead of others, and what was handed out
//! before comes with an `attempt` of 2 at least.
//!
//! When a partition is to go to another receiver, it goes when all that is held of it is settled, or has shown no sign
//! of life for `hidden_for`. What is given back with a pause is kept here, and its key waits; a partition that goes, or
//! a receiver that dies, gives it back at once.
//!
//! What has to be so on the brokers: a topic's number of partitions is never changed; what waits longer than the topic's
//! `retention.ms` is lost; of a group that nobody is in the offsets are forgotten after `offsets.retention.minutes`, and
//! with them the subscription; `offset.metadata.max.bytes` is 4,096 or more, as it is unless it was changed.
//!
//! It was proved on the mock cluster that librdkafka brings along, on no real broker. That cluster creates no topics for
//! an administrator: of [`KafkaTopics::Created`] it was tried only that nothing is sent to a topic that is not there.

mod buffer;
mod bus;
mod committer;
mod config;
mod dead;
mod error;
mod ledger;
mod line;
mod opening;
mod progress;
mod publisher;
mod sender;
mod subscription;
mod text;
mod topics;
mod watch;

pub use bus::KafkaBus;
pub use config::{KafkaConfig, KafkaTopics};
pub use dead::KafkaDeadLetter;
