//! A service, its outbox, relays, a bus and consumers on paused time, which fail wherever they can, by seed. What comes
//! of it is judged: every effect once, in the order of the commits.
//!
//! `SEEDS=1000 cargo test --test events` tries more, `SEED=17` one again.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod bus;
mod consumer;
mod controls;
mod judge;
mod naive;
#[path = "../conformance_events/outbox_broken.rs"]
mod outbox_broken;
#[path = "../conformance_events/outbox_calls.rs"]
mod outbox_calls;
#[expect(dead_code, reason = "some are for the controls of the suite")]
#[path = "../conformance_events/outbox_fault.rs"]
mod outbox_fault;
mod sim;
mod store;
mod world;
