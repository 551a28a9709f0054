use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{CallError, TimedOut};

/// How long a call may take; then it is dropped.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::resilience::Deadline;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let soon = Deadline::after(Duration::from_millis(200));
/// let answer = soon.call(async || Ok::<_, std::fmt::Error>("Ada")).await;
/// assert_eq!(answer, Ok("Ada"));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deadline {
    after: Duration,
}

impl Deadline {
    /// So long after the call.
    #[must_use]
    pub const fn after(after: Duration) -> Self {
        Self { after }
    }

    /// Makes the call.
    ///
    /// # Errors
    ///
    /// [`CallError::TimedOut`]: the call was dropped; [`CallError::Failed`] with its
    /// own error.
    ///
    /// # Cancel safety
    ///
    /// That of the call.
    pub async fn call<T, E, F, Fut>(&self, call: F) -> Result<T, CallError<E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let limit = moment(Instant::now(), self.after);
        match within(limit, call()).await {
            Some(answer) => answer.map_err(CallError::Failed),
            None => Err(TimedOut { after: self.after }.into()),
        }
    }
}

/// So long after `start`; never, if no clock goes so far.
pub(super) fn moment(start: Instant, after: Duration) -> Option<Instant> {
    start.checked_add(after)
}

/// The earlier of two moments, of which one may never come.
pub(super) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// What comes of `work` until `limit`; an answer that is there at once is taken
/// however late it is.
pub(super) async fn within<F: Future>(limit: Option<Instant>, work: F) -> Option<F::Output> {
    let work = std::pin::pin!(work);
    match limit {
        Some(limit) => timeout_at(limit, work).await.ok(),
        None => Some(work.await),
    }
}
