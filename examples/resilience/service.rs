use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use strangler_fig::error::StoreError;
use tokio::time::{Instant, sleep};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Health {
    Well,
    Hiccups,
    Slow,
    Hangs,
    Refuses,
    Flaps,
}

/// A price service, on a bad day.
#[derive(Debug, Clone)]
pub(crate) struct Service(Arc<State>);

#[derive(Debug)]
struct State {
    health: Mutex<(Health, Instant)>,
    asked: AtomicU64,
}

impl Service {
    pub(crate) fn new() -> Self {
        let health = Mutex::new((Health::Well, Instant::now()));
        Self(Arc::new(State { health, asked: AtomicU64::new(0) }))
    }

    pub(crate) fn becomes(&self, health: Health) {
        *self.0.health.lock().unwrap_or_else(PoisonError::into_inner) = (health, Instant::now());
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> u64 {
        self.0.asked.load(Ordering::Relaxed)
    }

    pub(crate) async fn price(&self) -> Result<u32, StoreError> {
        let asked = self.0.asked.fetch_add(1, Ordering::Relaxed);
        let (health, since) = *self.0.health.lock().unwrap_or_else(PoisonError::into_inner);
        sleep(Duration::from_millis(5)).await;
        let is_odd = since.elapsed().as_secs() / 10 % 2 == 1;
        match health {
            Health::Hiccups if asked % 10 == 0 => Err(StoreError::unavailable("try again")),
            Health::Refuses => Err(StoreError::unavailable("connection refused")),
            Health::Hangs => pending().await,
            Health::Flaps if is_odd => pending().await,
            Health::Slow => {
                sleep(Duration::from_secs(3)).await;
                Ok(42)
            }
            Health::Well | Health::Hiccups | Health::Flaps => Ok(42),
        }
    }
}
