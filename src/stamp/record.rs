use serde::{Deserialize, Serialize};

use super::Stamp;

/// What a store holds for a key: a value with its stamp, a *tombstone* (a stamp
/// without a value: it was deleted), or nothing ([`Record::absent`]).
///
/// ```
/// use strangler_fig::stamp::{Record, Stamp, StampClock};
///
/// let clock = StampClock::new()?;
/// let saved = Record::live(clock.now(), "Berlin");
/// let deleted = Record::<&str>::tombstone(clock.now());
/// assert!(deleted.supersedes(saved.stamp) && !saved.supersedes(deleted.stamp));
/// assert!(deleted.is_tombstone());
///
/// let absent = Record::<&str>::absent();
/// assert_eq!(absent.stamp, Stamp::ZERO);
/// assert!(!absent.is_tombstone());
/// # Ok::<(), strangler_fig::stamp::EntropyError>(())
/// ```
///
/// `Debug` of it, and of what it is part of, shows what that of the value does: keep it out of logs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record<E> {
    /// The write that left it so.
    pub stamp: Stamp,
    /// The value; `None` if deleted or never there.
    pub value: Option<E>,
}

impl<E> Record<E> {
    /// A value and the write that made it.
    pub const fn live(stamp: Stamp, value: E) -> Self {
        Self { stamp, value: Some(value) }
    }

    /// A deletion.
    #[must_use]
    pub const fn tombstone(stamp: Stamp) -> Self {
        Self { stamp, value: None }
    }

    /// Never there: [`Stamp::ZERO`] and no value.
    #[must_use]
    pub const fn absent() -> Self {
        Self::tombstone(Stamp::ZERO)
    }

    /// Whether it is a deletion, as against a key that was never there.
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.value.is_none() && self.stamp > Stamp::ZERO
    }

    /// Whether a store that holds `stored` must take this record.
    #[must_use]
    pub fn supersedes(&self, stored: Stamp) -> bool {
        self.stamp > stored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tombstone_is_a_deletion_and_neither_a_value_nor_nothing() {
        assert!(Record::<u8>::tombstone(Stamp::BASE).is_tombstone());
        assert!(!Record::live(Stamp::BASE, 1).is_tombstone());
        assert!(!Record::<u8>::absent().is_tombstone());
    }
}
