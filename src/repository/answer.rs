use crate::phase::Side;
use crate::stamp::Record;

/// What a read found, and where.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::phase::Side;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// let users = MigrationRepository::new(legacy, modern, tracker)?;
/// users.save((1, "Ada".to_owned())).await?;
/// users.delete(&1).await?;
///
/// let answer = users.read(&1).await?;
/// assert!(answer.record.is_tombstone());
/// assert_eq!((answer.origin, answer.is_fallback), (Side::Legacy, false));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer<E> {
    /// The record, with its stamp; a tombstone if the key was deleted.
    pub record: Record<E>,
    /// The side it comes from.
    pub origin: Side,
    /// Whether the other side answered for an unavailable primary, by opt-in:
    /// the record may be stale, and no guarantee covers it.
    pub is_fallback: bool,
}

impl<E> Answer<E> {
    pub(super) const fn primary(record: Record<E>, origin: Side) -> Self {
        Self { record, origin, is_fallback: false }
    }
}
