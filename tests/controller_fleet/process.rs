//! A process that is stopped now and then, wherever it happens to be.

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::repository::{Applied, Page, ScanRepository, StampedRepository};
use strangler_fig::stamp::Record;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

pub(crate) type Row = (u32, u64);
pub(crate) type Store = InMemoryRepository<u32, Row>;

#[derive(Debug)]
pub(crate) struct Process {
    stopped_until: Mutex<Instant>,
    rng: Mutex<Rng>,
}

impl Process {
    pub(crate) fn new(rng: Rng) -> Arc<Self> {
        Arc::new(Self { stopped_until: Mutex::new(Instant::now()), rng: Mutex::new(rng) })
    }

    pub(crate) fn stop_for(&self, length: Duration) {
        *self.stopped_until.lock().unwrap() = Instant::now() + length;
    }

    fn stopped_until(&self) -> Option<Instant> {
        let until = *self.stopped_until.lock().unwrap();
        (until > Instant::now()).then_some(until)
    }

    async fn goes_on(&self) {
        while let Some(until) = self.stopped_until() {
            sleep_until(until).await;
        }
    }

    fn millis(&self, below: u64) -> Duration {
        Duration::from_millis(self.rng.lock().unwrap().u64(0..below))
    }

    /// Runs `inner` only while the process runs.
    pub(crate) fn run<F: Future + Send + 'static>(self: &Arc<Self>, inner: F) -> InProcess<F> {
        InProcess { process: self.clone(), inner: Box::pin(inner), goes_on: None }
    }
}

pub(crate) struct InProcess<F> {
    process: Arc<Process>,
    inner: Pin<Box<F>>,
    goes_on: Option<Pin<Box<Sleep>>>,
}

impl<F: Future> Future for InProcess<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(until) = self.process.stopped_until() else {
            return self.inner.as_mut().poll(context);
        };
        let mut goes_on = Box::pin(sleep_until(until));
        let _ = goes_on.as_mut().poll(context);
        self.goes_on = Some(goes_on);
        Poll::Pending
    }
}

/// A store as one process reaches it: what it sends while it is stopped arrives when it
/// goes on.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) store: Store,
    pub(crate) process: Arc<Process>,
}

impl Reached {
    async fn on_the_way(&self) {
        sleep(self.process.millis(25)).await;
        self.process.goes_on().await;
    }
}

#[async_trait]
impl StampedRepository for Reached {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn read(&self, key: &u32) -> Result<Record<Row>, StoreError> {
        self.on_the_way().await;
        let record = self.store.read(key).await;
        self.on_the_way().await;
        record
    }

    async fn apply(&self, key: &u32, record: &Record<Row>) -> Result<Applied, StoreError> {
        self.on_the_way().await;
        let applied = self.store.apply(key, record).await;
        self.on_the_way().await;
        applied
    }
}

#[async_trait]
impl ScanRepository for Reached {
    async fn scan(
        &self,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Page<u32, Row>, StoreError> {
        self.on_the_way().await;
        self.store.scan(after, limit).await
    }

    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        self.store.last_key().await
    }
}
