//! The resilience primitives, through their public API.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod budget;
mod retry;
mod schedules;
mod support;
