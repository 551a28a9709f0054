use std::collections::BTreeMap;

use async_nats::Client;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{SubscriptionName, Topic};
use tokio::time::Instant;

use super::Durability;
use super::bucket::Bucket;

/// The key of the number of partitions. Those of births have three tokens at least.
const PARTITIONS: &str = "partitions";

/// Where a part of a subscription has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Birth {
    pub(super) name: SubscriptionName,
    pub(super) topic: Topic,
    pub(super) partition: u16,
    /// The number of its first message.
    pub(super) first: u64,
}

/// Where in the stream each part of each subscription has begun, in a bucket of its own.
///
/// When the server is killed while it writes a file of a consumer, it starts without that consumer (issue 6333 of the
/// server); this says where another must begin, so that nothing is skipped.
#[derive(Debug, Clone)]
pub(super) struct Births(Bucket);

impl Births {
    /// # Errors
    ///
    /// `Rejected` if the bucket is not fit; `Unavailable`.
    pub(super) async fn open(
        client: Client,
        stream: &str,
        durability: Durability,
        until: Instant,
    ) -> Result<Self, StoreError> {
        let bucket = Bucket::open(client, &bucket_name(stream), durability, until).await?;
        Ok(Self(bucket))
    }

    /// Says into how many partitions keys fall, or that they do already.
    ///
    /// # Errors
    ///
    /// `Rejected` if it is another number: then messages would go where nobody looks, or change their order.
    pub(super) async fn agree(&self, partitions: u16, until: Instant) -> Result<(), StoreError> {
        match self.0.put(PARTITIONS, &partitions.to_string(), Some(0), until).await {
            Err(error) if error.kind() == StoreErrorKind::Conflict => {
                let known = self.0.entry(PARTITIONS, until).await?.map(|entry| entry.text);
                if known.as_deref() == Some(&partitions.to_string()) {
                    return Ok(());
                }
                let known = known.ok_or(error)?;
                let why = format!("the bus has {known} partitions, not {partitions}");
                Err(StoreError::rejected(why))
            }
            answer => answer.map(drop),
        }
    }

    /// The parts of every subscription.
    pub(super) async fn all(&self, until: Instant) -> Result<Vec<Birth>, StoreError> {
        let found = self.0.entries("*.*.>", until).await?;
        found.into_iter().map(|(key, entry)| birth(&key, &entry.text)).collect()
    }

    /// The parts that a subscription has, with the numbers of their first messages.
    pub(super) async fn of(
        &self,
        name: &SubscriptionName,
        until: Instant,
    ) -> Result<BTreeMap<(Topic, u16), u64>, StoreError> {
        let filter = format!("{}.>", token(name.as_str()));
        let found = self.0.entries(&filter, until).await?;
        let part = |it: Birth| ((it.topic, it.partition), it.first);
        found.into_iter().map(|(key, entry)| birth(&key, &entry.text).map(part)).collect()
    }

    /// Says that a part begins with the message `sequence`, unless it has begun already; answers with which it does.
    pub(super) async fn born(
        &self,
        name: &SubscriptionName,
        topic: &Topic,
        partition: u16,
        sequence: u64,
        until: Instant,
    ) -> Result<u64, StoreError> {
        let key = format!("{}.{partition}.{topic}", token(name.as_str()));
        match self.0.put(&key, &sequence.to_string(), Some(0), until).await {
            Ok(_) => Ok(sequence),
            Err(error) if error.kind() == StoreErrorKind::Conflict => {
                let known = self.0.entry(&key, until).await?;
                known.map_or(Err(error), |entry| first(&entry.text))
            }
            Err(error) => Err(error),
        }
    }
}

pub(super) fn bucket_name(stream: &str) -> String {
    format!("{stream}-subscriptions")
}

/// A name as one token of a subject: no name has a comma.
fn token(name: &str) -> String {
    name.replace('.', ",")
}

fn first(text: &str) -> Result<u64, StoreError> {
    text.parse().map_err(StoreError::rejected)
}

fn birth(key: &str, text: &str) -> Result<Birth, StoreError> {
    let mut tokens = key.splitn(3, '.');
    let mut token = || tokens.next().unwrap_or_default();
    Ok(Birth {
        name: token().replace(',', ".").parse().map_err(StoreError::rejected)?,
        partition: token().parse().map_err(StoreError::rejected)?,
        topic: token().parse().map_err(StoreError::rejected)?,
        first: first(text)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_part() {
        assert_eq!(token("a.b"), "a,b");
        let (name, topic) = ("a.b".parse().unwrap(), "shop.orders".parse().unwrap());
        let told = Birth { name, topic, partition: 7, first: 12 };
        assert_eq!(birth("a,b.7.shop.orders", "12").unwrap(), told);
        for wrong in ["", "a", "a.b.orders", "a.7", "a.7.", ".7.orders"] {
            assert_eq!(birth(wrong, "12").unwrap_err().kind(), StoreErrorKind::Rejected, "{wrong}");
        }
        assert!(birth("a.7.orders", "twelve").is_err());
    }
}
