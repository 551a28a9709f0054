use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::document::read_whole;
use super::{EntryError, Payload, SagaId, SagaOutcome, StepName};
use crate::phase::{Actor, NodeId, Reason};

/// One line of a saga's journal: what is about to be done, or what came of it. What a
/// saga is, is what its entries add up to.
///
/// ```
/// use strangler_fig::saga::{Payload, SagaEntry};
///
/// let entry = SagaEntry::Succeeded { step: "charge".parse()?, output: Payload::of(&42)? };
/// let text = entry.to_document();
/// assert_eq!(text, r#"{"succeeded":{"step":"charge","output":42}}"#);
/// assert_eq!(SagaEntry::from_document(&text)?, entry);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A minor version may bring another variant; another field of one is a breaking change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SagaEntry {
    /// The saga exists: always the first entry, and no other.
    Begun {
        /// What it was started with.
        input: Payload,
        /// When it turns back at the latest, in milliseconds since 1970, unless it is past
        /// its pivot by then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline_unix_ms: Option<u64>,
        /// The W3C `traceparent` of whoever started it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        traceparent: Option<Arc<str>>,
    },
    /// Another runner has taken it over. What was under way may go on elsewhere.
    Resumed {
        /// Who.
        runner: NodeId,
    },
    /// The step is about to be executed.
    Started {
        /// Which.
        step: StepName,
    },
    /// The step has had its effect.
    Succeeded {
        /// Which.
        step: StepName,
        /// What it hands on.
        output: Payload,
    },
    /// An attempt to execute the step, or to learn what became of one, has failed.
    Failed {
        /// Which.
        step: StepName,
        /// What it reported, causes included.
        error: Arc<str>,
        /// What is known of its effect.
        doubt: Doubt,
        /// What comes next.
        then: Then,
    },
    /// It was told to turn back.
    Cancelled {
        /// Why.
        cause: Cause,
    },
    /// The step is about to be compensated.
    CompensationStarted {
        /// Which.
        step: StepName,
    },
    /// The step's effect is undone, or there was none.
    Compensated {
        /// Which.
        step: StepName,
    },
    /// An attempt to compensate the step has failed.
    CompensationFailed {
        /// Which.
        step: StepName,
        /// What it reported, causes included.
        error: Arc<str>,
        /// What comes next: to try again, or to wait for an operator.
        then: Then,
    },
    /// An operator has decided.
    Repaired {
        /// What.
        repair: Box<Repair>,
        /// Who.
        actor: Actor,
        /// Why.
        reason: Reason,
    },
    /// It is over.
    Ended {
        /// How.
        outcome: SagaOutcome,
    },
}

/// What is known of the effect of a failed attempt.
///
/// ```
/// use strangler_fig::saga::Doubt;
/// assert_eq!(serde_json::to_string(&Doubt::Raised).unwrap(), r#""raised""#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Doubt {
    /// This attempt surely had none; what earlier ones had is as it was.
    None,
    /// It may have had its effect, or have it yet.
    Raised,
    /// No attempt so far had one, nor will have.
    Cleared,
}

/// What comes after a failure. Pauses are drawn once, and written down.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::saga::Then;
/// assert_eq!(Then::retry(Duration::from_secs(2)), Then::Retry { after_ms: 2_000 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Then {
    /// The same again.
    Retry {
        /// After so many milliseconds.
        after_ms: u64,
    },
    /// The step is asked what became of it.
    Probe {
        /// After so many milliseconds.
        after_ms: u64,
    },
    /// The saga turns back.
    Unwind,
    /// It waits for an operator.
    Park,
}

impl Then {
    /// The same again, after a pause; fractions of a millisecond are dropped.
    #[must_use]
    pub fn retry(pause: Duration) -> Self {
        Self::Retry { after_ms: millis(pause) }
    }

    /// To ask what became of it, after a pause.
    #[must_use]
    pub fn probe(pause: Duration) -> Self {
        Self::Probe { after_ms: millis(pause) }
    }
}

fn millis(pause: Duration) -> u64 {
    u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)
}

/// Why a saga turned back.
///
/// ```
/// use strangler_fig::saga::Cause;
///
/// let cause = Cause::Cancelled { actor: "ada".parse()?, reason: "out of stock".parse()? };
/// assert_eq!(cause.to_string(), "cancelled by ada: out of stock");
/// # Ok::<(), strangler_fig::phase::NoteError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Cause {
    /// A step failed, or its effect could not be learnt.
    Failed {
        /// Which.
        step: StepName,
        /// What it reported.
        error: Arc<str>,
    },
    /// Somebody cancelled it.
    Cancelled {
        /// Who.
        actor: Actor,
        /// Why.
        reason: Reason,
    },
    /// Its time was up.
    Deadline,
    /// The saga that it is a step of turned back.
    Recalled {
        /// That saga.
        parent: SagaId,
    },
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed { step, error } => write!(f, "step {step} failed: {error}"),
            Self::Cancelled { actor, reason } => write!(f, "cancelled by {actor}: {reason}"),
            Self::Deadline => f.write_str("its deadline has passed"),
            Self::Recalled { parent } => write!(f, "recalled by saga {parent}"),
        }
    }
}

/// What an operator decides about a saga that waits for one.
///
/// ```
/// use strangler_fig::saga::{Payload, Repair};
///
/// // The bank's clerk says that the money has arrived.
/// let repair = Repair::Skip { step: "charge".parse()?, output: Payload::of(&"receipt 17")? };
/// assert_eq!(repair.step().map(ToString::to_string).as_deref(), Some("charge"));
/// assert_eq!(Repair::GiveUp.step(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Repair {
    /// What the step waits with is tried again at once, with all of its retries anew.
    Retry {
        /// Which.
        step: StepName,
    },
    /// The step counts as done, with this output: for what was done by hand.
    Skip {
        /// Which.
        step: StepName,
        /// What later steps find.
        output: Payload,
    },
    /// The step counts as failed without effect, and the saga turns back.
    Fail {
        /// Which.
        step: StepName,
    },
    /// The step counts as compensated: for what was undone by hand.
    MarkCompensated {
        /// Which.
        step: StepName,
    },
    /// The saga ends as it is, with whatever effects are left.
    GiveUp,
}

impl Repair {
    /// Which step it is about, if it is about one.
    #[must_use]
    pub const fn step(&self) -> Option<&StepName> {
        match self {
            Self::Retry { step }
            | Self::Skip { step, .. }
            | Self::Fail { step }
            | Self::MarkCompensated { step } => Some(step),
            Self::GiveUp => None,
        }
    }
}

impl SagaEntry {
    /// Which step it is about, if it is about one.
    #[must_use]
    pub const fn step(&self) -> Option<&StepName> {
        match self {
            Self::Started { step }
            | Self::Succeeded { step, .. }
            | Self::Failed { step, .. }
            | Self::CompensationStarted { step }
            | Self::Compensated { step }
            | Self::CompensationFailed { step, .. } => Some(step),
            Self::Repaired { repair, .. } => repair.step(),
            Self::Begun { .. }
            | Self::Resumed { .. }
            | Self::Cancelled { .. }
            | Self::Ended { .. } => None,
        }
    }

    /// The entry as JSON, to be stored.
    ///
    /// # Panics
    ///
    /// Never: every entry has a JSON form.
    #[must_use]
    pub fn to_document(&self) -> String {
        serde_json::to_string(self).expect("every field has a JSON form")
    }

    /// The entry in a document.
    ///
    /// # Errors
    ///
    /// When it is none: the field that is wrong, by its path.
    pub fn from_document(text: &str) -> Result<Self, EntryError> {
        read_whole(text)
    }
}
