//! Nodes that are gone: who may be taken for gone, when, and that nothing a node said
//! afterwards was wrong.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod by_name;
mod judged;
mod process;
mod race;
mod run_out;
mod splits;
mod support;
