use std::collections::BTreeMap;

use async_nats::Client;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{SubscriptionName, Topic};
use tokio::time::Instant;

use super::Durability;
use super::bucket::Bucket;

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

    /// The parts that a subscription has, with the numbers of their first messages.
    pub(super) async fn of(
        &self,
        name: &SubscriptionName,
        until: Instant,
    ) -> Result<BTreeMap<(Topic, u16), u64>, StoreError> {
        let filter = format!("{}.>", token(name.as_str()));
        let found = self.0.entries(&filter, until).await?;
        found.into_iter().map(|(key, entry)| Ok((part(&key)?, first(&entry.text)?))).collect()
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

/// The topic and the partition of a key.
fn part(key: &str) -> Result<(Topic, u16), StoreError> {
    let mut tokens = key.splitn(3, '.').skip(1);
    let (partition, topic) = (tokens.next().unwrap_or_default(), tokens.next().unwrap_or_default());
    let partition = partition.parse().map_err(StoreError::rejected)?;
    Ok((topic.parse().map_err(StoreError::rejected)?, partition))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_part() {
        assert_eq!(token("a.b"), "a,b");
        assert_eq!(part("a,b.7.shop.orders").unwrap(), ("shop.orders".parse().unwrap(), 7));
        for wrong in ["", "a", "a.b.orders", "a.7", "a.7."] {
            assert_eq!(part(wrong).unwrap_err().kind(), StoreErrorKind::Rejected, "{wrong}");
        }
    }
}
