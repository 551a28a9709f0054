//! Two stores in memory that do wrong when a test tells them to.

use std::future::pending;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use strangler_fig::consistency::{CheckReport, CheckerConfig, ConsistencyChecker};
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::phase::{
    Fleet, Incarnation, MigrationState, Move, MoveId, NodeId, NodeLease, Phase, PhaseTracker, Share,
};
use strangler_fig::repository::{
    Applied, DigestRepository, DigestSalt, HashedRecord, KeyRange, MigrationRepository, Page,
    RangeDigest, RecordHash, ScanRepository, StampedRepository,
};
use strangler_fig::stamp::{Record, Stamp};

pub(crate) type Row = (u32, String);
pub(crate) type Rows = MigrationRepository<Side, Side>;
pub(crate) type Report = CheckReport<u32>;
pub(crate) type Scanned = Result<Page<u32, Row>, StoreError>;

type OnDigest = Box<dyn FnMut(u64, &KeyRange<u32>, &mut RangeDigest) + Send>;
type OnHashes = Box<dyn FnMut(&mut Vec<HashedRecord<u32>>) + Send>;
type OnScan = Box<dyn FnMut(u64, Scanned) -> Scanned + Send>;
type OnRead = Box<dyn FnMut(u64, u32) -> Option<StoreError> + Send>;

#[derive(Clone)]
pub(crate) struct Side {
    pub(crate) rows: InMemoryRepository<u32, Row>,
    knobs: Arc<Mutex<Knobs>>,
}

/// What a test may turn.
#[derive(Default)]
pub(crate) struct Knobs {
    pub(crate) scans: u64,
    pub(crate) reads: u64,
    pub(crate) latency: Duration,
    pub(crate) digested: u64,
    pub(crate) hashed: u64,
    pub(crate) algorithm: Option<&'static str>,
    pub(crate) xor: bool,
    pub(crate) digests_fail: bool,
    /// It answers for one range less than it was asked for, once its three probes went well.
    pub(crate) digests_short: bool,
    pub(crate) splits: u64,
    /// The keys of the largest page that was read.
    pub(crate) largest_read: usize,
    /// How many pages were read.
    pub(crate) pages_read: u64,
    pub(crate) on_digest: Option<OnDigest>,
    pub(crate) on_hashes: Option<OnHashes>,
    on_scan: Option<OnScan>,
    on_read: Option<OnRead>,
}

impl Side {
    pub(crate) fn new() -> Self {
        Self { rows: InMemoryRepository::new(|row: &Row| row.0), knobs: Arc::default() }
    }

    pub(crate) fn knobs(&self) -> MutexGuard<'_, Knobs> {
        self.knobs.lock().unwrap()
    }

    /// Changes what a scan answers; told which scan it is, from 1 on.
    pub(crate) fn on_scan(&self, change: impl FnMut(u64, Scanned) -> Scanned + Send + 'static) {
        self.knobs().on_scan = Some(Box::new(change));
    }

    /// Lets reads fail; told which read it is, from 1 on, and its key.
    pub(crate) fn on_read(
        &self,
        fail: impl FnMut(u64, u32) -> Option<StoreError> + Send + 'static,
    ) {
        self.knobs().on_read = Some(Box::new(fail));
    }

    pub(crate) fn put(&self, key: u32, millis: u64, value: Option<&str>) {
        let value = value.map(|text| (key, text.to_owned()));
        self.put_record(key, &Record { stamp: stamp(millis), value });
    }

    pub(crate) fn put_record(&self, key: u32, record: &Record<Row>) {
        let applied = self.rows.apply(&key, record).now_or_never();
        assert_eq!(applied.unwrap().unwrap(), Applied::Stored);
    }

    async fn wait(&self) {
        let latency = self.knobs().latency;
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
    }
}

#[async_trait]
impl StampedRepository for Side {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn read(&self, key: &u32) -> Result<Record<Row>, StoreError> {
        let failed = {
            let mut knobs = self.knobs();
            knobs.reads += 1;
            let nth = knobs.reads;
            knobs.on_read.as_mut().and_then(|fail| fail(nth, *key))
        };
        match failed {
            Some(error) => Err(error),
            None => self.rows.read(key).await,
        }
    }

    async fn apply(&self, key: &u32, record: &Record<Row>) -> Result<Applied, StoreError> {
        self.rows.apply(key, record).await
    }

    async fn read_many(&self, keys: &[u32]) -> Vec<Result<Record<Row>, StoreError>> {
        self.wait().await;
        {
            let mut knobs = self.knobs();
            knobs.pages_read += 1;
            knobs.largest_read = knobs.largest_read.max(keys.len());
        }
        let mut answers = Vec::new();
        for key in keys {
            answers.push(self.read(key).await);
        }
        answers
    }
}

#[async_trait]
impl ScanRepository for Side {
    async fn scan(&self, after: Option<&u32>, limit: NonZeroUsize) -> Scanned {
        self.wait().await;
        let page = self.rows.scan(after, limit).await;
        let mut knobs = self.knobs();
        knobs.scans += 1;
        let nth = knobs.scans;
        match knobs.on_scan.as_mut() {
            Some(change) => change(nth, page),
            None => page,
        }
    }

    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        self.rows.last_key().await
    }
}

/// The rows of a range, as they are.
async fn within(side: &Side, range: &KeyRange<u32>) -> Vec<(u32, Record<Row>)> {
    let (mut rows, mut after) = (Vec::new(), range.after);
    loop {
        let page = side.rows.scan(after.as_ref(), n(64)).await.unwrap();
        after = page.records.last().map(|(key, _)| *key);
        let found = rows.len() + page.records.len();
        rows.extend(page.records.into_iter().filter(|(key, _)| range.contains(key)));
        if page.is_last || rows.len() < found {
            return rows;
        }
    }
}

#[async_trait]
impl DigestRepository for Side {
    fn algorithm(&self) -> &'static str {
        self.knobs().algorithm.unwrap_or("xxh3/test")
    }

    fn hash(
        &self,
        salt: DigestSalt,
        key: &u32,
        row: &Record<Row>,
    ) -> Result<RecordHash, StoreError> {
        let text = serde_json::to_string(&(key, row)).unwrap();
        let half = |part: &str| {
            let mut hasher = DefaultHasher::new();
            (salt.to_bytes(), part, &text).hash(&mut hasher);
            hasher.finish()
        };
        Ok(RecordHash { high: half("high"), low: half("low") })
    }

    async fn digests(
        &self,
        salt: DigestSalt,
        ranges: &[KeyRange<u32>],
    ) -> Result<Vec<RangeDigest>, StoreError> {
        self.wait().await;
        if self.knobs().digests_fail {
            return Err(unavailable());
        }
        let mut digests = Vec::new();
        for range in ranges {
            let mut digest = RangeDigest::default();
            for (key, row) in within(self, range).await {
                let hash = self.hash(salt, &key, &row)?;
                if self.knobs().xor {
                    digest.rows += 1;
                    (digest.high, digest.low) = (digest.high ^ hash.high, digest.low ^ hash.low);
                } else {
                    digest.add(hash);
                }
            }
            let mut knobs = self.knobs();
            knobs.digested += 1;
            let nth = knobs.digested;
            if let Some(change) = &mut knobs.on_digest {
                change(nth, range, &mut digest);
            }
            digests.push(digest);
        }
        let knobs = self.knobs();
        if knobs.digests_short && knobs.digested > 3 {
            digests.pop();
        }
        Ok(digests)
    }

    async fn hashes(
        &self,
        salt: DigestSalt,
        range: &KeyRange<u32>,
        limit: NonZeroUsize,
    ) -> Result<Vec<HashedRecord<u32>>, StoreError> {
        self.wait().await;
        let mut hashed = Vec::new();
        for (key, row) in within(self, range).await.into_iter().take(limit.get()) {
            let hash = self.hash(salt, &key, &row)?;
            hashed.push(HashedRecord { key, stamp: row.stamp, hash });
        }
        let mut knobs = self.knobs();
        knobs.hashed += u64::try_from(hashed.len()).unwrap();
        if let Some(change) = &mut knobs.on_hashes {
            change(&mut hashed);
        }
        Ok(hashed)
    }

    async fn split(
        &self,
        range: &KeyRange<u32>,
        rows: NonZeroUsize,
    ) -> Result<Vec<u32>, StoreError> {
        self.wait().await;
        self.knobs().splits += 1;
        let keys: Vec<_> = within(self, range).await.into_iter().map(|(key, _)| key).collect();
        let mut ends: Vec<_> =
            keys.chunks(rows.get()).filter_map(|part| part.last().copied()).collect();
        ends.pop();
        Ok(ends)
    }
}

pub(crate) struct World {
    pub(crate) legacy: Side,
    pub(crate) modern: Side,
    pub(crate) rows: Rows,
}

impl World {
    /// Two empty stores, on the way forward: legacy wins.
    pub(crate) fn new() -> Self {
        let [legacy, modern] = [(); 2].map(|()| Side::new());
        let tracker = PhaseTracker::detached(MigrationState::new("rows".parse().unwrap()));
        let rows = Rows::new(legacy.clone(), modern.clone(), tracker).unwrap();
        Self { legacy, modern, rows }
    }

    /// The keys below `count`, level.
    pub(crate) fn level(count: u32) -> Self {
        let world = Self::new();
        for key in 0..count {
            world.both(key);
        }
        world
    }

    pub(crate) fn both(&self, key: u32) {
        for side in [&self.legacy, &self.modern] {
            side.put(key, 1, Some("same"));
        }
    }

    /// A cohort goes all the way to `Live`, by lawful moves of a fleet of one.
    pub(crate) fn cohort_to_live(&self, share: Share) {
        let step = |step: Move| {
            let (state, id) = (self.rows.tracker().state(), MoveId::random().unwrap());
            let next = state.transition(&step, id, &fleet(&state)).unwrap();
            assert!(self.rows.tracker().adopt(next), "a newer state is adopted");
        };
        step(Move::StartCohort { share });
        step(Move::cohort_to(Phase::Cutover));
        let state = self.rows.tracker().state();
        step(Move::Complete(state.begin_sweep(&fleet(&state)).finish(0, 0)));
        step(Move::cohort_to(Phase::Live));
    }

    pub(crate) fn checker(&self) -> ConsistencyChecker<Side, Side> {
        ConsistencyChecker::new(&self.rows).with_config(small())
    }

    pub(crate) async fn digest(&self) -> Report {
        sound(self.checker().digest(pending()).await)
    }

    pub(crate) async fn full(&self) -> Report {
        sound(self.checker().full(pending()).await)
    }
}

/// A fleet of one node that works by this state.
fn fleet(state: &MigrationState) -> Fleet {
    let node = NodeId { name: "node".parse().unwrap(), incarnation: Incarnation::fixed(1) };
    Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())])
}

/// Pages of ten, so that a hundred rows are many.
pub(crate) fn small() -> CheckerConfig {
    CheckerConfig::default()
        .with_page_size(n(10))
        .with_root_rows(n(100))
        .with_leaf_rows(n(4))
        .with_seed(7)
}

pub(crate) fn n(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

pub(crate) fn stamp(millis: u64) -> Stamp {
    Stamp::from_bytes(((u128::from(millis)) << 80 | 9).to_be_bytes())
}

/// Every key is counted once, whatever came of it.
pub(crate) fn sound(report: Report) -> Report {
    let counted = report.level + report.differences.total() + report.unsettled + report.failed;
    assert_eq!(report.keys, counted, "{report:#?}");
    assert!(report.tolerated <= report.level);
    report
}

pub(crate) fn kinds(report: &Report) -> Vec<(u32, &'static str)> {
    report.kept.iter().map(|it| (it.key, it.kind.name())).collect()
}

pub(crate) fn unavailable() -> StoreError {
    StoreError::unavailable("gone")
}
