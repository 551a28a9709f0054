use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::stamp::EntropyError;

/// The id of what a dual-written request creates, made once by the gateway and sent to both sides.
///
/// 32 lower-case hexadecimal digits: 48 bits of Unix milliseconds, so that ids of one time are
/// neighbours in an index, and 80 random ones. It says nothing of who made it.
///
/// ```
/// use strangler_fig::gateway::dual::EntityId;
///
/// let (earlier, later) = (EntityId::random_at(1_000)?, EntityId::random_at(1_001)?);
/// assert!(earlier < later);
/// assert_eq!(later.to_string().parse(), Ok(later));
/// # Ok::<(), strangler_fig::stamp::EntropyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntityId(u128);

/// A text that is no such id.
///
/// ```
/// use strangler_fig::gateway::dual::EntityId;
/// assert!("4711".parse::<EntityId>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 lower-case hexadecimal digits")]
pub struct EntityIdError;

impl EntityId {
    /// A fresh one, made at that time, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// When the operating system has no entropy to give.
    pub fn random_at(unix_millis: u64) -> Result<Self, EntropyError> {
        let mut bits = random()?;
        bits &= (1 << 80) - 1;
        Ok(Self(u128::from(unix_millis) << 80 | bits))
    }
}

/// 128 random bits.
pub(super) fn random() -> Result<u128, EntropyError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(EntropyError)?;
    Ok(u128::from_ne_bytes(bytes))
}

impl FromStr for EntityId {
    type Err = EntityIdError;

    fn from_str(text: &str) -> Result<Self, EntityIdError> {
        let are_plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let digits = (text.len() == 32 && are_plain).then_some(text).ok_or(EntityIdError)?;
        u128::from_str_radix(digits, 16).map(Self).map_err(|_| EntityIdError)
    }
}

impl TryFrom<String> for EntityId {
    type Error = EntityIdError;

    fn try_from(text: String) -> Result<Self, EntityIdError> {
        text.parse()
    }
}

impl From<EntityId> for String {
    fn from(id: EntityId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
