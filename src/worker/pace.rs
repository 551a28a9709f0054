use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::TokenBucket;
use super::{Meter, RateLimit, Throttle, WorkerControl, WorkerState};

/// How often a throttle is asked while it says to wait.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// The worker was told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped;

/// Works to the end; when `shutdown` resolves, `work` is told so by `stop`.
pub(crate) async fn until<T>(
    shutdown: impl Future<Output = ()>,
    stop: WorkerControl,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        () = shutdown => stop.stop(),
        done = &mut work => return done,
    }
    work.await
}

/// When a worker may touch the next page: it is told to pause and stop by its
/// owner, to wait by a throttle, and slowed to its limit.
#[derive(Debug)]
pub(crate) struct Pace {
    control: WorkerControl,
    shutdown: WorkerControl,
    throttle: Option<Arc<dyn Throttle>>,
    bucket: Option<TokenBucket>,
    not_before: Instant,
    meter: Meter,
}

impl Pace {
    pub(crate) fn new(control: &WorkerControl, meter: &Meter) -> Self {
        Self {
            control: control.clone(),
            shutdown: WorkerControl::new(),
            throttle: None,
            bucket: None,
            not_before: Instant::now(),
            meter: meter.clone(),
        }
    }

    pub(crate) fn with_limit(mut self, limit: Option<RateLimit>) -> Self {
        self.bucket = limit.map(|limit| TokenBucket::new(limit, Instant::now()));
        self
    }

    pub(crate) fn with_throttle(mut self, throttle: Option<Arc<dyn Throttle>>) -> Self {
        self.throttle = throttle;
        self
    }

    /// Ends when `shutdown` says so, which several runs may share.
    pub(crate) fn with_shutdown(mut self, shutdown: &WorkerControl) -> Self {
        self.shutdown = shutdown.clone();
        self
    }

    /// What a run's own shutdown turns off, without touching its owner's handle.
    pub(crate) fn shutdown(&self) -> WorkerControl {
        self.shutdown.clone()
    }

    /// Resolves when the next page may be touched.
    pub(crate) async fn proceed(&mut self) -> Result<(), Stopped> {
        loop {
            self.unpaused().await?;
            let Some(reason) = self.reason_to_wait().await? else { break };
            self.meter.waits(Some(reason));
            self.sleep_until(Instant::now() + ASKED_EVERY).await?;
        }
        if self.not_before > Instant::now() {
            self.meter.waits(Some("the rate limit".to_owned()));
            self.sleep_until(self.not_before).await?;
        }
        self.meter.waits(None);
        self.unpaused().await
    }

    /// Records that were touched: the next page waits for them.
    pub(crate) fn spent(&mut self, records: u64) {
        let now = Instant::now();
        if let Some(bucket) = &mut self.bucket {
            self.not_before = now + bucket.take(records, now);
        }
    }

    /// Waits for what may be given up, unless it is told to end.
    pub(crate) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Stopped> {
        tokio::select! {
            biased;
            stopped = self.stopped() => Err(stopped),
            done = work => Ok(done),
        }
    }

    /// Sleeps, unless it is told to end.
    pub(crate) async fn sleep_until(&self, moment: Instant) -> Result<(), Stopped> {
        tokio::select! {
            biased;
            stopped = self.stopped() => Err(stopped),
            () = tokio::time::sleep_until(moment) => Ok(()),
        }
    }

    async fn reason_to_wait(&self) -> Result<Option<String>, Stopped> {
        let Some(throttle) = &self.throttle else { return Ok(None) };
        tokio::select! {
            biased;
            stopped = self.stopped() => Err(stopped),
            reason = throttle.reason_to_wait() => Ok(reason),
        }
    }

    async fn unpaused(&self) -> Result<(), Stopped> {
        loop {
            match (self.shutdown.state(), self.control.state()) {
                (WorkerState::Stopped, _) | (_, WorkerState::Stopped) => return Err(Stopped),
                (_, WorkerState::Running) => return Ok(()),
                (_, WorkerState::Paused) => {}
            }
            self.meter.waits(Some("paused".to_owned()));
            tokio::select! {
                biased;
                () = self.control.left(WorkerState::Paused) => {}
                () = self.shutdown.left(WorkerState::Running) => {}
            }
        }
    }

    /// Resolves when it is told to end.
    pub(crate) async fn stopped(&self) -> Stopped {
        let control = async {
            loop {
                match self.control.state() {
                    WorkerState::Stopped => return,
                    state => self.control.left(state).await,
                }
            }
        };
        tokio::select! {
            biased;
            () = control => Stopped,
            () = self.shutdown.left(WorkerState::Running) => Stopped,
        }
    }
}
