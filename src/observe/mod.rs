//! What the crate tells of itself: names, and one trait to listen with.
//!
//! Spans and events go to [`tracing`]; their names stand in [`span`] and
//! [`field`], nowhere else. Whoever counts implements [`Observer`]. Neither
//! ever sees a record's key or content.

mod event;
pub mod field;
mod observer;
pub mod span;

pub use event::{Comparison, Event, LenientOutcome, Operation, Outcome};
pub use observer::Observer;
