//! What a relay does now and then: it tells how much waits, and removes what was sent long ago.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::relay::Inner;
use super::work::own;
use crate::clock::later;
use crate::observe::{Event, field};

/// How many rows one call of a purge takes, and how many calls are made before it is told what they did.
const ROWS: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");
const CALLS: u32 = 20;
/// Between two calls others have the outbox, as long as the last one took; so long at least.
const PAUSE_MIN: Duration = Duration::from_millis(1);

/// Both, each in a task of its own, so that nothing waits for a slow one.
#[derive(Debug)]
pub(super) struct Caring {
    tasks: JoinSet<Cared>,
    /// When they are begun next; `None` while they go on.
    measure_at: Option<Instant>,
    purge_at: Option<Instant>,
    /// When the next round of them begins.
    measure_next: Instant,
    purge_next: Instant,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cared {
    is_purge: bool,
    pub(super) purged: u64,
    pub(super) failures: u64,
    /// Whether there may be more to remove.
    has_more: bool,
}

impl Caring {
    pub(super) fn from(first: Instant) -> Self {
        let (measure_at, purge_at) = (Some(first), Some(first));
        let tasks = JoinSet::new();
        Self { tasks, measure_at, purge_at, measure_next: first, purge_next: first }
    }

    /// When there is something to do.
    pub(super) fn next(&self) -> Option<Instant> {
        self.measure_at.into_iter().chain(self.purge_at).min()
    }

    /// Begins what is due.
    pub(super) fn start(&mut self, inner: &Arc<Inner>) {
        let now = Instant::now();
        let next = later(now, inner.config.care_interval);
        if self.measure_at.is_some_and(|at| at <= now) {
            (self.measure_at, self.measure_next) = (None, next);
            let inner = Arc::clone(inner);
            self.tasks.spawn(async move { measure(&inner).await });
        }
        if self.purge_at.is_some_and(|at| at <= now) {
            (self.purge_at, self.purge_next) = (None, next);
            let inner = Arc::clone(inner);
            self.tasks.spawn(async move { purge(&inner).await });
        }
    }

    /// What came of the next one that ends. Cancel safe.
    pub(super) async fn ended(&mut self) -> Cared {
        let Some(ended) = self.tasks.join_next().await else { return std::future::pending().await };
        let cared = own(ended);
        if cared.is_purge {
            self.purge_at = Some(if cared.has_more { Instant::now() } else { self.purge_next });
        } else {
            self.measure_at = Some(self.measure_next);
        }
        cared
    }
}

/// Tells how much waits.
async fn measure(inner: &Inner) -> Cared {
    match inner.within(inner.outbox.depth()).await {
        Ok(depth) => {
            inner.tell(|| Event::OutboxDepth {
                pending: depth.pending,
                parked: depth.parked,
                oldest: depth.oldest,
            });
            Cared::default()
        }
        Err(error) => {
            let text = error.with_causes();
            warn!({ field::ERROR } = text, "the outbox does not say how much waits");
            Cared { failures: 1, ..Cared::default() }
        }
    }
}

/// Removes what was sent long ago, in small steps, for half of the time at most.
async fn purge(inner: &Inner) -> Cared {
    let mut cared = Cared { is_purge: true, ..Cared::default() };
    for _ in 0..CALLS {
        let began = Instant::now();
        match inner.within(inner.outbox.purge(inner.config.retention, ROWS)).await {
            Ok(rows) => {
                cared.purged += rows as u64;
                cared.has_more = rows >= ROWS.get();
            }
            Err(error) => {
                let text = error.with_causes();
                warn!({ field::ERROR } = text, "the outbox does not remove what was sent");
                cared.failures += 1;
                cared.has_more = false;
            }
        }
        if !cared.has_more {
            break;
        }
        sleep(began.elapsed().max(PAUSE_MIN)).await;
    }
    cared
}
