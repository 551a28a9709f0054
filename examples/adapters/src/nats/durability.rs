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

    /// Whether a bucket of this configuration keeps what it acknowledges, never
    /// shows an older copy, and lets one of several writers win.
    ///
    /// # Errors
    ///
    /// `Rejected`, naming the setting.
    pub(super) fn check(self, config: &Config, version: &str) -> Result<(), StoreError> {
        let is_copy = config.mirror.is_some() || config.sources.iter().flatten().next().is_some();
        let is_served_by_all = config.allow_direct || config.mirror_direct;
        let has_conditions = has_conditions(version, config.num_replicas);
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
            () if !has_conditions => "conditional writes that its server's version does not keep",
            () => return Ok(()),
        };
        let refused = format!("the stream {} (server {version}) has {refused}", config.name);
        Err(StoreError::rejected(refused))
    }
}

/// Whether of several writes that name one revision only one is stored. With
/// replicas it was several up to 2.9.20, and seldom up to 2.10.18 (issues 4320
/// and 5644 of the server); without them in 2.10.19 alone (issue 5840).
fn has_conditions(version: &str, replicas: usize) -> bool {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map_while(|it| it.parse().ok());
    let version: [u32; 3] = std::array::from_fn(|_| numbers.next().unwrap_or_default());
    version >= [2, 10, 20] || replicas == 1 && version != [2, 10, 19]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_let_several_writers_win_are_refused() {
        for (version, replicas, is_fit) in [
            ("2.9.10", 1, true),
            ("2.9.10", 3, false),
            ("2.10.18", 3, false),
            ("2.10.19", 1, false),
            ("2.10.20", 1, true),
            ("2.10.20", 3, true),
            ("2.11.0-RC.1", 3, true),
            ("3.0.0", 3, true),
            ("unheard of", 3, false),
        ] {
            assert_eq!(has_conditions(version, replicas), is_fit, "{version}, {replicas}");
        }
    }

    #[test]
    fn replicas_are_counted_and_the_version_is_told() {
        let config = Config {
            name: "KV_fig".to_owned(),
            discard: DiscardPolicy::New,
            num_replicas: 3,
            ..Config::default()
        };
        let replicated = Durability::ReplicatedOnIndependentHosts;
        assert!(replicated.check(&config, "2.12.0").is_ok());
        let refused = replicated.check(&config, "2.9.10").unwrap_err().with_causes();
        assert!(refused.contains("2.9.10"), "{refused}");
        let alone = Config { num_replicas: 1, ..config };
        assert!(replicated.check(&alone, "2.12.0").is_err());
        assert!(Durability::SyncedAlways.check(&alone, "2.12.0").is_ok());
    }
}
