//! What one would write by hand, with none of the guarantees: the floors.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use measure::Small;
use strangler_fig::error::StoreError;
use strangler_fig::repository::StampedRepository;
use strangler_fig::stamp::{Record, Stamp};

use crate::bare::{Side, row, side};
use crate::race::Candidate;

type Answer = Result<Option<Small>, StoreError>;
type SharedSide = Arc<dyn StampedRepository<Key = u64, Entity = Small>>;

const LEGACY_ONLY: u8 = 0;
const DUAL_WRITE: u8 = 1;

/// Static dispatch, and the phase in an atomic.
struct Static {
    legacy: Arc<Side>,
    modern: Arc<Side>,
    phase: AtomicU8,
}

impl Static {
    fn new(phase: u8) -> Self {
        Self { legacy: side(), modern: side(), phase: AtomicU8::new(phase) }
    }

    async fn find(&self, key: u64) -> Answer {
        Ok(self.legacy.read(&key).await?.value)
    }

    async fn save(&self, row: Small) -> Result<(), StoreError> {
        let (key, record) = (self.legacy.key(&row), Record::live(Stamp::BASE, row));
        self.legacy.apply(&key, &record).await?;
        if self.phase.load(Ordering::SeqCst) == DUAL_WRITE {
            self.modern.apply(&key, &record).await?;
        }
        Ok(())
    }
}

/// The same behind `dyn`, as an application would pass it around.
#[async_trait]
trait Rows: Send + Sync {
    async fn find(&self, key: u64) -> Answer;
    async fn save(&self, row: Small) -> Result<(), StoreError>;
}

struct Objects {
    legacy: SharedSide,
    modern: SharedSide,
    phase: AtomicU8,
}

#[async_trait]
impl Rows for Objects {
    async fn find(&self, key: u64) -> Answer {
        Ok(self.legacy.read(&key).await?.value)
    }

    async fn save(&self, row: Small) -> Result<(), StoreError> {
        let (key, record) = (self.legacy.key(&row), Record::live(Stamp::BASE, row));
        self.legacy.apply(&key, &record).await?;
        if self.phase.load(Ordering::SeqCst) == DUAL_WRITE {
            self.modern.apply(&key, &record).await?;
        }
        Ok(())
    }
}

/// The configuration in a lock-free snapshot, each call timed and counted where
/// both sides are in play.
struct Snapshot {
    legacy: Arc<Side>,
    modern: Arc<Side>,
    phase: ArcSwap<u8>,
    calls: AtomicU64,
    nanos: AtomicU64,
}

impl Snapshot {
    fn new(phase: u8) -> Self {
        let (calls, nanos) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { legacy: side(), modern: side(), phase: ArcSwap::from_pointee(phase), calls, nanos }
    }

    async fn find(&self, key: u64) -> Answer {
        black_box(**self.phase.load());
        Ok(self.legacy.read(&key).await?.value)
    }

    async fn save(&self, row: Small) -> Result<(), StoreError> {
        let (key, record) = (self.legacy.key(&row), Record::live(Stamp::BASE, row));
        if **self.phase.load() == DUAL_WRITE {
            self.timed(self.legacy.apply(&key, &record)).await?;
            self.timed(self.modern.apply(&key, &record)).await?;
        } else {
            self.legacy.apply(&key, &record).await?;
        }
        Ok(())
    }

    async fn timed<T>(&self, call: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let answer = call.await;
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        answer
    }
}

/// Every floor, passing through and writing both.
pub(crate) fn candidates() -> Vec<Candidate> {
    let phases =
        [(LEGACY_ONLY, "legacyonly", "bare.write"), (DUAL_WRITE, "dualwrite", "bare.writes")];
    phases.into_iter().flat_map(|(phase, name, writes)| in_phase(phase, name, writes)).collect()
}

fn in_phase(phase: u8, name: &str, writes: &'static str) -> [Candidate; 6] {
    let fixed = Arc::new(Static::new(phase));
    let snapshot = Arc::new(Snapshot::new(phase));
    let objects = Objects { legacy: side(), modern: side(), phase: AtomicU8::new(phase) };
    let objects: Arc<dyn Rows> = Arc::new(objects);
    let (to_fixed, to_snapshot, to_objects) =
        (Arc::clone(&fixed), Arc::clone(&snapshot), Arc::clone(&objects));
    let read = |floor: &str| format!("floor.{floor}.{name}.read");
    let write = |floor: &str| format!("floor.{floor}.{name}.write");
    [
        Candidate::new(read("static"), "bare.read", async move || {
            black_box(fixed.find(black_box(1)).await).expect("nothing fails");
        }),
        Candidate::new(write("static"), writes, async move || {
            to_fixed.save(row()).await.expect("nothing fails");
        }),
        Candidate::new(read("objects"), "bare.read", async move || {
            black_box(objects.find(black_box(1)).await).expect("nothing fails");
        }),
        Candidate::new(write("objects"), writes, async move || {
            to_objects.save(row()).await.expect("nothing fails");
        }),
        Candidate::new(read("snapshot"), "bare.read", async move || {
            black_box(snapshot.find(black_box(1)).await).expect("nothing fails");
        }),
        Candidate::new(write("snapshot"), writes, async move || {
            to_snapshot.save(row()).await.expect("nothing fails");
        }),
    ]
}
