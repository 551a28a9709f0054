//! Gates and live signals: what they see, and that what they cannot see is closed.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod backfill;
mod custom;
mod fleet;
mod live;
mod percentile;
mod queue;
mod rates;
mod rejections;
mod replication;
mod sources;
mod support;
mod verified;
