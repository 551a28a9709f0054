//! The circuit breaker under every interleaving of a few threads.
//!
//! [`resilience`] compiles the files that the library ships, on loom's lock and a
//! clock that stands until a thread moves it. [`Breaker`] is what the models in
//! `tests/breaker` ask of it, of the library's own, and of the [`Flawed`] ones.

#![cfg(not(test))]

mod breaker;
mod call;
pub mod clock;
pub mod resilience;

pub use breaker::{Breaker, Settings};
pub use call::{Call, End, Fate};
pub use resilience::{Flaw, Flawed};
pub(crate) use strangler_fig::{observe, phase};
