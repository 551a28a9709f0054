use std::fmt;

use crate::stamp::EntropyError;

/// A number drawn anew for each check and mixed into every row's hash, so that
/// no content can be made to cancel another's.
///
/// ```
/// use strangler_fig::repository::DigestSalt;
///
/// assert_ne!(DigestSalt::random()?, DigestSalt::random()?);
///
/// let chosen = DigestSalt::from_bytes([0xab; 16]);
/// assert_eq!(chosen.to_string(), "ab".repeat(16));
/// assert_eq!(DigestSalt::from_bytes(chosen.to_bytes()), chosen);
/// assert_eq!(format!("{chosen:?}"), "DigestSalt(..)", "logs do not tell it");
/// # Ok::<(), strangler_fig::stamp::EntropyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DigestSalt([u8; 16]);

impl DigestSalt {
    /// A fresh salt.
    ///
    /// # Errors
    ///
    /// When the operating system has no entropy to give.
    pub fn random() -> Result<Self, EntropyError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(EntropyError)?;
        Ok(Self(bytes))
    }

    /// A salt of these bytes: for tests, and for the side that was told it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

/// The 32 hex digits that stand at the front of what is hashed.
impl fmt::Display for DigestSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for DigestSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestSalt(..)")
    }
}
