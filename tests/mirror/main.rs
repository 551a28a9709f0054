//! Mirrored requests, through the public API.

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod body;
mod compared;
mod gateway;
mod guards;
mod noise;
mod sent;
mod support;
mod whole;
