//! What stands between a caller and a side that is slow, away or overloaded:
//! retries, circuit breakers, bulkheads, deadlines, fallbacks.
//!
//! Each guards any closure that makes a future, alone or with others by hand; a
//! [`Policy`] is all of them in the order that works, and what a
//! [`MigrationRepository`](crate::repository::MigrationRepository) takes for each side.
//! What an error says of a retry and of a circuit breaker, it says by [`Judged`]; for
//! errors of others a closure does.
//!
//! ```
//! use std::time::Duration;
//! use strangler_fig::error::StoreError;
//! use strangler_fig::resilience::{CallError, Policy, Refused};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let policy = Policy::standard("prices");
//! let hangs = || std::future::pending::<Result<u32, StoreError>>();
//!
//! // Three tries of a second each, for one caller after the other, until the breaker has
//! // seen twenty; then nobody waits any more.
//! let mut refused = 0;
//! for _ in 0..30 {
//!     match policy.call(hangs).await {
//!         Err(CallError::Refused(Refused::Open { .. })) => refused += 1,
//!         outcome => assert!(matches!(outcome, Err(CallError::TimedOut(_)))),
//!     }
//! }
//! assert!(refused > 20);
//! # }
//! ```
//!
//! All waiting is tokio's, and so is every clock: tests pause both.

mod aside;
mod attempt;
mod breaker;
mod budget;
mod bulkhead;
mod caught;
#[cfg(feature = "http")]
mod counted;
mod deadline;
mod error;
mod exponential;
mod fallback;
mod judgement;
mod policy;
mod retry;
mod schedule;
mod sync;
#[cfg(feature = "tower")]
pub mod tower;
mod tries;

pub(crate) use aside::Aside;
pub(crate) use attempt::Admission;
pub use breaker::{BreakerConfig, BreakerState, CallCounts, CallWindow, CircuitBreaker, Permit};
pub use budget::RetryBudget;
pub use bulkhead::{Bulkhead, Place};
pub use deadline::Deadline;
pub use error::{CallError, Refused, TimedOut};
pub use exponential::{Delays, Exponential, Jitter};
pub use fallback::{Answered, Fallback};
pub use judgement::{Health, Judged, Judgement};
pub use policy::Policy;
pub use retry::Retry;
pub use schedule::Schedule;
