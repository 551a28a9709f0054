use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

use crate::error::StoreError;
use crate::resilience::Exponential;

/// No store is left alone for longer.
const HINT_MAX: Duration = Duration::from_secs(30);

/// Without a pause, a worker would ask for ever and yield to nobody.
pub(crate) const PAUSE_MIN: Duration = Duration::from_millis(1);

/// How often a worker makes a call, and how long it waits for the answer.
#[derive(Debug, Clone)]
pub(crate) struct Persistence {
    pub(crate) retries: Exponential,
    pub(crate) deadline: Duration,
}

impl Persistence {
    /// The default retries, and so long for each try.
    pub(crate) fn within(deadline: Duration) -> Self {
        Self { retries: Exponential::default(), deadline }
    }

    /// The pauses before each try but the first.
    pub(crate) fn delays(&self) -> impl Iterator<Item = Duration> + use<> {
        self.retries.delays()
    }

    /// What `call` comes to, if it comes to anything in time.
    pub(crate) async fn in_time<T>(&self, call: impl Future<Output = T>) -> Result<T, StoreError> {
        let deadline = self.deadline;
        let late = |_| StoreError::unknown(format!("no answer within {deadline:?}"));
        // On the heap: the futures of workers are large enough as it is.
        tokio::time::timeout(deadline, Box::pin(call)).await.map_err(late)
    }
}

/// Makes a call, and again while it fails in a way that may pass. A panic is such a
/// failure, and an answer that does not come. The last answer counts: whoever is called
/// knows a repeat for what it is.
pub(crate) async fn persist<T, F>(
    tries: &Persistence,
    call: impl Fn() -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pauses = tries.delays();
    loop {
        let made = AssertUnwindSafe(async { call().await }).catch_unwind();
        let made = made
            .map(|made| made.unwrap_or_else(|_| Err(StoreError::unknown("the adapter panicked"))));
        match tries.in_time(made).await.and_then(|answer| answer) {
            Err(error) if error.is_retryable() => match pauses.next() {
                Some(pause) => tokio::time::sleep(pause.max(hint(&error))).await,
                None => return Err(error),
            },
            answer => return answer,
        }
    }
}

/// How long a failed call asks to be left alone, within reason.
pub(crate) fn hint(error: &StoreError) -> Duration {
    error.retry_after().unwrap_or_default().min(HINT_MAX)
}
