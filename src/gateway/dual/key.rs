use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use twox_hash::XxHash3_128;

const SCOPE_MAX: usize = 128;
const KEY_MAX: usize = 255;

/// What tells one dual-written request from every other: the idempotency key, and whose it is.
///
/// Without a scope a key is its client's secret, so neither is ever shown: an operator is told
/// [`digest`](Self::digest).
///
/// ```
/// use strangler_fig::gateway::dual::RequestKey;
///
/// let key = RequestKey::new("ada", "8e03978e-40d5-43dd-bc93-6894a57f9324")?;
/// let other = RequestKey::new("bob", "8e03978e-40d5-43dd-bc93-6894a57f9324")?;
/// assert_ne!(key, other, "two clients may have thought of the same");
/// assert_eq!(key.to_string().len(), 32);
/// assert!(RequestKey::new("", "").is_err() && RequestKey::new("", "two words").is_err());
/// # Ok::<(), strangler_fig::gateway::dual::RequestKeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct RequestKey {
    scope: SmolStr,
    key: SmolStr,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    scope: String,
    key: String,
}

/// A text that cannot be a key, or whose it is.
///
/// ```
/// use strangler_fig::gateway::dual::RequestKey;
///
/// let error = RequestKey::new("ada", &"x".repeat(256)).unwrap_err();
/// assert!(error.to_string().starts_with("an idempotency key is 1 to 255"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestKeyError {
    /// The key.
    #[error("an idempotency key is 1 to 255 visible characters of ASCII")]
    Key,
    /// Whose it is.
    #[error("the scope of an idempotency key is up to 128 visible characters of ASCII")]
    Scope,
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl RequestKey {
    /// A key within a scope; the empty scope is that of all who have none.
    ///
    /// # Errors
    ///
    /// When one of them is too long, or has a character that is not visible ASCII.
    pub fn new(scope: &str, key: &str) -> Result<Self, RequestKeyError> {
        if scope.len() > SCOPE_MAX || !is_plain(scope) {
            return Err(RequestKeyError::Scope);
        }
        if key.is_empty() || key.len() > KEY_MAX || !is_plain(key) {
            return Err(RequestKeyError::Key);
        }
        Ok(Self { scope: scope.into(), key: key.into() })
    }

    /// Whose key it is.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The idempotency key, as its client thought of it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The idempotency key that both sides are sent: the client's own, or one that no other client can have
    /// where there are scopes, since a service may know keys only.
    ///
    /// ```
    /// use strangler_fig::gateway::dual::RequestKey;
    ///
    /// assert_eq!(RequestKey::new("", "order-4711")?.sent(), "order-4711");
    /// assert_eq!(RequestKey::new("ada", "order-4711")?.sent(), "3:ada:order-4711");
    /// # Ok::<(), strangler_fig::gateway::dual::RequestKeyError>(())
    /// ```
    #[must_use]
    pub fn sent(&self) -> String {
        match self.scope.len() {
            0 => self.key.to_string(),
            length => format!("{length}:{}:{}", self.scope, self.key),
        }
    }

    /// What may be shown of it: a hash (XXH3), which is also what its file is called.
    #[must_use]
    pub fn digest(&self) -> u128 {
        let mut bytes = Vec::with_capacity(self.scope.len() + self.key.len() + 1);
        bytes.extend_from_slice(self.scope.as_bytes());
        // No plain text has it.
        bytes.push(0);
        bytes.extend_from_slice(self.key.as_bytes());
        XxHash3_128::oneshot(&bytes)
    }
}

impl TryFrom<Parts> for RequestKey {
    type Error = RequestKeyError;

    fn try_from(parts: Parts) -> Result<Self, RequestKeyError> {
        Self::new(&parts.scope, &parts.key)
    }
}

impl From<RequestKey> for Parts {
    fn from(key: RequestKey) -> Self {
        Self { scope: key.scope.into(), key: key.key.into() }
    }
}

/// Its digest.
impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.digest())
    }
}

/// Its digest.
impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_scope_have_their_limits() {
        let fits = |scope: usize, key: usize| RequestKey::new(&"s".repeat(scope), &"k".repeat(key));
        assert!(fits(0, 1).is_ok() && fits(128, 255).is_ok());
        assert_eq!(fits(129, 1), Err(RequestKeyError::Scope));
        assert_eq!(
            (fits(0, 0), fits(0, 256)),
            (Err(RequestKeyError::Key), Err(RequestKeyError::Key))
        );
        for text in ["a b", "a\tb", "a\0", "é", "\u{7f}"] {
            assert_eq!(RequestKey::new("", text), Err(RequestKeyError::Key), "{text:?}");
            assert_eq!(RequestKey::new(text, "k"), Err(RequestKeyError::Scope), "{text:?}");
        }
    }

    #[test]
    fn where_the_scope_ends_is_part_of_it() {
        let [one, two] = [("a", "bc"), ("ab", "c")].map(|(s, k)| RequestKey::new(s, k).unwrap());
        assert_ne!(one.digest(), two.digest());
    }

    #[test]
    fn neither_is_shown() {
        let shown = format!("{:?}", RequestKey::new("ada", "secret").unwrap());
        assert!(!shown.contains("ada") && !shown.contains("secret"), "{shown}");
    }
}
