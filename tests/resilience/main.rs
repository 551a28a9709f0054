//! The resilience primitives, through their public API.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod breaker;
mod breaker_reference;
mod budget;
mod given_up;
mod probes;
mod retry;
mod schedules;
mod support;
mod turns;
