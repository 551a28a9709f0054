use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::deadline::{moment, within};
use super::judgement::by_error;
use super::tries::{Next, Tried, Tries};
use super::{CallError, Judged, Judgement, RetryBudget, Schedule};

/// Makes a call again that failed, while its error says that this may help.
///
/// What it answers in the end is the last try's error; but once a try was in doubt
/// (it may have had an effect), an error that says so, whatever the later ones say.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
/// use strangler_fig::error::StoreError;
/// use strangler_fig::resilience::{CallError, Exponential, Retry};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), CallError<StoreError>> {
/// let retry = Retry::new(Exponential::default()).with_deadline(Duration::from_secs(2));
///
/// let tries = AtomicU32::new(0);
/// let busy_twice = || async {
///     match tries.fetch_add(1, Ordering::Relaxed) {
///         0 | 1 => Err(StoreError::unavailable("too many connections")),
///         _ => Ok("Ada"),
///     }
/// };
/// assert_eq!(retry.call(busy_twice).await?, "Ada");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Retry {
    schedule: Arc<dyn Schedule>,
    retries_max: u32,
    hint_max: Duration,
    budget: Option<RetryBudget>,
    deadline: Option<Duration>,
    timeouts: bool,
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("retries_max", &self.retries_max)
            .field("hint_max", &self.hint_max)
            .field("budget", &self.budget)
            .field("deadline", &self.deadline)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

impl Retry {
    /// Retries by these pauses; at most 100, should they never end. A hint of more
    /// than 30 s ends it. No budget, no deadline.
    #[must_use]
    pub fn new(schedule: impl Schedule) -> Self {
        Self {
            schedule: Arc::new(schedule),
            retries_max: 100,
            hint_max: Duration::from_secs(30),
            budget: None,
            deadline: None,
            timeouts: false,
        }
    }

    /// At most so many retries of a call, whatever the schedule says.
    #[must_use]
    pub fn with_retries_max(mut self, retries: u32) -> Self {
        self.retries_max = retries;
        self
    }

    /// The longest pause that the called may ask for by a hint. Who asks for more
    /// is not called again.
    #[must_use]
    pub fn with_hint_max(mut self, pause: Duration) -> Self {
        self.hint_max = pause;
        self
    }

    /// Retries only while the budget lasts.
    #[must_use]
    pub fn with_budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// How long all tries and pauses may take together. No pause is begun that
    /// would end later, and a try that is under way then is dropped.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Makes a try again that a [`Policy`](super::Policy) gave up at its deadline, whatever
    /// [`Judged::timed_out`] says: the call bears to happen twice.
    #[must_use]
    pub fn with_timeouts(mut self) -> Self {
        self.timeouts = true;
        self
    }

    /// Makes the call, again where its error says so.
    ///
    /// # Errors
    ///
    /// [`CallError::Failed`] with an error of the call's own;
    /// [`CallError::TimedOut`] when the deadline came.
    ///
    /// # Cancel safety
    ///
    /// That of the call.
    pub async fn call<T, E, F, Fut>(&self, call: F) -> Result<T, CallError<E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Judged,
    {
        self.call_judged(by_error, call).await
    }

    /// The same, as `judge` says of each answer.
    ///
    /// ```
    /// use strangler_fig::resilience::{Exponential, Judgement, Retry};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let retry = Retry::new(Exponential::default());
    /// let judge = |answer: &Result<u16, std::io::Error>| match answer {
    ///     Ok(503) | Err(_) => Judgement::failed().retryable(),
    ///     Ok(_) => Judgement::success(),
    /// };
    /// let mut answers = [503, 200].into_iter();
    /// let status = retry.call_judged(judge, || std::future::ready(Ok(answers.next().unwrap())));
    /// assert_eq!(status.await.unwrap(), 200);
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// As [`call`](Self::call).
    pub async fn call_judged<T, E, J, F, Fut>(
        &self,
        judge: J,
        mut call: F,
    ) -> Result<T, CallError<E>>
    where
        J: Fn(&Result<T, E>) -> Judgement,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let began = Instant::now();
        let limit = self.limit(began);
        let mut tries = Tries::begin(Some(self));
        loop {
            let ended = match within(limit, call()).await {
                Some(answer) => Tried::answered(answer, &judge),
                None => Tried::given_up(began.elapsed(), Judgement::failed()),
            };
            match tries.after(ended, limit) {
                Next::End(answer) => return answer,
                Next::Pause(pause) => tokio::time::sleep(pause).await,
            }
        }
    }

    pub(super) fn limit(&self, began: Instant) -> Option<Instant> {
        self.deadline.and_then(|deadline| moment(began, deadline))
    }

    pub(super) const fn retries_timeouts(&self) -> bool {
        self.timeouts
    }

    pub(super) fn budget(&self) -> Option<&RetryBudget> {
        self.budget.as_ref()
    }

    pub(super) fn delays(&self) -> Box<dyn Iterator<Item = Duration> + Send> {
        self.schedule.delays()
    }

    /// Whether another try is thinkable, when so many were made again and the called
    /// wants to be left alone for so long.
    pub(super) fn allows(&self, retried: u32, hint: Duration) -> bool {
        retried < self.retries_max && hint <= self.hint_max
    }
}
