//! The backfiller, through the public API: on paused time, with faults.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod copying;
mod failures;
mod hostile;
mod pacing;
mod resuming;
mod sharing;
mod support;
