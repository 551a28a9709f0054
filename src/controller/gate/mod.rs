//! Conditions for moves: values that say what they saw.

mod backfill_complete;
mod contract;
mod custom;
mod error_rate;
mod fleet_nodes;
mod fleet_settled;
mod latency;
mod live;
mod mismatch_rate;
mod outside_writers_off;
mod rate;
mod ratio;
mod read_within;
mod rejections_zero;
mod repair_queue_empty;
mod replication_lag;
mod verification;
mod verified_within;

pub use backfill_complete::BackfillComplete;
pub use contract::{Gate, GateContext, GateReading};
pub use custom::GateFn;
pub use error_rate::ErrorRateBelow;
pub use fleet_settled::FleetSettled;
pub use latency::LatencyWithin;
pub use mismatch_rate::MismatchRateBelow;
pub use outside_writers_off::OutsideWritersOff;
pub use rate::{Rate, RateError};
pub use ratio::{Ratio, RatioError};
pub use read_within::{READ_DEADLINE, read_within};
pub use rejections_zero::RejectionsZero;
pub use repair_queue_empty::RepairQueueEmpty;
pub use replication_lag::ReplicationLagBelow;
pub use verification::{LastVerification, Verification, VerificationSource};
pub use verified_within::VerifiedWithin;
