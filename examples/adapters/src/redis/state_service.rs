//! The state of migrations. Each call is one script, which the server runs
//! alone, and which writes once and last.

use std::collections::BTreeMap;

use redis::{FromRedisValue, Value};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Revision, Versioned,
};

use super::RedisDatabase;
use crate::document;
use crate::effect::Effect;

// A revision is text to the scripts: as a number it would be a float.
const CREATE: &str = "\
    if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
    redis.call('HSET', KEYS[1], 'revision', ARGV[1], 'document', ARGV[2])
    return 1";
const CURRENT: &str = "return redis.call('HMGET', KEYS[1], 'revision', 'document')";
const REPLACE: &str = "\
    if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[1] then return 0 end
    redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'document', ARGV[3])
    return 1";
// An evicted node has a mark where its lease was, for good. A later renewal stays: numbers are
// compared as texts, for Lua's have too few digits.
const RENEW: &str = "\
    local held = redis.call('HGET', KEYS[1], ARGV[1])
    if held == 'evicted' then return 0 end
    local old, new = held and held:match('^%d+'), ARGV[2]:match('^%d+')
    if old and (#old > #new or #old == #new and old > new) then return 1 end
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
    return 1";
const RELEASE: &str = "\
    if redis.call('HGET', KEYS[1], ARGV[1]) == 'evicted' then return 0 end
    return redis.call('HDEL', KEYS[1], ARGV[1])";
const LEASES: &str = "return redis.call('HGETALL', KEYS[1])";
const EVICTED: &str = "evicted";
// A lease is stored behind the number of its renewal, which an eviction names.
const EVICT: &str = "\
    local held = redis.call('HGET', KEYS[1], ARGV[1])
    if held and held ~= 'evicted' and held:match('^%d+ ') ~= ARGV[2] then return 0 end
    redis.call('HSET', KEYS[1], ARGV[1], 'evicted')
    return 1";

/// The state of migrations in two hashes each.
#[derive(Debug)]
pub struct RedisStateService {
    database: RedisDatabase,
    prefix: String,
}

impl RedisStateService {
    /// The service in the keys that begin with `prefix`, once the server has
    /// said that it keeps what it acknowledges. It is asked again whenever a
    /// connection is made. Role, replicas, limits and whether there is a log are
    /// asked for by every call; who turns `appendfsync` down by `CONFIG SET` is
    /// noticed by the next connection only.
    ///
    /// # Errors
    ///
    /// `Rejected` if it does not, or does not say: the message names the
    /// setting. Calls answer the same if it has changed its mind.
    /// `Unavailable`.
    pub async fn open(database: RedisDatabase, prefix: &str) -> Result<Self, StoreError> {
        database.check().await?;
        Ok(Self { database, prefix: prefix.to_owned() })
    }

    fn state_key(&self, name: &MigrationName) -> String {
        format!("{}:state:{name}", self.prefix)
    }

    fn lease_key(&self, name: &MigrationName) -> String {
        format!("{}:leases:{name}", self.prefix)
    }

    /// Whether the script found what it expects.
    async fn change(&self, script: &str, key: &str, args: &[&str]) -> Result<bool, StoreError> {
        let answer = self.database.run(Effect::Possible, script, key, args).await?;
        bool::from_redis_value(answer).map_err(StoreError::unknown)
    }

    async fn read<T: FromRedisValue>(&self, script: &str, key: &str) -> Result<T, StoreError> {
        let answer: Value = self.database.run(Effect::None, script, key, &[]).await?;
        T::from_redis_value(answer).map_err(StoreError::rejected)
    }
}

#[async_trait]
impl MigrationStateService for RedisStateService {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        let (key, document) = (self.state_key(state.name()), state.to_document());
        if !self.change(CREATE, &key, &["1", &document]).await? {
            return Err(StoreError::conflict("the migration exists"));
        }
        Ok(Revision(1))
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        type Found = (Option<u64>, Option<String>);
        match self.read::<Found>(CURRENT, &self.state_key(name)).await? {
            (None, None) => Ok(None),
            (Some(revision), Some(text)) => {
                let (revision, state) = (Revision(revision), document::state(&text, name)?);
                Ok(Some(Versioned { revision, state }))
            }
            (None, _) => Err(StoreError::rejected("the state has no field revision")),
            (_, None) => Err(StoreError::rejected("the state has no field document")),
        }
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        let other = || StoreError::conflict(format!("the state is not at revision {}", expected.0));
        let revision = expected.0.checked_add(1).ok_or_else(other)?;
        let (held, new) = (expected.0.to_string(), revision.to_string());
        let (key, document) = (self.state_key(next.name()), next.to_document());
        if !self.change(REPLACE, &key, &[&held, &new, &document]).await? {
            return Err(other());
        }
        Ok(Revision(revision))
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        let node = lease.node.to_string();
        let stored = format!("{} {}", lease.renewal, lease.to_document());
        if !self.change(RENEW, &self.lease_key(name), &[&node, &stored]).await? {
            return Err(StoreError::conflict(format!("node {node} was evicted")));
        }
        Ok(())
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        let node = node.to_string();
        self.change(RELEASE, &self.lease_key(name), &[&node]).await.map(drop)
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        let found: BTreeMap<String, String> = self.read(LEASES, &self.lease_key(name)).await?;
        let stored = found.iter().filter(|(_, text)| text.as_str() != EVICTED);
        stored.map(|(key, text)| document::lease(behind_renewal(text), key)).collect()
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        let (node, renewal) = (seen.node.to_string(), format!("{} ", seen.renewal));
        if !self.change(EVICT, &self.lease_key(name), &[&node, &renewal]).await? {
            return Err(StoreError::conflict(format!("node {node} has renewed its lease")));
        }
        Ok(())
    }
}

/// The document of a stored lease.
fn behind_renewal(stored: &str) -> &str {
    stored.split_once(' ').map_or("", |(_, document)| document)
}
