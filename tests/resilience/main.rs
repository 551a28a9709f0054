//! The resilience primitives, through their public API.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod absurd;
mod bad_day;
mod breaker;
mod breaker_reference;
mod budget;
mod bulkhead;
mod composed;
mod deadline;
mod fallback;
mod futures;
mod given_up;
mod judged;
mod peers;
mod policy;
mod policy_answers;
mod policy_deadline;
mod probes;
mod regressions;
mod retry;
mod schedules;
mod support;
#[cfg(feature = "tower")]
mod tower;
mod turns;
