//! What the running example shows: its metrics against dashboard and rules, its rules by promtool, its traces at a
//! collector.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod names;
mod promql;
mod rules;
mod running;
mod traces;
