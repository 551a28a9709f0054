//! Copying legacy to modern: page by page, resumable, by several processes.

mod contract;
mod job;

pub use contract::CheckpointStore;
pub use job::{Checkpoint, Claim, JobName, JobNameError, Partition, PartitionState};
