use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;

use super::fleet_nodes::unqueued;
use super::{Gate, GateContext, GateReading};
use crate::consistency::DifferenceKind;
use crate::error::{StoreError, StoreErrorKind};
use crate::reconcile::{RepairEntry, RepairQueue};
use crate::repository::DivergenceReason;

/// How many entries are looked at, unless said otherwise.
const ENTRIES_MAX: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
/// How many of them at once.
const PAGE: NonZeroUsize = NonZeroUsize::new(500).unwrap();
/// The reason under which a backfill notes what modern did not take.
const BACKFILL_FAILED: &str = "backfill_failed";

/// Open when no key is known that modern rejected: such a key is unreadable in
/// `Cutover` until somebody has mended it.
///
/// A key counts if it was noted because modern rejected it (`lenient_rejected`,
/// `rejected_by_modern`), if a backfill could not write it and no repair has told why,
/// or if its last repair was rejected, by either store: the queue does not say which.
/// A key that was noted for another reason since, and not yet tried again, does not
/// count: it is one of those that [`RepairQueueEmpty`](super::RepairQueueEmpty) waits
/// for. Keys that a node has not yet handed to the queue may be of any kind, and close
/// it.
///
/// It looks at 10,000 entries at most and is closed if there are more.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::controller::{Gate, GateContext, RejectionsZero};
/// use strangler_fig::memory::InMemoryRepairQueue;
/// use strangler_fig::reconcile::{RepairNote, RepairQueue};
/// # use strangler_fig::phase::{Fleet, MigrationState, Move, Phase};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (state, fleet) = (MigrationState::new("users".parse()?), Fleet::default());
/// # let step = Move::to(Phase::Cutover);
/// # let context = GateContext::new(&state, &fleet, &step);
/// let queue = Arc::new(InMemoryRepairQueue::default());
/// queue.note(&[RepairNote { key: vec![7], reason: "lenient_rejected".to_owned() }]).await?;
/// let reading = RejectionsZero::new(queue).read(&context).await;
/// assert_eq!(reading.to_string(), "closed: 1 keys in the queue were rejected");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RejectionsZero {
    queue: Arc<dyn RepairQueue>,
    entries_max: NonZeroUsize,
}

impl RejectionsZero {
    /// Watches the queue of this migration.
    #[must_use]
    pub fn new(queue: Arc<dyn RepairQueue>) -> Self {
        Self { queue, entries_max: ENTRIES_MAX }
    }

    /// The same, looking at so many entries at most. Parked ones are listed twice, and
    /// count so.
    #[must_use]
    pub fn with_entries_max(mut self, entries: NonZeroUsize) -> Self {
        self.entries_max = entries;
        self
    }

    /// A key that goes from one list to the other meanwhile is seen in one of the
    /// three.
    async fn scan(&self) -> Result<Seen, Closed> {
        let mut found = Seen::default();
        for list in [List::Parked, List::Waiting, List::Parked] {
            self.look_at(list, &mut found).await?;
        }
        Ok(found)
    }

    async fn look_at(&self, list: List, found: &mut Seen) -> Result<(), Closed> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = match list {
                List::Parked => self.queue.parked(after.as_deref(), PAGE).await,
                List::Waiting => self.queue.waiting(after.as_deref(), PAGE).await,
            };
            let page = page.map_err(Closed::Failed)?;
            if page.is_empty() {
                return Ok(());
            }
            for entry in page {
                if after.as_ref().is_some_and(|after| entry.key <= *after) {
                    return Err(Closed::OutOfOrder);
                }
                found.add(&entry);
                after = Some(entry.key);
            }
            if found.entries > self.entries_max.get() {
                return Err(Closed::TooMany(self.entries_max));
            }
        }
    }
}

#[derive(Clone, Copy)]
enum List {
    Waiting,
    Parked,
}

#[derive(Default)]
struct Seen {
    entries: usize,
    /// Each once, though it be listed twice.
    rejected: BTreeSet<Vec<u8>>,
}

impl Seen {
    fn add(&mut self, entry: &RepairEntry) {
        self.entries += 1;
        if was_rejected(entry) {
            self.rejected.insert(entry.key.clone());
        }
    }
}

/// Why nothing can be said.
enum Closed {
    Failed(StoreError),
    TooMany(NonZeroUsize),
    OutOfOrder,
}

fn was_rejected(entry: &RepairEntry) -> bool {
    let rejected = StoreErrorKind::Rejected.to_string();
    let by_repair = |error: &String| error.contains(&rejected);
    [DivergenceReason::LenientRejected.name(), DifferenceKind::RejectedByModern.name()]
        .contains(&entry.reason.as_str())
        || entry.reason == BACKFILL_FAILED && entry.error.is_none()
        || entry.error.as_ref().is_some_and(by_repair)
}

#[async_trait]
impl Gate for RejectionsZero {
    fn name(&self) -> &'static str {
        "rejections_zero"
    }

    async fn read(&self, context: &GateContext<'_>) -> GateReading {
        match self.scan().await {
            Ok(seen) => judged(&seen, context),
            Err(Closed::Failed(error)) => GateReading::unknown("the repair queue", &error),
            Err(Closed::TooMany(most)) => GateReading::closed(format!(
                "the queue lists more than the {most} entries looked at"
            )),
            Err(Closed::OutOfOrder) => {
                GateReading::closed("the queue does not list its keys in their order")
            }
        }
    }
}

fn judged(seen: &Seen, context: &GateContext<'_>) -> GateReading {
    let figures = format!("{} keys in the queue were rejected", seen.rejected.len());
    if !seen.rejected.is_empty() {
        return GateReading::closed(figures);
    }
    match unqueued(context) {
        Some(why) => GateReading::closed(format!("{figures}; {why}")),
        None => GateReading::open(format!("{figures}, of {} entries looked at", seen.entries)),
    }
}
