//! Repairs: what was noted is joined, whatever the stores, the queue and the
//! process do meanwhile.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod conflicts;
mod counts;
mod dry_run;
mod failing_queue;
mod fenced;
mod fresh_reads;
mod interleavings;
mod operate;
mod pacing;
mod queue;
mod repairs;
mod support;
