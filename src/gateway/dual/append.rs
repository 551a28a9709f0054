use std::time::Duration;

use super::RequestNote;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A note to be recorded, and what holds after it.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::gateway::dual::{RequestAppend, RequestNote};
///
/// let minute = Duration::from_secs(60);
/// let append = RequestAppend::new(0, &RequestNote::Parked, minute);
/// assert!(append.due.is_zero() && append.with_due(minute).due == minute);
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RequestAppend<'a> {
    /// How many notes there are before it.
    pub position: u32,
    /// The note.
    pub note: &'a RequestNote,
    /// After which time the request is due, if it is open and the claim is given back.
    pub due: Duration,
    /// For how long the claim is held anew, if it is kept.
    pub term: Duration,
}

impl<'a> RequestAppend<'a> {
    /// The note at `position`, counted from 0; what is open after it is due at once, and a claim that it keeps is held for
    /// `term`.
    #[must_use]
    pub const fn new(position: u32, note: &'a RequestNote, term: Duration) -> Self {
        Self { position, note, due: Duration::ZERO, term }
    }

    /// The same; what is open after it is due when `due` has passed.
    #[must_use]
    pub const fn with_due(mut self, due: Duration) -> Self {
        self.due = due;
        self
    }
}

/// How long what is closed is kept.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::gateway::dual::RequestRetention;
///
/// let retention = RequestRetention::default().with_content(Duration::from_secs(60));
/// assert_eq!(retention.key, Duration::from_secs(7 * 24 * 60 * 60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRetention {
    /// How long its method, target, headers and body are; 1 h by default.
    pub content: Duration,
    /// How long all else is, found by its key; 7 days by default.
    pub key: Duration,
}

impl Default for RequestRetention {
    fn default() -> Self {
        Self { content: HOUR, key: HOUR * 24 * 7 }
    }
}

impl RequestRetention {
    /// The same, keeping the content for so long.
    #[must_use]
    pub const fn with_content(mut self, content: Duration) -> Self {
        self.content = content;
        self
    }

    /// The same, keeping the key for so long.
    #[must_use]
    pub const fn with_key(mut self, key: Duration) -> Self {
        self.key = key;
        self
    }
}
