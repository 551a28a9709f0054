//! A record of what clients did and saw, and a checker that says whether one
//! record per key explains it all: linearizability, under any faults.
//!
//! A migration that loses a write rarely says so. Clients do see it: a read
//! returns what was overwritten, or nothing at all. So let them note every
//! operation's beginning and end, then ask whether *some* order of effects,
//! each between its beginning and its end, explains every answer.
//!
//! | a write ended | what the checker assumes |
//! |---|---|
//! | [`ok`](PendingWrite::ok) | it took effect between its two tickets |
//! | [`failed`](PendingWrite::failed) | it never happened |
//! | [`unknown`](PendingWrite::unknown), or dropped | it takes effect once, at any time after it began, or never |
//!
//! Say `failed` only when it is sure: a timeout is `unknown`. The checker is
//! exact: it accepts a history if and only if some order explains it; how that
//! stays affordable is argued at [`HistoryChecker`]. Values are told apart by
//! their content, so let every write write a new one: that finds most, and with
//! few values and many unknown writes a key may have too many possible orders.
//! It is then counted as undecided, never as right.
//!
//! # Example
//!
//! ```
//! use strangler_fig::testkit::history::{HistoryRecorder, ViolationKind, check};
//!
//! let recorder = HistoryRecorder::new();
//! recorder.invoke_write("fig", Some(1)).ok();
//! recorder.invoke_write("fig", Some(2)).unknown();
//! recorder.invoke_read("fig").read(Some(1));
//! recorder.invoke_read("fig").read(Some(2)); // it landed after all
//! assert!(check(&recorder.history()).is_linearizable());
//!
//! recorder.invoke_write("fig", Some(3)).ok();
//! recorder.final_read("fig", Some(1));
//! let verdict = check(&recorder.history());
//! assert_eq!(verdict.violations()[0].kind, ViolationKind::Lost);
//! assert_eq!(verdict.violations()[0].expected, [Some(3)]);
//! ```

mod brute_force;
mod checker;
mod configuration;
mod frontier;
mod id_set;
mod log;
mod open;
mod operation;
mod pending;
mod recorder;
mod timeline;
mod verdict;
mod violation;
mod walk;

pub use brute_force::{BRUTE_FORCE_MAX, brute_force};
pub use checker::{HistoryChecker, check};
pub use log::{History, OutOfOrder};
pub use operation::{Operation, OperationKind, Outcome};
pub use pending::{PendingRead, PendingWrite};
pub use recorder::HistoryRecorder;
pub use verdict::Verdict;
pub use violation::{Violation, ViolationKind};
