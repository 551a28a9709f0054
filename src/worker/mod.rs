//! What the workers that walk a store have in common: how they are told to
//! pause and stop, how fast they may go, and how far they have come.
//!
//! ```
//! use std::num::NonZeroU64;
//! use strangler_fig::worker::{RateLimit, WorkerControl, WorkerState};
//!
//! let control = WorkerControl::new();
//! let handle = control.clone(); // for whoever operates it
//! handle.pause();
//! assert_eq!(control.state(), WorkerState::Paused);
//!
//! let gentle = RateLimit::per_second(NonZeroU64::new(5_000).expect("it is not zero"));
//! assert_eq!(gentle.records_per_second().get(), 5_000);
//! ```

mod bucket;
mod control;
mod pace;
mod page_size;
mod persistence;
mod progress;
mod scan_error;
mod throttle;
mod walk;
mod window;

pub use bucket::RateLimit;
pub use control::{WorkerControl, WorkerState};
pub use page_size::PageSize;
pub use progress::{Eta, Progress};
pub use scan_error::ScanError;
pub use throttle::Throttle;

pub(crate) use pace::{Pace, Stopped, until};
pub(crate) use persistence::{PAUSE_MIN, Persistence, hint, persist};
pub(crate) use progress::Meter;
pub(crate) use walk::{ReadOrder, Walk, checked_page, last_key};
pub(crate) use window::Window;
