//! Time, as something that can be handed in.
//!
//! Wall time is read in one place only, to make [`Stamp`](crate::stamp::Stamp)s
//! that resemble it; no rule of the protocol compares the wall clocks of two
//! machines. Sleeping is tokio's, so tests pause and advance it.

mod contract;
mod manual;
mod skewed;
mod system;

pub use contract::Clock;
pub use manual::ManualClock;
pub use skewed::SkewedClock;
pub use system::SystemClock;
