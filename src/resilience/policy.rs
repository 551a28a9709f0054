use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use super::attempt::{Admission, Try};
use super::deadline::{earlier, moment};
use super::judgement::by_error;
use super::tries::{Next, Tries};
use super::{
    BreakerConfig, Bulkhead, CallError, CircuitBreaker, Exponential, Judged, Judgement, Retry,
    RetryBudget,
};
use crate::observe::{Event, Observer, field};

/// The standard number of calls at once.
const CONCURRENCY: NonZeroU32 = NonZeroU32::new(64).expect("it is not zero");

/// Everything at once, in the one order that works. From outside in: the deadline
/// of the whole, retries, a circuit breaker, a bulkhead, the deadline of each try.
///
/// So a retry asks the breaker again, no retry holds a place while it pauses, and a
/// try's deadline does not run while it queues; who has queued asks the breaker again. A
/// refusal by breaker or bulkhead is never retried: it is meant to be quick. A try that
/// was given up is made again only if [`Judged::timed_out`] or
/// [`Retry::with_timeouts`] says so. Clones share breaker, bulkhead and budget.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::error::StoreError;
/// use strangler_fig::resilience::{
///     BreakerConfig, Bulkhead, CallError, CircuitBreaker, Exponential, Policy, Retry, RetryBudget,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let retry = Retry::new(Exponential::default()).with_budget(RetryBudget::default());
/// let policy = Policy::new("prices")
///     .with_deadline(Duration::from_secs(2))
///     .with_retry(retry)
///     .with_breaker(CircuitBreaker::new("prices", BreakerConfig::default()))
///     .with_bulkhead(Bulkhead::new("prices", 32.try_into()?))
///     .with_try_deadline(Duration::from_millis(500));
///
/// let price = policy.call(async || Ok::<_, StoreError>(42)).await?;
/// assert_eq!(price, 42);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    pub(super) name: &'static str,
    deadline: Option<Duration>,
    retry: Option<Retry>,
    pub(super) breaker: Option<CircuitBreaker>,
    pub(super) bulkhead: Option<Bulkhead>,
    pub(super) try_deadline: Option<Duration>,
    observer: Option<Arc<dyn Observer>>,
}

/// How long a call and its tries may take, and which are made again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<'p> {
    deadline: Option<Duration>,
    try_deadline: Option<Duration>,
    retry: Option<&'p Retry>,
}

impl Policy {
    /// A policy that passes every call on. `name` stands in events.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            deadline: None,
            retry: None,
            breaker: None,
            bulkhead: None,
            try_deadline: None,
            observer: None,
        }
    }

    /// A policy for a store on the network: 5 s in all, two retries within the default
    /// budget, the default breaker, 64 calls at once and as many in the queue for
    /// 100 ms, 1 s for each try.
    ///
    /// ```
    /// use strangler_fig::resilience::{BreakerState, Policy};
    ///
    /// let policy = Policy::standard("modern");
    /// let breaker = policy.breaker().expect("the standard has one");
    /// assert_eq!(breaker.state(), BreakerState::Closed);
    /// assert_eq!(policy.bulkhead().map(|it| it.waiting()), Some(0));
    /// ```
    #[must_use]
    pub fn standard(name: &'static str) -> Self {
        let retry = Retry::new(Exponential::default().with_count(2));
        Self::new(name)
            .with_deadline(Duration::from_secs(5))
            .with_retry(retry.with_budget(RetryBudget::default()))
            .with_breaker(CircuitBreaker::new(name, BreakerConfig::default()))
            .with_bulkhead(
                Bulkhead::new(name, CONCURRENCY).with_queue(64, Duration::from_millis(100)),
            )
            .with_try_deadline(Duration::from_secs(1))
    }

    /// How long a call may take, its retries, pauses and waits included.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// What is tried again, and when.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// What keeps calls from a side that fails. Give it a try's deadline too, shorter than
    /// your callers' patience: who goes away before it counts neither way.
    #[must_use]
    pub fn with_breaker(mut self, breaker: CircuitBreaker) -> Self {
        if let Some(observer) = &self.observer {
            breaker.observe(observer);
        }
        self.breaker = Some(breaker);
        self
    }

    /// How much may be under way.
    #[must_use]
    pub fn with_bulkhead(mut self, bulkhead: Bulkhead) -> Self {
        self.bulkhead = Some(bulkhead);
        self
    }

    /// How long each try may take, from when it has a place.
    #[must_use]
    pub const fn with_try_deadline(mut self, deadline: Duration) -> Self {
        self.try_deadline = Some(deadline);
        self
    }

    /// Who is told of refusals, retries and tries that were given up; and of what the
    /// breaker does, unless that has an observer already: it has one, the first.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        if let Some(breaker) = &self.breaker {
            breaker.observe(&observer);
        }
        self.observer = Some(observer);
        self
    }

    /// The same, with this observer if it has none.
    pub(crate) fn or_observer(self, observer: &Arc<dyn Observer>) -> Self {
        if self.observer.is_some() { self } else { self.with_observer(Arc::clone(observer)) }
    }

    /// Whether calls may be made again.
    #[cfg(feature = "http")]
    pub(crate) const fn retries_anything(&self) -> bool {
        self.retry.is_some()
    }

    /// The same without its breaker; their bulkhead is one.
    #[cfg(feature = "http")]
    pub(crate) fn without_breaker(&self) -> Self {
        Self { breaker: None, ..self.clone() }
    }

    /// What events call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its circuit breaker, to be looked at or turned by hand.
    #[must_use]
    pub const fn breaker(&self) -> Option<&CircuitBreaker> {
        self.breaker.as_ref()
    }

    /// Its bulkhead, to be looked at.
    #[must_use]
    pub const fn bulkhead(&self) -> Option<&Bulkhead> {
        self.bulkhead.as_ref()
    }

    /// Makes the call.
    ///
    /// # Errors
    ///
    /// [`CallError::Refused`]: no try was made. [`CallError::TimedOut`] and
    /// [`CallError::Failed`]: of the last try; but of one in doubt, if there was one.
    ///
    /// # Cancel safety
    ///
    /// That of the call. Its place and its permit are given back.
    pub async fn call<T, E, F, Fut>(&self, call: F) -> Result<T, CallError<E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Judged,
    {
        self.call_as(by_error, E::timed_out(), Admission::Ordinary, call).await
    }

    /// The same, as `judge` says of each answer: for errors that do not say it, and
    /// for failures that come as an `Ok`. [`Retry::call_judged`] shows it.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// As [`call`](Self::call).
    pub async fn call_judged<T, E, J, F, Fut>(&self, judge: J, call: F) -> Result<T, CallError<E>>
    where
        J: Fn(&Result<T, E>) -> Judgement,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.call_as(judge, Judgement::failed(), Admission::Ordinary, call).await
    }

    /// The same; a try that was given up is judged `late`.
    pub(crate) async fn call_as<T, E, J, F, Fut>(
        &self,
        judge: J,
        late: Judgement,
        admission: Admission,
        call: F,
    ) -> Result<T, CallError<E>>
    where
        J: Fn(&Result<T, E>) -> Judgement,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.call_within(self.bounds(), judge, late, admission, call).await
    }

    /// Its own.
    const fn bounds(&self) -> Bounds<'_> {
        let Self { deadline, try_deadline, .. } = *self;
        Bounds { deadline, try_deadline, retry: self.retry.as_ref() }
    }

    /// Its own, for one try which takes at most so long with the wait for its place.
    #[cfg(feature = "http")]
    pub(crate) fn once_within(&self, deadline: Duration) -> Bounds<'_> {
        let shorter = self.deadline.map_or(deadline, |own| own.min(deadline));
        Bounds { deadline: Some(shorter), retry: None, ..self.tries_within(deadline) }
    }

    /// Its own, with tries that take at most so long.
    #[cfg(feature = "http")]
    pub(crate) fn tries_within(&self, deadline: Duration) -> Bounds<'_> {
        let shorter = self.try_deadline.map_or(deadline, |own| own.min(deadline));
        Bounds { try_deadline: Some(shorter), ..self.bounds() }
    }

    /// The same, within other bounds than its own.
    pub(crate) async fn call_within<T, E, J, F, Fut>(
        &self,
        bounds: Bounds<'_>,
        judge: J,
        late: Judgement,
        admission: Admission,
        mut call: F,
    ) -> Result<T, CallError<E>>
    where
        J: Fn(&Result<T, E>) -> Judgement,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let Bounds { deadline, try_deadline, retry } = bounds;
        let began = Instant::now();
        let whole = deadline.and_then(|deadline| moment(began, deadline));
        let limit = earlier(whole, retry.and_then(|retry| retry.limit(began)));
        let late = if retry.is_some_and(Retry::retries_timeouts) { late.retryable() } else { late };
        let retry = retry.filter(|_| admission != Admission::Spare);
        let mut tries = Tries::begin(retry);
        let mut now = began;
        loop {
            let is_first = tries.retried() == 0;
            let try_of = Try { began, now, limit, deadline: try_deadline, is_first, late };
            let ended = self.attempt(try_of, admission, &judge, &mut call).await;
            match tries.after(ended, limit) {
                Next::End(answer) => return answer,
                Next::Pause(pause) => {
                    self.retries(tries.retried(), pause);
                    tokio::time::sleep(pause).await;
                    now = Instant::now();
                }
            }
        }
    }

    #[cold]
    fn retries(&self, attempt: u32, pause: Duration) {
        let policy = self.name;
        debug!({ field::POLICY } = policy, { field::ATTEMPT } = attempt, { field::PAUSE } = ?pause, "a call is made again");
        self.tell(|| Event::CallRetried { policy, attempt, pause });
    }

    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.observer {
            observer.on_event(&event());
        }
    }
}
