//! Where a migration stands, at a glance: [`MigrationStatus`], as JSON, as text for a terminal, and as one page of
//! HTML that needs nothing else.
//!
//! A [`StatusBoard`] listens to what one process does; the controller says where the migration stands; what neither
//! knows, a backfill's progress or what the last check found, is added by hand. The rest is a pure function of that.
//!
//! Whatever comes from outside (actors, reasons, what gates saw, names of fields) is cut to a length, and escaped by
//! each output in its own way: nothing that somebody wrote can move a cursor or close a tag, and marks of direction are
//! written out. Text that runs from right to left turns nothing around on the page, which isolates it; how a terminal
//! orders a line with such text in it is the terminal's affair.
//!
//! ```
//! # use strangler_fig::memory::{InMemoryRepository, InMemoryStateService};
//! # use strangler_fig::phase::{MigrationName, MigrationState, MigrationStateService, PhaseTracker};
//! # use strangler_fig::repository::MigrationRepository;
//! use std::sync::Arc;
//! use strangler_fig::controller::MigrationController;
//! use strangler_fig::repository::MigrationConfig;
//! use strangler_fig::status::{Colour, StatusBoard};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
//! # let (service, name): (_, MigrationName) = (Arc::new(InMemoryStateService::default()), "users".parse()?);
//! # service.create(&MigrationState::new(name.clone())).await?;
//! # let tracker = PhaseTracker::detached(MigrationState::new(name.clone()));
//! # let stamps = Arc::new(strangler_fig::stamp::StampClock::new()?);
//! let board = Arc::new(StatusBoard::default());
//! let config = MigrationConfig::default().with_observer(board.clone());
//! let users = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config)?;
//! users.save((1, "Ada")).await?;
//!
//! let controller = MigrationController::new(service, name);
//! let status = board.status(&controller.status().await?);
//! assert_eq!(status.traffic.operations.done, 1);
//! let text = status.to_text(Colour::Never);
//! assert!(text.starts_with("Migration users, epoch 0: legacy_only, legacy is authoritative"));
//! assert!(text.contains("never verified"));
//! # Ok(())
//! # }
//! ```

mod board;
mod config;
mod counters;
mod differences;
mod gauges;
mod plain;
mod queues;
mod render;
mod sagas;
mod standing;
#[allow(clippy::module_inception, reason = "a file is named for its type")]
mod status;
mod traffic;
mod verification;
mod view;
mod way;

pub use board::StatusBoard;
pub use config::StatusConfig;
pub use differences::{DifferenceStatus, FieldTally};
pub use queues::{BackfillStatus, OutboxStatus, RepairStatus, ReplicationStatus, SweepStatus};
pub use render::{Colour, HTML_STYLE, HTML_STYLE_SHA256};
pub use sagas::{SagaCount, SagaStatuses, SagasConfig, StuckSaga};
pub use standing::{Authority, NodeStanding, PartStanding};
pub use status::MigrationStatus;
pub use traffic::{
    BreakerStatus, ComparisonStatus, FallbackCount, OperationCounts, PercentileStatus, ReasonCount,
    RouteCount, TrafficStatus,
};
pub use verification::{CheckSeen, Freshness, VerificationStatus};
pub use way::{GateSeen, PastMove, SeenEvidence, Way, WayStep};
