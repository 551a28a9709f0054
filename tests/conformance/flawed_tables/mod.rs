//! Rows and stamps with one flaw, chosen by name.

mod flaw;
mod rows;
mod stamps;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use strangler_fig::repository::Access;
use strangler_fig::stamp::Stamp;
use strangler_fig::testkit::conformance::{TablesFixture, async_trait};
use tokio::sync::OwnedMutexGuard;

use crate::user::{User, user};
pub(crate) use flaw::Flaw;

/// Both tables.
#[derive(Debug, Clone, Default)]
struct Tables {
    users: BTreeMap<u32, User>,
    stamps: BTreeMap<u32, Stamp>,
}

#[derive(Debug)]
struct Shared {
    committed: Mutex<Tables>,
    /// One commit behind.
    replica: Mutex<Tables>,
    writer: Arc<tokio::sync::Mutex<()>>,
}

/// Both the rows and the stamps.
#[derive(Debug, Clone)]
pub(crate) struct FlawedTables {
    flaw: Flaw,
    shared: Arc<Shared>,
}

/// What was there at the beginning, and what has changed since.
#[derive(Debug)]
pub(crate) struct Transaction {
    tables: FlawedTables,
    seen: Tables,
    users: BTreeMap<u32, Option<User>>,
    stamps: BTreeMap<u32, Stamp>,
    access: Access,
    /// A call failed, or was dropped.
    is_spoiled: bool,
    lock: Option<OwnedMutexGuard<()>>,
}

impl FlawedTables {
    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn committed(&self) -> MutexGuard<'_, Tables> {
        self.shared.committed.lock().unwrap()
    }

    async fn transaction(&self, access: Access) -> Transaction {
        let mut transaction = Transaction {
            tables: self.clone(),
            seen: Tables::default(),
            users: BTreeMap::new(),
            stamps: BTreeMap::new(),
            access,
            is_spoiled: false,
            lock: None,
        };
        let is_late = matches!(
            self.flaw,
            Flaw::LocksNothing | Flaw::LocksAtTheStamp | Flaw::LocksOnlyStampsThatAreThere
        );
        if access == Access::Write && !is_late {
            transaction.lock().await;
        }
        transaction.seen = self.committed().clone();
        transaction
    }
}

impl Transaction {
    /// Keeps other writers out, and sees what they have done so far.
    async fn lock(&mut self) {
        if self.lock.is_none() {
            let writer = Arc::clone(&self.tables.shared.writer);
            self.lock = Some(writer.lock_owned().await);
            self.seen = self.tables.committed().clone();
        }
    }

    /// What a read sees.
    fn view(&self) -> Tables {
        if self.tables.is(Flaw::ReadsWhatIsCommitted) {
            return self.tables.committed().clone();
        }
        let mut view = self.seen.clone();
        if self.tables.is(Flaw::ReadsWithoutASnapshot) {
            view = self.tables.committed().clone();
        }
        self.change(&mut view);
        view
    }

    fn list_view(&self) -> Tables {
        match self.tables.flaw {
            Flaw::ListsAReplica => self.tables.shared.replica.lock().unwrap().clone(),
            Flaw::ListsWhatIsCommitted => self.tables.committed().clone(),
            _ => self.view(),
        }
    }

    /// Without the transaction's own changes, if that is the flaw.
    fn last_view(&self, flaw: Flaw) -> Tables {
        if self.tables.is(flaw) { self.tables.committed().clone() } else { self.view() }
    }

    fn change(&self, tables: &mut Tables) {
        for (key, row) in &self.users {
            match row.clone() {
                Some(user) => drop(tables.users.insert(*key, user)),
                None => drop(tables.users.remove(key)),
            }
            if row.is_none() && self.tables.is(Flaw::DeletesTheStampToo) {
                tables.stamps.remove(key);
            }
        }
        if !self.tables.is(Flaw::CommitsRowsOnly) {
            tables.stamps.extend(self.stamps.clone());
        }
    }

    fn commit(&mut self) {
        let mut committed = self.tables.committed();
        self.tables.shared.replica.lock().unwrap().clone_from(&committed);
        self.change(&mut committed);
    }

    /// What a row change does at once, by mistake.
    fn changed(&mut self) {
        if self.tables.is(Flaw::WritesAtOnce) {
            self.commit();
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.tables.is(Flaw::CommitsWhenDropped) {
            self.commit();
        }
        if self.tables.is(Flaw::StaysLockedWhenDropped) && !self.stamps.is_empty() {
            std::mem::forget(self.lock.take());
        }
    }
}

/// A row that a constraint refuses.
fn forbidden(n: u32) -> User {
    (n, "forbidden".to_owned())
}

/// An empty store with a flaw.
pub(crate) struct FlawedTablesFixture(FlawedTables);

impl FlawedTablesFixture {
    pub(crate) fn open(flaw: Flaw) -> Self {
        let shared = Shared {
            committed: Mutex::default(),
            replica: Mutex::default(),
            writer: Arc::default(),
        };
        let shared = Arc::new(shared);
        Self(FlawedTables { flaw, shared })
    }
}

#[async_trait]
impl TablesFixture for FlawedTablesFixture {
    type Repository = FlawedTables;
    type Stamps = FlawedTables;

    fn tables(&self) -> (FlawedTables, FlawedTables) {
        (self.0.clone(), self.0.clone())
    }

    fn entity(&self, n: u32, variant: u32) -> User {
        user(n, variant)
    }

    fn rejected(&self, n: u32) -> Option<User> {
        Some(forbidden(n))
    }
}
