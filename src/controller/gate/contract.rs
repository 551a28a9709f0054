use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::phase::{Fleet, MigrationState, Move};

/// What a gate is asked about: a move that is about to be made.
///
/// ```
/// use strangler_fig::controller::GateContext;
///
/// fn is_forward(context: &GateContext<'_>) -> bool {
///     use strangler_fig::phase::{Move, Phase};
///     matches!(context.step, Move::Phase { to: Phase::Cutover | Phase::Live, .. })
/// }
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct GateContext<'a> {
    /// The state before the move.
    pub state: &'a MigrationState,
    /// The fleet, looked at after the state.
    pub fleet: &'a Fleet,
    /// The move.
    pub step: &'a Move,
}

impl<'a> GateContext<'a> {
    /// The move `step`, from `state`, with `fleet` looked at after it.
    ///
    /// [`read_within`](super::read_within) shows it.
    #[must_use]
    pub const fn new(state: &'a MigrationState, fleet: &'a Fleet, step: &'a Move) -> Self {
        Self { state, fleet, step }
    }
}

/// What a gate saw, and whether a move may pass.
///
/// ```
/// use strangler_fig::controller::GateReading;
///
/// let reading = GateReading::closed("3 keys wait for repair");
/// assert!(!reading.is_open);
/// assert_eq!(reading.to_string(), "closed: 3 keys wait for repair");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateReading {
    /// Whether a move may pass.
    pub is_open: bool,
    /// What it saw, in words for an operator: figures, never a record's content.
    pub saw: String,
}

impl GateReading {
    /// A move may pass.
    #[must_use]
    pub fn open(saw: impl Into<String>) -> Self {
        Self { is_open: true, saw: saw.into() }
    }

    /// It may not.
    #[must_use]
    pub fn closed(saw: impl Into<String>) -> Self {
        Self { is_open: false, saw: saw.into() }
    }

    /// Open if `is_open`.
    #[must_use]
    pub fn of(is_open: bool, saw: impl Into<String>) -> Self {
        Self { is_open, saw: saw.into() }
    }

    /// Closed, because `source` could not be asked.
    ///
    /// ```
    /// use strangler_fig::controller::GateReading;
    /// use strangler_fig::error::StoreError;
    ///
    /// let reading = GateReading::unknown("the queue", &StoreError::unavailable("timeout"));
    /// let saw = "the queue could not be asked: the store is unavailable; nothing was done: timeout";
    /// assert_eq!((reading.is_open, reading.saw.as_str()), (false, saw));
    /// ```
    #[must_use]
    pub fn unknown(source: &str, error: &StoreError) -> Self {
        Self::closed(format!("{source} could not be asked: {}", error.with_causes()))
    }
}

impl fmt::Display for GateReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.is_open { "open" } else { "closed" }, self.saw)
    }
}

/// A condition for moves, beyond the rules that no one can waive: that the backfill
/// is done, say, or that errors are few. An operator may force it, and the history
/// then says so.
///
/// # Contract
///
/// 1. `name` is always the same, and no other gate of a controller has it.
/// 2. `read` looks afresh; what cannot be found out is closed, and says why.
/// 3. `read` changes nothing.
///
/// ```
/// use strangler_fig::async_trait;
/// use strangler_fig::controller::{Gate, GateContext, GateReading};
///
/// #[derive(Debug)]
/// struct OfficeHours;
///
/// #[async_trait]
/// impl Gate for OfficeHours {
///     fn name(&self) -> &str {
///         "office_hours"
///     }
///
///     async fn read(&self, _context: &GateContext<'_>) -> GateReading {
///         GateReading::closed("it is Sunday")
///     }
/// }
/// ```
#[async_trait]
pub trait Gate: fmt::Debug + Send + Sync + 'static {
    /// What it is called in plans, in the history, and when it is forced: at most 64
    /// characters of plain text.
    fn name(&self) -> &str;

    /// Whether this move may be made now.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    async fn read(&self, context: &GateContext<'_>) -> GateReading;
}
