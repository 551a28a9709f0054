use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::deadline::{earlier, moment, within};
use super::{CallError, Refused};

/// Who has no deadline waits no longer for a place.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many calls may be under way at once, and how many may wait for that.
/// Clones are one bulkhead.
///
/// What a slow side cannot take piles up in front of it, in memory, with callers
/// that have long given up. A bulkhead refuses it instead, at once or after a
/// bounded wait. Who waits is served in order.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::error::StoreError;
/// use strangler_fig::resilience::Bulkhead;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let reports = Bulkhead::new("reports", 8.try_into()?)
///     .with_queue(32, Duration::from_millis(100));
/// let count = reports.call(async || Ok::<_, StoreError>(3)).await?;
/// assert_eq!(count, 3);
/// assert_eq!((reports.under_way(), reports.waiting()), (0, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Bulkhead(Arc<Places>);

#[derive(Debug)]
struct Places {
    name: &'static str,
    free: Semaphore,
    concurrency: usize,
    /// Half of them, for whom no caller waits.
    aside: Semaphore,
    queue: u32,
    wait: Duration,
    waiting: AtomicU32,
}

/// A place in a [`Bulkhead`], which shows it; given back when dropped.
#[derive(Debug)]
#[must_use = "a place that is dropped is free again"]
pub struct Place<'a> {
    _permit: SemaphorePermit<'a>,
    _aside: Option<SemaphorePermit<'a>>,
}

/// Somebody in the queue; out of it however the wait ends.
struct Waiting<'a>(&'a AtomicU32);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Bulkhead {
    /// At most `concurrency` calls at once, and nobody waits.
    #[must_use]
    pub fn new(name: &'static str, concurrency: NonZeroU32) -> Self {
        let concurrency = usize::try_from(concurrency.get()).unwrap_or(usize::MAX);
        Self::of(name, concurrency.min(Semaphore::MAX_PERMITS), 0, Duration::ZERO)
    }

    fn of(name: &'static str, concurrency: usize, queue: u32, wait: Duration) -> Self {
        let (free, waiting) = (Semaphore::new(concurrency), AtomicU32::new(0));
        let aside = Semaphore::new(concurrency.div_ceil(2));
        Self(Arc::new(Places { name, free, concurrency, aside, queue, wait, waiting }))
    }

    /// Another bulkhead, where `queue` calls may wait, each so long.
    #[must_use]
    pub fn with_queue(self, queue: u32, wait: Duration) -> Self {
        Self::of(self.0.name, self.0.concurrency, queue, wait)
    }

    /// What errors and events call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// How many calls have a place.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.0.concurrency.saturating_sub(self.0.free.available_permits())
    }

    /// How many callers wait for one in the queue.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.0.waiting.load(Ordering::Relaxed)
    }

    /// A place, for as long as it is held.
    ///
    /// # Errors
    ///
    /// [`Refused::Full`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe; who comes again stands at the end of the queue.
    pub async fn acquire(&self) -> Result<Place<'_>, Refused> {
        match self.try_acquire() {
            Some(place) => Ok(place),
            None => self.acquire_until(None).await,
        }
    }

    /// Makes the call, once it has a place.
    ///
    /// # Errors
    ///
    /// [`CallError::Refused`]: it was not made; [`CallError::Failed`] with its own
    /// error.
    ///
    /// # Cancel safety
    ///
    /// That of the call.
    pub async fn call<T, E, F, Fut>(&self, call: F) -> Result<T, CallError<E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let _place = self.acquire().await?;
        call().await.map_err(CallError::Failed)
    }

    /// A place that is free now; never past those who wait.
    pub(super) fn try_acquire(&self) -> Option<Place<'_>> {
        let permit = self.0.free.try_acquire().ok()?;
        Some(Place { _permit: permit, _aside: None })
    }

    /// A place that is free now, while more than half of them are.
    pub(super) fn try_acquire_spare(&self) -> Option<Place<'_>> {
        let is_spare = self.0.free.available_permits() > self.0.concurrency.div_ceil(2);
        if is_spare { self.try_acquire() } else { None }
    }

    /// A place that is free now, of the half for whom no caller waits.
    pub(super) fn try_acquire_aside(&self) -> Option<Place<'_>> {
        let aside = self.0.aside.try_acquire().ok()?;
        Some(Place { _aside: Some(aside), ..self.try_acquire()? })
    }

    /// A place in time for `limit`, by way of the queue.
    pub(super) async fn acquire_until(&self, limit: Option<Instant>) -> Result<Place<'_>, Refused> {
        let more = |waiting: u32| (waiting < self.0.queue).then(|| waiting + 1);
        let waiting = &self.0.waiting;
        let queued = waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        queued.map_err(|_| self.full())?;
        let _waiting = Waiting(waiting);
        self.wait(earlier(limit, moment(Instant::now(), self.0.wait))).await
    }

    /// A place in time for `limit`, however long the queue is.
    pub(super) async fn acquire_patiently(
        &self,
        limit: Option<Instant>,
    ) -> Result<Place<'_>, Refused> {
        self.wait(limit.or_else(|| moment(Instant::now(), PATIENCE))).await
    }

    /// The same, for those who have at most half of the places together.
    pub(super) async fn acquire_aside(&self, limit: Option<Instant>) -> Result<Place<'_>, Refused> {
        let limit = limit.or_else(|| moment(Instant::now(), PATIENCE));
        let Some(aside) = within(limit, self.0.aside.acquire()).await else {
            return Err(self.full());
        };
        let place = self.wait(limit).await?;
        Ok(Place { _aside: Some(aside.expect("it is never closed")), ..place })
    }

    pub(super) fn full(&self) -> Refused {
        Refused::Full { bulkhead: self.0.name }
    }

    async fn wait(&self, limit: Option<Instant>) -> Result<Place<'_>, Refused> {
        match within(limit, self.0.free.acquire()).await {
            Some(permit) => {
                Ok(Place { _permit: permit.expect("it is never closed"), _aside: None })
            }
            None => Err(self.full()),
        }
    }
}
