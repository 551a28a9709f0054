//! The front door: what it lets in, where it sends it, and what it answers whatever comes.

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod counted;
mod fallback;
mod follow;
mod phases;
#[cfg(feature = "tower")]
mod raw;
#[cfg(feature = "tower")]
mod services;
mod streams;
mod support;
mod vetted;
mod wired;
