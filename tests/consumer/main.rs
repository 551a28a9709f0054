//! A consumer handles what comes: each key in its order, nothing lost, nothing that holds up others.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod drops;
mod ends;
mod faults;
mod flaky;
mod forms;
mod keys;
mod limits;
mod room;
mod wild;
mod world;
