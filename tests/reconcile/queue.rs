use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryRepairQueue;
use strangler_fig::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};
use tokio::time::Instant;

/// The queue in memory, which fails as it is told to.
#[derive(Debug, Default)]
pub(crate) struct FlakyQueue {
    inner: InMemoryRepairQueue,
    calls: AtomicU64,
    /// Every call of this number fails; 0 is none.
    every: AtomicU64,
    is_down: AtomicBool,
    panics: AtomicBool,
    refuses: Mutex<Option<Vec<u8>>>,
    repeats: AtomicBool,
    hangs: AtomicBool,
    failing: Mutex<Option<(&'static str, u64)>>,
    made: Mutex<Vec<(&'static str, Instant)>>,
}

impl FlakyQueue {
    /// Lets every `n`th call fail, in turn before and after its effect.
    pub(crate) fn fail_every(&self, n: u64) {
        self.every.store(n, Ordering::Relaxed);
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::Relaxed);
    }

    pub(crate) fn set_panicking(&self, panics: bool) {
        self.panics.store(panics, Ordering::Relaxed);
    }

    /// Lets it refuse notes of this key.
    pub(crate) fn refuse(&self, key: Option<Vec<u8>>) {
        *self.refuses.lock().unwrap() = key;
    }

    /// Lets each list begin with the first key.
    pub(crate) fn set_repeating(&self, repeats: bool) {
        self.repeats.store(repeats, Ordering::Relaxed);
    }

    /// Lets notes, and what operators call, have no effect and never answer.
    pub(crate) fn set_hanging(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::Relaxed);
    }

    /// Lets the next `times` calls of this name fail.
    pub(crate) fn fail_next(&self, call: &'static str, times: u64) {
        *self.failing.lock().unwrap() = Some((call, times));
    }

    /// When calls of this name were made.
    pub(crate) fn calls_of(&self, call: &str) -> Vec<Instant> {
        let made = self.made.lock().unwrap();
        made.iter().filter(|(name, _)| *name == call).map(|(_, at)| *at).collect()
    }

    fn fails(&self, call: &'static str) -> bool {
        self.made.lock().unwrap().push((call, Instant::now()));
        match &mut *self.failing.lock().unwrap() {
            Some((failing, times)) if *failing == call && *times > 0 => {
                *times -= 1;
                true
            }
            _ => false,
        }
    }

    async fn call<T: Send>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        tokio::task::yield_now().await;
        let (number, every) =
            (self.calls.fetch_add(1, Ordering::Relaxed) + 1, self.every.load(Ordering::Relaxed));
        if self.fails(name) {
            return Err(StoreError::unavailable("the queue did not take the call"));
        }
        assert!(!self.panics.load(Ordering::Relaxed), "a bug in the queue");
        if self.is_down.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("the queue is down"));
        }
        if every == 0 || number % every > 0 {
            return call.await;
        }
        if number % (2 * every) == 0 {
            call.await?;
            return Err(StoreError::unknown("the answer was lost"));
        }
        Err(StoreError::unavailable("the queue did not take the call"))
    }
}

#[async_trait]
impl RepairQueue for FlakyQueue {
    async fn note(&self, notes: &[RepairNote]) -> Result<(), StoreError> {
        let refused = self.refuses.lock().unwrap().clone();
        if notes.iter().any(|note| Some(&note.key) == refused.as_ref()) {
            return Err(StoreError::rejected("the key is too long"));
        }
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.call("note", self.inner.note(notes)).await
    }

    async fn take(
        &self,
        limit: NonZeroUsize,
        hidden_for: Duration,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        self.call("take", self.inner.take(limit, hidden_for)).await
    }

    async fn finish(&self, entry: &RepairEntry) -> Result<(), StoreError> {
        self.call("finish", self.inner.finish(entry)).await
    }

    async fn postpone(
        &self,
        entry: &RepairEntry,
        delay: Duration,
        error: &str,
    ) -> Result<(), StoreError> {
        self.call("postpone", self.inner.postpone(entry, delay, error)).await
    }

    async fn park(&self, entry: &RepairEntry, error: &str) -> Result<(), StoreError> {
        self.call("park", self.inner.park(entry, error)).await
    }

    async fn retry(&self, key: &[u8]) -> Result<bool, StoreError> {
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.call("retry", self.inner.retry(key)).await
    }

    async fn waiting(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        let after = after.filter(|_| !self.repeats.load(Ordering::Relaxed));
        self.call("waiting", self.inner.waiting(after, limit)).await
    }

    async fn parked(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.call("parked", self.inner.parked(after, limit)).await
    }

    async fn depth(&self) -> Result<RepairDepth, StoreError> {
        self.call("depth", self.inner.depth()).await
    }
}
