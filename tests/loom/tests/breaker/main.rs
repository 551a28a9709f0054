//! What threads may do to a circuit breaker: each file holds models, and the tests that
//! explore them on the breaker as it ships. `controls` explores the same models on
//! breakers that are flawed, and must find that out.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]
#![expect(clippy::unwrap_used, reason = "a model fails by panicking")]

mod by_hand;
mod controls;
mod generations;
mod orders;
mod probes;
mod room;
mod support;
mod told;
