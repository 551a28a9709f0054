use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::NodeName;
use crate::stamp::EntropyError;

/// A text that is no incarnation and no move id.
///
/// ```
/// use strangler_fig::phase::{IdError, MoveId};
///
/// let refused: IdError = "+FF".parse::<MoveId>().unwrap_err();
/// assert_eq!(refused.to_string(), "an id is 32 lower-case hexadecimal digits, not \"+FF\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 lower-case hexadecimal digits, not {0:?}")]
pub struct IdError(String);

fn digits(text: &str) -> Option<u128> {
    let are_plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (text.len() == 32 && are_plain).then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

macro_rules! random_id {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(u128);

        impl $type {
            /// A fresh one.
            ///
            /// # Errors
            ///
            /// When the operating system has no entropy to give.
            pub fn random() -> Result<Self, EntropyError> {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes).map_err(EntropyError)?;
                Ok(Self(u128::from_ne_bytes(bytes)))
            }

            /// A chosen one, for tests that must repeat.
            #[must_use]
            pub const fn fixed(bits: u128) -> Self {
                Self(bits)
            }
        }

        impl FromStr for $type {
            type Err = IdError;

            /// What [`Display`](fmt::Display) writes, and nothing else: one text for each id.
            fn from_str(text: &str) -> Result<Self, IdError> {
                digits(text).map(Self).ok_or_else(|| IdError(text.chars().take(200).collect()))
            }
        }

        impl TryFrom<String> for $type {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> Self {
                id.to_string()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }
    };
}

random_id! {
    /// One life of a node: a restart is another.
    ///
    /// ```
    /// use strangler_fig::phase::Incarnation;
    ///
    /// assert_ne!(Incarnation::random()?, Incarnation::random()?);
    /// assert_eq!(Incarnation::fixed(1), Incarnation::fixed(1));
    /// # Ok::<(), strangler_fig::stamp::EntropyError>(())
    /// ```
    Incarnation
}

random_id! {
    /// One move of the state. It tells two writers of one epoch apart, and lets
    /// a writer recognise its own move when an answer was lost.
    ///
    /// ```
    /// use strangler_fig::phase::MoveId;
    ///
    /// assert_ne!(MoveId::random()?, MoveId::random()?);
    /// assert_eq!(MoveId::fixed(255).to_string(), "000000000000000000000000000000ff");
    /// # Ok::<(), strangler_fig::stamp::EntropyError>(())
    /// ```
    MoveId
}

/// The key of a lease: a name and one life of it.
///
/// ```
/// use strangler_fig::phase::{Incarnation, NodeId};
///
/// let first = NodeId { name: "node-1".parse()?, incarnation: Incarnation::fixed(1) };
/// let restarted = NodeId { incarnation: Incarnation::fixed(2), ..first.clone() };
/// assert_ne!(first, restarted);
/// assert_eq!(first.to_string(), "node-1/00000000000000000000000000000001");
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId {
    /// The operators' name.
    pub name: NodeName,
    /// Which life of that name.
    pub incarnation: Incarnation,
}

/// A text that is no node id.
///
/// ```
/// use strangler_fig::phase::NodeId;
///
/// let wrong = "node-1".parse::<NodeId>().unwrap_err();
/// assert_eq!(wrong.to_string(), "a node id is a name, a slash and 32 hex digits, not \"node-1\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a node id is a name, a slash and 32 hex digits, not {0:?}")]
pub struct NodeIdError(String);

impl FromStr for NodeId {
    type Err = NodeIdError;

    /// What [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, NodeIdError> {
        let parsed = || {
            let (name, incarnation) = text.split_once('/')?;
            let incarnation = Incarnation(digits(incarnation)?);
            Some(Self { name: name.parse().ok()?, incarnation })
        };
        parsed().ok_or_else(|| NodeIdError(text.chars().take(200).collect()))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.incarnation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_text() {
        let own = Incarnation::fixed(0xAB).to_string();
        for other in [&own.to_uppercase(), "ab", "+ab", &format!("+{}", &own[1..]), ""] {
            assert_eq!(Incarnation::try_from(other.to_owned()), Err(IdError(other.to_owned())));
            let node = format!("node-1/{other}");
            assert_eq!(node.parse::<NodeId>(), Err(NodeIdError(node)));
        }
        assert_eq!(Incarnation::try_from(own), Ok(Incarnation::fixed(0xAB)));
    }

    #[test]
    fn a_node_id_is_read_as_it_is_written_and_in_no_other_way() {
        let node = NodeId { name: "node-1".parse().unwrap(), incarnation: Incarnation::fixed(255) };
        let text = "node-1/000000000000000000000000000000ff";
        assert_eq!(node.to_string(), text);
        assert_eq!(text.parse(), Ok(node));
        for wrong in [
            "node-1",
            "node-1/ff",
            "node-1/+00000000000000000000000000000ff",
            "node-1/00000000000000000000000000000000ff",
            "node-1/000000000000000000000000000000fg",
            "node 1/000000000000000000000000000000ff",
        ] {
            assert_eq!(wrong.parse::<NodeId>(), Err(NodeIdError(wrong.to_owned())));
        }
    }
}
