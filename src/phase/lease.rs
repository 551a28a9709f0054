use std::fmt;
use std::num::ParseIntError;

use serde::{Deserialize, Serialize};

use super::NodeName;
use crate::stamp::{EntropyError, StampScope};

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

        impl TryFrom<String> for $type {
            type Error = ParseIntError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                u128::from_str_radix(&text, 16).map(Self)
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
    Incarnation
}

random_id! {
    /// One move of the state. It tells two writers of one epoch apart, and lets
    /// a writer recognise its own move when an answer was lost.
    MoveId
}

/// The key of a lease: a name and one life of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId {
    /// The operators' name.
    pub name: NodeName,
    /// Which life of that name.
    pub incarnation: Incarnation,
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.incarnation)
    }
}

/// The state a node works by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// Its epoch.
    pub epoch: u64,
    /// The move that made it.
    pub move_id: MoveId,
}

/// Where the stamps of both sides live, on one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scopes {
    /// Of the legacy side.
    pub legacy: StampScope,
    /// Of the modern side.
    pub modern: StampScope,
}

impl Scopes {
    /// Whether a side keeps its stamps in the process.
    #[must_use]
    pub fn any_process(self) -> bool {
        [self.legacy, self.modern].contains(&StampScope::Process)
    }
}

/// What a node says of itself in the migration-state service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLease {
    /// Whose lease.
    pub node: NodeId,
    /// The state it has adopted; `None` while it starts.
    pub adopted: Option<Adopted>,
    /// Where its stamps live.
    pub scopes: Scopes,
    /// Divergences known to this node that forbid a first `Cutover`: modern is
    /// ahead of what legacy shows.
    pub holds: u64,
}
