//! The circuit breaker: rules in `machine`, what it counts in `window`, the lock and
//! the permits around them in `circuit_breaker`.

mod circuit_breaker;
mod config;
mod counts;
mod machine;
mod state;
mod window;

pub use circuit_breaker::{CircuitBreaker, Permit};
pub use config::{BreakerConfig, CallWindow};
pub use counts::CallCounts;
pub use state::BreakerState;
