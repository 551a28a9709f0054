use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Revision, Versioned,
};
use tokio::time::Instant;

/// One way to break the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Sound,
    /// `create` replaces what is there.
    CreateOverwrites,
    /// `current` answers what it has read before, for a while.
    ReadsAreCached,
    /// `compare_and_set` replaces at any revision.
    RevisionIsIgnored,
    /// `compare_and_set` reads, compares, and writes somewhat later.
    ComparesThenSets,
    /// A lease is not listed once it has not been renewed for 30 seconds.
    LeasesExpire,
    /// An empty field of a renewed lease leaves the older one.
    LeasesAreMerged,
    /// A renewal replaces whatever is there, a later one too.
    LateRenewalsReplace,
    /// An eviction removes the lease, and that is all.
    EvictedMayRenew,
    /// An eviction bars only who has a lease.
    UnseenAreNotBarred,
    /// An eviction looks at the lease only to remove it.
    EvictsTheLiving,
    /// An eviction compares the lease, and removes it somewhat later.
    LooksThenEvicts,
    /// An eviction bars the name of the node.
    NamesAreBarred,
    /// A release removes what bars the node.
    ReleaseUnbars,
    /// A renewal looks whether it is barred, and writes somewhat later.
    LooksThenRenews,
    /// A release removes the leases of all lives of the node.
    ReleaseTakesAllLives,
    /// All migrations have their leases in one table, without their name.
    LeasesAreShared,
    /// Names are compared as a careless collation does it.
    CaseIsIgnored,
    /// A handle shows nothing of what another has written.
    Forgets,
    /// Numbers are stored as floats.
    NumbersAreFloats,
    /// `changed` comes at once.
    ChangedSpins,
}

/// What the handles share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    inner: InMemoryStateService,
    barred: tokio::sync::Mutex<BTreeSet<(MigrationName, NodeId)>>,
}

/// A handle on a store in memory that breaks the contract in one way.
#[derive(Debug)]
pub(crate) struct Broken {
    fault: Fault,
    shared: Arc<Shared>,
    cache: Mutex<BTreeMap<MigrationName, (Instant, Option<Versioned>)>>,
    renewed: Mutex<BTreeMap<NodeId, Instant>>,
}

/// What a cache does not notice, and an expiry does.
const CACHE_TERM: Duration = Duration::from_secs(5);
const LEASE_TERM: Duration = Duration::from_secs(30);

impl Broken {
    pub(crate) fn new(fault: Fault, shared: Arc<Shared>) -> Self {
        Self { fault, shared, cache: Mutex::default(), renewed: Mutex::default() }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// Where the leases of this migration are.
    fn table(&self, name: &MigrationName) -> MigrationName {
        match self.fault {
            Fault::LeasesAreShared => "all".parse().unwrap(),
            _ => self.key(name),
        }
    }

    /// Where the state of this migration is.
    fn key(&self, name: &MigrationName) -> MigrationName {
        match self.fault {
            Fault::CaseIsIgnored => name.as_str().to_lowercase().parse().unwrap(),
            _ => name.clone(),
        }
    }

    fn written(&self, state: &MigrationState) -> MigrationState {
        let at = state.history().last().map_or(0, |record| record.at_unix_ms);
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
        #[expect(clippy::cast_sign_loss, reason = "the fault is the loss")]
        let rounded = at as f64 as u64;
        let renamed = |text: String| match self.fault {
            Fault::CaseIsIgnored => text.replace("Airports", "airports"),
            Fault::NumbersAreFloats => {
                let field = |at: u64| format!("\"at_unix_ms\":{at},");
                text.replace(&field(at), &field(rounded))
            }
            _ => text,
        };
        let document = renamed(state.to_document());
        MigrationState::from_document(&document, &self.key(state.name())).unwrap()
    }

    async fn overwrite(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        loop {
            let revision = match self.shared.inner.current(state.name()).await? {
                None => self.shared.inner.create(state).await,
                Some(found) => self.shared.inner.compare_and_set(found.revision, state).await,
            };
            if revision.is_ok() {
                return revision;
            }
        }
    }

    /// The lives of a node's name that have a lease.
    async fn lives(&self, name: &MigrationName, node: &NodeId) -> Result<Vec<NodeId>, StoreError> {
        let leases = self.shared.inner.leases(name).await?.into_iter();
        let lives = leases.map(|lease| lease.node);
        Ok(lives.filter(|life| life.name == node.name).collect())
    }

    fn bars(
        &self,
        barred: &BTreeSet<(MigrationName, NodeId)>,
        table: &MigrationName,
        node: &NodeId,
    ) -> bool {
        barred.iter().any(|(of, evicted)| {
            let is_other_life = self.is(Fault::NamesAreBarred) && evicted.name == node.name;
            of == table && (evicted == node || is_other_life)
        })
    }

    fn renewed(&self) -> MutexGuard<'_, BTreeMap<NodeId, Instant>> {
        self.renewed.lock().unwrap()
    }
}

#[async_trait]
impl MigrationStateService for Broken {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        let state = self.written(state);
        if self.is(Fault::CreateOverwrites) {
            return self.overwrite(&state).await;
        }
        self.shared.inner.create(&state).await
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        let name = self.key(name);
        if !self.is(Fault::ReadsAreCached) {
            return self.shared.inner.current(&name).await;
        }
        if let Some((read, cached)) = self.cache.lock().unwrap().get(&name) {
            if cached.is_some() && read.elapsed() < CACHE_TERM {
                return Ok(cached.clone());
            }
        }
        let found = self.shared.inner.current(&name).await?;
        let entry = (Instant::now(), found.clone());
        self.cache.lock().unwrap().insert(name, entry);
        Ok(found)
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        let next = self.written(next);
        let found = self.shared.inner.current(next.name()).await?;
        let found = found.map(|found| found.revision).unwrap_or_default();
        let exists = found > Revision::default();
        if exists && self.is(Fault::RevisionIsIgnored) {
            return self.overwrite(&next).await;
        }
        if exists && found == expected && self.is(Fault::ComparesThenSets) {
            tokio::task::yield_now().await;
            return self.overwrite(&next).await;
        }
        self.shared.inner.compare_and_set(expected, &next).await
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        let table = self.table(name);
        let mut lease = lease.clone();
        if self.is(Fault::LeasesAreMerged) {
            let older = self.shared.inner.leases(&table).await?.into_iter();
            let mut older = older.filter(|older| older.node == lease.node);
            lease.adopted = lease.adopted.or(older.next().and_then(|older| older.adopted));
        }
        self.renewed().insert(lease.node.clone(), Instant::now());
        let mut barred = Some(self.shared.barred.lock().await);
        let is_barred = barred.iter().any(|barred| self.bars(barred, &table, &lease.node));
        if is_barred {
            return Err(StoreError::conflict("barred"));
        }
        if self.is(Fault::LooksThenRenews) {
            barred = None;
            tokio::task::yield_now().await;
        }
        if self.is(Fault::LateRenewalsReplace) {
            self.shared.inner.release_lease(&table, &lease.node).await?;
        }
        let renewed = self.shared.inner.renew_lease(&table, &lease).await;
        drop(barred);
        renewed
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        let table = self.table(name);
        if self.is(Fault::ReleaseTakesAllLives) {
            for life in self.lives(&table, node).await? {
                self.shared.inner.release_lease(&table, &life).await?;
            }
        }
        if self.is(Fault::ReleaseUnbars) {
            let entry = (table.clone(), node.clone());
            self.shared.barred.lock().await.remove(&entry);
        }
        self.shared.inner.release_lease(&table, node).await
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        let mut leases = self.shared.inner.leases(&self.table(name)).await?;
        if self.is(Fault::LeasesExpire) {
            let renewed = self.renewed().clone();
            let lives = |lease: &NodeLease| {
                let at = renewed.get(&lease.node);
                at.is_none_or(|at| at.elapsed() < LEASE_TERM)
            };
            leases.retain(lives);
        }
        Ok(leases)
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        let (table, node) = (self.table(name), &seen.node);
        let mut barred = self.shared.barred.lock().await;
        let leases = self.shared.inner.leases(&table).await?;
        let stored = leases.iter().find(|lease| lease.node == *node);
        let is_seen = stored.is_some();
        let is_gone = barred.contains(&(table.clone(), node.clone()));
        let is_renewed = stored.is_some_and(|stored| stored.renewal != seen.renewal);
        if is_renewed && !is_gone && !self.is(Fault::EvictsTheLiving) {
            return Err(StoreError::conflict("renewed"));
        }
        if self.is(Fault::LooksThenEvicts) {
            drop(barred);
            tokio::task::yield_now().await;
            barred = self.shared.barred.lock().await;
        }
        let bars = match self.fault {
            Fault::EvictedMayRenew => false,
            Fault::UnseenAreNotBarred => is_seen,
            _ => true,
        };
        if bars {
            barred.insert((table.clone(), node.clone()));
        }
        self.shared.inner.release_lease(&table, node).await
    }

    async fn changed(&self, name: &MigrationName, seen: Revision) {
        if !self.is(Fault::ChangedSpins) {
            self.shared.inner.changed(&self.key(name), seen).await;
        }
    }
}
