//! A service that keeps the state as a text, as one over a database does, and that
//! a test can spoil: the text, the calls, the past.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Revision, Versioned,
};

/// What is wrong with the service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outage {
    /// Every call is refused.
    Refuses,
    /// No call is answered.
    Hangs,
    /// What is stored is no state.
    Garbage,
    /// It shows this state instead of what was acknowledged last.
    Shows(Box<MigrationState>),
    /// Leases cannot be renewed.
    RefusesRenewals,
}

#[derive(Debug, Default)]
pub(crate) struct Texts {
    leases: InMemoryStateService,
    stored: Mutex<Option<(u64, String)>>,
    outage: Mutex<Option<Outage>>,
    calls: Mutex<Vec<&'static str>>,
    /// How long a renewal is on its way, to the service and back.
    pub(crate) renewal_takes: Mutex<(Duration, Duration)>,
    /// How long the state is on its way back, in milliseconds.
    pub(crate) current_takes: AtomicU64,
    /// Whether it hints at changes all the time; a thousand times, then it is told.
    pub(crate) hints: AtomicBool,
    hinted: AtomicU64,
}

impl Texts {
    pub(crate) fn go(&self, outage: Option<Outage>) {
        *self.outage.lock().unwrap() = outage;
    }

    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().clone()
    }

    /// Puts another text in the place of the state, under a later revision.
    pub(crate) fn overwrite(&self, text: Option<String>) {
        let mut stored = self.stored.lock().unwrap();
        let revision = stored.as_ref().map_or(0, |(revision, _)| *revision);
        *stored = text.map(|text| (revision + 1, text));
    }

    pub(crate) fn text(&self) -> String {
        self.stored.lock().unwrap().as_ref().map(|(_, text)| text.clone()).unwrap()
    }

    async fn called(&self, call: &'static str) -> Result<(), StoreError> {
        self.calls.lock().unwrap().push(call);
        let outage = self.outage.lock().unwrap().clone();
        match outage {
            Some(Outage::Refuses) => Err(StoreError::unavailable("down")),
            Some(Outage::RefusesRenewals) if call == "renew_lease" => {
                Err(StoreError::unavailable("down"))
            }
            Some(Outage::Hangs) => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl MigrationStateService for Texts {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        self.called("create").await?;
        if self.stored.lock().unwrap().is_some() {
            return Err(StoreError::conflict("there is one"));
        }
        self.overwrite(Some(state.to_document()));
        Ok(Revision(1))
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        self.called("current").await?;
        let stored = self.stored.lock().unwrap().clone();
        let outage = self.outage.lock().unwrap().clone();
        let Some((revision, text)) = stored else { return Ok(None) };
        let text = match outage {
            Some(Outage::Garbage) => "<html>502 Bad Gateway</html>".to_owned(),
            Some(Outage::Shows(state)) => state.to_document(),
            _ => text,
        };
        let state = MigrationState::from_document(&text, name).map_err(StoreError::rejected)?;
        tokio::time::sleep(Duration::from_millis(self.current_takes.load(Ordering::SeqCst))).await;
        Ok(Some(Versioned { revision: Revision(revision), state }))
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        self.called("compare_and_set").await?;
        let mut stored = self.stored.lock().unwrap();
        match stored.as_ref() {
            Some((revision, _)) if *revision == expected.0 => {
                *stored = Some((expected.0 + 1, next.to_document()));
                Ok(Revision(expected.0 + 1))
            }
            _ => Err(StoreError::conflict("it was moved")),
        }
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        self.called("renew_lease").await?;
        let (there, back) = *self.renewal_takes.lock().unwrap();
        tokio::time::sleep(there).await;
        let renewed = self.leases.renew_lease(name, lease).await;
        tokio::time::sleep(back).await;
        renewed
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        self.called("release_lease").await?;
        self.leases.release_lease(name, node).await
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        self.called("leases").await?;
        self.leases.leases(name).await
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        self.called("evict").await?;
        self.leases.evict(name, seen).await
    }

    async fn changed(&self, _name: &MigrationName, _seen: Revision) {
        if !self.hints.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let hinted = self.hinted.fetch_add(1, Ordering::SeqCst);
        assert!(hinted < 1_000, "every hint was followed");
    }
}
