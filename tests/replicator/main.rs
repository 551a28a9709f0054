//! What writers outside change in legacy comes to modern, late, twice, behind newer writes, and whatever is away.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod away;
mod carried;
mod crossing;
mod old_changes;
mod outside;
mod raced;
mod store;
mod support;
