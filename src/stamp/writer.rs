use std::fmt;
use std::num::NonZeroU64;

/// Who made a stamp: 64 random bits, one id for every [`StampClock`], never 0.
///
/// The bits come from the operating system. Two clocks with one id could make
/// one stamp twice, so no cheap generator, process id or host name will do.
///
/// [`StampClock`]: super::StampClock
///
/// ```
/// use std::num::NonZeroU64;
/// use strangler_fig::stamp::WriterId;
///
/// assert_ne!(WriterId::random()?, WriterId::random()?);
///
/// let chosen = WriterId::fixed(NonZeroU64::MIN);
/// assert_eq!((chosen.get(), chosen.to_string().as_str()), (1, "0000000000000001"));
/// # Ok::<(), strangler_fig::stamp::EntropyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterId(NonZeroU64);

impl WriterId {
    /// A fresh id.
    ///
    /// # Errors
    ///
    /// When the operating system has no entropy to give.
    pub fn random() -> Result<Self, EntropyError> {
        loop {
            let bits = getrandom::u64().map_err(EntropyError)?;
            if let Some(id) = NonZeroU64::new(bits) {
                return Ok(Self(id));
            }
        }
    }

    /// A chosen id, for tests that must repeat. Never share one.
    #[must_use]
    pub const fn fixed(id: NonZeroU64) -> Self {
        Self(id)
    }

    /// The bits.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for WriterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The operating system gave no random bits for a writer id, an incarnation, a
/// move id or a salt.
///
/// ```
/// use strangler_fig::phase::{Incarnation, MoveId};
/// use strangler_fig::stamp::{EntropyError, WriterId};
///
/// fn ids() -> Result<(WriterId, Incarnation, MoveId), EntropyError> {
///     Ok((WriterId::random()?, Incarnation::random()?, MoveId::random()?))
/// }
///
/// assert!(ids().is_ok(), "this system has enough");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the operating system has no entropy to give")]
pub struct EntropyError(#[source] pub(crate) getrandom::Error);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_as_sixteen_hex_digits() {
        let id = NonZeroU64::new(0xab).unwrap();
        assert_eq!(WriterId::fixed(id).to_string(), "00000000000000ab");
    }
}
