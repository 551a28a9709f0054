//! The fleet, as a user runs it, and its control: a crossing that no rule allows
//! must be found.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacker;
mod command;
mod control;
mod orphans;
mod server;
