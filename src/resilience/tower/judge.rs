use crate::resilience::judgement::by_error;
use crate::resilience::{Judged, Judgement};

/// Judges the answers of a service: any closure over a reference to one, or
/// [`ByError`].
///
/// ```
/// use strangler_fig::error::StoreError;
/// use strangler_fig::resilience::Judgement;
/// use strangler_fig::resilience::tower::{ByError, Judge};
///
/// let answer: Result<u16, StoreError> = Ok(503);
/// assert!(ByError.judge(&answer).is_success());
/// let by_status = |answer: &Result<u16, StoreError>| match answer {
///     Ok(503) | Err(_) => Judgement::failed(),
///     Ok(_) => Judgement::success(),
/// };
/// assert!(!by_status.judge(&answer).is_success());
/// ```
pub trait Judge<T, E>: Clone + Send + Sync + 'static {
    /// What is to be made of this answer.
    fn judge(&self, answer: &Result<T, E>) -> Judgement;
}

impl<T, E, F> Judge<T, E> for F
where
    F: Fn(&Result<T, E>) -> Judgement + Clone + Send + Sync + 'static,
{
    fn judge(&self, answer: &Result<T, E>) -> Judgement {
        self(answer)
    }
}

/// Every `Ok` is a success, and an error says itself what it is. [`Judge`] shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByError;

impl<T, E: Judged> Judge<T, E> for ByError {
    fn judge(&self, answer: &Result<T, E>) -> Judgement {
        by_error(answer)
    }
}
