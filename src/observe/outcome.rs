//! The words that events are told in.

/// The kinds of operations.
///
/// ```
/// use strangler_fig::observe::{Event, Operation};
///
/// let (from, to) = ("shadow", "cutover");
/// let rerun = Event::Rerun { operation: Operation::Read, from, to };
/// assert!(matches!(rerun, Event::Rerun { operation: Operation::Read, .. }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// A read of one key.
    Read,
    /// A save or a deletion.
    Write,
    /// Any other query.
    Query,
}

impl Operation {
    /// Its name: `read`, `write` or `query`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Query => "query",
        }
    }
}

/// How an operation ended.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::observe::{Event, Operation, Outcome};
///
/// let answered = Event::Operated {
///     operation: Operation::Write,
///     phase: "dual_write",
///     outcome: Outcome::Done,
///     duration: Some(Duration::from_millis(3)),
/// };
/// assert!(matches!(answered, Event::Operated { outcome: Outcome::Done, .. }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was answered by the other side, by opt-in.
    FellBack,
    /// A store refused it by its own rules, a constraint say. Surely without effect.
    Refused,
    /// It failed, surely without effect.
    Failed,
    /// It may or may not have happened.
    Unknown,
}

impl Outcome {
    /// Its name: `done`, `fell_back`, `refused`, `failed` or `unknown`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::FellBack => "fell_back",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// How the lenient side of a write ended.
///
/// ```
/// use strangler_fig::observe::{Event, LenientOutcome};
///
/// let failed = Event::Lenient { side: "modern", outcome: LenientOutcome::TimedOut };
/// assert!(!matches!(failed, Event::Lenient { outcome: LenientOutcome::Applied, .. }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LenientOutcome {
    /// The side holds the write, or a later one.
    Applied,
    /// The side failed.
    Failed,
    /// The side's adapter panicked.
    Panicked,
    /// Too many were unfinished; it was given up.
    Saturated,
    /// It did not finish by its deadline.
    TimedOut,
}

impl LenientOutcome {
    /// Its name: `applied`, `failed`, `panicked`, `saturated` or `timed_out`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Saturated => "saturated",
            Self::TimedOut => "timed_out",
        }
    }
}

/// What came of a shadow read.
///
/// ```
/// use strangler_fig::observe::{Comparison, Event};
///
/// let compared = Event::Compared { side: "modern", result: Comparison::Mismatch };
/// assert!(matches!(compared, Event::Compared { result: Comparison::Mismatch, .. }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Comparison {
    /// Both sides hold the same.
    Match,
    /// They differ, also when read again.
    Mismatch,
    /// The record changed while it was compared.
    Unsettled,
    /// The other side failed, panicked or hung.
    Failed,
    /// Too many comparisons were under way, or a side's policy had no place to spare; none
    /// was made.
    Skipped,
}

impl Comparison {
    /// Its name: `match`, `mismatch`, `unsettled`, `failed` or `skipped`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::Unsettled => "unsettled",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What the answer of a store counts for.
///
/// ```
/// use strangler_fig::observe::Role;
///
/// assert_eq!([Role::Primary, Role::Secondary].map(Role::name), ["primary", "secondary"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// It is the side that counts. In `Cutover`, where both do, this is legacy, whose write comes first.
    Primary,
    /// It is the other side: strictly written, leniently, or only compared.
    Secondary,
}

impl Role {
    /// `primary` or `secondary`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }
}
