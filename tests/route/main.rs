//! Tables of routes, from outside: what they decide, what they refuse, how they are replaced.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod allocations;
mod breakers;
mod broken;
mod documents;
mod http;
mod matching;
mod mistakes;
mod options;
mod overlap;
mod overrides;
mod paths;
mod phases;
mod properties;
mod ramp;
pub mod reference;
mod rules;
mod sticky;
mod support;
mod swap;
mod universe;
