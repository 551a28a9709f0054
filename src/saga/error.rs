use super::{DefinitionId, OutOfOrder, SagaId, SagaIdError, SagaStatus};
use crate::error::StoreError;

/// Why an orchestrator could not do what it was asked.
///
/// ```
/// use strangler_fig::saga::SagaError;
///
/// let error = SagaError::NotFound { saga: "order:4711".parse()? };
/// assert_eq!(error.to_string(), "there is no saga order:4711");
/// assert!(!error.is_retryable());
/// # Ok::<(), strangler_fig::saga::SagaIdError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SagaError {
    /// The journal failed.
    #[error("the journal of saga {saga} failed")]
    Journal {
        /// Which saga.
        saga: SagaId,
        /// What the adapter reported.
        source: StoreError,
    },
    /// The journal failed, and no saga in particular.
    #[error("the sagas could not be listed")]
    List {
        /// What the adapter reported.
        source: StoreError,
    },
    /// The input has no JSON.
    #[error("the input of saga {saga} cannot be written: {because}")]
    Input {
        /// Which saga.
        saga: SagaId,
        /// Why.
        because: String,
    },
    /// There is a saga of this id that was started with something else.
    #[error("saga {saga} was started before, with another input")]
    OtherInput {
        /// Which.
        saga: SagaId,
    },
    /// There is a saga of this id of another kind.
    #[error("saga {saga} was started before, by definition {found}")]
    OtherDefinition {
        /// Which.
        saga: SagaId,
        /// What it runs by.
        found: DefinitionId,
    },
    /// There is none.
    #[error("there is no saga {saga}")]
    NotFound {
        /// Which.
        saga: SagaId,
    },
    /// Another runner holds it.
    #[error("saga {saga} is held by another runner")]
    Held {
        /// Which.
        saga: SagaId,
    },
    /// It is over, and its entries are gone.
    #[error("saga {saga} is {status}, and purged")]
    Purged {
        /// Which.
        saga: SagaId,
        /// How it ended.
        status: SagaStatus,
    },
    /// No definition of this id is registered here.
    #[error("saga {saga} runs by definition {definition}, which is not registered here")]
    UnknownDefinition {
        /// Which saga.
        saga: SagaId,
        /// What it runs by.
        definition: DefinitionId,
    },
    /// What is asked cannot follow, or the journal was written by something else.
    #[error("saga {saga} is not where that can be done")]
    OutOfOrder {
        /// Which saga.
        saga: SagaId,
        /// Why.
        #[source]
        source: OutOfOrder,
    },
    /// What was written down is not what the definition reads.
    #[error("saga {saga}: {what} cannot be read: {because}")]
    Unreadable {
        /// Which saga.
        saga: SagaId,
        /// The input, or the output of which step.
        what: String,
        /// Why.
        because: String,
    },
    /// It was told to end, and starts nothing more.
    #[error("the orchestrator is stopping, and starts no saga")]
    Stopping,
    /// The id would be too long for the sagas that are steps of it.
    #[error(transparent)]
    Id(#[from] SagaIdError),
}

impl SagaError {
    /// Whether the same may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Journal { source, .. } | Self::List { source } => source.is_retryable(),
            Self::Held { .. } | Self::Stopping => true,
            _ => false,
        }
    }
}
