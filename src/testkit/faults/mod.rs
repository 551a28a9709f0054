//! Adapters that fail on demand.
//!
//! Networks fail in more ways than "error": a call may be refused, or have its
//! effect and lose the answer, or have its effect *later*, when the caller has
//! long gone on. [`FaultyRepository`] wraps an adapter and does these things,
//! one by one from a script, always, or by chance from a seed:
//!
//! ```
//! use strangler_fig::error::StoreErrorKind;
//! use strangler_fig::memory::InMemoryRepository;
//! use strangler_fig::repository::StampedRepository;
//! use strangler_fig::stamp::{Record, StampClock};
//! use strangler_fig::testkit::faults::{Fault, FaultyRepository};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let users = FaultyRepository::new(InMemoryRepository::new(|user: &(u32, &str)| user.0));
//! users.push_apply(Fault::FailAfter);
//!
//! let ada = Record::live(StampClock::new()?.now(), (1, "Ada"));
//! let doubt = users.apply(&1, &ada).await.unwrap_err();
//! assert_eq!(doubt.kind(), StoreErrorKind::Unknown);
//! assert_eq!(users.read(&1).await?, ada, "the effect was there");
//! # Ok(())
//! # }
//! ```
//!
//! A [`Gate`] stops a call before or after its effect, so that a test can try
//! an interleaving instead of hoping for it:
//!
//! ```
//! # use strangler_fig::memory::InMemoryRepository;
//! # use strangler_fig::repository::{Applied, StampedRepository};
//! # use strangler_fig::stamp::{Record, Stamp};
//! # use strangler_fig::testkit::faults::{FaultyRepository, Pause};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let users = FaultyRepository::new(InMemoryRepository::new(|user: &(u32, &str)| user.0));
//! let gate = users.pause_next_apply(Pause::BeforeEffect);
//! let late = tokio::spawn({
//!     let users = users.clone();
//!     async move { users.apply(&1, &Record::live(Stamp::BASE, (1, "Ada"))).await }
//! });
//! gate.reached().await;
//! users.apply(&1, &Record::tombstone(Stamp::MAX)).await?; // overtakes
//! gate.open();
//! assert_eq!(late.await??, Applied::Stale(Stamp::MAX));
//! # Ok(())
//! # }
//! ```
//!
//! All waiting is tokio's, so a paused clock drives it; all chance comes from
//! the seed.

mod control;
mod fault;
mod gate;
mod landing;
mod lane;
mod plan;
mod repository;

pub use fault::Fault;
pub use gate::{Gate, Pause};
pub use plan::FaultPlan;
pub use repository::FaultyRepository;
