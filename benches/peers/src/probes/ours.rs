//! A node of this crate on the probes' stores.

use std::num::NonZeroU64;
use std::sync::Arc;

use measure::state_in;
use strangler_fig::phase::{Phase, PhaseTracker, Share};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::stamp::{StampClock, WriterId};

use super::store::{Row, Store, Stores};

pub(crate) const DUAL_WRITE: Phase = Phase::DualWrite;
pub(crate) const SHADOW: Phase = Phase::Shadow;
pub(crate) const LIVE: Phase = Phase::Live;

pub(crate) struct Node {
    pub(crate) rows: MigrationRepository<Arc<Store>, Arc<Store>>,
}

impl Node {
    /// A node in a phase, with a writer id of its own.
    pub(crate) fn new(phase: Phase, writer: u64, stores: &Stores) -> Self {
        let (legacy, modern) = (Arc::clone(&stores.legacy), Arc::clone(&stores.modern));
        let tracker = PhaseTracker::detached(state_in(phase));
        let writer = WriterId::fixed(NonZeroU64::new(writer).expect("it is not zero"));
        let stamps = Arc::new(StampClock::with_writer(writer));
        let config = MigrationConfig::default().with_shadow_share(Share::percent(1));
        let rows = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config);
        Self { rows: rows.expect("they fit") }
    }

    pub(crate) async fn save(&self, row: Row) -> Result<(), String> {
        self.rows.save(row).await.map_err(|error| error.to_string())
    }
}
