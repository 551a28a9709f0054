//! What an adapter answers when it cannot do what it was asked.
//!
//! The protocol needs one thing of an error more than its text: whether the
//! effect may have happened. That is its [`StoreErrorKind`]; everything else is
//! the adapter's own error, kept as the source.
//!
//! All error enums of the crate may gain variants in minor versions; what fields a variant has is fixed.
//!
//! ```
//! use strangler_fig::error::{StoreError, StoreErrorKind};
//!
//! /// What a caller says when a save has failed.
//! fn message(error: &StoreError) -> &'static str {
//!     match error.kind() {
//!         StoreErrorKind::Rejected => "this cannot be saved",
//!         StoreErrorKind::Conflict => "it has changed meanwhile",
//!         StoreErrorKind::Unavailable => "it was not saved",
//!         _ => "it may have been saved",
//!     }
//! }
//!
//! assert_eq!(message(&StoreError::unknown("timeout")), "it may have been saved");
//! ```

use std::error::Error;
use std::fmt::{self, Write as _};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

mod json;
mod quoted;
mod unseen;

pub use json::JsonError;
pub(crate) use quoted::Quoted;
pub(crate) use unseen::is_unseen;

/// Whether, and how surely, a failed call had no effect.
///
/// ```
/// use std::io;
/// use strangler_fig::error::StoreErrorKind;
///
/// /// How an adapter over a socket might tell them apart.
/// fn kind_of(error: &io::Error) -> StoreErrorKind {
///     match error.kind() {
///         io::ErrorKind::ConnectionRefused => StoreErrorKind::Unavailable,
///         _ => StoreErrorKind::Unknown,
///     }
/// }
///
/// let timeout = io::Error::from(io::ErrorKind::TimedOut);
/// assert_eq!(kind_of(&timeout), StoreErrorKind::Unknown);
/// assert_eq!(StoreErrorKind::Unknown.to_string(), "it may or may not have happened");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A definite no by the domain, a violated constraint say; nothing changed.
    Rejected,
    /// Something the caller expected is not so; nothing changed.
    Conflict,
    /// Definitely not executed.
    Unavailable,
    /// It may have happened, may not have, or may yet happen: a timeout, a
    /// broken connection. An adapter in doubt answers this.
    Unknown,
}

impl StoreErrorKind {
    /// Whether the call surely changed nothing.
    ///
    /// ```
    /// use strangler_fig::error::StoreErrorKind;
    /// assert!(StoreErrorKind::Rejected.is_definite());
    /// assert!(!StoreErrorKind::Unknown.is_definite());
    /// ```
    #[must_use]
    pub const fn is_definite(self) -> bool {
        !matches!(self, Self::Unknown)
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Rejected => "the store rejected it",
            Self::Conflict => "the store holds something else than was expected",
            Self::Unavailable => "the store is unavailable; nothing was done",
            Self::Unknown => "it may or may not have happened",
        }
    }
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

/// The error of every contract users implement: a kind, and the adapter's own
/// error as the source. Clones share the source, so that one failure can answer
/// for several records.
///
/// ```
/// use strangler_fig::error::{StoreError, StoreErrorKind};
///
/// let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
/// let error = StoreError::unavailable(refused);
///
/// assert_eq!(error.kind(), StoreErrorKind::Unavailable);
/// assert!(error.is_retryable());
/// assert!(error.downcast_ref::<std::io::Error>().is_some());
///
/// // A plain text is source enough.
/// let definite = [StoreError::rejected("the name is taken"), StoreError::conflict("changed")];
/// assert!(definite.iter().all(|error| error.kind().is_definite()));
/// let doubt = StoreError::new(StoreErrorKind::Unknown, "timeout");
/// assert_eq!(doubt.kind(), StoreError::unknown("timeout").kind());
/// ```
#[derive(Debug, Clone)]
pub struct StoreError {
    kind: StoreErrorKind,
    /// In milliseconds: small enough to cost a result nothing.
    retry_after: Option<NonZeroU32>,
    source: Arc<dyn Error + Send + Sync>,
}

impl StoreError {
    /// An error of `kind` caused by `source`; a plain text will do.
    pub fn new(kind: StoreErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, retry_after: None, source: source.into().into() }
    }

    /// A definite no by the domain; nothing changed.
    pub fn rejected(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(StoreErrorKind::Rejected, source)
    }

    /// An expectation of the caller is not so; nothing changed.
    pub fn conflict(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(StoreErrorKind::Conflict, source)
    }

    /// Definitely not executed.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(StoreErrorKind::Unavailable, source)
    }

    /// May or may not have happened, now or later.
    pub fn unknown(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(StoreErrorKind::Unknown, source)
    }

    /// Whether, and how surely, the call had no effect.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// The same, and when the store wants to be called again: what a `Retry-After`
    /// says. Rounded up to milliseconds, at most 49 days.
    ///
    /// ```
    /// use std::time::Duration;
    /// use strangler_fig::error::StoreError;
    ///
    /// let busy = StoreError::unavailable("too many requests");
    /// assert_eq!(busy.retry_after(), None);
    /// let busy = busy.with_retry_after(Duration::from_secs(2));
    /// assert_eq!(busy.retry_after(), Some(Duration::from_secs(2)));
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, pause: Duration) -> Self {
        let millis = pause.as_nanos().div_ceil(1_000_000);
        self.retry_after = NonZeroU32::new(u32::try_from(millis).unwrap_or(u32::MAX));
        self
    }

    /// When the store wants to be called again, if it said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after.map(|millis| Duration::from_millis(u64::from(millis.get())))
    }

    /// The adapter's own error, if it is a `T`.
    ///
    /// ```
    /// use std::fmt;
    /// use strangler_fig::error::StoreError;
    ///
    /// let error = StoreError::rejected(fmt::Error);
    /// assert!(error.downcast_ref::<fmt::Error>().is_some());
    /// assert!(error.downcast_ref::<std::io::Error>().is_none());
    /// ```
    #[must_use]
    pub fn downcast_ref<T: Error + 'static>(&self) -> Option<&T> {
        self.source.downcast_ref()
    }

    /// Whether the same call may succeed when made again: it was not executed,
    /// or nobody knows. Every contract of this crate bears the repeat.
    ///
    /// ```
    /// use strangler_fig::error::StoreError;
    ///
    /// assert!(StoreError::unavailable("no connection").is_retryable());
    /// assert!(StoreError::unknown("timeout").is_retryable());
    /// assert!(!StoreError::rejected("the name is taken").is_retryable());
    /// assert!(!StoreError::conflict("it has changed").is_retryable());
    /// ```
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unavailable | StoreErrorKind::Unknown)
    }

    /// What failed and why, in one line: for reports and logs, which keep no errors. A long account is cut, and what
    /// would break the line or turn it around is written out.
    ///
    /// ```
    /// use strangler_fig::error::StoreError;
    ///
    /// let error = StoreError::rejected("the name is taken");
    /// assert_eq!(error.with_causes(), "the store rejected it: the name is taken");
    /// ```
    #[must_use]
    pub fn with_causes(&self) -> String {
        with_causes(self)
    }

    /// The same source under another kind.
    ///
    /// ```
    /// use strangler_fig::error::{StoreError, StoreErrorKind};
    ///
    /// // A read has no effect: nothing is in doubt.
    /// let error = StoreError::unknown("timeout").with_kind(StoreErrorKind::Unavailable);
    /// assert!(error.kind().is_definite());
    /// ```
    #[must_use]
    pub fn with_kind(mut self, kind: StoreErrorKind) -> Self {
        self.kind = kind;
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// The longest account of an error, in characters: its causes may quote what was sent.
const ACCOUNT_MAX: usize = 1_000;

/// An error and its causes, in one line of bounded length in which everything is seen.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut account = Account::default();
    // It fails when there is no room left.
    let _ = write!(account, "{error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        if write!(account, ": {error}").is_err() {
            break;
        }
        cause = error.source();
    }
    account.text
}

/// A text of somebody else's, in such a line.
pub(crate) fn in_one_line(text: &str) -> String {
    let mut account = Account::default();
    let _ = account.write_str(text);
    account.text
}

#[derive(Default)]
struct Account {
    text: String,
    length: usize,
}

impl fmt::Write for Account {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            let shown = if is_unseen(c) { c.escape_unicode().len() } else { 1 };
            if self.length + shown >= ACCOUNT_MAX {
                // Once: whoever writes may go on all the same.
                self.text.extend((self.length < ACCOUNT_MAX).then_some('…'));
                self.length = ACCOUNT_MAX;
                return Err(fmt::Error);
            }
            self.length += shown;
            if is_unseen(c) { self.text.extend(c.escape_unicode()) } else { self.text.push(c) }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_failed_and_the_source_why() {
        let error = StoreError::unknown("connection reset");
        assert_eq!(error.to_string(), "it may or may not have happened");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("connection reset"));
    }

    #[test]
    fn an_account_is_one_line_of_bounded_length_in_which_everything_is_seen() {
        let account = StoreError::rejected("a\nb\u{1b}[31m\u{202e}c").with_causes();
        assert_eq!(account, "the store rejected it: a\\u{a}b\\u{1b}[31m\\u{202e}c");
        let long = StoreError::rejected("x".repeat(1_000_000)).with_causes();
        assert!(long.chars().count() == ACCOUNT_MAX && long.ends_with('…'));
    }

    /// It goes on writing when it is told to stop.
    #[derive(Debug)]
    struct Stubborn;

    impl fmt::Display for Stubborn {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for _ in 0..5_000 {
                let _ = f.write_str("x");
            }
            Ok(())
        }
    }

    impl Error for Stubborn {}

    #[test]
    fn what_could_steer_a_terminal_or_forge_a_line_is_written_out() {
        assert_eq!(in_one_line("a\x1b[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d");
        assert_eq!(in_one_line(&"x".repeat(1 << 20)).chars().count(), ACCOUNT_MAX);
    }

    #[test]
    fn an_error_that_does_not_stop_is_cut_once() {
        let account = StoreError::rejected(Stubborn).with_causes();
        assert_eq!((account.chars().count(), account.matches('…').count()), (ACCOUNT_MAX, 1));
    }

    #[test]
    fn only_unknown_leaves_the_effect_open() {
        use StoreErrorKind::{Conflict, Rejected, Unavailable, Unknown};
        let open: Vec<_> = [Rejected, Conflict, Unavailable, Unknown]
            .into_iter()
            .filter(|kind| !kind.is_definite())
            .collect();
        assert_eq!(open, [Unknown]);
    }
}
