//! What a subscription asks of the brokers when it is opened, and when partitions become its own. All of it blocks.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};
use strangler_fig::error::StoreError;

use crate::buffer::Part;
use crate::config::KafkaConfig;
use crate::error::opened;
use crate::ledger::Ledger;
use crate::progress::Progress;
use crate::watch::Member;

/// Which topics the group has of those that are there: where it is somewhere, it has subscribed.
pub(crate) fn own_topics(member: &Member, config: &KafkaConfig) -> Result<Vec<String>, StoreError> {
    let consumer = member.consumer();
    let metadata = consumer.fetch_metadata(None, config.deadline).map_err(opened)?;
    let mut partitions = TopicPartitionList::new();
    for topic in metadata.topics() {
        if config.topic_of(topic.name()).is_some() {
            for partition in topic.partitions() {
                partitions.add_partition(topic.name(), partition.id());
            }
        }
    }
    if partitions.count() == 0 {
        return Ok(Vec::new());
    }
    let found = offsets(member, &partitions, config.deadline)?;
    let mut topics: Vec<_> = found.into_keys().map(|(topic, _)| topic).collect();
    topics.dedup();
    Ok(topics)
}

/// How far the group is in each of these, where it is.
fn offsets(
    member: &Member,
    partitions: &TopicPartitionList,
    deadline: Duration,
) -> Result<BTreeMap<Part, Progress>, StoreError> {
    let answer = member.consumer().committed_offsets(partitions.clone(), deadline);
    let answer = answer.map_err(opened)?;
    let mut found = BTreeMap::new();
    for element in answer.elements() {
        element.error().map_err(opened)?;
        if let Offset::Offset(offset) = element.offset() {
            found.insert(part(&element), Progress::from_text(offset, element.metadata()));
        }
    }
    Ok(found)
}

fn part(element: &TopicPartitionListElem<'_>) -> Part {
    (element.topic().to_owned(), element.partition())
}

/// Whether the group is somewhere in all of these: from then on it gets what comes.
pub(crate) fn is_there(
    member: &Member,
    parts: &[Part],
    deadline: Duration,
) -> Result<bool, StoreError> {
    let mut partitions = TopicPartitionList::new();
    for (topic, partition) in parts {
        partitions.add_partition(topic, *partition);
    }
    Ok(offsets(member, &partitions, deadline)?.len() == parts.len())
}

/// How partitions begin that have become this member's: as far as the group is; where it is nowhere, at the end.
///
/// That end is committed as everything is, by who has the partition: of two receivers that open one subscription at once,
/// the later one must not move it past what has come meanwhile.
pub(crate) fn begin(
    member: &Member,
    partitions: &TopicPartitionList,
    deadline: Duration,
) -> Result<Vec<(Part, Ledger)>, StoreError> {
    let mut found = offsets(member, partitions, deadline)?;
    let mut begun = Vec::new();
    for part in partitions.elements().iter().map(part) {
        let ledger = if let Some(progress) = found.remove(&part) {
            Ledger::new(progress)
        } else {
            let ends = member.consumer().fetch_watermarks(&part.0, part.1, deadline);
            Ledger::first(ends.map_err(opened)?.1)
        };
        begun.push((part, ledger));
    }
    Ok(begun)
}

/// Adds what is to be committed.
pub(crate) fn add(
    list: &mut TopicPartitionList,
    (topic, partition): &Part,
    progress: &Progress,
) -> Result<(), KafkaError> {
    let mut element = list.add_partition(topic, *partition);
    element.set_offset(Offset::Offset(progress.offset))?;
    element.set_metadata(progress.to_text());
    Ok(())
}
