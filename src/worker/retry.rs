use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

use crate::error::StoreError;
use crate::resilience::Exponential;

/// No store is left alone for longer.
const HINT_MAX: Duration = Duration::from_secs(30);

/// Makes a call, and again while it fails in a way that may pass. A panic is such a
/// failure. The last answer counts: whoever is called knows a repeat for what it is.
pub(crate) async fn persist<T, F>(
    retries: &Exponential,
    call: impl Fn() -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pauses = retries.delays();
    loop {
        let made = AssertUnwindSafe(async { call().await }).catch_unwind().await;
        match made.unwrap_or_else(|_| Err(StoreError::unknown("the adapter panicked"))) {
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
