//! What keeps an acknowledged value, and which buckets are refused.

use async_nats::jetstream::stream::{
    Config, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType,
};
use strangler_fig::error::StoreError;

/// What the operators of the servers vouch for: a client can neither ask for it
/// nor see it.
///
/// Where neither is so, a host that loses power, or whose kernel crashes, loses
/// what was acknowledged in the last two minutes. A state then goes back: nodes
/// that have adopted the later one write by it, while others follow the earlier
/// one. An eviction that is lost lets its node return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Every server that holds the bucket has `sync_interval: always`, and is of
    /// version 2.10 or later. Nothing acknowledged is lost with a host.
    SyncedAlways,
    /// The bucket has three or five replicas, on hosts that do not fail
    /// together. Lost all the same is what a majority of them forgets: two
    /// hosts that crash within the two minutes, or one that crashes and then
    /// outvotes the rest together with one that had fallen behind.
    ReplicatedOnIndependentHosts,
}

impl Durability {
    /// The replicas of a bucket that is made.
    pub(super) const fn replicas(self) -> usize {
        match self {
            Self::SyncedAlways => 1,
            Self::ReplicatedOnIndependentHosts => 3,
        }
    }

    /// Whether a bucket of this configuration keeps what it acknowledges, and
    /// never shows an older copy.
    ///
    /// # Errors
    ///
    /// `Rejected`, naming the setting.
    pub(super) fn check(self, config: &Config) -> Result<(), StoreError> {
        let is_copy = config.mirror.is_some() || config.sources.iter().flatten().next().is_some();
        let is_served_by_all = config.allow_direct || config.mirror_direct;
        let refused = match () {
            () if config.storage != StorageType::File => "storage is not file",
            () if is_served_by_all => "allow_direct: replicas answer, and may be behind",
            () if is_copy => "mirror or sources: it follows another stream",
            () if config.retention != RetentionPolicy::Limits => "retention is not limits",
            () if config.discard != DiscardPolicy::New => "discard is old: a full bucket drops",
            () if config.discard_new_per_subject => "discard_new_per_subject: nothing is replaced",
            () if !config.max_age.is_zero() => "max_age: values expire",
            () if config.deny_purge => "deny_purge: no lease could be released",
            () if config.no_ack => "no_ack: nothing is acknowledged",
            () if config.persist_mode == Some(PersistenceMode::Async) => "persist_mode is async",
            () if config.num_replicas < self.replicas() => "num_replicas is less than 3",
            () => return Ok(()),
        };
        Err(StoreError::rejected(format!("the stream {} has {refused}", config.name)))
    }
}
