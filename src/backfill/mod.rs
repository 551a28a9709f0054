//! Copying legacy to modern: page by page, beside the traffic, resumable, by
//! several processes if one is too slow.
//!
//! A [`Backfiller`] copies records with their stamps, so that it can neither
//! overwrite newer ones nor bring deleted ones back. How far it has come stands
//! in a [`CheckpointStore`]; what modern refuses goes to the
//! [`RepairQueue`](crate::reconcile::RepairQueue).
//!
//! ```
//! use strangler_fig::backfill::{BackfillConfig, JobName};
//! use strangler_fig::resilience::Exponential;
//!
//! let job: JobName = "users-2026".parse()?;
//! let patient = BackfillConfig::default().with_backoff(Exponential::default().with_count(10));
//! assert_eq!(job.as_str(), "users-2026");
//! # let _ = patient;
//! # Ok::<(), strangler_fig::backfill::JobNameError>(())
//! ```

mod backfiller;
mod config;
mod contract;
mod copy;
mod error;
mod job;
mod page;
mod plan;
mod report;
mod run;
mod worker_name;

pub use backfiller::Backfiller;
pub use config::BackfillConfig;
pub use contract::CheckpointStore;
pub use error::BackfillError;
pub use job::{Checkpoint, Claim, JobName, JobNameError, Partition, PartitionState};
pub use report::{BackfillReport, FailedKey};
pub use worker_name::{WorkerName, WorkerNameError};
