use crate::phase::Side;
use crate::stamp::Record;

/// What a read found, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer<E> {
    /// The record, with its stamp; a tombstone if the key was deleted.
    pub record: Record<E>,
    /// The side it comes from.
    pub origin: Side,
    /// Whether the other side answered for an unavailable primary, by opt-in:
    /// the record may be stale, and no guarantee covers it.
    pub fallback: bool,
}

impl<E> Answer<E> {
    pub(super) const fn primary(record: Record<E>, origin: Side) -> Self {
        Self { record, origin, fallback: false }
    }
}
