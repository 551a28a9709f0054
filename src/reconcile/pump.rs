use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{RepairNote, RepairQueue, calls};
use crate::error::StoreError;
use crate::key::{Key, KeyExt};
use crate::observe::field;
use crate::repository::{Divergence, DivergenceSink};
use crate::resilience::{Exponential, Jitter};

/// How many keys go into one note.
const BATCH: usize = 200;

/// The first pause after a failure, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How long the queue may take to answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// Takes the keys that this process noted, from the sink in its memory into the
/// durable queue: every node runs one, or a [`Reconciler`](super::Reconciler),
/// which has one.
///
/// Whatever happens to the queue, to the call, or to its future, a key is in one
/// of the two: it goes back into the sink unless the queue has answered for it.
/// A [`Hold`](crate::phase::Hold) goes when its key is durable; from then on the
/// queue says what the hold said, and whoever crosses looks there.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::sync::Arc;
/// use strangler_fig::memory::InMemoryRepairQueue;
/// use strangler_fig::reconcile::{RepairPump, RepairQueue};
/// use strangler_fig::repository::{DivergenceReason, DivergenceSink};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
/// let sink = Arc::new(DivergenceSink::new(NonZeroUsize::new(1_000).expect("not zero")));
/// let queue = Arc::new(InMemoryRepairQueue::default());
/// sink.note(7_u32, DivergenceReason::Mismatch, None);
///
/// let pump = RepairPump::new(&sink, queue.clone());
/// assert_eq!(pump.pump().await?, 1);
/// assert_eq!((sink.len(), queue.depth().await?.waiting), (0, 1));
///
/// let report = pump.run(std::future::ready(())).await; // until shutdown
/// assert_eq!(report.to_string(), "0 keys noted, 0 are left, the queue failed 0 times");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RepairPump<K> {
    sink: Arc<DivergenceSink<K>>,
    queue: Arc<dyn RepairQueue>,
}

impl<K> Clone for RepairPump<K> {
    fn clone(&self) -> Self {
        Self { sink: Arc::clone(&self.sink), queue: Arc::clone(&self.queue) }
    }
}

/// What a pump has done.
///
/// ```
/// use strangler_fig::reconcile::PumpReport;
///
/// fn is_safe_to_end(report: &PumpReport) -> bool {
///     report.left == 0
/// }
/// assert!(is_safe_to_end(&PumpReport::default()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PumpReport {
    /// Keys that went into the queue.
    pub noted: u64,
    /// How often the queue failed; nothing was lost by it.
    pub queue_errors: u64,
    /// Keys that are still in the sink, and go with the process.
    pub left: u64,
}

impl fmt::Display for PumpReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { noted, queue_errors, left } = self;
        write!(f, "{noted} keys noted, {left} are left, the queue failed {queue_errors} times")
    }
}

/// Keys out of the sink: they go back when this is dropped.
struct Batch<'a, K: Key> {
    sink: &'a DivergenceSink<K>,
    keys: Vec<Divergence<K>>,
}

impl<'a, K: Key> Batch<'a, K> {
    fn take(sink: &'a DivergenceSink<K>, limit: usize) -> Self {
        Self { sink, keys: sink.take(limit) }
    }

    fn notes(&self) -> Vec<RepairNote> {
        let note = |it: &Divergence<K>| RepairNote {
            key: it.key.to_bytes(),
            reason: it.reason.name().to_owned(),
        };
        self.keys.iter().map(note).collect()
    }

    /// The queue has them.
    fn done(mut self) -> usize {
        std::mem::take(&mut self.keys).len()
    }
}

impl<K: Key> Drop for Batch<'_, K> {
    fn drop(&mut self) {
        if !self.keys.is_empty() {
            self.sink.put_back(std::mem::take(&mut self.keys));
        }
    }
}

impl<K: Key> RepairPump<K> {
    /// A pump from `sink` into `queue`.
    #[must_use]
    pub fn new(sink: &Arc<DivergenceSink<K>>, queue: Arc<dyn RepairQueue>) -> Self {
        Self { sink: Arc::clone(sink), queue }
    }

    /// Takes over the keys that are in the sink now; answers how many.
    ///
    /// # Errors
    ///
    /// What the queue reported; the keys it did not answer for are in the sink.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the keys go back into the sink.
    pub async fn pump(&self) -> Result<u64, StoreError> {
        let mut noted = 0;
        self.pump_into(&mut noted).await?;
        Ok(noted)
    }

    /// The same, counting also what went before a failure.
    pub(super) async fn pump_into(&self, count: &mut u64) -> Result<(), StoreError> {
        let (mut rest, mut alone) = (self.sink.len(), 0_usize);
        let (mut refused, mut answer) = (Vec::new(), Ok(()));
        while rest > 0 {
            let batch = Batch::take(&self.sink, rest.min(if alone > 0 { 1 } else { BATCH }));
            let keys = batch.keys.len();
            if keys == 0 {
                break;
            }
            let notes = batch.notes();
            match calls::within(DEADLINE, self.queue.note(&notes)).await {
                Ok(()) => *count += u64::try_from(batch.done()).unwrap_or(u64::MAX),
                // A key the queue will not have holds up no other: each by itself.
                Err(error) if keys > 1 && !error.is_retryable() => {
                    alone = keys;
                    continue;
                }
                Err(error) if !error.is_retryable() => {
                    refused.push(batch);
                    answer = Err(error);
                }
                Err(error) => return Err(error),
            }
            (rest, alone) = (rest.saturating_sub(keys), alone.saturating_sub(keys));
        }
        answer
    }

    /// Takes over keys as they come until `shutdown` resolves, and what is left
    /// then. A queue that fails is tried again, after longer and longer pauses.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the keys go back into the sink.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> PumpReport {
        let mut report = PumpReport::default();
        let mut failures: u32 = 0;
        let pauses = Exponential::between(PAUSE_MIN, PAUSE_MAX).with_jitter(Jitter::Equal);
        let mut shutdown = pin!(shutdown);
        loop {
            let pumped = async {
                self.sink.filled().await;
                self.pump_into(&mut report.noted).await
            };
            let pumped = tokio::select! {
                biased;
                () = &mut shutdown => break,
                pumped = pumped => pumped,
            };
            failures = if pumped.is_ok() { 0 } else { failures.saturating_add(1) };
            if let Err(error) = pumped {
                report.queue_errors += 1;
                warn!({ field::ERROR } = %error, "the repair queue does not take keys");
                tokio::select! {
                    biased;
                    () = &mut shutdown => break,
                    () = tokio::time::sleep(pauses.delay(failures - 1)) => {}
                }
            }
        }
        report.queue_errors += u64::from(self.pump_into(&mut report.noted).await.is_err());
        report.left = u64::try_from(self.sink.len()).unwrap_or(u64::MAX);
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_as_words() {
        let report = PumpReport { noted: 1, queue_errors: 2, left: 3 };
        assert_eq!(report.to_string(), "1 keys noted, 3 are left, the queue failed 2 times");
    }
}
