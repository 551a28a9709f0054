//! NATS: the state of migrations, in a key-value bucket of JetStream, and a bus of events on its streams.
//!
//! JetStream acknowledges what it has written, but flushes it every two minutes
//! only (`sync_interval`), unless the servers' file says `always`, which they
//! know from version 2.10 on. No client can ask for it: whoever opens the
//! bucket says what it stands on, as a [`Durability`].

mod births;
mod bucket;
mod consumers;
mod durability;
mod error;
mod event_bus;
mod publisher;
mod state_service;
mod subscription;
mod tidy;

pub use durability::Durability;
pub use event_bus::{NatsBus, NatsBusConfig, NatsDeadLetter};
pub use state_service::NatsStateService;
