//! Sagas whose steps are commands to other services, by messages: whatever is lost, late, repeated or killed, each effect
//! is there once or not at all.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod crash;
mod lives;
mod participant;
mod received;
mod refusals;
mod replies;
mod step;
mod weather;
mod world;
