use std::time::Duration;

use crate::error::StoreErrorKind;

/// What goes wrong with one call.
///
/// ```
/// use strangler_fig::error::StoreErrorKind;
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::repository::StampedRepository;
/// use strangler_fig::stamp::{Record, Stamp};
/// use strangler_fig::testkit::faults::{Fault, FaultyRepository};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let users = FaultyRepository::new(InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// users.push_apply(Fault::Refuse(StoreErrorKind::Rejected));
///
/// let refused = users.apply(&1, &Record::tombstone(Stamp::BASE)).await.unwrap_err();
/// assert_eq!(refused.kind(), StoreErrorKind::Rejected);
/// assert_eq!(users.read(&1).await?, Record::absent(), "it had no effect");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It takes this long, then does what it should.
    Delay(Duration),
    /// It has no effect and answers this kind. `Unknown` is a doubt without
    /// cause, and as good a test as any.
    Refuse(StoreErrorKind),
    /// It has its effect, and answers `Unknown`.
    FailAfter,
    /// It answers `Unknown` at once, and has its effect this much later.
    LandLater(Duration),
    /// It has no effect and never answers.
    Hang,
    /// It has no effect and panics.
    Panic,
}
