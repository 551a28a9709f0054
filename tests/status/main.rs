//! What an operator sees of a migration, at every moment of it; and what nobody may write into it.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod ages;
mod cohorts;
mod course;
mod hostile;
mod log;
mod many;
mod markup;
mod outputs;
mod sagas;
mod support;
mod traffic;
