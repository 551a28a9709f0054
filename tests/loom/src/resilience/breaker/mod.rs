//! The breaker's rules, window and permits as the library ships them, and flawed
//! relatives of it.

#[path = "../../../../../src/resilience/breaker/circuit_breaker.rs"]
mod circuit_breaker;
#[path = "../../../../../src/resilience/breaker/config.rs"]
mod config;
#[path = "../../../../../src/resilience/breaker/counts.rs"]
mod counts;
mod flawed;
#[path = "../../../../../src/resilience/breaker/machine.rs"]
mod machine;
#[path = "../../../../../src/resilience/breaker/window.rs"]
mod window;

pub use circuit_breaker::{CircuitBreaker, Permit};
pub use config::{BreakerConfig, CallWindow};
pub(super) use counts::CallCounts;
pub use flawed::{Flaw, Flawed};
use strangler_fig::resilience::BreakerState;
