use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::document::read_whole;
use super::{Cause, EntryError, Payload, SagaId, SagaName};
use crate::phase::{Actor, NodeId, Reason};

/// Where a saga stands, in a word.
///
/// ```
/// use strangler_fig::saga::SagaStatus;
///
/// assert!(SagaStatus::RolledBack.is_over() && !SagaStatus::Parked.is_over());
/// assert_eq!("parked".parse::<SagaStatus>()?, SagaStatus::Parked);
/// # Ok::<(), strangler_fig::saga::SagaStatusError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SagaStatus {
    /// On its way.
    Running,
    /// On its way back.
    Unwinding,
    /// It waits for an operator.
    Parked,
    /// Over: every step has had its effect.
    Committed,
    /// Over: no step has one.
    RolledBack,
    /// Over by an operator's word, with whatever effects are left.
    GivenUp,
}

impl SagaStatus {
    /// Each of them.
    pub const ALL: &'static [Self] = &[
        Self::Running,
        Self::Unwinding,
        Self::Parked,
        Self::Committed,
        Self::RolledBack,
        Self::GivenUp,
    ];

    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Committed | Self::RolledBack | Self::GivenUp)
    }

    /// Whether a runner can go on with it.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Unwinding)
    }

    /// Its stable name, fit for a label and a column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Unwinding => "unwinding",
            Self::Parked => "parked",
            Self::Committed => "committed",
            Self::RolledBack => "rolled_back",
            Self::GivenUp => "given_up",
        }
    }
}

impl fmt::Display for SagaStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that is no [`SagaStatus`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no status of a saga")]
pub struct SagaStatusError(String);

impl FromStr for SagaStatus {
    type Err = SagaStatusError;

    fn from_str(text: &str) -> Result<Self, SagaStatusError> {
        let found = Self::ALL.iter().copied().find(|status| status.name() == text);
        found.ok_or_else(|| SagaStatusError(text.chars().take(100).collect()))
    }
}

/// How a saga ended.
///
/// ```
/// use strangler_fig::saga::{Cause, SagaOutcome, SagaStatus};
///
/// let outcome = SagaOutcome::RolledBack { cause: Cause::Deadline };
/// assert_eq!(outcome.status(), SagaStatus::RolledBack);
/// let text = outcome.to_document();
/// assert_eq!(text, r#"{"rolled_back":{"cause":"deadline"}}"#);
/// assert_eq!(SagaOutcome::from_document(&text)?, outcome);
/// # Ok::<(), strangler_fig::saga::EntryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SagaOutcome {
    /// Every step has had its effect.
    Committed {
        /// What it hands on.
        output: Payload,
    },
    /// No step has one.
    RolledBack {
        /// Why it turned back.
        cause: Cause,
    },
    /// An operator gave it up.
    GivenUp {
        /// Who.
        actor: Actor,
        /// Why.
        reason: Reason,
    },
}

impl SagaOutcome {
    /// The same, in a word.
    #[must_use]
    pub const fn status(&self) -> SagaStatus {
        match self {
            Self::Committed { .. } => SagaStatus::Committed,
            Self::RolledBack { .. } => SagaStatus::RolledBack,
            Self::GivenUp { .. } => SagaStatus::GivenUp,
        }
    }

    /// The outcome as JSON, to be stored.
    ///
    /// # Panics
    ///
    /// Never: every outcome has a JSON form.
    #[must_use]
    pub fn to_document(&self) -> String {
        serde_json::to_string(self).expect("every field has a JSON form")
    }

    /// The outcome in a document.
    ///
    /// # Errors
    ///
    /// When it is none: the field that is wrong, by its path.
    pub fn from_document(text: &str) -> Result<Self, EntryError> {
        read_whole(text)
    }
}

/// Which definition a saga runs by: its name, the version its author gave it, and the
/// fingerprint of its steps. A runner goes on with no other.
///
/// ```
/// use strangler_fig::saga::DefinitionId;
///
/// let id: DefinitionId = "checkout@3#00000000000000ff".parse()?;
/// assert_eq!((id.name.as_str(), id.version, id.fingerprint), ("checkout", 3, 255));
/// assert_eq!(id.to_string(), "checkout@3#00000000000000ff");
/// # Ok::<(), strangler_fig::saga::DefinitionIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DefinitionId {
    /// Which kind of saga.
    pub name: SagaName,
    /// Which version of it.
    pub version: u32,
    /// What its steps are, as a hash of their names and of what follows what.
    pub fingerprint: u64,
}

/// A text that is no [`DefinitionId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a definition is a name, @, a version, # and 16 hex digits, not {0:?}")]
pub struct DefinitionIdError(String);

impl FromStr for DefinitionId {
    type Err = DefinitionIdError;

    /// What [`Display`](fmt::Display) writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, DefinitionIdError> {
        let parsed = || {
            let (name, rest) = text.split_once('@')?;
            let (version, fingerprint) = rest.split_once('#')?;
            let id = Self {
                name: name.parse().ok()?,
                version: version.parse().ok()?,
                fingerprint: u64::from_str_radix(fingerprint, 16).ok()?,
            };
            (id.to_string() == text).then_some(id)
        };
        parsed().ok_or_else(|| DefinitionIdError(text.chars().take(200).collect()))
    }
}

impl TryFrom<String> for DefinitionId {
    type Error = DefinitionIdError;

    fn try_from(text: String) -> Result<Self, DefinitionIdError> {
        text.parse()
    }
}

impl From<DefinitionId> for String {
    fn from(id: DefinitionId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for DefinitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}#{:016x}", self.name, self.version, self.fingerprint)
    }
}

/// A saga to be recorded.
///
/// ```
/// use strangler_fig::saga::NewSaga;
///
/// let saga = NewSaga {
///     id: "order:4711".parse()?,
///     definition: "checkout@3#00000000000000ff".parse()?,
///     input: 42,
///     parent: None,
/// };
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSaga {
    /// Its id.
    pub id: SagaId,
    /// What it runs by.
    pub definition: DefinitionId,
    /// The hash of its input, which outlives the input.
    pub input: u128,
    /// The saga that it is a step of.
    pub parent: Option<SagaId>,
}

/// What a journal knows of a saga without reading its entries. It outlives them.
///
/// ```
/// use strangler_fig::saga::SagaHeader;
///
/// fn line(header: &SagaHeader) -> String {
///     let holder = header.holder.as_ref().map_or("nobody".to_owned(), ToString::to_string);
///     format!("{} is {}, held by {holder}", header.id, header.status)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SagaHeader {
    /// Which saga.
    pub id: SagaId,
    /// What it runs by.
    pub definition: DefinitionId,
    /// The hash of its input.
    pub input: u128,
    /// The saga that it is a step of.
    pub parent: Option<SagaId>,
    /// Where it stands, as the last append said.
    pub status: SagaStatus,
    /// How it ended, if it has.
    pub outcome: Option<SagaOutcome>,
    /// How many entries were recorded, those purged since included.
    pub length: u64,
    /// The epoch of its newest claim.
    pub epoch: u64,
    /// Who holds it now.
    pub holder: Option<NodeId>,
    /// How long ago it last changed, by the journal's clock.
    pub idle: Duration,
    /// Whether its entries are gone.
    pub is_purged: bool,
}

impl SagaHeader {
    /// That of a saga as it was recorded: nobody holds it, it was never claimed, and it has no entries.
    #[must_use]
    pub fn new(saga: &NewSaga, status: SagaStatus) -> Self {
        let NewSaga { id, definition, input, parent } = saga.clone();
        Self {
            id,
            definition,
            input,
            parent,
            status,
            outcome: None,
            length: 0,
            epoch: 0,
            holder: None,
            idle: Duration::ZERO,
            is_purged: false,
        }
    }
}

/// The right to write to a saga, until another runner has claimed it.
///
/// ```
/// use strangler_fig::saga::SagaClaim;
///
/// fn line(claim: &SagaClaim) -> String {
///     format!("saga {}, claim {}", claim.saga, claim.epoch)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SagaClaim {
    /// Which saga.
    pub saga: SagaId,
    /// Larger than that of every claim of this saga before.
    pub epoch: u64,
}
