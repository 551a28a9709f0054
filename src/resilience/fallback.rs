use std::future::Future;

use super::judgement::by_error;
use super::{Health, Judged, Judgement};

/// Another answer, where a call has none.
///
/// A definite no is an answer, and nothing is asked instead. A call in doubt may
/// have had its effect, or have it later: only a call without effect, a read say, may
/// be answered by somebody else then.
///
/// ```
/// use strangler_fig::error::StoreError;
/// use strangler_fig::resilience::Fallback;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), StoreError> {
/// let cached = async || Ok("Ada, of yesterday");
///
/// let down = async || Err(StoreError::unavailable("no connection"));
/// let answer = Fallback::default().call(down, cached).await?;
/// assert_eq!(answer.value, "Ada, of yesterday");
/// assert!(answer.instead_of.is_some(), "the error that it stands in for");
///
/// let no = async || Err(StoreError::rejected("no such table"));
/// assert!(Fallback::default().call(no, cached).await.is_err());
///
/// let late = async || Err(StoreError::unknown("timeout"));
/// assert!(Fallback::default().call(late, cached).await.is_err());
/// assert!(Fallback::without_effect().call(late, cached).await.is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fallback {
    in_doubt: bool,
}

/// A value, and what it stands in for. [`Fallback`] shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered<T, E> {
    /// What was answered.
    pub value: T,
    /// How the call itself ended, if the fallback answered.
    pub instead_of: Option<Result<T, E>>,
}

impl Fallback {
    /// For calls without effect, whose doubt does no harm.
    #[must_use]
    pub const fn without_effect() -> Self {
        Self { in_doubt: true }
    }

    /// Whether a call that ended so may be answered by somebody else.
    ///
    /// ```
    /// use strangler_fig::resilience::{Fallback, Judgement};
    ///
    /// let fallback = Fallback::default();
    /// assert!(fallback.stands_in_for(Judgement::failed().definite()));
    /// assert!(!fallback.stands_in_for(Judgement::failed()));
    /// assert!(!fallback.stands_in_for(Judgement::refused()), "404 is an answer");
    /// assert!(!fallback.stands_in_for(Judgement::success()));
    /// ```
    #[must_use]
    pub fn stands_in_for(self, judgement: Judgement) -> bool {
        let is_no_answer = !judgement.is_success() && judgement.health() != Health::Well;
        is_no_answer && (self.in_doubt || !judgement.is_in_doubt())
    }

    /// Makes the call, and asks `other` where it has no answer.
    ///
    /// # Errors
    ///
    /// The call's own error, also where `other` fails too.
    ///
    /// # Cancel safety
    ///
    /// That of the two calls.
    pub async fn call<T, E, F, Fut, G, Gut>(&self, call: F, other: G) -> Result<Answered<T, E>, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        G: FnOnce() -> Gut,
        Gut: Future<Output = Result<T, E>>,
        E: Judged,
    {
        self.call_judged(by_error, call, other).await
    }

    /// The same, as `judge` says of the answer. An `Ok` that is judged a failure is
    /// the answer where `other` fails too.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// As [`call`](Self::call).
    pub async fn call_judged<T, E, J, F, Fut, G, Gut>(
        &self,
        judge: J,
        call: F,
        other: G,
    ) -> Result<Answered<T, E>, E>
    where
        J: Fn(&Result<T, E>) -> Judgement,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        G: FnOnce() -> Gut,
        Gut: Future<Output = Result<T, E>>,
    {
        let own = call().await;
        if self.stands_in_for(judge(&own)) {
            if let Ok(value) = other().await {
                return Ok(Answered { value, instead_of: Some(own) });
            }
        }
        own.map(|value| Answered { value, instead_of: None })
    }
}
