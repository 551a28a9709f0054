//! The guard that goes back by itself: when it acts, when not, and who ends it.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod history;
mod limits;
mod run;
mod sight;
mod support;
mod table;
mod two;
