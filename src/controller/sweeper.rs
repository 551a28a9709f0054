use std::fmt;

use async_trait::async_trait;

use crate::phase::{SweepEvidence, SweepTicket};
use crate::reconcile::{Sweep, SweepError};
use crate::repository::ScanRepository;

/// Who shows that a store is complete, when a crossing needs it: a
/// [`Sweep`] of the two stores, here or in another process.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use std::sync::Arc;
/// use strangler_fig::controller::Sweeper;
/// use strangler_fig::reconcile::Sweep;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// # let users = MigrationRepository::new(legacy, modern, tracker)?;
/// let sweeper: Arc<dyn Sweeper> = Arc::new(Sweep::new(&users));
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. It walks every key of both stores after it was given `ticket`, and ends with
///    [`SweepTicket::finish`] of that ticket, counting what it left behind.
/// 2. If the state moved meanwhile, it is an error.
#[async_trait]
pub trait Sweeper: fmt::Debug + Send + Sync + 'static {
    /// Sweeps all keys under `ticket`.
    ///
    /// # Errors
    ///
    /// [`SweepError`]: not every key was seen.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was joined is joined.
    async fn sweep(&self, ticket: SweepTicket) -> Result<SweepEvidence, SweepError>;
}

#[async_trait]
impl<L, M> Sweeper for Sweep<L, M>
where
    L: ScanRepository,
    M: ScanRepository<Key = L::Key, Entity = L::Entity>,
    Self: fmt::Debug,
{
    async fn sweep(&self, ticket: SweepTicket) -> Result<SweepEvidence, SweepError> {
        Ok(self.run(ticket, std::future::pending()).await?.evidence)
    }
}
