//! What an orchestrator does beside the sagas that run: it renews, takes over, stops.

use crate::observe::field;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures::FutureExt;
use futures::stream::{StreamExt, iter};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::warn;

use super::live::Command;
use super::{SagaError, SagaId, SagaOrchestrator};
use crate::error::with_causes;

/// How many are looked at, at a time.
pub(super) const PAGE: NonZeroUsize = NonZeroUsize::new(100).expect("it is not zero");
/// How many are taken over at once.
const TAKEN_OVER: usize = 16;

impl SagaOrchestrator {
    /// Renews claims and takes over what was abandoned, until `shutdown` resolves; then it stops within a term at most.
    ///
    /// # Cancel safety
    ///
    /// Once dropped, claims of what runs here end by their term, and others take over.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        let ticks = |period| {
            let mut ticks = interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        };
        let renewing = async {
            let mut ticks = ticks((self.inner.config.term / 3).max(Duration::from_millis(1)));
            loop {
                ticks.tick().await;
                self.inner.renew_all().await;
            }
        };
        let following = async {
            let mut ticks = ticks((self.inner.config.term / 3).max(Duration::from_millis(1)));
            loop {
                ticks.tick().await;
                self.inner.follow_parents().await;
            }
        };
        let working = async {
            let mut ticks = ticks(self.inner.config.poll_interval);
            let mut shutdown = pin!(shutdown);
            loop {
                tokio::select! { biased;
                    () = &mut shutdown => break,
                    _ = ticks.tick() => {}
                }
                let mut recovering = pin!(self.recover());
                let is_over = tokio::select! { biased;
                    () = &mut shutdown => true,
                    recovered = &mut recovering => {
                        log(recovered);
                        false
                    }
                };
                if is_over {
                    // What was claimed by now is given back.
                    self.inner.begin_stopping();
                    log(recovering.await);
                    break;
                }
            }
            self.stop(self.inner.config.term).await;
        };
        // What still runs is held until it is given back.
        tokio::select! { biased;
            () = working => {}
            () = renewing => {}
            () = following => {}
        }
    }

    /// Takes over, once, what was abandoned, as far as there is room; answers how many it took.
    ///
    /// # Errors
    ///
    /// [`SagaError::List`]. What fails of a single saga is logged, and does not stop the others; one that cannot be
    /// read is left alone for a minute.
    ///
    /// # Cancel safety
    ///
    /// Once dropped, claims that were just made end by their term.
    pub async fn recover(&self) -> Result<usize, SagaError> {
        let (mut after, mut taken): (Option<SagaId>, _) = (None, 0);
        loop {
            let definitions = self.inner.definitions();
            if definitions.is_empty() || self.inner.is_stopping() {
                return Ok(taken);
            }
            let page = self.inner.abandoned(definitions, after.as_ref(), PAGE).await;
            let page = page.map_err(|source| SagaError::List { source })?;
            let is_last = page.len() < PAGE.get();
            after = page.last().map(|header| header.id.clone());
            let claims = iter(page).map(|header| self.take(header.id)).buffer_unordered(TAKEN_OVER);
            taken += claims.filter(|taken| std::future::ready(*taken)).count().await;
            if is_last || self.live() >= self.inner.config.live_max {
                return Ok(taken);
            }
        }
    }

    async fn take(&self, saga: SagaId) -> bool {
        let is_full = self.live() >= self.inner.config.live_max;
        if is_full || self.inner.is_stopping() || self.inner.rests(&saga) {
            return false;
        }
        let Ok(place) = self.inner.enter(&saga) else { return false };
        // Values and schedules are the user's, and so are their panics.
        match AssertUnwindSafe(self.inner.taken_over(place)).catch_unwind().await {
            Ok(Ok(run)) => {
                run.spawn();
                return true;
            }
            Ok(Err(SagaError::Held { .. })) => {}
            Ok(Err(error)) => {
                warn!({ field::SAGA } = %saga, { field::ERROR } = with_causes(&error), "a saga cannot be taken over");
                // One that cannot be read is not claimed again and again.
                if !error.is_retryable() {
                    self.inner.let_rest(saga);
                }
            }
            Err(_) => {
                warn!({ field::SAGA } = %saga, "a saga cannot be taken over: what is the user's has panicked");
                self.inner.let_rest(saga);
            }
        }
        false
    }

    /// Begins nothing more, waits at most `patience` for calls under way, and gives everything back, so that
    /// others go on at once. Answers how many sagas were left with calls under way.
    ///
    /// # Cancel safety
    ///
    /// Once dropped, what runs here goes on to where it can be given back, and no saga is started.
    pub async fn stop(&self, patience: Duration) -> usize {
        self.inner.begin_stopping();
        let all = async {
            for live in self.inner.running_all() {
                live.settled().await;
            }
        };
        if timeout(patience, all).await.is_ok() {
            return 0;
        }
        let left = self.inner.running_all();
        for live in &left {
            live.tell(Command::Leave);
        }
        let gone = async {
            for live in &left {
                live.settled().await;
            }
        };
        let _ = timeout(self.inner.config.call_deadline, gone).await;
        left.len()
    }
}

fn log(recovered: Result<usize, SagaError>) {
    if let Err(error) = recovered {
        let error = with_causes(&error);
        warn!({ field::ERROR } = error, "abandoned sagas could not be listed; it is tried again");
    }
}
