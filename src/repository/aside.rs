use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Work that goes on after its caller was answered, at most so much at once.
#[derive(Debug)]
pub(super) struct Aside {
    permits: Arc<Semaphore>,
    limit: u32,
}

impl Aside {
    pub(super) fn new(limit: NonZeroU32) -> Self {
        let permits = usize::try_from(limit.get()).unwrap_or(usize::MAX);
        let permits = Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Self { permits, limit: limit.get() }
    }

    /// Runs the work that `make` gives, unless there is too much already.
    pub(super) fn run<F>(&self, make: impl FnOnce() -> F) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            return false;
        };
        let work = make();
        tokio::spawn(async move {
            work.await;
            drop(permit);
        });
        true
    }

    /// Resolves when nothing is under way.
    pub(super) async fn idle(&self) {
        // The semaphore is never closed.
        let _ = self.permits.acquire_many(self.limit).await;
    }
}
