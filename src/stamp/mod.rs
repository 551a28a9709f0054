//! Stamps: the order in which writes of one key win.
//!
//! Two stores cannot agree on an order by themselves: writes reach them in
//! different orders, late, or twice. So each write carries its place in the
//! order. A [`Record`] is a value (or the absence of one) with its [`Stamp`],
//! and every copy between the stores is a *join*: the larger stamp wins.
//! Joining is commutative, idempotent and never goes back, which makes
//! backfill, repair and redelivery one safe operation.
//!
//! ```
//! use strangler_fig::stamp::{Record, Stamp, StampClock};
//!
//! let clock = StampClock::new()?;
//! let (first, second) = (clock.now(), clock.now());
//! assert!(Stamp::ZERO < Stamp::BASE && Stamp::BASE < first && first < second);
//!
//! let record = Record::live(first, "Berlin");
//! assert!(record.supersedes(Stamp::BASE));
//! # Ok::<(), strangler_fig::stamp::EntropyError>(())
//! ```

mod clock;
mod record;
mod scope;
mod value;
mod writer;

pub use clock::{DRIFT_MAX, Exhausted, Observed, StampClock};
pub use record::Record;
pub use scope::StampScope;
pub use value::{Stamp, StampError};
pub use writer::{EntropyError, WriterId};
