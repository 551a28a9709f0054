//! The contracts of events on their references, and on some that break them: each is caught, by exactly the facts that
//! name what it breaks.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod bus;
mod bus_broken;
mod bus_controls;
mod bus_fault;
mod inbox;
mod inbox_broken;
mod inbox_controls;
mod outbox;
mod outbox_broken;
mod outbox_calls;
mod outbox_controls;
mod outbox_fault;
