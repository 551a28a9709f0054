use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{SagaId, StepName};

/// Which way a step is called.
///
/// ```
/// use strangler_fig::saga::Direction;
/// assert_eq!(Direction::Compensate.name(), "compensate");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To have its effect.
    Execute,
    /// To undo it.
    Compensate,
    /// To find out what became of it.
    Probe,
}

impl Direction {
    /// Its stable name, fit for a label and a column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Execute => "execute",
            Self::Compensate => "compensate",
            Self::Probe => "probe",
        }
    }
}

/// What a step is told about the call.
///
/// ```
/// use strangler_fig::saga::{Direction, StepContext};
///
/// // As a test of a step makes it.
/// let context = StepContext::new("order:4711".parse()?, "charge".parse()?);
/// assert_eq!(context.idempotency_key().to_string(), "order:4711/charge");
/// assert_eq!((context.direction(), context.attempt()), (Direction::Execute, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct StepContext {
    pub(super) saga: SagaId,
    pub(super) step: StepName,
    pub(super) direction: Direction,
    pub(super) attempt: u32,
    pub(super) epoch: u64,
    pub(super) deadline: Option<Instant>,
    pub(super) traceparent: Option<Arc<str>>,
}

impl StepContext {
    /// The first execution of a step, without a deadline: for tests of steps.
    #[must_use]
    pub const fn new(saga: SagaId, step: StepName) -> Self {
        Self {
            saga,
            step,
            direction: Direction::Execute,
            attempt: 1,
            epoch: 1,
            deadline: None,
            traceparent: None,
        }
    }

    /// The same, the other way: for tests of steps.
    #[must_use]
    pub const fn with_direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// The saga.
    #[must_use]
    pub const fn saga(&self) -> &SagaId {
        &self.saga
    }

    /// The step.
    #[must_use]
    pub const fn step(&self) -> &StepName {
        &self.step
    }

    /// Which way it is called.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// Which attempt in this direction it is, counted from 1, those of earlier runners included.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The claim under which the runner makes it: the larger one is the newer.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// When the call is given up.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The W3C `traceparent` of whoever started the saga.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// What tells this step of this saga from every other, the same in each attempt and in each direction.
    #[must_use]
    pub fn idempotency_key(&self) -> impl fmt::Display + '_ {
        Key(self)
    }
}

struct Key<'a>(&'a StepContext);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.saga, self.0.step)
    }
}
