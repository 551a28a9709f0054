//! Several responses joined into one, through the public API.

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod built;
mod joined;
mod missing;
mod parts;
mod support;
