//! The state of migrations. Every write names the place of what it replaces.

use std::time::Duration;

use async_nats::Client;
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Revision, Versioned,
};
use tokio::time::Instant;

use super::Durability;
use super::bucket::Bucket;
use crate::document;

/// What stands where an evicted node's lease was, for good.
const EVICTED: &str = "evicted";

/// The state of migrations in a bucket: a key for each state, whose revision is
/// its place in the stream, and a key for each lease.
///
/// Reads are answered by the stream's leader. Where there are replicas, the
/// leader must acknowledge a write first, as one that was cut off cannot. Both
/// this and the conditions of writes, which a leader judges before it replicates
/// them, rest on a new leader having applied all that it holds before it serves.
#[derive(Debug, Clone)]
pub struct NatsStateService {
    bucket: Bucket,
    deadline: Duration,
}

impl NatsStateService {
    /// How long a call may take.
    const DEADLINE: Duration = Duration::from_secs(10);
    /// How often a renewal begins anew because the lease was replaced meanwhile.
    const RENEWALS_MAX: u32 = 32;

    /// The service in `bucket`, which is made if there is none: with one
    /// replica, or with three if replicas are what it stands on.
    ///
    /// # Errors
    ///
    /// `Rejected` if the bucket may lose what it acknowledged, or show an older
    /// copy: the message names the setting. `Unavailable`.
    pub async fn open(
        client: Client,
        bucket: &str,
        durability: Durability,
    ) -> Result<Self, StoreError> {
        let until = Instant::now() + Self::DEADLINE;
        let bucket = Bucket::open(client, bucket, durability, until).await?;
        Ok(Self { bucket, deadline: Self::DEADLINE })
    }

    /// The same, with a deadline of its own for each call.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    fn until(&self) -> Instant {
        Instant::now() + self.deadline
    }

    fn renewal(text: &str, node: &NodeId) -> Result<u64, StoreError> {
        document::lease(text, &node.to_string()).map(|lease| lease.renewal)
    }

    /// Puts `text` in the place of what is held for a node, if that is to be replaced.
    async fn replace_lease(
        &self,
        name: &MigrationName,
        node: &NodeId,
        text: &str,
        is_replaced: impl Fn(Option<&str>) -> Result<bool, StoreError> + Send + Sync,
    ) -> Result<(), StoreError> {
        let (key, until) = (lease_key(name, node), self.until());
        for _ in 0..Self::RENEWALS_MAX {
            let held = self.bucket.entry(&key, until).await?;
            if !is_replaced(held.as_ref().map(|held| held.text.as_str()))? {
                return Ok(());
            }
            let place = held.map_or(0, |held| held.sequence);
            match self.bucket.put(&key, text, Some(place), until).await {
                Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                stored => return stored.map(drop),
            }
        }
        Err(StoreError::unavailable("the lease is replaced all the time"))
    }
}

#[async_trait]
impl MigrationStateService for NatsStateService {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        let (key, document) = (state_key(state.name()), state.to_document());
        self.bucket.put(&key, &document, Some(0), self.until()).await.map(Revision)
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        let until = self.until();
        self.bucket.is_led(until).await?;
        let Some(entry) = self.bucket.entry(&state_key(name), until).await? else {
            return Ok(None);
        };
        let state = document::state(&entry.text, name)?;
        Ok(Some(Versioned { revision: Revision(entry.sequence), state }))
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        if expected == Revision::default() {
            return Err(StoreError::conflict("no state has revision 0"));
        }
        let (key, document) = (state_key(next.name()), next.to_document());
        self.bucket.put(&key, &document, Some(expected.0), self.until()).await.map(Revision)
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        let document = lease.to_document();
        self.replace_lease(name, &lease.node, &document, |held| match held {
            Some(EVICTED) => Err(StoreError::conflict(format!("{} was evicted", lease.node))),
            // A later renewal stays.
            Some(text) => Ok(Self::renewal(text, &lease.node)? <= lease.renewal),
            None => Ok(true),
        })
        .await
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        let (key, until) = (lease_key(name, node), self.until());
        self.bucket.is_led(until).await?;
        match self.bucket.entry(&key, until).await? {
            Some(held) if held.text != EVICTED => {
                self.bucket.remove(&key, held.sequence, until).await
            }
            _ => Ok(()),
        }
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        let until = self.until();
        self.bucket.is_led(until).await?;
        let filter = format!("lease.{}.*.*", token(name.as_str()));
        let found = self.bucket.entries(&filter, until).await?;
        let stored = found.iter().filter(|(_, entry)| entry.text != EVICTED);
        stored.map(|(key, entry)| document::lease(&entry.text, &node_of(key))).collect()
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        let node = &seen.node;
        self.replace_lease(name, node, EVICTED, |held| match held {
            None | Some(EVICTED) => Ok(true),
            Some(text) if Self::renewal(text, node)? == seen.renewal => Ok(true),
            Some(_) => Err(StoreError::conflict(format!("node {node} has renewed its lease"))),
        })
        .await
    }
}

/// A name as one part of a key: a dot would make it two.
fn token(name: &str) -> String {
    name.replace('.', "/")
}

fn state_key(name: &MigrationName) -> String {
    format!("state.{}", token(name.as_str()))
}

fn lease_key(name: &MigrationName, node: &NodeId) -> String {
    let (name, node_name) = (token(name.as_str()), token(node.name.as_str()));
    format!("lease.{name}.{node_name}.{}", node.incarnation)
}

/// The node of such a key, as documents know it.
fn node_of(key: &str) -> String {
    let parts: Vec<_> = key.split('.').skip(2).map(|part| part.replace('/', ".")).collect();
    parts.join("/")
}
