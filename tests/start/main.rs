//! The program of `docs/START.md`, which shows what follows these lines, and how it is tried.

#![expect(clippy::print_stdout, reason = "it is a program")]
#![expect(clippy::unused_async, reason = "a store in memory has nothing to wait for")]

mod page;

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::num::NonZeroUsize;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use strangler_fig::async_trait;
use strangler_fig::controller::{ChangeRequest, ControllerConfig, MigrationController};
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeName, Phase, PhaseTracker, Scopes,
    Side, TrackerConfig,
};
use strangler_fig::reconcile::Sweep;
use strangler_fig::repository::{
    ListRepository, MigrationConfig, MigrationRepository, Repository, Unstamped,
};
use strangler_fig::stamp::{StampClock, StampScope};

#[cfg(test)]
mod conformance;

// What you have: a record, a trait, and two stores of it.

#[derive(Debug, Clone, PartialEq)]
struct Customer {
    id: u64,
    name: String,
}

#[async_trait]
trait Customers: Send + Sync + 'static {
    async fn load(&self, id: u64) -> io::Result<Option<Customer>>;
    async fn store(&self, customer: Customer) -> io::Result<()>;
    async fn remove(&self, id: u64) -> io::Result<()>;
    /// Up to `limit` of them, in the order of their ids.
    async fn page(&self, after: Option<u64>, limit: usize) -> io::Result<Vec<Customer>>;
    async fn last_id(&self) -> io::Result<Option<u64>>;
}

/// The monolith's, and the service's: here both are a map.
#[derive(Debug, Default)]
struct Table(RwLock<BTreeMap<u64, String>>);

impl Table {
    fn rows(&self) -> io::Result<RwLockReadGuard<'_, BTreeMap<u64, String>>> {
        self.0.read().map_err(|_| io::Error::other("the table is damaged"))
    }

    fn rows_mut(&self) -> io::Result<RwLockWriteGuard<'_, BTreeMap<u64, String>>> {
        self.0.write().map_err(|_| io::Error::other("the table is damaged"))
    }
}

#[async_trait]
impl Customers for Table {
    async fn load(&self, id: u64) -> io::Result<Option<Customer>> {
        Ok(self.rows()?.get(&id).map(|name| Customer { id, name: name.clone() }))
    }

    async fn store(&self, customer: Customer) -> io::Result<()> {
        self.rows_mut()?.insert(customer.id, customer.name);
        Ok(())
    }

    async fn remove(&self, id: u64) -> io::Result<()> {
        self.rows_mut()?.remove(&id);
        Ok(())
    }

    async fn page(&self, after: Option<u64>, limit: usize) -> io::Result<Vec<Customer>> {
        let rows = self.rows()?;
        let rows = rows.range((after.map_or(Unbounded, Excluded), Unbounded)).take(limit);
        Ok(rows.map(|(&id, name)| Customer { id, name: name.clone() }).collect())
    }

    async fn last_id(&self) -> io::Result<Option<u64>> {
        Ok(self.rows()?.keys().next_back().copied())
    }
}

// What you write: your trait, as the crate asks for it.

#[derive(Debug)]
struct Plain<C>(C);

#[async_trait]
impl<C: Customers> Repository for Plain<C> {
    type Key = u64;
    type Entity = Customer;

    fn key(&self, customer: &Customer) -> u64 {
        customer.id
    }

    async fn find(&self, id: &u64) -> Result<Option<Customer>, StoreError> {
        self.0.load(*id).await.map_err(StoreError::unavailable) // a read has no effect
    }

    async fn save(&self, customer: Customer) -> Result<(), StoreError> {
        self.0.store(customer).await.map_err(StoreError::unknown) // it may have happened
    }

    async fn delete(&self, id: &u64) -> Result<(), StoreError> {
        self.0.remove(*id).await.map_err(StoreError::unknown)
    }
}

#[async_trait]
impl<C: Customers> ListRepository for Plain<C> {
    async fn list(
        &self,
        after: Option<&u64>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Customer>, StoreError> {
        self.0.page(after.copied(), limit.get()).await.map_err(StoreError::unavailable)
    }

    async fn last_key(&self) -> Result<Option<u64>, StoreError> {
        self.0.last_id().await.map_err(StoreError::unavailable)
    }
}

// What you call, before, during and after: find, save and delete, as ever.

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (monolith, service) = (Table::default(), Table::default());
    monolith.store(Customer { id: 1, name: "Ada".to_owned() }).await?;

    // Where the migration stands, and this process's copy of it.
    let (name, node): (MigrationName, NodeName) = ("customers".parse()?, "node-1".parse()?);
    let states = Arc::new(InMemoryStateService::default());
    states.create(&MigrationState::new(name.clone())).await?;
    let scopes = Scopes { legacy: StampScope::Process, modern: StampScope::Process };
    let config = TrackerConfig::default().with_scopes(scopes);
    let tracker = PhaseTracker::start(states.clone(), name.clone(), node.clone(), config).await?;
    let follower = tracker.clone();
    tokio::spawn(async move { follower.run(std::future::pending()).await });

    // The two stores, as one.
    let stamps = Arc::new(StampClock::new()?);
    let legacy = Unstamped::new(Plain(monolith), Side::Legacy, tracker.clone(), &stamps);
    let modern = Unstamped::new(Plain(service), Side::Modern, tracker.clone(), &stamps);
    let config = MigrationConfig::default();
    let customers = MigrationRepository::with(legacy, modern, tracker.clone(), stamps, config)?;

    // The operator. Stamps that live in a process take a word of consent.
    let config = ControllerConfig::default().accepting_process_scope(node);
    let controller = MigrationController::new(states, name)
        .with_config(config)
        .with_sweeper(Arc::new(Sweep::new(&customers)));
    let request = ChangeRequest::new("ann".parse()?, "customers leave the monolith".parse()?);

    for phase in [Phase::DualWrite, Phase::Live, Phase::ModernOnly] {
        for step in controller.advance_to(phase, &request).await?.steps {
            println!("epoch {}: {}", step.epoch, step.step);
        }
        tracker.poll().await?; // at once; `run` would do it within a second
        let name = format!("saved in {}", phase.name());
        customers.save(Customer { id: 2, name }).await?;
        for (side, rows) in [
            ("legacy", customers.legacy().inner().0.rows()?),
            ("modern", customers.modern().inner().0.rows()?),
        ] {
            println!("    {side} {rows:?}");
        }
    }
    println!("{:?}, {:?}", customers.find(&1).await?, customers.find(&2).await?);
    Ok(())
}
