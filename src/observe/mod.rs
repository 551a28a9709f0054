//! What the crate tells of itself: names, and one trait to listen with.
//!
//! Spans and events go to [`tracing`]; their names stand in [`span`] and
//! [`field`], nowhere else. Whoever counts implements [`Observer`], and several
//! listen by way of [`Observers`]. None ever sees a record's key or content.
//!
//! ```
//! use std::sync::Arc;
//! use strangler_fig::observe::{Event, Observer};
//! use strangler_fig::phase::TrackerConfig;
//! use strangler_fig::repository::MigrationConfig;
//!
//! #[derive(Debug)]
//! struct Alarms;
//!
//! impl Observer for Alarms {
//!     fn on_event(&self, event: &Event) {
//!         if let Event::Diverged { reason } = event {
//!             eprintln!("a key may differ: {reason}");
//!         }
//!     }
//! }
//!
//! let alarms = Arc::new(Alarms);
//! let config = MigrationConfig::default().with_observer(alarms.clone());
//! let tracker = TrackerConfig::default().with_observer(alarms);
//! ```

mod breakers;
mod brief;
mod event;
pub mod field;
mod glimpse;
#[cfg(feature = "metrics")]
mod meter;
pub mod metric;
mod observer;
mod observers;
mod outcome;
mod redaction;
pub mod span;
mod trace;

pub(crate) use breakers::{Breakers, Standing, severity};
pub use brief::Brief;
pub use event::Event;
pub(crate) use glimpse::Glimpse;
#[cfg(feature = "metrics")]
pub use meter::MetricsObserver;
pub use observer::Observer;
pub use observers::Observers;
pub use outcome::{Comparison, LenientOutcome, Operation, Outcome, Role};
pub use redaction::Redaction;
pub use trace::TraceContext;
#[cfg(feature = "http")]
pub(crate) use trace::{adopt, hand_on, own};
pub(crate) use trace::{begin_under, is_traceparent, link, link_current};
