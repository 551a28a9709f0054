//! The lock and the clock that a circuit breaker stands on. A model checker compiles
//! the breaker with its own.

pub(crate) use std::sync::Mutex;

pub(crate) use tokio::time::Instant;
