//! What proves an adapter, and what judges a run.
//!
//! ```
//! use strangler_fig::testkit::history::{HistoryRecorder, check};
//!
//! let recorder = HistoryRecorder::new();
//! recorder.invoke_write("EDDB", Some("Berlin")).ok();
//! recorder.invoke_read("EDDB").read(None);
//! assert_eq!(check(&recorder.history()).stale, 1, "an acknowledged write was not seen");
//! ```

pub mod conformance;
pub mod faults;
pub mod history;
pub mod mapping;
pub mod saga;
