use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::repository::{Applied, Page, ScanRepository, StampedRepository};
use strangler_fig::stamp::Record;
use strangler_fig::testkit::faults::{Fault, FaultPlan, FaultyRepository};

use crate::airport::Airport;
use crate::modern::ModernAirports;

type Records = dyn ScanRepository<Key = String, Entity = Airport>;

/// The modern store as the service reaches it: over a link that can be cut, and
/// that may be a bad one. A rehearsal needs this, a migration does not.
#[derive(Clone)]
pub struct ModernLink {
    store: ModernAirports,
    /// The way to `store`, through the faults if there are any.
    calls: Arc<Records>,
    faulty: Option<FaultyRepository<ModernAirports>>,
    is_cut: Arc<AtomicBool>,
}

impl fmt::Debug for ModernLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModernLink").field("is_cut", &self.is_cut).finish_non_exhaustive()
    }
}

impl ModernLink {
    /// A link on which nothing fails.
    pub fn good(store: ModernAirports) -> Self {
        let (calls, is_cut) = (Arc::new(store.clone()), Arc::default());
        Self { store, calls, faulty: None, is_cut }
    }

    /// A link on which some calls are slow, refused, have their effect and
    /// lose the answer, or have it later than they answer.
    pub fn bad(store: ModernAirports, seed: u64) -> Self {
        let plan = FaultPlan::seeded(seed)
            .with(30, Fault::Delay(Duration::from_millis(20)))
            .with(15, Fault::Refuse(StoreErrorKind::Unavailable))
            .with(10, Fault::FailAfter)
            .with(10, Fault::LandLater(Duration::from_millis(500)));
        let faulty = FaultyRepository::new(store.clone());
        faulty.follow(plan);
        Self { calls: Arc::new(faulty.clone()), faulty: Some(faulty), ..Self::good(store) }
    }

    /// Nothing gets through from now on, and calls on their way are in doubt.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }

    /// Calls get through again.
    pub fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }

    /// Ends all faults, and resolves when what was to land later has landed.
    pub async fn heal(&self) {
        self.mend();
        if let Some(faulty) = &self.faulty {
            faulty.heal();
            faulty.settled().await;
        }
    }

    pub async fn find_by_iata(&self, iata: &str) -> Result<Option<Airport>, StoreError> {
        self.look(self.store.find_by_iata(iata)).await
    }

    pub async fn by_country(&self, country: &str) -> Result<Vec<Airport>, StoreError> {
        self.look(self.store.by_country(country)).await
    }

    /// A call without an effect: it was made or it was not.
    async fn look<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.up()?;
        let answer = call.await?;
        self.up().map(|()| answer)
    }

    fn up(&self) -> Result<(), StoreError> {
        if self.is_cut.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("the modern store cannot be reached"));
        }
        Ok(())
    }

    /// What the caller hears of a call that changes something.
    fn heard(&self, answer: Result<Applied, StoreError>) -> Result<Applied, StoreError> {
        self.up().map_err(|error| error.with_kind(StoreErrorKind::Unknown))?;
        answer
    }
}

#[async_trait]
impl StampedRepository for ModernLink {
    type Key = String;
    type Entity = Airport;

    fn key(&self, airport: &Airport) -> String {
        self.store.key(airport)
    }

    async fn read(&self, key: &String) -> Result<Record<Airport>, StoreError> {
        self.look(self.calls.read(key)).await
    }

    async fn apply(&self, key: &String, record: &Record<Airport>) -> Result<Applied, StoreError> {
        self.up()?;
        self.heard(self.calls.apply(key, record).await)
    }

    async fn apply_many(
        &self,
        records: &[(String, Record<Airport>)],
    ) -> Vec<Result<Applied, StoreError>> {
        if let Err(error) = self.up() {
            return records.iter().map(|_| Err(error.clone())).collect();
        }
        let answers = self.calls.apply_many(records).await;
        answers.into_iter().map(|answer| self.heard(answer)).collect()
    }
}

#[async_trait]
impl ScanRepository for ModernLink {
    async fn scan(
        &self,
        after: Option<&String>,
        limit: NonZeroUsize,
    ) -> Result<Page<String, Airport>, StoreError> {
        self.look(self.calls.scan(after, limit)).await
    }

    async fn last_key(&self) -> Result<Option<String>, StoreError> {
        self.look(self.calls.last_key()).await
    }
}
