use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt;
use tokio::sync::Notify;

/// A bounded amount of work that goes on after its caller was answered.
#[derive(Debug)]
pub(crate) struct Aside {
    running: Arc<Running>,
    limit: u32,
}

#[derive(Debug, Default)]
struct Running {
    count: AtomicU32,
    idle: Notify,
}

/// One piece of work; it is over however its task ends.
struct Place(Arc<Running>);

impl Drop for Place {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl Aside {
    pub(crate) fn new(limit: NonZeroU32) -> Self {
        Self { running: Arc::default(), limit: limit.get() }
    }

    /// Runs the work that `make` gives, unless there is too much already.
    pub(crate) fn run<F>(&self, make: impl FnOnce() -> F) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(place) = self.place() else { return false };
        tokio::spawn(make().map(move |()| drop(place)));
        true
    }

    fn place(&self) -> Option<Place> {
        let more = |count: u32| (count < self.limit).then(|| count + 1);
        let count = &self.running.count;
        count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).ok()?;
        Some(Place(Arc::clone(&self.running)))
    }

    /// Resolves when nothing is under way.
    pub(crate) async fn idle(&self) {
        loop {
            let mut idle = std::pin::pin!(self.running.idle.notified());
            idle.as_mut().enable();
            if self.running.count.load(Ordering::SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }
}
