//! The console as programs and browsers meet it.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod access;
mod browser;
mod driver;
mod heard;
mod rehearsal;
mod served;
mod slow;
mod stale;
mod tour;
