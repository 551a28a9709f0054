use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::WriterId;

/// The place of a write in the order of its key.
///
/// 16 bytes, ordered as bytes: 48 bits of Unix milliseconds, a 16-bit counter
/// that carries into them, 64 bits of [`WriterId`]. A hybrid logical clock
/// (Kulkarni et al., *Logical Physical Clocks*, 2014) with the writer as the
/// tie-breaker.
///
/// ```
/// use strangler_fig::stamp::Stamp;
///
/// let stamp: Stamp = "0190f3c2a1b4000300000000000000ff".parse()?;
/// assert_eq!(stamp.unix_millis(), 0x0190_f3c2_a1b4);
/// assert_eq!(stamp.to_string(), "0190f3c2a1b4000300000000000000ff");
/// assert_eq!(Stamp::from_bytes(stamp.to_bytes()), stamp);
/// # Ok::<(), strangler_fig::stamp::StampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(u128);

impl Stamp {
    /// Never there: the stamp of a key without a row, always with no value.
    ///
    /// ```
    /// use strangler_fig::stamp::{Record, Stamp};
    ///
    /// assert_eq!(Record::<u32>::absent().stamp, Stamp::ZERO);
    /// assert!("00000000000000000000000000000000".parse::<Stamp>()? == Stamp::ZERO);
    /// # Ok::<(), strangler_fig::stamp::StampError>(())
    /// ```
    pub const ZERO: Self = Self(0);

    /// A row that exists but was never stamped: one older than the crate, or
    /// written behind its back.
    ///
    /// ```
    /// use strangler_fig::stamp::{Stamp, StampClock};
    ///
    /// assert_eq!(Stamp::ZERO.successor(), Some(Stamp::BASE));
    /// assert!(StampClock::new()?.now() > Stamp::BASE, "every write of the crate beats it");
    /// # Ok::<(), strangler_fig::stamp::EntropyError>(())
    /// ```
    pub const BASE: Self = Self(1);

    /// The largest stamp. Nothing can be written over it.
    ///
    /// ```
    /// use strangler_fig::stamp::{Exhausted, Stamp, StampClock};
    ///
    /// assert_eq!(Stamp::MAX.successor(), None);
    /// assert_eq!(StampClock::new()?.above(Stamp::MAX), Err(Exhausted(Stamp::MAX)));
    /// # Ok::<(), strangler_fig::stamp::EntropyError>(())
    /// ```
    pub const MAX: Self = Self(u128::MAX);

    pub(super) const fn new(time: u64, writer: WriterId) -> Self {
        Self((time as u128) << 64 | writer.get() as u128)
    }

    /// Milliseconds and counter as one number.
    pub(super) const fn time(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// The Unix milliseconds in it; not a time to rely on.
    #[must_use]
    pub const fn unix_millis(self) -> u64 {
        self.time() >> 16
    }

    /// The next larger stamp, or `None` after [`Stamp::MAX`]. It beats only
    /// what it follows, never a concurrent write: the way to settle a conflict.
    ///
    /// ```
    /// use strangler_fig::stamp::Stamp;
    ///
    /// let next = Stamp::BASE.successor();
    /// assert!(next > Some(Stamp::BASE));
    /// assert_eq!(Stamp::MAX.successor(), None);
    /// ```
    #[must_use]
    pub const fn successor(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(next) => Some(Self(next)),
            None => None,
        }
    }

    /// Big-endian bytes: their order is the order of stamps.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The stamp of these big-endian bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ZERO => f.write_str("Stamp::ZERO"),
            Self::BASE => f.write_str("Stamp::BASE"),
            stamp => write!(f, "Stamp({stamp})"),
        }
    }
}

/// A text that is not a stamp.
///
/// ```
/// use strangler_fig::stamp::Stamp;
///
/// let error = "0190F3".parse::<Stamp>().unwrap_err();
/// assert!(error.to_string().ends_with("not \"0190F3\""));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stamp is 32 lower-case hexadecimal digits, not {0:?}")]
pub struct StampError(String);

impl FromStr for Stamp {
    type Err = StampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let refused = || StampError(text.chars().take(64).collect());
        if text.len() != 32 || !digits {
            return Err(refused());
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| refused())
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.to_bytes().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            <[u8; 16]>::deserialize(deserializer).map(Self::from_bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base_is_the_smallest_after_zero() {
        assert_eq!(Stamp::ZERO.successor(), Some(Stamp::BASE));
        assert_eq!(Stamp::MAX.successor(), None);
    }

    #[test]
    fn what_is_not_a_stamp_is_named() {
        for text in ["", "0", "+190f3c2a1b4000300000000000000ff", &"A".repeat(32), &"é".repeat(16)]
        {
            assert_eq!(text.parse::<Stamp>(), Err(StampError(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn order_of_stamps_bytes_and_digits_is_one(a: u128, b: u128) {
            let (a, b) = (Stamp(a), Stamp(b));
            prop_assert_eq!(a.cmp(&b), a.to_bytes().cmp(&b.to_bytes()));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn every_form_comes_back(bits: u128) {
            let stamp = Stamp(bits);
            prop_assert_eq!(stamp.to_string().parse(), Ok(stamp));
            let json = serde_json::to_string(&stamp).expect("a stamp is a string");
            prop_assert_eq!(serde_json::from_str::<Stamp>(&json).expect("its own form"), stamp);
        }
    }
}
