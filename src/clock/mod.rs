//! Time, as something that can be handed in.
//!
//! Wall time is read in one place only, to make [`Stamp`](crate::stamp::Stamp)s
//! that resemble it; no rule of the protocol compares the wall clocks of two
//! machines. Sleeping is tokio's, so tests pause and advance it.
//!
//! ```
//! use std::sync::Arc;
//! use strangler_fig::clock::ManualClock;
//! use strangler_fig::stamp::StampClock;
//!
//! let stamps = StampClock::new()?.with_clock(Arc::new(ManualClock::at(1_000)));
//! assert_eq!(stamps.now().unix_millis(), 1_000);
//! # Ok::<(), strangler_fig::stamp::EntropyError>(())
//! ```

mod contract;
mod later;
mod manual;
pub(crate) mod seconds;
mod skewed;
mod system;

pub use contract::Clock;
pub(crate) use later::later;
pub use manual::ManualClock;
pub use skewed::SkewedClock;
pub use system::SystemClock;
