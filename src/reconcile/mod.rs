//! Making the two stores one again: a key, or all of them.
//!
//! A [`Reconciler`] joins the keys that may differ: those a write or a comparison
//! left in the sink, by way of a durable [`RepairQueue`], until they are repaired
//! or parked for somebody to look at.
//!
//! A [`Sweep`] joins every key in both directions. One that began after the
//! fleet had settled in `Cutover`, left nothing behind, and was interrupted by no
//! move shows that both stores are complete: [`Sweep::establish`] runs it and
//! says so in the state, which opens the crossing.
//!
//! ```
//! use strangler_fig::memory::InMemoryRepository;
//! use strangler_fig::phase::{Fleet, MigrationState, PhaseTracker};
//! use strangler_fig::reconcile::Sweep;
//! use strangler_fig::repository::MigrationRepository;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
//! legacy.plant((1, "Ada"));
//! let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
//! let users = MigrationRepository::new(legacy, modern, tracker)?;
//!
//! let ticket = users.tracker().state().begin_sweep(&Fleet::default());
//! let report = Sweep::new(&users).run(ticket, std::future::pending()).await?;
//! assert_eq!((report.keys, report.to_modern), (1, 1));
//! # Ok(())
//! # }
//! ```

mod attempt;
mod calls;
mod config;
mod copy;
mod error;
mod operate;
mod preview;
mod pump;
mod queue;
mod reconcile_error;
mod reconcile_report;
mod reconciler;
mod reconciler_config;
mod report;
mod rounds;
mod sweep;
mod sweep_told;
mod tally;
mod verdict;

pub use config::SweepConfig;
pub use error::SweepError;
pub use preview::{PlannedRepair, RepairPreview};
pub use pump::{PumpReport, RepairPump};
pub use queue::{RepairDepth, RepairEntry, RepairNote, RepairQueue};
pub use reconcile_error::ReconcileError;
pub use reconcile_report::ReconcileReport;
pub use reconciler::Reconciler;
pub use reconciler_config::ReconcilerConfig;
pub use report::{FailedKey, SweepReport};
pub use sweep::Sweep;
