//! The consistency checker, through its public face.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod confirm;
mod counts;
mod coverage;
mod digest;
mod modes;
mod pacing;
mod peers;
mod report;
mod support;
mod traffic;
