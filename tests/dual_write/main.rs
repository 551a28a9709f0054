//! Dual-written requests, whatever becomes of the process, of either side and of the journal: both sides hold one, or
//! neither does, or an operator is told.

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod again;
mod bounds;
mod controls;
mod crash;
mod forgotten;
mod keys;
mod killed;
mod life;
mod named;
mod policies;
mod process;
mod replays;
mod scenario;
mod scripted;
mod service;
mod verdict;
