use std::fmt;

use serde::{Deserialize, Serialize};

use crate::phase::{Actor, Reason, Side};
use crate::stamp::Stamp;

/// What has become of a dual-written request, in the order in which it did.
///
/// ```
/// use strangler_fig::gateway::dual::{RequestNote, Trouble};
/// use strangler_fig::phase::Side;
///
/// let note = RequestNote::Failed { side: Side::Modern, why: Trouble::Status(500) };
/// let text = serde_json::to_string(&note)?;
/// assert_eq!(text, r#"{"failed":{"side":"modern","why":{"status":500}}}"#);
/// assert_eq!(serde_json::from_str::<RequestNote>(&text)?, note);
/// assert!(!note.keeps_claim() && RequestNote::Reopened { stamp: Default::default() }.keeps_claim());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum RequestNote {
    /// A side has done what it was asked.
    Answered {
        /// Which.
        side: Side,
        /// With which status.
        status: u16,
    },
    /// A side will not do it, and has changed nothing.
    Refused {
        /// Which.
        side: Side,
        /// With which status.
        status: u16,
    },
    /// Surely nobody was sent it, and nobody will be.
    Withdrawn,
    /// The first side was sent it, or may have been, and nobody knows what came of it.
    Doubtful {
        /// Which.
        side: Side,
        /// What went wrong.
        why: Trouble,
    },
    /// The other side, which the first one's answer binds, has not done it yet.
    Failed {
        /// Which.
        side: Side,
        /// What went wrong.
        why: Trouble,
    },
    /// It was tried often enough, and waits for an operator.
    Parked,
    /// An operator wants it tried again.
    Retried {
        /// Who.
        actor: Actor,
        /// Why.
        reason: Reason,
        /// Whether it is to be sent once even if a side may have forgotten its key.
        #[serde(default, skip_serializing_if = "is_not")]
        however_old: bool,
    },
    /// An operator has seen to it by hand: nothing is sent any more.
    Resolved {
        /// Who.
        actor: Actor,
        /// Why.
        reason: Reason,
    },
    /// What was withdrawn was asked for again.
    Reopened {
        /// Its new place in the order of writes: it begins only now.
        stamp: Stamp,
    },
}

impl RequestNote {
    /// Whether whoever writes it down goes on; else the claim is given back with it.
    #[must_use]
    pub const fn keeps_claim(&self) -> bool {
        matches!(self, Self::Answered { .. } | Self::Reopened { .. })
    }

    /// Whether what became of claims before it does not matter any more: after it a side is next that nobody has
    /// sent it, or an operator has looked into what was sent.
    #[must_use]
    pub const fn begins_anew(&self) -> bool {
        matches!(self, Self::Answered { .. } | Self::Retried { .. } | Self::Reopened { .. })
    }

    /// Its stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Answered { .. } => "answered",
            Self::Refused { .. } => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Doubtful { .. } => "doubtful",
            Self::Failed { .. } => "failed",
            Self::Parked => "parked",
            Self::Retried { .. } => "retried",
            Self::Resolved { .. } => "resolved",
            Self::Reopened { .. } => "reopened",
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about so")]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

/// Why a side has not answered.
///
/// ```
/// use strangler_fig::gateway::dual::Trouble;
/// assert_eq!(Trouble::Status(503).to_string(), "it answered 503");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trouble {
    /// It was not sent.
    Unsent,
    /// The side's circuit breaker is open.
    Open,
    /// The side's bulkhead is full.
    Full,
    /// No answer came in time.
    Late,
    /// The connection broke.
    Broken,
    /// An answer that is neither a yes nor a no.
    Status(u16),
    /// The upstream, or what judges its answers, panicked.
    Panicked,
    /// What was written down is no request.
    NoRequest,
    /// Too much was under way here to wait for its answer.
    Saturated,
}

impl Trouble {
    /// Whether the side may have been sent something: only that counts as an attempt.
    ///
    /// ```
    /// use strangler_fig::gateway::dual::Trouble;
    /// assert!(Trouble::Late.is_attempt() && !Trouble::Open.is_attempt());
    /// ```
    #[must_use]
    pub const fn is_attempt(self) -> bool {
        !matches!(self, Self::Unsent | Self::Open | Self::Full)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsent => "it was not sent",
            Self::Open => "the circuit breaker is open",
            Self::Full => "the bulkhead is full",
            Self::Late => "no answer came in time",
            Self::Broken => "the connection broke",
            Self::Status(status) => return write!(f, "it answered {status}"),
            Self::Panicked => "the upstream or the judge panicked",
            Self::NoRequest => "what was written down is no request",
            Self::Saturated => "too much was under way",
        })
    }
}
