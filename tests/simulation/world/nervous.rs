//! Signals that cry wolf.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::async_trait;
use strangler_fig::controller::{SignalSource, Signals};
use strangler_fig::error::StoreError;

use super::network::Network;
use super::weather::Weather;
use super::world::World;

/// Now and then it sees mismatches, or a modern store that fails; while the weather is foul.
#[derive(Debug)]
pub(crate) struct Nervous {
    network: Arc<Network>,
    rng: Mutex<Rng>,
}

impl Nervous {
    pub(crate) fn new(world: &World) -> Self {
        Self { network: world.network.clone(), rng: Mutex::new(world.fork()) }
    }
}

#[async_trait]
impl SignalSource for Nervous {
    async fn signals(&self, _window: Duration) -> Result<Signals, StoreError> {
        let quiet = Signals::default().with_operations(100, 0).with_comparisons(100, 0);
        if self.network.weather() != Weather::Foul {
            return Ok(quiet);
        }
        match self.rng.lock().unwrap().u8(0..8) {
            0 => Ok(quiet.with_comparisons(100, 50)),
            1 => Ok(quiet.with_operations(100, 60).with_side_failures(0, 60)),
            2 => Err(StoreError::unavailable("the metrics are away")),
            _ => Ok(quiet),
        }
    }
}
