use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::repository::Repository;
use tokio::time::sleep;

use crate::airport::Airport;
use crate::airports::Airports;
use crate::blind::BlindAirports;
use crate::legacy::LegacyAirports;

/// The longest time between the two writes of one call: a busy network.
const PAUSE_MAX: Duration = Duration::from_millis(5);

/// The flag of the textbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NaivePhase {
    /// Everything in the old store.
    Monolith,
    /// Both are written; the old one is read, and the new one corrected.
    DualWrite,
    /// Everything in the new store.
    CutOver,
}

/// A flag, or a node's copy of it.
#[derive(Debug, Default)]
pub struct NaiveFlag(AtomicU8);

impl NaiveFlag {
    pub fn get(&self) -> NaivePhase {
        match self.0.load(Ordering::SeqCst) {
            0 => NaivePhase::Monolith,
            1 => NaivePhase::DualWrite,
            _ => NaivePhase::CutOver,
        }
    }

    pub fn set(&self, phase: NaivePhase) {
        self.0.store(phase as u8, Ordering::SeqCst);
    }
}

/// The repository that articles show: write both, read the old one, compare,
/// flip a flag. Under load, with a flag that each node sees when it sees it, it
/// loses writes and brings back what was deleted.
pub struct NaiveRepository {
    legacy: LegacyAirports,
    modern: BlindAirports,
    /// This node's copy.
    flag: Arc<NaiveFlag>,
    rng: Mutex<Rng>,
}

impl NaiveRepository {
    pub fn new(
        legacy: LegacyAirports,
        modern: BlindAirports,
        flag: Arc<NaiveFlag>,
        rng: Rng,
    ) -> Self {
        Self { legacy, modern, flag, rng: Mutex::new(rng) }
    }

    async fn pause(&self) {
        let part = self.rng.lock().unwrap_or_else(PoisonError::into_inner).f64();
        sleep(PAUSE_MAX.mul_f64(part)).await;
    }

    /// Makes the new store hold for `key` what the old one showed.
    async fn reconcile(&self, key: &String, old: Option<&Airport>) -> Result<(), StoreError> {
        if self.modern.find(key).await?.as_ref() == old {
            return Ok(());
        }
        self.pause().await;
        match old {
            Some(airport) => self.modern.save(airport.clone()).await,
            None => self.modern.delete(key).await,
        }
    }
}

/// After the first of two writes a failure is no definite one.
fn half_done(error: StoreError) -> StoreError {
    error.with_kind(StoreErrorKind::Unknown)
}

#[async_trait]
impl Repository for NaiveRepository {
    type Key = String;
    type Entity = Airport;

    fn key(&self, airport: &Airport) -> String {
        airport.icao.clone()
    }

    async fn find(&self, key: &String) -> Result<Option<Airport>, StoreError> {
        match self.flag.get() {
            NaivePhase::Monolith => self.legacy.find(key).await,
            NaivePhase::DualWrite => {
                let old = self.legacy.find(key).await?;
                self.reconcile(key, old.as_ref()).await?;
                Ok(old)
            }
            NaivePhase::CutOver => self.modern.find(key).await,
        }
    }

    async fn save(&self, airport: Airport) -> Result<(), StoreError> {
        match self.flag.get() {
            NaivePhase::Monolith => self.legacy.save(airport).await,
            NaivePhase::DualWrite => {
                self.modern.save(airport.clone()).await?;
                self.pause().await;
                self.legacy.save(airport).await.map_err(half_done)
            }
            NaivePhase::CutOver => self.modern.save(airport).await,
        }
    }

    async fn delete(&self, key: &String) -> Result<(), StoreError> {
        match self.flag.get() {
            NaivePhase::Monolith => self.legacy.delete(key).await,
            NaivePhase::DualWrite => {
                self.modern.delete(key).await?;
                self.pause().await;
                self.legacy.delete(key).await.map_err(half_done)
            }
            NaivePhase::CutOver => self.modern.delete(key).await,
        }
    }
}

#[async_trait]
impl Airports for NaiveRepository {
    async fn find_by_iata(&self, iata: &str) -> Result<Option<Airport>, StoreError> {
        match self.flag.get() {
            NaivePhase::CutOver => self.modern.find_by_iata(iata).await,
            _ => self.legacy.find_by_iata(iata).await,
        }
    }

    async fn by_country(&self, country: &str) -> Result<Vec<Airport>, StoreError> {
        match self.flag.get() {
            NaivePhase::CutOver => self.modern.by_country(country).await,
            _ => self.legacy.by_country(country).await,
        }
    }
}
