//! Whether the two stores hold the same: shown, not assumed.
//!
//! A [`ConsistencyChecker`] compares the sides beside the traffic and repairs
//! nothing. What it first sees to differ may be a write on its way, so each
//! mismatch is looked at again, source, target, source, before it is called a
//! difference. A check that could not see everything says so: its verdict is then
//! never [`Consistent`](Verdict::Consistent).
//!
//! ```
//! use strangler_fig::consistency::{ConsistencyChecker, Verdict};
//! use strangler_fig::memory::InMemoryRepository;
//! use strangler_fig::phase::{MigrationState, PhaseTracker};
//! use strangler_fig::repository::MigrationRepository;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
//! legacy.plant((1, "Ada"));
//! legacy.plant((2, "Grace"));
//! modern.plant((1, "Ada"));
//! modern.plant((2, "grace")); // by some other code
//! let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
//! let users = MigrationRepository::new(legacy, modern, tracker)?;
//!
//! let report = ConsistencyChecker::new(&users).full(std::future::pending()).await;
//! assert_eq!(report.verdict, Verdict::Inconsistent);
//! assert_eq!((report.keys, report.level, report.differences.conflict), (2, 1, 1));
//! # Ok(())
//! # }
//! ```

mod checker;
mod comparator;
mod config;
mod confirm;
mod continuous;
mod difference;
mod digest;
mod fields;
mod judge;
mod merge;
mod mode;
mod report;
mod run;
mod sample;
mod tally;
mod verdict;

pub use checker::ConsistencyChecker;
pub use comparator::{Comparator, Exact, FieldDifference};
pub use config::CheckerConfig;
pub use difference::{Difference, DifferenceKind};
pub use fields::FieldComparator;
pub use mode::CheckMode;
pub use report::{CheckReport, DifferenceCounts, DigestWork, UncheckedKey, Uncovered};
pub use sample::Sample;
pub use verdict::Verdict;
