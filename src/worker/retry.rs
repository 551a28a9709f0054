use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

use crate::error::StoreError;

/// No pause between retries is longer.
const DELAY_MAX: Duration = Duration::from_secs(30);

/// How often a call that failed is made again, and when.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::worker::Retries;
///
/// let retries = Retries::default().with_count(5).with_delay(Duration::from_millis(200));
/// assert_eq!(retries.delay(0), Duration::from_millis(200));
/// assert_eq!(retries.delay(2), Duration::from_millis(800));
/// assert_eq!(retries.delay(40), Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    count: u32,
    delay: Duration,
}

impl Default for Retries {
    /// Three, the first after 50 ms, each later one after twice the pause.
    fn default() -> Self {
        Self { count: 3, delay: Duration::from_millis(50) }
    }
}

impl Retries {
    /// Made again so often; 0: never.
    #[must_use]
    pub const fn with_count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// The pause before the first; each later one doubles it, up to 30 s.
    #[must_use]
    pub const fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// How often.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The pause before a retry, counted from 0.
    #[must_use]
    pub fn delay(&self, retry: u32) -> Duration {
        self.delay.saturating_mul(2_u32.saturating_pow(retry)).min(DELAY_MAX)
    }

    /// Makes a call, and again while it fails in a way that may pass. A panic is
    /// such a failure.
    pub(crate) async fn call<T, F>(&self, call: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut retry = 0;
        loop {
            let made = AssertUnwindSafe(async { call().await }).catch_unwind().await;
            match made.unwrap_or_else(|_| Err(StoreError::unknown("the adapter panicked"))) {
                Err(error) if error.is_retryable() && retry < self.count => {
                    tokio::time::sleep(self.delay(retry)).await;
                    retry += 1;
                }
                answer => return answer,
            }
        }
    }
}
