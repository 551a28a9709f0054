use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{Arrival, EventEnvelope, Inbox, SubscriptionName};
use strangler_fig::testkit::conformance::InboxFixture;
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

/// One way to break the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Sound,
    /// What is admitted is seen before its commit.
    OutsideOfTheTransaction,
    /// It looks, and writes when the transaction commits.
    LooksThenWrites,
    /// A commit keeps nothing.
    NothingIsKept,
    /// A transaction does not see what it has admitted.
    OwnIsUnseen,
    /// Of a transaction the last one is kept.
    LastIsKept,
    /// Whatever the consumer.
    NoConsumer,
    /// Whatever the source.
    NoSource,
    /// Ids are compared as a careless collation does it.
    CaseIsIgnored,
    /// Spaces at the end do not count.
    SpacesAreCut,
    /// Ids are cut.
    LongIdsAreCut,
    /// Source and id are one text.
    TextsAreJoined,
    /// What the event says counts.
    ContentCounts,
    /// One transaction after the other, whatever it admits.
    OneLock,
    /// A transaction that is rolled back keeps its events.
    RollbackKeepsLocks,
}

/// An inbox in memory that breaks the contract in one way.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    fault: Fault,
    seen: Arc<Mutex<HashSet<String>>>,
    locks: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>>,
}

pub(crate) struct Transaction {
    fault: Fault,
    seen: Vec<String>,
    held: HashMap<String, OwnedMutexGuard<()>>,
    is_committed: bool,
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.fault == Fault::RollbackKeepsLocks && !self.is_committed {
            std::mem::take(&mut self.held).into_values().for_each(std::mem::forget);
        }
    }
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, seen: Arc::default(), locks: Arc::default() }
    }

    fn name(&self, consumer: &SubscriptionName, event: &EventEnvelope) -> String {
        let (source, id) = (event.source.as_str(), event.id.as_str());
        let name = format!("{consumer}\0{source}\0{id}");
        match self.fault {
            Fault::NoConsumer => format!("{source}\0{id}"),
            Fault::NoSource => format!("{consumer}\0{id}"),
            Fault::CaseIsIgnored => name.to_lowercase(),
            Fault::SpacesAreCut => name.trim_end().to_owned(),
            Fault::LongIdsAreCut => name.chars().take(70).collect(),
            Fault::TextsAreJoined => format!("{consumer}\0{source}{id}"),
            Fault::ContentCounts => format!("{name}\0{:?}", event.payload),
            _ => name,
        }
    }

    async fn hold(&self, transaction: &mut Transaction, name: &str) -> Result<(), StoreError> {
        let name = if self.fault == Fault::OneLock { "" } else { name };
        let is_free = matches!(self.fault, Fault::LooksThenWrites | Fault::OutsideOfTheTransaction);
        if is_free || transaction.held.contains_key(name) {
            return Ok(());
        }
        let lock = Arc::clone(self.locks.lock().unwrap().entry(name.to_owned()).or_default());
        let held = timeout(Duration::from_secs(5), lock.lock_owned()).await;
        let held = held.map_err(|_| StoreError::unavailable("it is locked"))?;
        transaction.held.insert(name.to_owned(), held);
        Ok(())
    }
}

#[async_trait]
impl Inbox<Transaction> for Broken {
    async fn admit(
        &self,
        transaction: &mut Transaction,
        consumer: &SubscriptionName,
        event: &EventEnvelope,
    ) -> Result<Arrival, StoreError> {
        let name = self.name(consumer, event);
        self.hold(transaction, &name).await?;
        let mut seen = self.seen.lock().unwrap();
        let is_own = transaction.seen.contains(&name) && self.fault != Fault::OwnIsUnseen;
        if seen.contains(&name) || is_own {
            return Ok(Arrival::Again);
        }
        match self.fault {
            Fault::OutsideOfTheTransaction => {
                seen.insert(name);
            }
            Fault::LastIsKept => transaction.seen = vec![name],
            _ => transaction.seen.push(name),
        }
        Ok(Arrival::First)
    }
}

#[async_trait]
impl InboxFixture for Broken {
    type Transaction = Transaction;

    fn inbox(&self) -> Arc<dyn Inbox<Transaction>> {
        Arc::new(self.clone())
    }

    async fn begin(&self) -> Result<Transaction, StoreError> {
        let (seen, held) = (Vec::new(), HashMap::new());
        Ok(Transaction { fault: self.fault, seen, held, is_committed: false })
    }

    async fn commit(&self, mut transaction: Transaction) -> Result<(), StoreError> {
        let seen = std::mem::take(&mut transaction.seen);
        if self.fault != Fault::NothingIsKept {
            self.seen.lock().unwrap().extend(seen);
        }
        transaction.is_committed = true;
        Ok(())
    }
}
