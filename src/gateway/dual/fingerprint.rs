use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

/// Whether two requests under one key are the same: a hash (XXH3) of method, target and body.
///
/// It tells mistakes, not attacks: who wants two requests of one fingerprint can make them, and
/// harms nobody but the owner of the key.
///
/// ```
/// use strangler_fig::gateway::dual::Fingerprint;
///
/// let order = Fingerprint::of("POST", "/orders", b"two pears");
/// assert_ne!(order, Fingerprint::of("POST", "/orders", b"three pears"));
/// assert_eq!(order.to_string().parse(), Ok(order));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(u128);

/// A text that is no fingerprint.
///
/// ```
/// use strangler_fig::gateway::dual::Fingerprint;
/// assert!("pears".parse::<Fingerprint>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 32 lower-case hexadecimal digits")]
pub struct FingerprintError;

impl Fingerprint {
    /// That of a request.
    #[must_use]
    pub fn of(method: &str, target: &str, body: &[u8]) -> Self {
        let mut hasher = XxHash3_128::new();
        for part in [method.as_bytes(), target.as_bytes(), body] {
            // Where a part ends is not up to its content.
            hasher.write(&(part.len() as u64).to_le_bytes());
            hasher.write(part);
        }
        Self(hasher.finish_128())
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let are_plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let digits = (text.len() == 32 && are_plain).then_some(text).ok_or(FingerprintError)?;
        u128::from_str_radix(digits, 16).map(Self).map_err(|_| FingerprintError)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;

    fn try_from(text: String) -> Result<Self, FingerprintError> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_part_ends_is_part_of_it() {
        let parts = [("POST", "/a", "b"), ("POST", "/ab", ""), ("POS", "T/a", "b")];
        let all =
            parts.map(|(method, target, body)| Fingerprint::of(method, target, body.as_bytes()));
        assert!(all[0] != all[1] && all[0] != all[2] && all[1] != all[2]);
    }
}
