use std::error::Error;
use std::num::NonZeroU32;

use super::EventType;

/// Why an event of an old form could not be brought to the form that is read.
///
/// ```
/// use std::num::NonZeroU32;
/// use strangler_fig::event::UpcastError;
///
/// let newer = UpcastError::Newer {
///     event_type: "order.paid".parse()?,
///     reads: NonZeroU32::MIN,
///     found: NonZeroU32::MAX,
/// };
/// assert!(newer.is_retryable(), "somebody else was deployed first");
/// # Ok::<(), strangler_fig::event::TextError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpcastError {
    /// A step has failed, or panicked.
    #[error("version {version} of {event_type} could not be brought to the next one")]
    Failed {
        /// What it was.
        event_type: EventType,
        /// In which form.
        version: NonZeroU32,
        /// What the step said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A step has made another event of it, or leads no further.
    #[error("after version {version} of {event_type} comes another event, or the same version")]
    Lost {
        /// What it was.
        event_type: EventType,
        /// In which form.
        version: NonZeroU32,
    },
    /// There is a step after each step: types become each other.
    #[error("the steps of {event_type} have no end")]
    Endless {
        /// What it was, after the last step that was made.
        event_type: EventType,
    },
    /// It is of a form that is not read here yet.
    #[error("version {found} of {event_type} is not read here yet, but {reads}")]
    Newer {
        /// What it is.
        event_type: EventType,
        /// What is read.
        reads: NonZeroU32,
        /// What it is in.
        found: NonZeroU32,
    },
    /// It is of a form from which no step leads to the one that is read.
    #[error("no step leads on from version {found} of {event_type}: {reads} is read")]
    Older {
        /// What it is.
        event_type: EventType,
        /// What is read.
        reads: NonZeroU32,
        /// What it is in.
        found: NonZeroU32,
    },
}

impl UpcastError {
    /// Whether it may go better later, by another build of whoever reads: nothing is wrong with the event.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Newer { .. } | Self::Older { .. })
    }
}
