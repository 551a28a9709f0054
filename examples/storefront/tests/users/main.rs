//! What monolith and user service answer about users, on stores in memory.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod queue;
mod routes;
