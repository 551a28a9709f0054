//! The migration repository, through its public face.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chaos;
mod end_check;
mod fleet;
mod races;
mod reads;
mod support;
mod sweeps;
mod wrappers;
mod writes;
