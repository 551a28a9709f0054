use std::time::Duration;

use super::Refused;
use crate::error::{StoreError, StoreErrorKind};

/// What the end of a call says of whoever was called.
///
/// ```
/// use strangler_fig::error::StoreError;
/// use strangler_fig::resilience::{Health, Judged};
///
/// let full = StoreError::unavailable("no connection left");
/// let taken = StoreError::rejected("the name is taken");
/// assert_eq!(full.judgement().health(), Health::Sick);
/// assert_eq!(taken.judgement().health(), Health::Well, "it answered, by its own rules");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Health {
    /// It did what it is there for, a definite no included.
    Well,
    /// It failed.
    Sick,
    /// Nothing: a circuit breaker counts the call neither way.
    Ignored,
}

/// What is to be made of the end of a call: whether it may be made again, what a
/// circuit breaker learns, whether it may have had an effect.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::resilience::{Health, Judgement};
///
/// /// How answers of an HTTP service might be judged.
/// fn judge(status: u16) -> Judgement {
///     match status {
///         429 => Judgement::failed().definite().with_retry_after(Duration::from_secs(2)),
///         503 => Judgement::failed().definite().retryable(),
///         500.. => Judgement::failed(),
///         400.. => Judgement::refused(),
///         _ => Judgement::success(),
///     }
/// }
///
/// assert!(judge(503).is_retryable() && !judge(503).is_in_doubt());
/// assert!(!judge(500).is_retryable() && judge(500).is_in_doubt());
/// assert_eq!(judge(429).retry_after(), Some(Duration::from_secs(2)));
/// assert_eq!(judge(404).health(), Health::Well);
/// assert_eq!(judge(404).ignored().health(), Health::Ignored);
/// assert!(judge(200).is_success() && !judge(404).is_success());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    effect: Effect,
    health: Health,
    retryable: bool,
    hint: Option<Duration>,
}

/// What a call has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// What it should.
    Done,
    /// Nothing.
    None,
    /// Nobody knows.
    InDoubt,
    /// Nothing: it was not made.
    NotMade,
}

impl Judgement {
    const fn new(effect: Effect, health: Health) -> Self {
        Self { effect, health, retryable: false, hint: None }
    }

    /// The call did what it should.
    #[must_use]
    pub const fn success() -> Self {
        Self::new(Effect::Done, Health::Well)
    }

    /// A definite no: nothing changed, and asking again brings the same.
    #[must_use]
    pub const fn refused() -> Self {
        Self::new(Effect::None, Health::Well)
    }

    /// It failed, and may have had an effect.
    #[must_use]
    pub const fn failed() -> Self {
        Self::new(Effect::InDoubt, Health::Sick)
    }

    /// The call was not made, and says nothing of whoever was to be called.
    pub(super) const fn not_made() -> Self {
        Self::new(Effect::NotMade, Health::Ignored)
    }

    /// The same, surely without effect.
    #[must_use]
    pub const fn definite(mut self) -> Self {
        if self.is_in_doubt() {
            self.effect = Effect::None;
        }
        self
    }

    /// The same, and it may be made again.
    #[must_use]
    pub const fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// The same, and it may be made again, but not before so long: what a
    /// `Retry-After` says.
    #[must_use]
    pub const fn with_retry_after(mut self, pause: Duration) -> Self {
        self.hint = Some(pause);
        self.retryable()
    }

    /// The same, and no circuit breaker counts it.
    #[must_use]
    pub const fn ignored(mut self) -> Self {
        self.health = Health::Ignored;
        self
    }

    /// Whether it did what it should.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self.effect, Effect::Done)
    }

    /// What it says of whoever was called.
    #[must_use]
    pub const fn health(self) -> Health {
        self.health
    }

    /// Whether it may have had an effect, though it failed.
    #[must_use]
    pub const fn is_in_doubt(self) -> bool {
        matches!(self.effect, Effect::InDoubt)
    }

    /// Whether it may be made again.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        self.retryable
    }

    pub(super) const fn was_made(self) -> bool {
        !matches!(self.effect, Effect::NotMade)
    }

    /// How long the called wants to be left alone.
    #[must_use]
    pub const fn retry_after(self) -> Option<Duration> {
        self.hint
    }
}

/// An error that says what is to be made of it. For errors of others, and for
/// failures that come as an `Ok`, the `call_judged` of each primitive takes a
/// closure.
///
/// ```
/// use strangler_fig::resilience::{Judged, Judgement};
///
/// enum Declined {
///     Busy,
///     NoFunds,
/// }
///
/// impl Judged for Declined {
///     fn judgement(&self) -> Judgement {
///         match self {
///             Self::Busy => Judgement::failed().definite().retryable(),
///             Self::NoFunds => Judgement::refused(),
///         }
///     }
/// }
///
/// assert!(Declined::Busy.judgement().is_retryable());
/// ```
pub trait Judged {
    /// What is to be made of a call that ended so.
    fn judgement(&self) -> Judgement;

    /// What is to be made of a call that was given up at its deadline: it may have had
    /// its effect. Made again only if that is said here, for it may happen twice.
    #[must_use]
    fn timed_out() -> Judgement
    where
        Self: Sized,
    {
        Judgement::failed()
    }
}

impl Judged for StoreError {
    /// `Rejected` and `Conflict` are answers; the others are failures, and may be
    /// made again: every contract of this crate bears the repeat. A call that a policy
    /// within has refused was not made.
    fn judgement(&self) -> Judgement {
        if let (true, Some(refused)) = (self.kind().is_definite(), self.downcast_ref::<Refused>()) {
            return refused.judgement();
        }
        let judgement = match self.kind() {
            StoreErrorKind::Rejected | StoreErrorKind::Conflict => Judgement::refused(),
            StoreErrorKind::Unavailable => Judgement::failed().definite().retryable(),
            StoreErrorKind::Unknown => Judgement::failed().retryable(),
        };
        match self.retry_after() {
            Some(pause) if judgement.is_retryable() => judgement.with_retry_after(pause),
            _ => judgement,
        }
    }

    fn timed_out() -> Judgement {
        Judgement::failed().retryable()
    }
}

/// How a result is judged whose error speaks for itself.
pub(super) fn by_error<T, E: Judged>(outcome: &Result<T, E>) -> Judgement {
    match outcome {
        Ok(_) => Judgement::success(),
        Err(error) => error.judgement(),
    }
}
