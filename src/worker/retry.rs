use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use crate::error::StoreError;
use crate::resilience::Exponential;

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
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            },
            answer => return answer,
        }
    }
}
